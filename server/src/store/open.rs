//! Opens the store: makes the folder and cleans it, and starts to sweep.

use std::io;
use std::path::Path as FsPath;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;

use super::catalog::Catalog;
use super::keys::{FILES, INCOMING};
use super::requests::Store;
use super::sweep::{sweep, sweep_while_used};
use crate::config::{Config, SetupError, Storage};

/// Opens the store of `config`. Removes what a crash left half written, and starts a task on the current tokio runtime
/// that sweeps unfinished uploads for as long as the store is used.
///
/// # Errors
///
/// If the store can't be read, or its folder can't be made or cleaned.
pub async fn open(config: Config) -> Result<Store, SetupError> {
    let objects: Arc<dyn ObjectStore> = match config.storage {
        Storage::Objects(objects) => objects,
        Storage::Folder(folder) => {
            let prepared = folder.clone();
            let result = tokio::task::spawn_blocking(move || prepare(&prepared)).await;
            let result = result.unwrap_or_else(|panicked| Err(io::Error::other(panicked)));
            result.map_err(|error| SetupError::Folder(folder.clone(), error))?;
            // Without `with_fsync` a chunk that was acknowledged could be lost with the machine's power.
            Arc::new(LocalFileSystem::new_with_prefix(folder).map_err(SetupError::Store)?.with_fsync(true))
        }
    };
    objects.list_with_delimiter(Some(&Path::default())).await.map_err(SetupError::Store)?;
    let age = config.limits.session_age;
    let catalog = Arc::new(Catalog::new(objects, config.limits));
    if let Err(failure) = sweep(&catalog).await {
        tracing::warn!(?failure, "the first sweep was interrupted");
    }
    tokio::spawn(sweep_while_used(Arc::downgrade(&catalog), age));
    Ok(Store::new(catalog, config.public_url))
}

/// Removes from `folder` what a crash left half written: `LocalFileSystem` stages a write as `name#number` beside its
/// place. Safe only before the server starts to write.
fn prepare(folder: &FsPath) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    match std::fs::remove_dir_all(folder.join(INCOMING)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut folders = vec![folder.join(FILES)];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if is_staged(&entry.file_name().to_string_lossy()) {
                std::fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

fn is_staged(name: &str) -> bool {
    name.split_once('#').is_some_and(|(_, n)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn leftovers_are_removed_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("files/ab/chunks");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::create_dir_all(root.path().join("incoming")).unwrap();
        for name in ["x", "x#1", "x#12", "x#y"] {
            std::fs::write(folder.join(name), "").unwrap();
        }
        std::fs::write(root.path().join("incoming/1-0"), "").unwrap();
        prepare(root.path()).unwrap();
        let mut left: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["x", "x#y"]);
        assert!(!root.path().join("incoming").exists());
    }
}
