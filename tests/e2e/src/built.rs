//! Finds what is tested: the packed module, the server's binary, the demo page; and says what is missing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::stage::target;

/// Goes before everything else in the demo page: hears what goes wrong while it loads.
const RECORDER: &str = "<head>\n  <script src=\"/e2e/recorder.js\"></script>";

/// Returns the folder of the packed module: `XUCHUAN_PKG`, or `pkg` in the workspace.
pub fn pkg() -> Result<PathBuf> {
    let folder = from_env("XUCHUAN_PKG").unwrap_or_else(|| workspace().join("pkg"));
    if !folder.join("xuchuan.min.js").is_file() || !folder.join("xuchuan.wasm").is_file() {
        bail!("no packed module in {}: run `cargo xtask build`, or set XUCHUAN_PKG", folder.display());
    }
    Ok(folder)
}

/// Returns the server's binary: `XUCHUAN_SERVER_BIN`, or the newest of the target folder's profiles.
pub fn server() -> Result<PathBuf> {
    if let Some(path) = from_env("XUCHUAN_SERVER_BIN") {
        return if path.is_file() {
            Ok(path)
        } else {
            bail!("XUCHUAN_SERVER_BIN: no file {}", path.display())
        };
    }
    let built = ["server", "release", "debug"].map(|profile| target().join(profile).join("xuchuan-server"));
    let age = |path: &PathBuf| fs::metadata(path).and_then(|data| data.modified()).ok();
    match built.iter().filter(|path| path.is_file()).max_by_key(|path| age(path)) {
        Some(path) => Ok(path.clone()),
        None => bail!("no server binary: run `cargo build -p xuchuan-server`, or set XUCHUAN_SERVER_BIN"),
    }
}

/// Returns the folder of the demo page: `XUCHUAN_DEMO`, or `www/demo` in the workspace.
pub fn demo() -> Result<PathBuf> {
    let folder = from_env("XUCHUAN_DEMO").unwrap_or_else(|| workspace().join("www/demo"));
    if !folder.join("index.html").is_file() {
        bail!("no demo page in {}; set XUCHUAN_DEMO", folder.display());
    }
    Ok(folder)
}

/// Puts the tree that a server serves together in `folder`: the demo page at `/`, the module at `/pkg/`, the guide at
/// `/guide/`, and the tests' own pages at `/e2e/`.
pub fn www(folder: &Path) -> Result<()> {
    copy(&demo()?, folder)?;
    copy(&pkg()?, &folder.join("pkg"))?;
    guide::site::write(&workspace(), &folder.join("guide")).context("make the guide")?;
    pages(&folder.join("e2e"))?;
    let index = folder.join("index.html");
    let page = fs::read_to_string(&index)?.replacen("<head>", RECORDER, 1);
    fs::write(index, page)?;
    Ok(())
}

/// Returns the folder of the projects that use the package.
pub fn projects() -> PathBuf {
    workspace().join("tests/projects")
}

/// Copies the tests' own pages.
pub fn pages(to: &Path) -> Result<()> {
    copy(&package().join("pages"), to)
}

/// Copies a folder with all it holds.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn from_env(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn package() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| ".".into()))
}

fn workspace() -> PathBuf {
    package().join("../..")
}
