//! What is stored: files as their chunks and a manifest.
//!
//! A file's folder holds its chunks, each an object named by its MD5, the plans that handshakes announced, and, once
//! the whole was verified, the manifest `whole.json`, which makes the file exist. The chunks are never copied into one
//! object: so each byte is written once, finishing costs no more than the rest of a digest that ran along with the
//! upload, a repeated chunk takes its room once, every length of chunk is right, and a store such as S3, which can
//! neither append nor rename, needs nothing else.
//!
//! What a client still has to send follows from which chunk objects exist. Chunks and plans are put as a whole or not
//! at all, durably (`LocalFileSystem::with_fsync`), before they are acknowledged; the memory only repeats the store.

mod companion;
mod entry;
mod finish;
pub mod keys;
mod recent;
mod sweep;
mod whole;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use xuchuan::core::protocol::wire::{Answer, Handshake, md5_of, msg};

use crate::config::Limits;
use crate::failure::Failure;
pub use companion::Companion;
pub use entry::{Cut, Entry, InUse, Plan};
use keys::Part;
use recent::Recent;
pub use sweep::{prepare, sweep_while_used};
pub use whole::Whole;

/// Manifests kept in memory; past that all are dropped and read again as they are needed.
const MANIFESTS: usize = 256;

/// All files of the server.
#[derive(Debug)]
pub struct Vault {
    store: Arc<dyn ObjectStore>,
    limits: Limits,
    public_url: String,
    entries: Mutex<HashMap<String, Arc<Entry>>>,
    wholes: Mutex<HashMap<String, Arc<Whole>>>,
    recent: Arc<Recent>,
    sessions: AtomicUsize,
    bytes: AtomicU64,
    staged: AtomicU64,
}

/// Where a chunk that is being received belongs.
#[derive(Debug)]
pub enum Slot {
    /// The file is complete, or the chunk is there: nothing needs to be stored, and these are still needed.
    Held(Vec<String>),
    /// The chunk is to be stored.
    Open(Place),
}

/// The place of a chunk that is still needed.
#[derive(Debug)]
pub struct Place {
    entry: Arc<Entry>,
    cut: Arc<Cut>,
    in_use: InUse,
    md5: String,
}

impl Place {
    /// The MD5 that the bytes must have.
    pub fn md5(&self) -> &str {
        &self.md5
    }

    /// Where the bytes are to be put.
    pub fn path(&self) -> Path {
        keys::part(&self.entry.id, &Part::Chunk(self.md5.clone()))
    }
}

impl Vault {
    /// Opens what `store` holds.
    pub fn new(store: Arc<dyn ObjectStore>, limits: Limits, public_url: String) -> Self {
        Self {
            store,
            limits,
            public_url,
            entries: Mutex::default(),
            wholes: Mutex::default(),
            recent: Arc::default(),
            sessions: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            staged: AtomicU64::new(0),
        }
    }

    /// The store below.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// What is accepted.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Answers a handshake whose fields have been checked.
    pub async fn handshake(self: &Arc<Self>, handshake: Handshake) -> Result<Answer, Failure> {
        let Handshake { file_id, ext, chunk_ids } = handshake;
        let entry = self.open(&file_id).await?;
        let in_use = entry.enter().await;
        if let Some(whole) = self.whole(&file_id).await? {
            return self.url(&entry, whole, &ext).await;
        }
        let cut = self.announce(&entry, Plan { ext: ext.clone(), chunk_ids }).await?;
        let needed = entry.needed(&cut);
        if !needed.is_empty() {
            self.carry_on(&entry, &cut);
            return Ok(Answer::Needed(needed));
        }
        match self.finish_in_time(&entry, &cut, in_use).await? {
            Some(whole) => self.url(&entry, whole, &ext).await,
            None => Ok(Answer::Needed(entry.needed(&cut))),
        }
    }

    /// Finds the place of the chunk `chunk_id` of `file_id`; both have been checked.
    pub async fn slot(&self, file_id: &str, chunk_id: &str) -> Result<Slot, Failure> {
        let Some(entry) = self.find(file_id).await? else { return Err(Failure::unknown_file()) };
        let in_use = entry.enter().await;
        let md5 = md5_of(chunk_id).into_owned();
        let cut = entry.cut_with(chunk_id);
        if let Some(whole) = self.whole(file_id).await? {
            let known = cut.is_some() || whole.chunks.iter().any(|(other, _)| *other == md5);
            return if known {
                Ok(Slot::Held(Vec::new()))
            } else {
                Err(Failure::refused(msg::UNKNOWN_CHUNK))
            };
        }
        let Some(cut) = cut else {
            // The sweep may have been here since the entry was found.
            let known = entry.is_announced();
            return Err(if known { Failure::refused(msg::UNKNOWN_CHUNK) } else { Failure::unknown_file() });
        };
        if entry.chunk(&md5).is_some() {
            return Ok(Slot::Held(entry.needed(&cut)));
        }
        Ok(Slot::Open(Place { entry, cut, in_use, md5 }))
    }

    /// Checks the limits that a chunk of `len` bytes may meet.
    pub fn admit(&self, place: &Place, len: u64) -> Result<(), Failure> {
        let ids = place.cut.plan.chunk_ids.iter();
        let places = ids.filter(|id| md5_of(id) == place.md5).count() as u64;
        if let Some(limit) = self.limits.file_bytes
            && place.entry.stored(&place.cut).saturating_add(len.saturating_mul(places)) > limit
        {
            return Err(Failure::too_large(format!("a file may have at most {limit} bytes")));
        }
        self.admit_bytes(len)
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

    /// What is hashed beside a chunk on its way to `place`.
    pub fn companion(&self, place: &Place) -> Companion {
        Companion::new(self.recent.clone(), place.entry.clone(), place.cut.clone())
    }

    /// Notes that the chunk of `len` bytes is in its place, durably, and gives what is still needed. `bytes` are its
    /// bytes, if they are still in memory.
    pub fn stored(self: &Arc<Self>, place: Place, len: u64, bytes: Option<Vec<Bytes>>) -> Vec<String> {
        let Place { entry, cut, in_use, md5 } = place;
        if let Some(bytes) = bytes {
            self.recent.keep(&entry.id, &md5, bytes);
        }
        if entry.keep_chunk(&md5, len) {
            self.bytes.fetch_add(len, Ordering::Relaxed);
        }
        let needed = entry.needed(&cut);
        if needed.is_empty() {
            // Begun before the client's next handshake asks for it, and not ended by the client's going away.
            let vault = self.clone();
            tokio::spawn(async move { vault.finish(&entry, &cut, in_use).await });
        } else {
            self.carry_on(&entry, &cut);
        }
        needed
    }

    /// A place for a chunk whose name isn't known yet.
    pub fn staging(&self) -> Path {
        let number = self.staged.fetch_add(1, Ordering::Relaxed);
        Path::from_iter([keys::INCOMING, &format!("{}-{number}", std::process::id())])
    }

    /// Finds the manifest of a complete file.
    pub async fn whole(&self, file_id: &str) -> Result<Option<Arc<Whole>>, Failure> {
        if let Some(whole) = lock(&self.wholes).get(file_id) {
            return Ok(Some(whole.clone()));
        }
        let Some(bytes) = self.read(&keys::part(file_id, &Part::Whole)).await? else { return Ok(None) };
        match serde_json::from_slice(&bytes) {
            Ok(whole) => Ok(Some(self.keep_whole(file_id, whole))),
            Err(error) => {
                tracing::error!(file_id, %error, "unreadable manifest");
                Ok(None)
            }
        }
    }

    fn keep_whole(&self, file_id: &str, whole: Whole) -> Arc<Whole> {
        let whole = Arc::new(whole);
        let mut wholes = lock(&self.wholes);
        if wholes.len() >= MANIFESTS {
            wholes.clear();
        }
        wholes.insert(file_id.to_owned(), whole.clone());
        whole
    }

    /// Gives the session of `plan`, which is stored first if it is new.
    async fn announce(&self, entry: &Entry, plan: Plan) -> Result<Arc<Cut>, Failure> {
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
        self.store.put(&keys::part(&entry.id, &Part::Plan(plan.cut_id())), bytes.into()).await?;
        let (cut, new) = entry.keep_plan(plan);
        if new {
            self.sessions.fetch_add(1, Ordering::Relaxed);
        }
        Ok(cut)
    }

    /// Gives the entry of a file that the store may not know yet.
    async fn open(&self, file_id: &str) -> Result<Arc<Entry>, Failure> {
        match self.find(file_id).await? {
            Some(entry) => Ok(entry),
            None => Ok(self.keep_entry(Entry::new(file_id, HashMap::new(), Vec::new()))),
        }
    }

    /// Finds the entry of a file that the store knows.
    async fn find(&self, file_id: &str) -> Result<Option<Arc<Entry>>, Failure> {
        let known = lock(&self.entries).get(file_id).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let mut chunks = HashMap::new();
        let mut plans = Vec::new();
        let mut is_there = false;
        let parts: Vec<_> = self.store.list(Some(&keys::file(file_id))).try_collect().await?;
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
                Some(Part::Whole) | None => {}
            }
        }
        Ok(is_there.then(|| self.keep_entry(Entry::new(file_id, chunks, plans))))
    }

    /// Keeps `entry`, unless another request was first; then that one's is the truth.
    fn keep_entry(&self, entry: Entry) -> Arc<Entry> {
        lock(&self.entries).entry(entry.id.clone()).or_insert_with(|| Arc::new(entry)).clone()
    }

    async fn read(&self, path: &Path) -> Result<Option<Bytes>, Failure> {
        match self.store.get(path).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
