//! The project's task runner: `cargo xtask build | sizes | conformance | demo | test | soak | bench`.

mod bench;
mod build;
mod conformance;
mod demo;
mod error;
mod files;
mod npm;
mod paths;
mod process;
mod server;
mod soak;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use error::{Error, Result};

const USAGE: &str = "\
usage: cargo xtask <command>

  build                          make the npm package in pkg/; needs Node
  sizes                          the same, and write what it weighs into the READMEs
  demo [--port N] [--data DIR]   build, then serve the demo page (port 8000)
  conformance URL [options]      try a server of the upload protocol row by row (--help: its options); needs Node
  test [--quick]                 run every test; --quick: formatting, lints and native tests only
  soak [--kills N] [--elsewhere N] [--size MiB] [--offline SECONDS] [--engines A,B] [--seed N]
                                 kill browsers and servers at random, stay offline for long: takes most of an hour
  bench [kernel|hash|upload|download|links|download-links|memory] [--engine chromium|firefox|webkit] [--size MiB] [--rounds N]
                                 measure in a browser beside others; the report goes to target/bench/";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Result<ExitCode> {
    match args {
        ["build"] => build::make().map(|()| ExitCode::SUCCESS),
        ["sizes"] => build::write_sizes(&bench::peers()?).map(|()| ExitCode::SUCCESS),
        ["demo", rest @ ..] => demo::run(&demo_options(rest)?).map(|()| ExitCode::SUCCESS),
        ["conformance", rest @ ..] => conformance::run(rest),
        ["test"] => Ok(test::run(test::Scope::Full)),
        ["test", "--quick"] => Ok(test::run(test::Scope::Quick)),
        ["soak", rest @ ..] => soak::run(rest).map(|()| ExitCode::SUCCESS),
        ["bench", rest @ ..] => bench::run(rest).map(|()| ExitCode::SUCCESS),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(Error::new(format!("can't read `{}`\n\n{USAGE}", args.join(" ")))),
    }
}

fn demo_options(mut args: &[&str]) -> Result<demo::Options> {
    let mut options = demo::Options::default();
    while let [name, value, rest @ ..] = args {
        match *name {
            "--port" => {
                options.port = value.parse().map_err(|_| Error::new(format!("`{value}` is no port")))?;
            }
            "--data" => options.data = PathBuf::from(value),
            _ => return Err(Error::new(format!("demo has no option `{name}`\n\n{USAGE}"))),
        }
        args = rest;
    }
    match args {
        [] => Ok(options),
        [name, ..] => {
            Err(Error::new(format!("demo can't read `{name}`, or its value is missing\n\n{USAGE}")))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_demos_options() {
        let options = demo_options(&["--data", "d", "--port", "81"]).unwrap();
        assert_eq!((options.port, options.data), (81, PathBuf::from("d")));
        assert_eq!(demo_options(&[]).unwrap().port, 8000);
        for bad in [&["--port"][..], &["--port", "x"], &["--port", "70000"], &["--x", "1"], &["x"]] {
            assert!(demo_options(bad).is_err(), "{bad:?}");
        }
    }
}
