//! File operations whose errors name the file.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Doing, Result};

pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).doing(|| format!("can't read {}", path.display()))
}

pub fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).doing(|| format!("can't read {}", path.display()))
}

/// Writes a file and the folders above it.
pub fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    fs::write(path, content).doing(|| format!("can't write {}", path.display()))
}

pub fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).doing(|| format!("can't make the folder {}", path.display()))
}

/// Leaves an empty folder, whatever was there.
pub fn empty_folder(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).doing(|| format!("can't remove {}", path.display()))?;
    }
    make_folder(path)
}

/// Lists the entries of a folder, sorted.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let what = || format!("can't list {}", folder.display());
    let entries = fs::read_dir(folder).doing(what)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .doing(what)?;
    paths.sort();
    Ok(paths)
}

/// Copies a folder with all it holds.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    make_folder(to)?;
    for path in list(from)? {
        let Some(name) = path.file_name() else { continue };
        let target = to.join(name);
        if path.is_dir() {
            copy_folder(&path, &target)?;
        } else {
            fs::copy(&path, &target).doing(|| format!("can't copy {}", path.display()))?;
        }
    }
    Ok(())
}
