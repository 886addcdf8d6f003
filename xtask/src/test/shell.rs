//! The unit tests of the hand-written shell, by Node's own test runner.

use std::process::Command;

use crate::error::{Error, Result};
use crate::{files, paths};

/// The command that runs them; nothing where Node is not installed.
pub fn command() -> Result<Option<Command>> {
    let Some(node) = paths::find_program("node") else { return Ok(None) };
    let folder = paths::root().join("www").join("npm").join("test");
    // File by file: what folders and patterns mean to Node differs by its version.
    let tests: Vec<_> = files::list(&folder)?
        .iter()
        .filter_map(|path| path.file_name())
        .filter(|name| name.to_string_lossy().ends_with(".test.js"))
        .map(ToOwned::to_owned)
        .collect();
    if tests.is_empty() {
        return Err(Error::new(format!("{} has no tests", folder.display())));
    }
    let mut command = Command::new(node);
    command.args(["--test", "--test-reporter=tap"]).args(tests).current_dir(folder);
    Ok(Some(command))
}
