//! The npm package ships the conformance tool as a program.

use anyhow::{Context, Result, ensure};
use conformance::workspace;
use serde_json::Value;

#[test]
fn the_package_has_the_program() -> Result<()> {
    let shell = workspace().join("www/npm");
    let manifest: Value = serde_json::from_str(&std::fs::read_to_string(shell.join("package.json"))?)?;
    let file = manifest["bin"]["xuchuan-conformance"].as_str().context("there is no such program")?;
    let files = manifest["files"].as_array().context("there is no list of files")?;
    ensure!(files.iter().any(|one| one == file), "{file} is not among {files:?}");
    let source = std::fs::read_to_string(shell.join(file))?;
    ensure!(source.starts_with("#!/usr/bin/env node\n"), "npm makes it a program by its first line");
    // One file that can be copied: it imports what Node has and nothing beside it.
    let strange: Vec<_> = source
        .lines()
        .filter(|line| line.starts_with("import ") && !line.contains(" from \"node:"))
        .collect();
    ensure!(strange.is_empty(), "{strange:?}");
    Ok(())
}
