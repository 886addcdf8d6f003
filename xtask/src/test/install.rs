//! What the browser tests need: found, or installed once where that is possible.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::{build, files, paths, process};

/// The programs that run the browser tests.
pub struct Tools {
    pub wasm_pack: PathBuf,
    pub chromedriver: PathBuf,
    pub geckodriver: PathBuf,
    pub webkitdriver: PathBuf,
}

/// Browsers and their drivers, a display without a screen, and glyphs for the Chinese page; the proxy that stands in
/// front of most servers, and what makes its certificate.
const DEBIAN_PACKAGES: [&str; 9] = [
    "chromium",
    "chromium-driver",
    "firefox-esr",
    "webkit2gtk-driver",
    "xvfb",
    "xauth",
    "fonts-noto-cjk",
    "nginx",
    "openssl",
];

const INSTALL: Duration = Duration::from_secs(1800);

pub fn tools() -> Result<Tools> {
    build::add_target()?;
    debian_packages()?;
    let version = locked_version(&files::read_text(&paths::root().join("Cargo.lock"))?, "wasm-bindgen")
        .ok_or_else(|| Error::new("Cargo.lock names no version of wasm-bindgen"))?;
    let runner = process::ask("wasm-bindgen-test-runner", &["--version"]).unwrap_or_default();
    if runner.split_whitespace().last() != Some(version.as_str()) {
        // Without --locked: its own lock file does not resolve.
        cargo_install(&["wasm-bindgen-cli", "--version", &version])?;
    }
    Ok(Tools {
        wasm_pack: cargo_tool("wasm-pack")?,
        geckodriver: cargo_tool("geckodriver")?,
        chromedriver: needed("chromedriver")?,
        webkitdriver: needed("WebKitWebDriver")?,
    })
}

/// Installs Node and npm where they are missing: the package is made with tools from there.
pub fn node() -> Result<()> {
    if paths::find_program("node").is_none() || paths::find_program("npm").is_none() {
        apt(&["nodejs", "npm"])?;
    }
    needed("npm").map(drop)
}

/// Installs the Debian packages that are missing; elsewhere the programs must be there already.
fn debian_packages() -> Result<()> {
    if paths::find_program("dpkg-query").is_none() {
        return Ok(());
    }
    let missing: Vec<&str> = DEBIAN_PACKAGES.into_iter().filter(|package| !is_installed(package)).collect();
    apt(&missing)
}

/// Installs these Debian packages; does nothing on another system.
pub fn apt(missing: &[&str]) -> Result<()> {
    if missing.is_empty() || paths::find_program("apt-get").is_none() {
        return Ok(());
    }
    if process::ask("id", &["-u"]).as_deref() != Some("0") {
        let list = missing.join(" ");
        return Err(Error::new(format!(
            "run this as root first: apt-get update && apt-get install -y {list}"
        )));
    }
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(args);
        process::must(&mut command, INSTALL)
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], missing].concat())?;
    Ok(())
}

fn is_installed(package: &str) -> bool {
    process::ask("dpkg-query", &["-W", "-f=${Status}", package])
        .is_some_and(|status| status == "install ok installed")
}

fn cargo_tool(name: &str) -> Result<PathBuf> {
    if let Some(found) = find(name) {
        return Ok(found);
    }
    cargo_install(&[name, "--locked"])?;
    needed(name)
}

fn cargo_install(args: &[&str]) -> Result<()> {
    let mut command = paths::cargo(&["install"]);
    // Their own folder: with ours, each would be compiled again whenever a common dependency differs.
    command.args(args).env("CARGO_TARGET_DIR", paths::scratch().join("install"));
    process::must(&mut command, INSTALL).map(drop)
}

fn needed(name: &str) -> Result<PathBuf> {
    find(name).ok_or_else(|| {
        Error::new(format!(
            "`{name}` is not installed. The tests need Node, npm, Chromium, Firefox and WebKitGTK with their drivers \
             (on Debian: nodejs npm {})",
            DEBIAN_PACKAGES.join(" ")
        ))
    })
}

/// Finds a program on `PATH`, or where `cargo install` puts it.
fn find(name: &str) -> Option<PathBuf> {
    paths::find_program(name).or_else(|| {
        let home = std::env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))?;
        Some(home.join("bin").join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
            .filter(|path| path.is_file())
    })
}

/// The version that a lock file gives a package.
fn locked_version(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    let version = lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')?;
    Some(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::locked_version;

    #[test]
    fn finds_the_locked_version() {
        let lock = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.80\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\nsource = \"x\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(locked_version(lock, "wasm"), None);
    }
}
