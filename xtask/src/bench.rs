//! `cargo xtask bench`: ours and what people use instead, measured in turn in one browser.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::test::install;
use crate::{build, files, paths, process};

/// All rows of a 1 GiB file take well under an hour on two cores.
const LIMIT: Duration = Duration::from_secs(4 * 3600);

/// Builds what is measured, installs what it is compared with, and hands the rest of the arguments to the bench.
pub fn run(args: &[&str]) -> Result<()> {
    build::make()?;
    // What downloads are compared with.
    install::apt(if paths::find_program("aria2c").is_some() { &[] } else { &["aria2"] })?;
    let out = paths::target().join("bench");
    let peers = peers()?;
    let oracle = oracle()?;
    let mut cargo = paths::cargo(&["run", "--quiet", "--profile", "server", "--package", "bench", "--"]);
    cargo
        .args(args)
        .arg("--pkg")
        .arg(paths::pkg())
        .arg("--peers")
        .arg(peers)
        .arg("--oracle")
        .arg(oracle)
        .arg("--out")
        .arg(&out)
        // Where the harness keeps the drivers' logs.
        .env("CARGO_TARGET_DIR", paths::target());
    process::must(&mut cargo, LIMIT).map(drop)
}

/// Compiles the md-5 crate to wasm; returns the module.
fn oracle() -> Result<PathBuf> {
    let mut cargo = paths::cargo(&[
        "build",
        "--profile",
        "oracle",
        "--package",
        "bench-oracle",
        "--target",
        build::WASM_TARGET,
    ]);
    process::must(&mut cargo, Duration::from_secs(600))?;
    Ok(paths::target().join(build::WASM_TARGET).join("oracle").join("bench_oracle.wasm"))
}

/// Installs the peers at their locked versions; returns their `node_modules`.
pub fn peers() -> Result<PathBuf> {
    const LOCK: &str = "package-lock.json";
    let folder = &paths::target().join("bench").join("peers");
    let modules = folder.join("node_modules");
    let written = paths::root().join("bench").join("peers");
    let lock = files::read(&written.join(LOCK))?;
    if modules.is_dir() && files::read(&folder.join(LOCK)).is_ok_and(|installed| installed == lock) {
        return Ok(modules);
    }
    let Some(npm) = paths::find_program("npm") else {
        return Err(Error::new("the bench compares with packages from npm: install Node and npm"));
    };
    files::empty_folder(folder)?;
    files::write(&folder.join("package.json"), files::read(&written.join("package.json"))?)?;
    files::write(&folder.join(LOCK), lock)?;
    let mut command = Command::new(npm);
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
    if let Err(error) = process::must(&mut command, Duration::from_secs(300)) {
        // Half an installation must not pass for a whole one.
        files::empty_folder(folder)?;
        return Err(error);
    }
    Ok(modules)
}
