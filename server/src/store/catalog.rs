//! The catalog: what the store holds, read once and remembered, and the counts that limits are about.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parking_lot::Mutex;

use super::cut::{Cut, Plan};
use super::entry::Entry;
use super::keys::{self, Part};
use super::manifest::Manifest;
use super::recent::Recent;
use crate::config::Limits;
use crate::failure::Failure;

/// Manifests kept in memory; past that all are dropped and read again as they are needed.
const MANIFESTS: usize = 256;
/// Entries that no request used for so long are dropped from memory.
const IDLE: Duration = Duration::from_secs(10 * 60);

/// All files of the server.
#[derive(Debug)]
pub struct Catalog {
    /// Where all of it is.
    pub objects: Arc<dyn ObjectStore>,
    /// What is accepted.
    pub limits: Limits,
    /// The bytes of the chunks that arrived last.
    pub recent: Arc<Recent>,
    entries: Mutex<HashMap<String, Arc<Entry>>>,
    manifests: Mutex<HashMap<String, Arc<Manifest>>>,
    sessions: AtomicUsize,
    bytes: AtomicU64,
}

impl Catalog {
    /// Makes the catalog of what `objects` holds; nothing is read yet.
    pub fn new(objects: Arc<dyn ObjectStore>, limits: Limits) -> Self {
        Self {
            objects,
            limits,
            recent: Arc::default(),
            entries: Mutex::default(),
            manifests: Mutex::default(),
            sessions: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// Gives the entry of a file that the store may not know yet.
    pub async fn open(&self, file_id: &str) -> Result<Arc<Entry>, Failure> {
        match self.find(file_id).await? {
            Some(entry) => Ok(entry),
            None => Ok(self.keep_entry(Entry::new(file_id, HashMap::new(), Vec::new()))),
        }
    }

    /// Finds the entry of a file that the store knows.
    pub async fn find(&self, file_id: &str) -> Result<Option<Arc<Entry>>, Failure> {
        let known = self.entries.lock().get(file_id).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let mut chunks = HashMap::new();
        let mut plans = Vec::new();
        let mut is_there = false;
        let parts: Vec<_> = self.objects.list(Some(&keys::file(file_id))).try_collect().await?;
        for meta in parts {
            is_there = true;
            match keys::read(&meta.location) {
                Some(Part::Chunk(md5)) => drop(chunks.insert(md5, meta.size)),
                Some(Part::Plan(_)) => {
                    let Some(bytes) = self.read(&meta.location).await? else { continue };
                    match serde_json::from_slice(&bytes) {
                        Ok(plan) => plans.push(plan),
                        Err(error) => tracing::error!(path = %meta.location, %error, "unreadable plan"),
                    }
                }
                Some(Part::Manifest) | None => {}
            }
        }
        Ok(is_there.then(|| self.keep_entry(Entry::new(file_id, chunks, plans))))
    }

    /// Keeps `entry`, unless another request was first; then that one's is the truth.
    fn keep_entry(&self, entry: Entry) -> Arc<Entry> {
        self.entries.lock().entry(entry.id.clone()).or_insert_with(|| Arc::new(entry)).clone()
    }

    /// The files whose entries are in memory.
    pub fn in_memory(&self) -> Vec<String> {
        self.entries.lock().keys().cloned().collect()
    }

    /// Drops an entry from memory if no request uses it, or has used it of late; it is read again when one does.
    pub fn forget_idle(&self, file_id: &str) {
        let mut entries = self.entries.lock();
        if entries.get(file_id).is_some_and(|entry| Arc::strong_count(entry) == 1 && entry.used_before(IDLE))
        {
            entries.remove(file_id);
        }
    }

    /// Finds the manifest of a complete file.
    pub async fn manifest(&self, file_id: &str) -> Result<Option<Arc<Manifest>>, Failure> {
        if let Some(manifest) = self.manifests.lock().get(file_id) {
            return Ok(Some(manifest.clone()));
        }
        let path = keys::part(file_id, &Part::Manifest);
        let Some(bytes) = self.read(&path).await? else { return Ok(None) };
        match serde_json::from_slice(&bytes) {
            Ok(manifest) => Ok(Some(self.keep_manifest(file_id, manifest))),
            Err(error) => {
                tracing::error!(file_id, %error, "unreadable manifest");
                Ok(None)
            }
        }
    }

    /// Writes the manifest of a file. Whoever does it holds the entry's lock for that.
    pub async fn write_manifest(&self, file_id: &str, manifest: Manifest) -> Result<Arc<Manifest>, Failure> {
        let bytes = serde_json::to_vec(&manifest).map_err(|error| Failure::internal(&error))?;
        self.objects.put(&keys::part(file_id, &Part::Manifest), bytes.into()).await?;
        Ok(self.keep_manifest(file_id, manifest))
    }

    fn keep_manifest(&self, file_id: &str, manifest: Manifest) -> Arc<Manifest> {
        let manifest = Arc::new(manifest);
        let mut manifests = self.manifests.lock();
        if manifests.len() >= MANIFESTS {
            manifests.clear();
        }
        manifests.insert(file_id.to_owned(), manifest.clone());
        manifest
    }

    /// Gives the session of `plan`, which is stored first if it is new.
    pub async fn announce(&self, entry: &Entry, plan: Plan) -> Result<Arc<Cut>, Failure> {
        if let Some(cut) = entry.cut(&plan.cut_id()) {
            return Ok(cut);
        }
        if plan.chunk_ids.is_empty() {
            // An empty file needs no session: it is finished within its handshake.
            return Ok(Arc::new(Cut::new(plan)));
        }
        if self.sessions.load(Ordering::Relaxed) >= self.limits.sessions {
            return Err(Failure::busy(60, "too many unfinished uploads on this server; try again later"));
        }
        let bytes = serde_json::to_vec(&plan).map_err(|error| Failure::internal(&error))?;
        self.objects.put(&keys::part(&entry.id, &Part::Plan(plan.cut_id())), bytes.into()).await?;
        let (cut, new) = entry.keep_plan(plan);
        if new {
            self.sessions.fetch_add(1, Ordering::Relaxed);
        }
        Ok(cut)
    }

    /// Counts the sessions of a file that is complete now as closed.
    pub fn close_sessions(&self, entry: &Entry) {
        let closed = entry.sessions();
        let update = |sessions: usize| Some(sessions.saturating_sub(closed));
        let _ = self.sessions.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
    }

    /// Notes that the store has a chunk.
    pub fn keep_chunk(&self, entry: &Entry, md5: &str, len: u64) {
        if entry.keep_chunk(md5, len) {
            self.bytes.fetch_add(len, Ordering::Relaxed);
        }
    }

    /// Notes that the store has a chunk no longer.
    pub fn forget_chunk(&self, entry: &Entry, md5: &str) {
        self.recent.forget(&entry.id, md5);
        if let Some(len) = entry.forget_chunk(md5) {
            let update = |bytes: u64| Some(bytes.saturating_sub(len));
            let _ = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
        }
    }

    /// Checks the limit on the bytes stored in all.
    pub fn admit_bytes(&self, len: u64) -> Result<(), Failure> {
        match self.limits.disk_bytes {
            Some(limit) if self.bytes.load(Ordering::Relaxed).saturating_add(len) > limit => {
                Err(Failure::full())
            }
            _ => Ok(()),
        }
    }

    /// Sets the counts to what a look at the whole store has found.
    pub fn recount(&self, sessions: usize, bytes: u64) {
        self.sessions.store(sessions, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    async fn read(&self, path: &Path) -> Result<Option<Bytes>, Failure> {
        match self.objects.get(path).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
