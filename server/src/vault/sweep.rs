//! Cleaning up: what a crash left half written, and uploads that nobody finished.

use std::collections::HashSet;
use std::path::Path as FsPath;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt};

use super::keys::{self, FILES, INCOMING, Part};
use super::{Entry, Vault, lock};
use crate::failure::Failure;

/// Entries that no request used for so long are dropped from memory.
const IDLE: Duration = Duration::from_secs(10 * 60);
/// A chunk that arrived before its name and was left behind is removed at this age.
const STAGED_AGE: Duration = Duration::from_secs(24 * 3600);

/// Removes from `folder` what a crash left half written: `LocalFileSystem` stages a write as `name#number` beside its
/// place. Safe only before the server starts to write.
pub fn prepare(folder: &FsPath) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    match std::fs::remove_dir_all(folder.join(INCOMING)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut folders = vec![folder.join(FILES)];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
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

/// Sweeps now and then for as long as somebody else holds the vault.
pub async fn sweep_while_used(vault: Weak<Vault>, age: Duration) {
    let pause = (age / 24).clamp(Duration::from_secs(1), Duration::from_secs(3600));
    loop {
        tokio::time::sleep(pause).await;
        let Some(vault) = vault.upgrade() else { return };
        if let Err(failure) = vault.sweep().await {
            tracing::warn!(?failure, "sweep interrupted");
        }
    }
}

impl Vault {
    /// Removes what has expired, and counts sessions and bytes anew.
    pub async fn sweep(&self) -> Result<(), Failure> {
        let (mut sessions, mut bytes) = (0, 0);
        let files = self.store.list_with_delimiter(Some(&Path::from(FILES))).await?.common_prefixes;
        for file_id in files.iter().filter_map(|path| path.filename()) {
            let Some(entry) = self.find(file_id).await? else { continue };
            let left = self.sweep_file(&entry).await?;
            sessions += left.plans;
            bytes += left.bytes;
            drop(entry);
            self.forget_idle(file_id);
        }
        let idle: Vec<_> = lock(&self.entries).keys().cloned().collect();
        idle.iter().for_each(|file_id| self.forget_idle(file_id));
        self.sweep_staged().await?;
        self.sessions.store(sessions, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
        Ok(())
    }

    async fn sweep_file(&self, entry: &Entry) -> Result<Left, Failure> {
        let parts: Vec<ObjectMeta> = self.store.list(Some(&keys::file(&entry.id))).try_collect().await?;
        let last = parts.iter().map(|meta| SystemTime::from(meta.last_modified)).max();
        let age = self.limits.session_age;
        let old = last.is_some_and(|last| is_older(last, age)) && entry.used_before(age);
        // Whoever uses the entry now keeps it for another round.
        let expired = if old { entry.gate.try_write().ok() } else { None };
        let whole = self.whole(&entry.id).await?;
        let kept: Option<HashSet<&str>> =
            whole.as_ref().map(|whole| whole.chunks.iter().map(|(md5, _)| md5.as_str()).collect());
        let mut left = Left::default();
        // Plans go first: chunks without a plan are still recognized as left over, but a plan without chunks would be a
        // session.
        let (plans, others): (Vec<_>, Vec<_>) =
            parts.iter().partition(|meta| matches!(keys::read(&meta.location), Some(Part::Plan(_))));
        for meta in plans.into_iter().chain(others) {
            let part = keys::read(&meta.location);
            let is_kept = match &part {
                Some(Part::Chunk(md5)) => kept.as_ref().is_some_and(|kept| kept.contains(md5.as_str())),
                Some(Part::Whole) | None => true,
                Some(Part::Plan(_)) => false,
            };
            if expired.is_none() || is_kept {
                left.bytes += meta.size;
                left.plans += usize::from(matches!(part, Some(Part::Plan(_))) && whole.is_none());
                continue;
            }
            self.store.delete(&meta.location).await?;
            match part {
                Some(Part::Plan(cut)) => drop(entry.forget_plan(&cut)),
                Some(Part::Chunk(md5)) => drop(entry.forget_chunk(&md5)),
                Some(Part::Whole) | None => {}
            }
        }
        Ok(left)
    }

    async fn sweep_staged(&self) -> Result<(), Failure> {
        let staged: Vec<ObjectMeta> = self.store.list(Some(&Path::from(INCOMING))).try_collect().await?;
        for meta in staged {
            if is_older(meta.last_modified.into(), STAGED_AGE) {
                self.store.delete(&meta.location).await?;
            }
        }
        Ok(())
    }

    /// Drops an entry from memory if no request uses it; it is read again when one does.
    fn forget_idle(&self, file_id: &str) {
        let mut entries = lock(&self.entries);
        if entries.get(file_id).is_some_and(|entry| Arc::strong_count(entry) == 1 && entry.used_before(IDLE))
        {
            entries.remove(file_id);
        }
    }
}

impl Entry {
    fn used_before(&self, age: Duration) -> bool {
        self.touched().is_none_or(|touched| touched.elapsed() >= age)
    }
}

/// What a sweep left of a file.
#[derive(Debug, Default)]
struct Left {
    plans: usize,
    bytes: u64,
}

fn is_older(time: SystemTime, age: Duration) -> bool {
    SystemTime::now().duration_since(time).is_ok_and(|passed| passed >= age)
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
