//! The type check of the package's declarations: over files that use every export, and over the code of the docs.

use std::process::Command;

use super::docs;
use crate::error::Result;
use crate::npm::Tool;
use crate::paths;

const TYPESCRIPT: Tool = Tool { package: "typescript", version: "5.9.3", file: "bin/tsc" };

/// The commands that check the types, by name; none where Node is not installed.
pub fn commands() -> Result<Vec<(&'static str, Command)>> {
    let (Some(mut own), Some(mut docs)) = (TYPESCRIPT.command()?, TYPESCRIPT.command()?) else {
        return Ok(Vec::new());
    };
    own.arg("--project").arg(paths::root().join("tests").join("types"));
    docs.arg("--project").arg(docs::modules()?);
    Ok(vec![("types", own), ("types in the docs", docs)])
}
