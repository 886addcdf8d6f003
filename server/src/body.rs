//! The bytes of one chunk: hashed while they arrive, and in their place only if they are what they claim to be.

use std::sync::Arc;

use axum::http::StatusCode;
use bytes::Bytes;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::io::AsyncWriteExt;

use crate::digest::Digest;
use crate::failure::Failure;
use crate::store::Sidecar;

/// A chunk up to this size is put in one request, or one write, sync and rename; a larger one goes in parts of it. So
/// memory is bounded, and with the usual 4 MiB a chunk costs one visit to the disk. (S3 asks for 5 MiB at least.)
const PART: usize = 8 << 20;
/// Parts of one chunk being written at once.
const PARTS: usize = 1;
/// Bytes handed to the hashing thread at once.
const BATCH: usize = 256 << 10;

/// The bytes of a chunk that is being received.
pub struct ChunkBody {
    objects: Arc<dyn ObjectStore>,
    path: Path,
    writer: BufWriter,
    digest: Digest,
    sidecar: Option<Sidecar>,
    batch: Vec<Bytes>,
    batched: usize,
    size: u64,
    /// All bytes, while they are no more than [`PART`]: the writer has them in memory as well.
    kept: Option<Vec<Bytes>>,
}

impl ChunkBody {
    /// Begins to write to `path`, where nothing appears before [`commit`](Self::commit). `sidecar` is hashed beside
    /// it.
    pub fn new(objects: Arc<dyn ObjectStore>, path: Path, sidecar: Option<Sidecar>) -> Self {
        let writer =
            BufWriter::with_capacity(objects.clone(), path.clone(), PART).with_max_concurrency(PARTS);
        Self {
            objects,
            path,
            writer,
            digest: Digest::default(),
            sidecar,
            batch: Vec::new(),
            batched: 0,
            size: 0,
            kept: Some(Vec::new()),
        }
    }

    /// The bytes received so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next bytes.
    pub async fn push(&mut self, bytes: Bytes) -> Result<(), Failure> {
        self.size += bytes.len() as u64;
        self.batched += bytes.len();
        self.batch.push(bytes.clone());
        self.kept = self.kept.take().filter(|_| self.size <= PART as u64);
        if let Some(kept) = &mut self.kept {
            kept.push(bytes.clone());
        }
        if self.batched >= BATCH {
            self.hash().await?;
        }
        Ok(self.writer.put(bytes).await?)
    }

    /// Checks that the bytes are those of `md5`.
    pub async fn check(&mut self, md5: &str) -> Result<(), Failure> {
        self.hash().await?;
        let actual = self.digest.hex().await?;
        if actual == md5 {
            return Ok(());
        }
        Err(Failure::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!(
                "the {} bytes received have the MD5 {actual}, not the one in chunkId: nothing was stored. Check \
                 that the file hasn't changed, then send the chunk again",
                self.size
            ),
        ))
    }

    /// Puts the bytes in their place, which is `target` if they were received elsewhere; they are durable when this
    /// returns. Gives them back if they are few enough to be in memory.
    pub async fn commit(mut self, target: &Path) -> Result<Option<Vec<Bytes>>, Failure> {
        self.writer.shutdown().await.map_err(unwrap_object_error)?;
        if self.path != *target {
            self.objects.rename(&self.path, target).await?;
        }
        Ok(self.kept)
    }

    /// Throws the bytes away.
    pub async fn abort(mut self) {
        if let Err(error) = self.writer.abort().await {
            tracing::warn!(%error, path = %self.path, "the parts of a chunk that was refused stay in the store");
        }
    }

    async fn hash(&mut self) -> Result<(), Failure> {
        self.batched = 0;
        let (batch, sidecar) = (std::mem::take(&mut self.batch), self.sidecar.clone());
        self.digest
            .work(move |state| match sidecar {
                Some(sidecar) => sidecar.hash(state, &batch),
                None => batch.iter().for_each(|bytes| state.update(bytes)),
            })
            .await
    }
}

/// `BufWriter` wraps the store's error in one of I/O.
fn unwrap_object_error(error: std::io::Error) -> Failure {
    match error.downcast::<object_store::Error>() {
        Ok(error) => error.into(),
        Err(error) => error.into(),
    }
}
