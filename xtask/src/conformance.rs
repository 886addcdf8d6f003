//! `cargo xtask conformance URL`: tries a server of the upload protocol, by the tool that ships in the npm package.

use std::process::{Command, ExitCode};

use crate::error::{Doing, Error, Result};
use crate::paths;

/// Runs the tool with `args`; its exit code.
pub fn run(args: &[&str]) -> Result<ExitCode> {
    let Some(node) = paths::find_program("node") else {
        return Err(Error::new(
            "the conformance tool is a program of Node.js 18.3 or later: install it (Debian: apt-get install nodejs; \
             others: https://nodejs.org)",
        ));
    };
    let tool = paths::root().join("www").join("npm").join("conformance.mjs");
    let status = Command::new(node).arg(tool).args(args).status().doing(|| "can't start Node".to_owned())?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
