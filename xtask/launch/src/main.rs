//! `cargo xtask`: compiles the tools that a command needs and hands over to them. Of the demo it does the first steps
//! itself, so that there is a word at once and the server and the tools are compiled in one go.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use xtask_launch::compile::{Build, cargo};
use xtask_launch::step::{Step, say};
use xtask_launch::{Result, port, wasm_target};

/// The demo's steps; the tools do the last two (`xtask/src/demo.rs`).
const STEPS: usize = 4;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let handed = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["demo", rest @ ..] => demo(rest, &args),
        _ => tools().and_then(|program| hand_over(&program, &args)),
    };
    match handed {
        Ok(code) => code,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn demo(options: &[&str], args: &[String]) -> Result<ExitCode> {
    say(
        "The demo: the server, the engine and the page. The first time compiles for a minute or two, later ones take seconds.",
    );
    let step = Step::begin(1, STEPS, "looking whether the port is free and Rust can compile for wasm");
    if let Some(port) = port_of(options) {
        port::check(port)?;
    }
    wasm_target::add(&root())?;
    step.done("both are there");
    let step = Step::begin(2, STEPS, "compiling the server and the tools");
    let flags = ["--profile", "demo"].map(Into::into).to_vec();
    Build { root: &root(), packages: &["xtask", "xuchuan-server"], target: None, flags }.run(&step)?;
    step.done("server and tools");
    hand_over(&built("demo")?, args)
}

/// The port that the demo's options name. What can't be read the tools complain of, who know all options.
fn port_of(options: &[&str]) -> Option<u16> {
    let named = options.iter().skip_while(|option| **option != "--port").nth(1);
    named.map_or(Some(8000), |port| port.parse().ok())
}

/// Compiles the tools; their program.
fn tools() -> Result<PathBuf> {
    let status = cargo(&root()).args(["build", "--package", "xtask"]).status();
    match status {
        Ok(status) if status.success() => built("debug"),
        Ok(_) => Err("cargo could not compile the tools, see above".to_owned()),
        Err(error) => Err(format!("can't start cargo: {error}")),
    }
}

/// Where cargo has put the tools: beside our own profile's folder, whatever the target folder is.
fn built(profile: &str) -> Result<PathBuf> {
    let here = std::env::current_exe().map_err(|error| format!("can't find this program: {error}"))?;
    let target = here.parent().and_then(Path::parent).unwrap_or(Path::new("target"));
    Ok(target.join(profile).join(format!("xtask{}", std::env::consts::EXE_SUFFIX)))
}

/// Becomes the tools, so that whatever ends this process ends them too.
#[cfg(unix)]
fn hand_over(program: &Path, args: &[String]) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    let error = Command::new(program).args(args).exec();
    Err(format!("can't start {}: {error}", program.display()))
}

/// Runs the tools to their end.
#[cfg(not(unix))]
fn hand_over(program: &Path, args: &[String]) -> Result<ExitCode> {
    let status = Command::new(program).args(args).status();
    let status = status.map_err(|error| format!("can't start {}: {error}", program.display()))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().and_then(Path::parent).unwrap_or(here).to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_port_among_the_options() {
        assert_eq!(port_of(&["--data", "d", "--port", "81"]), Some(81));
        assert_eq!(port_of(&["--data", "d"]), Some(8000));
        assert_eq!(port_of(&["--port", "x"]), None);
    }
}
