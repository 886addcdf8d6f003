//! The type check of the package's declarations, over a file that uses every export.

use std::process::Command;

use crate::error::Result;
use crate::npm::Tool;
use crate::paths;

const TYPESCRIPT: Tool = Tool { package: "typescript", version: "5.9.3", file: "bin/tsc" };

/// The command that checks the types; nothing where Node is not installed.
pub fn command() -> Result<Option<Command>> {
    let Some(mut command) = TYPESCRIPT.command()? else { return Ok(None) };
    command.arg("--project").arg(paths::root().join("tests").join("types"));
    Ok(Some(command))
}
