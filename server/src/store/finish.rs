//! From the last chunk to a file that exists: the whole's digest, carried on as chunks arrive, and the manifest.

use std::ops::Range;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use bytes::Bytes;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use xuchuan::core::protocol::wire::md5_of;

use super::catalog::Catalog;
use super::cut::{Cut, Prefix};
use super::entry::{Entry, InUse};
use super::keys::{self, Part};
use super::manifest::Manifest;
use super::recent::behind;
use crate::digest::Digest;
use crate::failure::Failure;

/// Bytes read at a time for a digest.
const READ: u64 = 1 << 20;

/// Finishes `cut` in a task of its own, which all who ask share and no disconnecting client ends. Answers 503 if it
/// takes longer than a client would wait; the next handshake finds it further on.
pub async fn finish_in_time(
    catalog: &Arc<Catalog>,
    entry: &Arc<Entry>,
    cut: &Arc<Cut>,
    in_use: InUse,
) -> Result<Option<Arc<Manifest>>, Failure> {
    let wait = catalog.limits.finish_wait;
    let (catalog, entry, cut) = (catalog.clone(), entry.clone(), cut.clone());
    let task = tokio::spawn(async move { finish(&catalog, &entry, &cut, in_use).await });
    match tokio::time::timeout(wait, task).await {
        Ok(finished) => finished?,
        Err(_) => {
            Err(Failure::busy(1, "all chunks are there and the file is being verified; shake hands again"))
        }
    }
}

/// Verifies the whole and writes its manifest. `None` if a chunk turned out to be damaged and is needed again.
pub async fn finish(
    catalog: &Catalog,
    entry: &Entry,
    cut: &Cut,
    _in_use: InUse,
) -> Result<Option<Arc<Manifest>>, Failure> {
    let mut prefix = cut.prefix.lock().await;
    if let Some(manifest) = catalog.manifest(&entry.id).await? {
        return Ok(Some(manifest));
    }
    if !prefix.contradiction {
        while advance(catalog, entry, cut, &mut prefix).await? {}
        if prefix.lens.len() < cut.plan.chunk_ids.len() {
            return Ok(None);
        }
        if prefix.digest.hex() == entry.id {
            return complete(catalog, entry, cut, &prefix.lens).await.map(Some);
        }
        let damaged = remove_damaged(catalog, entry, cut).await?;
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
/// memory is left to the chunks that come in, see [`Sidecar`](super::Sidecar).
pub fn carry_on(catalog: &Arc<Catalog>, entry: &Arc<Entry>, cut: &Arc<Cut>) {
    let Ok(mut prefix) = cut.prefix.clone().try_lock_owned() else { return };
    let (catalog, entry, cut) = (catalog.clone(), entry.clone(), cut.clone());
    tokio::spawn(async move {
        while kept(&catalog, &entry, &cut, &prefix).is_none() {
            match advance(&catalog, &entry, &cut, &mut prefix).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(failure) => {
                    let file_id = &entry.id;
                    tracing::warn!(file_id, ?failure, "digest interrupted; the handshake will go on with it");
                    break;
                }
            }
        }
    });
}

/// The bytes of the next chunk for the whole's digest, if they are still in memory.
fn kept(catalog: &Catalog, entry: &Entry, cut: &Cut, prefix: &Prefix) -> Option<Vec<Bytes>> {
    let id = cut.plan.chunk_ids.get(prefix.lens.len())?;
    catalog.recent.get(&entry.id, &md5_of(id))
}

/// Carries the whole's digest on over the next chunk. False if that is not there.
async fn advance(catalog: &Catalog, entry: &Entry, cut: &Cut, prefix: &mut Prefix) -> Result<bool, Failure> {
    let Some(md5) = cut.plan.chunk_ids.get(prefix.lens.len()).map(|id| md5_of(id).into_owned()) else {
        return Ok(false);
    };
    let Some(len) = entry.chunk(&md5) else { return Ok(false) };
    let begun = prefix.begun();
    let mut digest = Digest::from(prefix.running());
    let taken = match kept(catalog, entry, cut, prefix) {
        Some(bytes) => digest.feed(behind(bytes, begun).collect()).await.map_err(Failed::Hash),
        None => {
            let path = keys::part(&entry.id, &Part::Chunk(md5.clone()));
            hash(catalog, &path, begun..len, &mut digest).await
        }
    };
    match taken {
        Ok(()) => {
            prefix.push(digest.state().await?, len);
            Ok(true)
        }
        Err(error) => {
            prefix.retreat();
            lost(catalog, entry, &md5, error)?;
            Ok(false)
        }
    }
}

/// A chunk that vanished from the store is asked for again; other errors are told.
fn lost(catalog: &Catalog, entry: &Entry, md5: &str, error: Failed) -> Result<(), Failure> {
    match error {
        Failed::Store(object_store::Error::NotFound { .. }) => {
            tracing::error!(file_id = entry.id, md5, "a stored chunk is gone; it will be asked for again");
            catalog.forget_chunk(entry, md5);
            Ok(())
        }
        Failed::Store(error) => Err(error.into()),
        Failed::Hash(failure) => Err(failure),
    }
}

/// Hashes every chunk by itself and removes those that are not what they were. True if there were any.
async fn remove_damaged(catalog: &Catalog, entry: &Entry, cut: &Cut) -> Result<bool, Failure> {
    let mut damaged = false;
    for id in &cut.plan.chunk_ids {
        let md5 = md5_of(id).into_owned();
        let Some(len) = entry.chunk(&md5) else { continue };
        let path = keys::part(&entry.id, &Part::Chunk(md5.clone()));
        let mut digest = Digest::default();
        match hash(catalog, &path, 0..len, &mut digest).await {
            Ok(()) if digest.hex().await? == md5 => {}
            Ok(()) => {
                tracing::error!(
                    file_id = entry.id,
                    md5,
                    "a stored chunk is damaged; it will be asked for again"
                );
                catalog.objects.delete(&path).await?;
                catalog.forget_chunk(entry, &md5);
                damaged = true;
            }
            Err(error) => {
                lost(catalog, entry, &md5, error)?;
                damaged = true;
            }
        }
    }
    Ok(damaged)
}

async fn hash(catalog: &Catalog, path: &Path, range: Range<u64>, digest: &mut Digest) -> Result<(), Failed> {
    let mut at = range.start;
    while at < range.end {
        let next = (at + READ).min(range.end);
        let bytes = catalog.objects.get_range(path, at..next).await.map_err(Failed::Store)?;
        digest.feed(vec![bytes]).await.map_err(Failed::Hash)?;
        at = next;
    }
    Ok(())
}

/// Writes the manifest. From then on the file exists.
async fn complete(
    catalog: &Catalog,
    entry: &Entry,
    cut: &Cut,
    lens: &[u64],
) -> Result<Arc<Manifest>, Failure> {
    let _held = entry.manifest_lock.lock().await;
    if let Some(manifest) = catalog.manifest(&entry.id).await? {
        return Ok(manifest);
    }
    let completed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs());
    let md5s = cut.plan.chunk_ids.iter().map(|id| md5_of(id).into_owned());
    let chunks = md5s.zip(lens.iter().copied()).collect();
    let manifest = Manifest { completed, exts: vec![cut.plan.ext.clone()], chunks };
    let manifest = catalog.write_manifest(&entry.id, manifest).await?;
    catalog.recent.close(&entry.id);
    catalog.close_sessions(entry);
    Ok(manifest)
}

/// Why a chunk could not be hashed.
enum Failed {
    Store(object_store::Error),
    Hash(Failure),
}
