//! `cargo xtask demo`: the demo page with the server behind it.

use std::path::PathBuf;

use xtask_launch::step::Step;

use crate::error::{Doing, Result};
use crate::{build, files, paths, server};

pub struct Options {
    pub port: u16,
    /// Where uploaded files are kept.
    pub data: PathBuf,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: 8000, data: paths::root().join("data") }
    }
}

/// Serves until it is interrupted. What is compiled for this machine is there already: the first two of the four steps are
/// those of `xtask/launch`.
pub fn run(options: &Options) -> Result<()> {
    let program = server::built_with_us()?;
    let step = Step::begin(3, 4, "compiling the engine to WebAssembly");
    // The server serves one folder: the page, and the package as its /pkg/.
    let site = paths::scratch().join("site");
    files::empty_folder(&site)?;
    build::for_demo(&site.join("pkg"), &step)?;
    step.done("the engine and its JavaScript");
    let step = Step::begin(4, 4, "starting the server");
    files::copy_folder(&paths::root().join("www").join("demo"), &site)?;
    guide::site::write(&paths::root(), &site.join("guide")).doing(|| "can't make the guide".to_owned())?;
    let command = server::command(&program, options.port, &options.data, Some(&site))?;
    step.done("all is there");
    println!("\nThe demo is at {}/  (Ctrl-C ends it)", server::url(options.port));
    server::exec(command)
}
