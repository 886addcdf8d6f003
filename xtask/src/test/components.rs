//! The guide's components as pages, built by Vite as a reader would build them.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use guide::block::Trial;

use super::{backends, docs};
use crate::error::{Error, Result};
use crate::{files, paths, process};

const BUILD: Duration = Duration::from_secs(120);

/// Where the frameworks are installed and the pages are built.
pub fn folder() -> PathBuf {
    paths::scratch().join("components")
}

/// Installs the frameworks at their locked versions, and the package as it was built.
pub fn install() -> Result<()> {
    backends::packages(&source(), &folder())?;
    let package = folder().join("node_modules").join("xuchuan");
    files::empty_folder(&package)?;
    files::copy_folder(&paths::pkg(), &package)
}

fn source() -> PathBuf {
    paths::root().join("tests").join("components")
}

/// Makes a page of each component, of the package as it was built; the folder that is to be served.
pub fn build() -> Result<PathBuf> {
    install()?;
    let Some(node) = paths::find_program("node") else { return Err(Error::new("Node is not installed")) };
    let (folder, source) = (folder(), source());
    files::write(&folder.join("vite.config.js"), files::read(&source.join("vite.config.js"))?)?;
    let pages = folder.join("pages");
    files::empty_folder(&pages)?;
    for block in docs::blocks()?.iter().filter(|block| block.trial == Trial::Component) {
        let page = pages.join(block.place.replace(['/', ':', '.'], "-"));
        files::write(&page.join(format!("Uploader.{}", block.language)), &block.code)?;
        let main = source.join(format!("{}.tsx", block.language));
        files::write(&page.join("main.tsx"), files::read(&main)?)?;
        files::write(&page.join("index.html"), files::read(&source.join("index.html"))?)?;
    }
    let mut vite = Command::new(node);
    vite.args(["node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"]).current_dir(&folder);
    process::must(&mut vite, BUILD)?;
    Ok(folder.join("dist"))
}
