//! `cargo xtask build`: makes the npm package and the drop-in scripts in pkg/.

mod bundle;
mod engine;
mod ignored;
mod linked;
mod minify;
mod names;
mod optimize;
mod order;
mod package;
mod panics;
mod size;
mod unused;

use crate::error::Result;
use crate::paths;

pub use engine::{WASM_TARGET, add_target};

/// Builds everything, and fails when it weighs too much.
pub fn run() -> Result<()> {
    make()?;
    check_size()
}

/// Builds everything and prints what it weighs.
pub fn make() -> Result<()> {
    let mut engine = engine::build()?;
    engine.wasm = order::by_likeness(&optimize::optimize(engine.wasm)?)?;
    package::assemble(&engine, &paths::pkg())?;
    size::report(&paths::pkg())
}

/// Holds what was built against its budget.
pub fn check_size() -> Result<()> {
    size::check(&paths::pkg())
}
