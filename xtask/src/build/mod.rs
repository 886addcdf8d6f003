//! `cargo xtask build`: makes the npm package and the drop-in scripts in pkg/.

mod engine;
mod esbuild;
mod optimize;
mod package;
mod readme;
mod shell;
mod size;

use std::path::Path;

use xtask_launch::step::Step;

use crate::error::{Error, Result};
use crate::{files, paths};
use engine::Engine;

pub use engine::{WASM_TARGET, add_target};

/// Builds everything and prints what a page loads of it.
pub fn make() -> Result<()> {
    if paths::find_program("node").is_none() || paths::find_program("npm").is_none() {
        return Err(Error::new("the package is made with tools from npm: install Node and npm"));
    }
    package::make(&paths::pkg())?;
    size::report(&paths::pkg())?;
    report_integrity(&paths::pkg())
}

/// Prints what a page that takes a script from elsewhere puts into its `integrity`. The script knows its wasm's hash.
fn report_integrity(pkg: &Path) -> Result<()> {
    println!("integrity of the scripts");
    for engine in Engine::ALL {
        for name in ["min.js", "inline.min.js"].map(|name| engine.served(name)) {
            println!("{name:<36} {}", shell::integrity(&files::read(&pkg.join(&name))?));
        }
    }
    println!();
    Ok(())
}

/// Builds what the demo page loads, as a part of `step`: one engine, and the shell's modules as they are written. Needs nothing
/// but Rust.
pub fn for_demo(pkg: &Path, step: &Step) -> Result<()> {
    let mut compiled = engine::compile_for_demo(step)?;
    shell::stage(Engine::Both, &compiled.wasm()?, &compiled.glue(), pkg)?;
    files::write(&pkg.join("package.json"), package::manifest()?)
}

/// Holds what was built against its limits, and the READMEs' tables against what was built.
pub fn check_size() -> Result<()> {
    size::check(&paths::pkg())?;
    readme::check(&paths::pkg())
}

/// Builds everything and writes what it weighs into the READMEs, the peers below `peers` beside it.
pub fn write_sizes(peers: &Path) -> Result<()> {
    make()?;
    readme::write(&paths::pkg(), peers)
}
