//! The bindings in the frameworks that they are for: a project of its own, with the package as it is built.

use std::process::Command;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::{files, paths, process};

const LOCK: &str = "package-lock.json";

/// The command that runs its tests, installing the frameworks first; nothing where Node or npm is not installed.
pub fn command() -> Result<Option<Command>> {
    let (Some(node), Some(npm)) = (paths::find_program("node"), paths::find_program("npm")) else {
        return Ok(None);
    };
    let source = paths::root().join("tests").join("frameworks");
    let folder = paths::scratch().join("frameworks");
    let lock = files::read(&source.join(LOCK))?;
    if files::read(&folder.join("installed")).ok().as_ref() != Some(&lock) {
        files::empty_folder(&folder)?;
        for name in [LOCK, "package.json"] {
            files::write(&folder.join(name), files::read(&source.join(name))?)?;
        }
        let mut install = Command::new(npm);
        install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
        process::must(&mut install, Duration::from_secs(300))?;
        files::write(&folder.join("installed"), lock)?;
    }
    let package = folder.join("node_modules").join("xuchuan");
    files::empty_folder(&package)?;
    files::copy_folder(&paths::pkg(), &package)?;
    let mut tests = Vec::new();
    for path in files::list(&source)?.iter().filter(|path| path.is_file()) {
        let Some(name) = path.file_name() else { continue };
        files::write(&folder.join(name), files::read(path)?)?;
        if name.to_string_lossy().ends_with(".test.js") {
            tests.push(name.to_owned());
        }
    }
    if tests.is_empty() {
        return Err(Error::new(format!("{} has no tests", source.display())));
    }
    let mut command = Command::new(node);
    // Svelte has another file for pages than for servers, by this condition.
    command.args(["--conditions=browser", "--test", "--test-reporter=tap"]).args(tests).current_dir(folder);
    Ok(Some(command))
}
