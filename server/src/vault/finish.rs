//! From the last chunk to a file that exists: the whole's digest, carried on as chunks arrive, and the manifest.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use bytes::Bytes;
use object_store::{ObjectStoreExt, path::Path};
use xuchuan::core::protocol::wire::{Answer, md5_of};

use super::companion::behind;
use super::entry::Prefix;
use super::keys::{self, Part};
use super::{Cut, Entry, InUse, Vault, Whole};
use crate::digest::Digest;
use crate::failure::Failure;

/// Bytes read at a time for a digest.
const READ: u64 = 1 << 20;
/// Extensions one content may be announced under.
const EXTS: usize = 32;

impl Vault {
    /// Finishes `cut` in a task of its own, which all who ask share and no disconnecting client ends. Answers 503 if it
    /// takes longer than a client would wait; the next handshake finds it further on.
    pub(super) async fn finish_in_time(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        cut: &Arc<Cut>,
        in_use: InUse,
    ) -> Result<Option<Arc<Whole>>, Failure> {
        let (vault, entry, cut) = (self.clone(), entry.clone(), cut.clone());
        let task = tokio::spawn(async move { vault.finish(&entry, &cut, in_use).await });
        match tokio::time::timeout(self.limits.finish_wait, task).await {
            Ok(finished) => finished?,
            Err(_) => Err(Failure::busy(
                1,
                "all chunks are there and the file is being verified; shake hands again",
            )),
        }
    }

    /// Verifies the whole and writes its manifest. `None` if a chunk turned out to be damaged and is needed again.
    pub(super) async fn finish(
        &self,
        entry: &Entry,
        cut: &Cut,
        _in_use: InUse,
    ) -> Result<Option<Arc<Whole>>, Failure> {
        let mut prefix = cut.prefix.lock().await;
        if let Some(whole) = self.whole(&entry.id).await? {
            return Ok(Some(whole));
        }
        if !prefix.contradiction {
            while self.advance(entry, cut, &mut prefix).await? {}
            if prefix.lens.len() < cut.plan.chunk_ids.len() {
                return Ok(None);
            }
            if prefix.digest.hex() == entry.id {
                return self.name(entry, cut, &prefix.lens).await.map(Some);
            }
            let damaged = self.remove_damaged(entry, cut).await?;
            *prefix = Prefix::default();
            prefix.contradiction = !damaged;
            if damaged {
                return Ok(None);
            }
        }
        Err(Failure::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "fileId is not the MD5 of these chunks in this order, though each chunk is right: fileId and chunkIds \
             contradict each other. Hash the file again, then shake hands with what comes out; chunks that are right \
             will not be asked for again",
        ))
    }

    /// Carries the whole's digest on over the chunks that are there, unless another task is at it. What is still in
    /// memory is left to the chunks that come in, see [`Companion`](super::Companion).
    pub(super) fn carry_on(self: &Arc<Self>, entry: &Arc<Entry>, cut: &Arc<Cut>) {
        let Ok(mut prefix) = cut.prefix.clone().try_lock_owned() else { return };
        let (vault, entry, cut) = (self.clone(), entry.clone(), cut.clone());
        tokio::spawn(async move {
            while vault.kept(&entry, &cut, &prefix).is_none() {
                match vault.advance(&entry, &cut, &mut prefix).await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(failure) => {
                        let file_id = &entry.id;
                        tracing::warn!(
                            file_id,
                            ?failure,
                            "digest interrupted; the handshake will go on with it"
                        );
                        break;
                    }
                }
            }
        });
    }

    /// The bytes of the next chunk for the whole's digest, if they are still in memory.
    fn kept(&self, entry: &Entry, cut: &Cut, prefix: &Prefix) -> Option<Vec<Bytes>> {
        let id = cut.plan.chunk_ids.get(prefix.lens.len())?;
        self.recent.get(&entry.id, &md5_of(id))
    }

    /// Carries the whole's digest on over the next chunk. False if that is not there.
    async fn advance(&self, entry: &Entry, cut: &Cut, prefix: &mut Prefix) -> Result<bool, Failure> {
        let Some(md5) = cut.plan.chunk_ids.get(prefix.lens.len()).map(|id| md5_of(id).into_owned()) else {
            return Ok(false);
        };
        let Some(len) = entry.chunk(&md5) else { return Ok(false) };
        let begun = prefix.begun();
        let mut digest = Digest::from(prefix.running());
        let taken = match self.kept(entry, cut, prefix) {
            Some(bytes) => digest.feed(behind(bytes, begun).collect()).await.map_err(Failed::Hash),
            None => {
                let path = keys::part(&entry.id, &Part::Chunk(md5.clone()));
                self.hash(&path, begun..len, &mut digest).await
            }
        };
        match taken {
            Ok(()) => {
                prefix.push(digest.state().await?, len);
                Ok(true)
            }
            Err(error) => {
                prefix.retreat();
                self.lost(entry, &md5, error)?;
                Ok(false)
            }
        }
    }

    /// A chunk that vanished from the store is asked for again; other errors are told.
    fn lost(&self, entry: &Entry, md5: &str, error: Failed) -> Result<(), Failure> {
        match error {
            Failed::Store(object_store::Error::NotFound { .. }) => {
                tracing::error!(
                    file_id = entry.id,
                    md5,
                    "a stored chunk is gone; it will be asked for again"
                );
                self.forget_chunk(entry, md5);
                Ok(())
            }
            Failed::Store(error) => Err(error.into()),
            Failed::Hash(failure) => Err(failure),
        }
    }

    /// Hashes every chunk by itself and removes those that are not what they were. True if there were any.
    async fn remove_damaged(&self, entry: &Entry, cut: &Cut) -> Result<bool, Failure> {
        let mut damaged = false;
        for id in &cut.plan.chunk_ids {
            let md5 = md5_of(id).into_owned();
            let Some(len) = entry.chunk(&md5) else { continue };
            let path = keys::part(&entry.id, &Part::Chunk(md5.clone()));
            let mut digest = Digest::default();
            match self.hash(&path, 0..len, &mut digest).await {
                Ok(()) if digest.hex().await? == md5 => {}
                Ok(()) => {
                    tracing::error!(
                        file_id = entry.id,
                        md5,
                        "a stored chunk is damaged; it will be asked for again"
                    );
                    self.store.delete(&path).await?;
                    self.forget_chunk(entry, &md5);
                    damaged = true;
                }
                Err(error) => {
                    self.lost(entry, &md5, error)?;
                    damaged = true;
                }
            }
        }
        Ok(damaged)
    }

    pub(super) fn forget_chunk(&self, entry: &Entry, md5: &str) {
        self.recent.forget(&entry.id, md5);
        if let Some(len) = entry.forget_chunk(md5) {
            let update = |bytes: u64| Some(bytes.saturating_sub(len));
            let _ = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
        }
    }

    async fn hash(&self, path: &Path, range: Range<u64>, digest: &mut Digest) -> Result<(), Failed> {
        let mut at = range.start;
        while at < range.end {
            let next = (at + READ).min(range.end);
            let bytes = self.store.get_range(path, at..next).await.map_err(Failed::Store)?;
            digest.feed(vec![bytes]).await.map_err(Failed::Hash)?;
            at = next;
        }
        Ok(())
    }

    /// Writes the manifest. From then on the file exists.
    async fn name(&self, entry: &Entry, cut: &Cut, lens: &[u64]) -> Result<Arc<Whole>, Failure> {
        let _naming = entry.naming.lock().await;
        if let Some(whole) = self.whole(&entry.id).await? {
            return Ok(whole);
        }
        let completed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs());
        let md5s = cut.plan.chunk_ids.iter().map(|id| md5_of(id).into_owned());
        let chunks = md5s.zip(lens.iter().copied()).collect();
        let whole = Whole { completed, exts: vec![cut.plan.ext.clone()], chunks };
        let whole = self.write_whole(entry, whole).await?;
        self.recent.close(&entry.id);
        let closed = entry.sessions();
        let update = |sessions: usize| Some(sessions.saturating_sub(closed));
        let _ = self.sessions.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
        Ok(whole)
    }

    async fn write_whole(&self, entry: &Entry, whole: Whole) -> Result<Arc<Whole>, Failure> {
        let bytes = serde_json::to_vec(&whole).map_err(|error| Failure::internal(&error))?;
        self.store.put(&keys::part(&entry.id, &Part::Whole), bytes.into()).await?;
        Ok(self.keep_whole(&entry.id, whole))
    }

    /// Answers the URL of a complete file under `ext`, which is added to its names first if it is a new one.
    pub(super) async fn url(&self, entry: &Entry, whole: Arc<Whole>, ext: &str) -> Result<Answer, Failure> {
        if !whole.exts.iter().any(|known| known == ext) {
            let _naming = entry.naming.lock().await;
            let mut whole =
                self.whole(&entry.id).await?.map_or_else(|| (*whole).clone(), |whole| (*whole).clone());
            if whole.exts.len() >= EXTS {
                let first = whole.exts.first().cloned().unwrap_or_default();
                return Ok(Answer::Url(format!("{}{}{first}", self.public_url, entry.id)));
            }
            if !whole.exts.iter().any(|known| known == ext) {
                whole.exts.push(ext.to_owned());
                self.write_whole(entry, whole).await?;
            }
        }
        Ok(Answer::Url(format!("{}{}{ext}", self.public_url, entry.id)))
    }
}

/// Why a chunk could not be hashed.
enum Failed {
    Store(object_store::Error),
    Hash(Failure),
}
