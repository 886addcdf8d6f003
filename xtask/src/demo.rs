//! `cargo xtask demo`: the demo page with the server behind it.

use std::path::PathBuf;

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

/// Serves until it is interrupted.
pub fn run(options: &Options) -> Result<()> {
    let program = server::build()?;
    // The server serves one folder: the page, and the package as its /pkg/.
    let site = paths::scratch().join("site");
    files::empty_folder(&site)?;
    files::copy_folder(&paths::root().join("www").join("demo"), &site)?;
    guide::site::write(&paths::root(), &site.join("guide")).doing(|| "can't make the guide".to_owned())?;
    build::for_demo(&site.join("pkg"))?;
    let command = server::command(&program, options.port, &options.data, Some(&site))?;
    println!("\nThe demo is at {}/  (Ctrl-C ends it)", server::url(options.port));
    server::exec(command)
}
