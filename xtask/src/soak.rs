//! `cargo xtask soak`: what takes long, by hand before an issue ends: kills by the dozen, a long time offline, every build tool.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::test::{self, install};
use crate::{build, process, server};

/// A hundred kills in three engines and three times offline take well under an hour on two cores.
const LIMIT: Duration = Duration::from_secs(3 * 3600);

/// The options: the flag, the variable that the end-to-end tests read, and what it is if not given.
const OPTIONS: [(&str, &str, &str); 6] = [
    ("--kills", "E2E_KILLS", "50"),
    ("--elsewhere", "E2E_KILLS_ELSEWHERE", "10"),
    ("--size", "E2E_MIB", "200"),
    ("--offline", "E2E_OFFLINE", "90"),
    ("--engines", "E2E_ENGINES", ""),
    ("--seed", "E2E_SEED", ""),
];

/// Builds what is tested and runs the scenarios of chance at their full length.
pub fn run(args: &[&str]) -> Result<()> {
    let environment = environment(args)?;
    build::make()?;
    let tools = install::tools()?;
    let program = server::build()?;
    let mut command = test::end_to_end(&tools, &program);
    for test in ["kills", "download_kills", "offline", "projects"] {
        command.args(["--test", test]);
    }
    command.args(["--", "--test-threads", "1"]);
    command.envs(environment).env("E2E_PROJECTS", "all");
    process::must(&mut command, LIMIT).map(drop)
}

fn environment(mut args: &[&str]) -> Result<Vec<(&'static str, String)>> {
    let mut chosen = OPTIONS.map(|(_, variable, value)| (variable, value.to_owned()));
    while let [flag, value, rest @ ..] = args {
        match OPTIONS.iter().zip(&mut chosen).find(|((name, ..), _)| name == flag) {
            Some((_, (_, chosen))) => *chosen = (*value).to_owned(),
            None => return Err(Error::new(format!("soak has no option `{flag}`"))),
        }
        args = rest;
    }
    match args {
        [] => Ok(chosen.into()),
        [flag, ..] => Err(Error::new(format!("`{flag}` needs a value"))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn options_become_variables() {
        let chosen = environment(&["--size", "24", "--engines", "webkit"]).unwrap();
        for expected in [("E2E_KILLS", "50"), ("E2E_MIB", "24"), ("E2E_ENGINES", "webkit"), ("E2E_SEED", "")]
        {
            assert!(chosen.contains(&(expected.0, expected.1.to_owned())), "{chosen:?}");
        }
        for bad in [&["--size"][..], &["--x", "1"], &["x"]] {
            assert!(environment(bad).is_err(), "{bad:?}");
        }
    }
}
