//! Tools from npm, where Node is there: installed once, at a pinned version, below the target folder.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::{files, paths, process};

/// A program of an npm package.
pub struct Tool {
    pub package: &'static str,
    pub version: &'static str,
    /// The program's file inside the package.
    pub file: &'static str,
}

impl Tool {
    /// The command that runs the tool, installing it first; nothing if Node or npm is missing.
    pub fn command(&self) -> Result<Option<Command>> {
        let (Some(node), Some(file)) = (paths::find_program("node"), self.path()?) else { return Ok(None) };
        let mut command = Command::new(node);
        command.arg(file);
        Ok(Some(command))
    }

    /// Where its file is, once it is installed; nothing if npm is missing.
    pub fn path(&self) -> Result<Option<PathBuf>> {
        let Some(npm) = paths::find_program("npm") else { return Ok(None) };
        let folder = paths::scratch().join(format!("{}-{}", self.package, self.version));
        let file = folder.join("node_modules").join(self.package).join(self.file);
        if !file.is_file() {
            self.install(npm, &folder)?;
        }
        if !file.is_file() {
            return Err(Error::new(format!("{} {} has no {}", self.package, self.version, self.file)));
        }
        Ok(Some(file))
    }

    fn install(&self, npm: PathBuf, folder: &PathBuf) -> Result<()> {
        files::empty_folder(folder)?;
        let mut command = Command::new(npm);
        command
            .args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"])
            .arg(folder)
            .arg(format!("{}@{}", self.package, self.version));
        process::must(&mut command, Duration::from_secs(300)).map(drop)
    }
}
