//! What the example backends need: their languages and their packages, installed once where that is possible.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::install;
use crate::error::{Error, Result};
use crate::{files, paths, process};

/// A program, the backend that needs it, and the Debian package that brings it.
const LANGUAGES: [(&str, &str, &str); 4] = [
    ("go", "go", "golang-go"),
    ("php", "php", "php-cli"),
    // The compiler: without it Java can't run a source file.
    ("javac", "java", "default-jdk-headless"),
    ("python3", "fastapi", "python3-venv"),
];

const INSTALL: Duration = Duration::from_secs(300);

/// Installs what is missing; what can't be had, and why. None of it is a failure: the tests leave it out and say so.
pub fn install() -> Vec<(&'static str, String)> {
    let mut missing: Vec<&str> =
        LANGUAGES.iter().filter(|(program, _, _)| absent(program)).map(|(_, _, package)| *package).collect();
    // Debian's Python can't make environments without it.
    if !absent("python3") && process::ask("python3", &["-c", "import ensurepip"]).is_none() {
        missing.push("python3-venv");
    }
    let apt = install::apt(&missing);
    let mut without = Vec::new();
    // Python is told with its packages, which may be there from an earlier run.
    let programs = LANGUAGES.iter().filter(|(program, _, _)| *program != "python3" && absent(program));
    for (program, backend, _) in programs {
        let why = match &apt {
            Err(error) => error.to_string(),
            Ok(()) => format!("`{program}` is not installed"),
        };
        without.push((*backend, why));
    }
    if absent("node") {
        without.push(("node", "Node is not installed".to_owned()));
    }
    if let Err(error) = express() {
        without.push(("express", error.to_string()));
    }
    if let Err(error) = fastapi() {
        without.push(("fastapi", error.to_string()));
    }
    without
}

fn absent(program: &str) -> bool {
    paths::find_program(program).is_none()
}

fn folder(name: &str) -> PathBuf {
    paths::scratch().join("backends").join(name)
}

fn source(name: &str) -> PathBuf {
    paths::root().join("examples").join("backends").join(name)
}

/// Installs Express and multer at their locked versions.
fn express() -> Result<()> {
    packages(&source("express"), &folder("express"))
}

/// Installs what the lock file in `source` names into `folder`, once.
pub fn packages(source: &Path, folder: &Path) -> Result<()> {
    const LOCK: &str = "package-lock.json";
    if is_fresh(&folder.join("node_modules").join(".installed"), &source.join(LOCK)) {
        return Ok(());
    }
    let Some(npm) = paths::find_program("npm") else { return Err(Error::new("npm is not installed")) };
    files::empty_folder(folder)?;
    for name in [LOCK, "package.json"] {
        files::write(&folder.join(name), files::read(&source.join(name))?)?;
    }
    let mut command = Command::new(npm);
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
    process::must(&mut command, INSTALL)?;
    files::write(&folder.join("node_modules").join(".installed"), files::read(&source.join(LOCK))?)
}

/// Makes a Python environment with FastAPI in it.
fn fastapi() -> Result<()> {
    let (folder, requirements) = (folder("fastapi"), source("fastapi").join("requirements.txt"));
    if is_fresh(&folder.join(".installed"), &requirements) {
        return Ok(());
    }
    let Some(python) = paths::find_program("python3") else {
        return Err(Error::new("Python is not installed"));
    };
    process::must(Command::new(python).args(["-m", "venv", "--clear"]).arg(&folder), INSTALL)?;
    let mut pip = Command::new(folder.join("bin").join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&requirements);
    process::must(&mut pip, INSTALL)?;
    files::write(&folder.join(".installed"), files::read(&requirements)?)
}

/// True if what was installed, told by a copy of its list, is what the list asks for now.
fn is_fresh(installed: &Path, list: &Path) -> bool {
    matches!((files::read(installed), files::read(list)), (Ok(installed), Ok(list)) if installed == list)
}
