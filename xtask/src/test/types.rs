//! The type check of the package's declarations: over files that use every export, and over the code of the docs.

use std::path::Path;
use std::process::Command;

use super::docs;
use crate::error::Result;
use crate::npm::Tool;
use crate::paths;

const TYPESCRIPT: Tool = Tool { package: "typescript", version: "5.9.3", file: "bin/tsc" };

/// The commands that check the types, by name; none where Node is not installed.
pub fn commands() -> Result<Vec<(&'static str, Command)>> {
    let tests = paths::root().join("tests").join("types");
    let mut commands = Vec::new();
    for (name, project) in [("types", tests), ("types in the docs", docs::modules()?)] {
        let Some(command) = checking(&project)? else { return Ok(Vec::new()) };
        commands.push((name, command));
    }
    Ok(commands)
}

fn checking(project: &Path) -> Result<Option<Command>> {
    let Some(mut command) = TYPESCRIPT.command()? else { return Ok(None) };
    command.arg("--project").arg(project);
    Ok(Some(command))
}
