//! One way to cut a file into chunks, and how far the file's digest has come along it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::digest::{self, Md5};

/// A cut as it is stored: what a handshake announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The extension of the first handshake with this cut.
    pub ext: String,
    /// The ids of the chunks, in the file's order.
    pub chunk_ids: Vec<String>,
}

/// One way to cut the file; the session of the clients that announced it.
#[derive(Debug)]
pub struct Cut {
    /// The plan.
    pub plan: Plan,
    /// How far the file's digest has come. Locked by the one task that carries it on.
    pub prefix: Arc<tokio::sync::Mutex<Prefix>>,
    /// Held by the chunk that carries the digest on beside its own.
    pub sidecar_lock: Mutex<()>,
    ids: HashSet<String>,
    used: AtomicU64,
}

/// The digest of the file's chunks in order, as far as they are there.
#[derive(Debug, Default)]
pub struct Prefix {
    /// The digest of whole chunks.
    pub digest: Md5,
    /// The lengths of the chunks it covers.
    pub lens: Vec<u64>,
    /// The digest with some bytes of the next chunk, and how many.
    ahead: Option<(Md5, u64)>,
    /// Set when all chunks were right and their digest was not the file's id: this plan can't be finished.
    pub contradiction: bool,
}

impl Plan {
    /// Gives the cut's id: a digest, since the ids themselves would not fit into a name.
    pub fn cut_id(&self) -> String {
        digest::of(self.chunk_ids.join(",").as_bytes())
    }
}

impl Cut {
    /// Makes the session of `plan`.
    pub fn new(plan: Plan) -> Self {
        let ids = plan.chunk_ids.iter().cloned().collect();
        Self { plan, ids, prefix: Arc::default(), sidecar_lock: Mutex::default(), used: AtomicU64::new(0) }
    }

    /// Tells whether `chunk_id` was announced with this cut.
    pub fn has(&self, chunk_id: &str) -> bool {
        self.ids.contains(chunk_id)
    }

    /// Notes that a request used the cut at `time`, which counts uses.
    pub fn touch(&self, time: u64) {
        self.used.store(time, Ordering::Relaxed);
    }

    /// When a request last used the cut.
    pub fn touched(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

impl Prefix {
    /// How many bytes of the next chunk were taken.
    pub fn begun(&self) -> u64 {
        self.ahead.as_ref().map_or(0, |(_, begun)| *begun)
    }

    /// The digest with what was taken of the next chunk.
    pub fn running(&self) -> Md5 {
        self.ahead.as_ref().map_or(&self.digest, |(digest, _)| digest).clone()
    }

    /// Has `take` hash `len` more bytes of the next chunk.
    pub fn advance(&mut self, take: impl FnOnce(&mut Md5), len: usize) {
        let (digest, begun) = self.ahead.get_or_insert_with(|| (self.digest.clone(), 0));
        take(digest);
        *begun += len as u64;
    }

    /// Notes that the next chunk was taken to its end.
    pub fn close(&mut self) {
        if let Some((digest, len)) = self.ahead.take() {
            self.push(digest, len);
        }
    }

    /// Takes over the digest up to the end of the next chunk, which has `len` bytes.
    pub fn push(&mut self, digest: Md5, len: u64) {
        self.ahead = None;
        self.digest = digest;
        self.lens.push(len);
    }

    /// Forgets what was taken of the next chunk.
    pub fn retreat(&mut self) {
        self.ahead = None;
    }
}
