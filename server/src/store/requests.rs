//! What requests ask of the store: handshakes, the place of a chunk, the bytes of a file.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use xuchuan::core::protocol::wire::{Answer, Handshake, md5_of, msg};

use super::catalog::Catalog;
use super::cut::{Cut, Plan};
use super::entry::{Entry, InUse};
use super::finish::{carry_on, finish, finish_in_time};
use super::keys::{self, Part};
use super::manifest::{Manifest, Span};
use super::sidecar::Sidecar;
use crate::config::Limits;
use crate::failure::Failure;

/// Extensions one content may be announced under.
const EXTS: usize = 32;

/// The store, as the handlers see it.
#[derive(Debug)]
pub struct Store {
    catalog: Arc<Catalog>,
    public_url: String,
    staged: AtomicU64,
}

/// What is to become of a chunk that is being received.
#[derive(Debug)]
pub enum Destination {
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

impl Store {
    /// Makes the store of what `catalog` knows; `public_url` stands before a file's name in the URLs answered.
    pub fn new(catalog: Arc<Catalog>, public_url: String) -> Self {
        Self { catalog, public_url, staged: AtomicU64::new(0) }
    }

    /// Where the bytes are.
    pub fn objects(&self) -> &Arc<dyn ObjectStore> {
        &self.catalog.objects
    }

    /// What is accepted.
    pub fn limits(&self) -> &Limits {
        &self.catalog.limits
    }

    /// Answers a handshake whose fields have been checked.
    pub async fn handshake(&self, handshake: Handshake) -> Result<Answer, Failure> {
        let Handshake { file_id, ext, chunk_ids } = handshake;
        let entry = self.catalog.open(&file_id).await?;
        let in_use = entry.enter().await;
        if let Some(manifest) = self.manifest(&file_id).await? {
            return self.url(&entry, manifest, &ext).await;
        }
        let cut = self.catalog.announce(&entry, Plan { ext: ext.clone(), chunk_ids }).await?;
        let needed = entry.needed(&cut);
        if !needed.is_empty() {
            carry_on(&self.catalog, &entry, &cut);
            return Ok(Answer::Needed(needed));
        }
        match finish_in_time(&self.catalog, &entry, &cut, in_use).await? {
            Some(manifest) => self.url(&entry, manifest, &ext).await,
            None => Ok(Answer::Needed(entry.needed(&cut))),
        }
    }

    /// Finds the place of the chunk `chunk_id` of `file_id`; both have been checked.
    pub async fn destination(&self, file_id: &str, chunk_id: &str) -> Result<Destination, Failure> {
        let Some(entry) = self.catalog.find(file_id).await? else { return Err(Failure::unknown_file()) };
        let in_use = entry.enter().await;
        let md5 = md5_of(chunk_id).into_owned();
        let cut = entry.cut_with(chunk_id);
        if let Some(manifest) = self.manifest(file_id).await? {
            let known = cut.is_some() || manifest.chunks.iter().any(|(other, _)| *other == md5);
            return if known {
                Ok(Destination::Held(Vec::new()))
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
            return Ok(Destination::Held(entry.needed(&cut)));
        }
        Ok(Destination::Open(Place { entry, cut, in_use, md5 }))
    }

    /// Checks the limits that a chunk of `len` bytes may meet.
    pub fn admit(&self, place: &Place, len: u64) -> Result<(), Failure> {
        let ids = place.cut.plan.chunk_ids.iter();
        let places = ids.filter(|id| md5_of(id) == place.md5).count() as u64;
        if let Some(limit) = self.limits().file_bytes
            && place.entry.stored(&place.cut).saturating_add(len.saturating_mul(places)) > limit
        {
            return Err(Failure::too_large(format!("a file may have at most {limit} bytes")));
        }
        self.admit_bytes(len)
    }

    /// Checks the limit on the bytes stored in all.
    pub fn admit_bytes(&self, len: u64) -> Result<(), Failure> {
        self.catalog.admit_bytes(len)
    }

    /// What is hashed beside a chunk on its way to `place`.
    pub fn sidecar(&self, place: &Place) -> Sidecar {
        Sidecar::new(self.catalog.recent.clone(), place.entry.clone(), place.cut.clone())
    }

    /// Notes that the chunk of `len` bytes is in its place, durably, and gives what is still needed. `bytes` are its
    /// bytes, if they are still in memory.
    pub fn stored(&self, place: Place, len: u64, bytes: Option<Vec<Bytes>>) -> Vec<String> {
        let Place { entry, cut, in_use, md5 } = place;
        if let Some(bytes) = bytes {
            self.catalog.recent.keep(&entry.id, &md5, bytes);
        }
        self.catalog.keep_chunk(&entry, &md5, len);
        let needed = entry.needed(&cut);
        if needed.is_empty() {
            // Begun before the client's next handshake asks for it, and not ended by the client's going away.
            let catalog = self.catalog.clone();
            tokio::spawn(async move { finish(&catalog, &entry, &cut, in_use).await });
        } else {
            carry_on(&self.catalog, &entry, &cut);
        }
        needed
    }

    /// A place for a chunk whose name isn't known yet.
    pub fn staging(&self) -> Path {
        let number = self.staged.fetch_add(1, Ordering::Relaxed);
        Path::from_iter([keys::INCOMING, &format!("{}-{number}", std::process::id())])
    }

    /// Finds the manifest of a complete file.
    pub async fn manifest(&self, file_id: &str) -> Result<Option<Arc<Manifest>>, Failure> {
        self.catalog.manifest(file_id).await
    }

    /// Reads a stretch of a complete file.
    pub async fn read(&self, file_id: &str, span: Span) -> object_store::Result<Bytes> {
        let Span { md5, range } = span;
        self.objects().get_range(&keys::part(file_id, &Part::Chunk(md5)), range).await
    }

    /// Answers the URL of a complete file under `ext`, which is added to its names first if it is a new one.
    async fn url(&self, entry: &Entry, manifest: Arc<Manifest>, ext: &str) -> Result<Answer, Failure> {
        let is_known = |manifest: &Manifest| manifest.exts.iter().any(|known| known == ext);
        if !is_known(&manifest) {
            let _held = entry.manifest_lock.lock().await;
            // Another request may have written it meanwhile.
            let latest = self.manifest(&entry.id).await?.unwrap_or(manifest);
            let mut manifest = Arc::unwrap_or_clone(latest);
            if manifest.exts.len() >= EXTS {
                let first = manifest.exts.first().cloned().unwrap_or_default();
                return Ok(Answer::Url(format!("{}{}{first}", self.public_url, entry.id)));
            }
            if !is_known(&manifest) {
                manifest.exts.push(ext.to_owned());
                self.catalog.write_manifest(&entry.id, manifest).await?;
            }
        }
        Ok(Answer::Url(format!("{}{}{ext}", self.public_url, entry.id)))
    }
}
