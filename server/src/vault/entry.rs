//! What the server knows in memory of one file. All of it is read from the store, and changes only after the store did.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

use crate::digest;
use crate::md5::Md5;
use xuchuan::core::protocol::wire::md5_of;

/// One file, complete or not.
#[derive(Debug)]
pub struct Entry {
    /// The file's MD5.
    pub id: String,
    /// Held for reading while a request uses the entry, for writing while the sweep removes things from it.
    pub gate: Arc<RwLock<()>>,
    /// Held while the manifest is written.
    pub naming: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    clock: AtomicU64,
}

#[derive(Debug)]
struct State {
    chunks: HashMap<String, u64>,
    cuts: HashMap<String, Arc<Cut>>,
    touched: Option<Instant>,
}

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
    pub turn: Mutex<()>,
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

/// Proof that the sweep keeps off an entry.
pub type InUse = OwnedRwLockReadGuard<()>;

impl Plan {
    /// The cut's id: a digest, since the ids themselves would not fit into a name.
    pub fn cut_id(&self) -> String {
        digest::of(self.chunk_ids.join(",").as_bytes())
    }
}

impl Cut {
    /// Makes the session of `plan`.
    pub fn new(plan: Plan) -> Self {
        let ids = plan.chunk_ids.iter().cloned().collect();
        Self { plan, ids, prefix: Arc::default(), turn: Mutex::default(), used: AtomicU64::new(0) }
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

impl Entry {
    /// Makes the entry of the file `id` with what the store has of it.
    pub fn new(id: &str, chunks: HashMap<String, u64>, plans: Vec<Plan>) -> Self {
        let cuts = plans.into_iter().map(|plan| (plan.cut_id(), Arc::new(Cut::new(plan)))).collect();
        Self {
            id: id.to_owned(),
            gate: Arc::default(),
            naming: tokio::sync::Mutex::default(),
            state: Mutex::new(State { chunks, cuts, touched: None }),
            clock: AtomicU64::new(1),
        }
    }

    /// Waits for the sweep to leave the entry, then keeps it off.
    pub async fn enter(&self) -> InUse {
        let guard = self.gate.clone().read_owned().await;
        self.state().touched = Some(Instant::now());
        guard
    }

    /// Tells whether any cut of the file is announced.
    pub fn is_announced(&self) -> bool {
        self.sessions() > 0
    }

    /// How many cuts of the file are announced.
    pub fn sessions(&self) -> usize {
        self.state().cuts.len()
    }

    /// When a request last used the entry, if one did since it was read from the store.
    pub fn touched(&self) -> Option<Instant> {
        self.state().touched
    }

    /// The length of a stored chunk.
    pub fn chunk(&self, md5: &str) -> Option<u64> {
        self.state().chunks.get(md5).copied()
    }

    /// Notes that the store has a chunk. True if it had not.
    pub fn keep_chunk(&self, md5: &str, len: u64) -> bool {
        self.state().chunks.insert(md5.to_owned(), len).is_none()
    }

    /// Notes that the store has a chunk no longer.
    pub fn forget_chunk(&self, md5: &str) -> Option<u64> {
        self.state().chunks.remove(md5)
    }

    /// The session of a cut, if it is announced.
    pub fn cut(&self, cut_id: &str) -> Option<Arc<Cut>> {
        let cut = self.state().cuts.get(cut_id).cloned()?;
        self.use_cut(&cut);
        Some(cut)
    }

    /// Notes that the store has a plan, and gives its session. True if it is a new one.
    pub fn keep_plan(&self, plan: Plan) -> (Arc<Cut>, bool) {
        let mut new = false;
        let cut = self
            .state()
            .cuts
            .entry(plan.cut_id())
            .or_insert_with(|| {
                new = true;
                Arc::new(Cut::new(plan))
            })
            .clone();
        self.use_cut(&cut);
        (cut, new)
    }

    /// Notes that the store has a plan no longer.
    pub fn forget_plan(&self, cut_id: &str) -> bool {
        self.state().cuts.remove(cut_id).is_some()
    }

    /// Finds the session a chunk belongs to. Two cuts may share a chunk (often the last one), and the protocol does not
    /// say which is meant: then it is the one that was used last.
    pub fn cut_with(&self, chunk_id: &str) -> Option<Arc<Cut>> {
        let state = self.state();
        let mut with = state.cuts.values().filter(|cut| cut.ids.contains(chunk_id));
        let first = with.next()?;
        let Some(second) = with.next() else {
            let cut = first.clone();
            drop(state);
            self.use_cut(&cut);
            return Some(cut);
        };
        [first, second].into_iter().chain(with).max_by_key(|cut| cut.used.load(Ordering::Relaxed)).cloned()
    }

    /// Lists the ids of `cut` that are still to be sent, each once, in the file's order.
    pub fn needed(&self, cut: &Cut) -> Vec<String> {
        let state = self.state();
        let mut listed = HashSet::new();
        let ids = cut.plan.chunk_ids.iter();
        ids.filter(|id| !state.chunks.contains_key(&*md5_of(id)) && listed.insert(id.as_str()))
            .cloned()
            .collect()
    }

    /// The bytes of `cut` that are stored, repeated chunks counted at each of their places.
    pub fn stored(&self, cut: &Cut) -> u64 {
        let state = self.state();
        cut.plan.chunk_ids.iter().filter_map(|id| state.chunks.get(&*md5_of(id))).sum()
    }

    fn use_cut(&self, cut: &Cut) {
        cut.used.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, and each change is a single insertion or removal.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn plan(ids: &[&str]) -> Plan {
        Plan { ext: String::new(), chunk_ids: ids.iter().map(|id| (*id).to_owned()).collect() }
    }

    #[test]
    fn a_repeated_chunk_is_needed_once_and_counts_everywhere() {
        let entry = Entry::new("f", HashMap::new(), vec![]);
        let c = "c".repeat(32);
        let places = [format!("{c}3"), format!("{}-4", c.to_uppercase())];
        let (cut, new) = entry.keep_plan(plan(&["a", "b", "a", &places[0], &places[1]]));
        assert!(new && !entry.keep_plan(cut.plan.clone()).1);
        assert_eq!(entry.needed(&cut), ["a", "b", &places[0], &places[1]]);
        assert!(entry.keep_chunk("a", 5));
        assert!(!entry.keep_chunk("a", 5));
        assert_eq!((entry.needed(&cut).len(), entry.stored(&cut)), (3, 10));
        entry.keep_chunk(&c, 1);
        assert_eq!(entry.needed(&cut), ["b"]);
        entry.forget_chunk("a");
        assert_eq!(entry.needed(&cut), ["a", "b"]);
    }

    #[test]
    fn a_shared_chunk_belongs_to_the_cut_used_last() {
        let entry = Entry::new("f", HashMap::new(), vec![plan(&["a", "tail"]), plan(&["b", "tail"])]);
        assert_eq!(entry.cut_with("a").unwrap().plan, plan(&["a", "tail"]));
        assert_eq!(entry.cut_with("tail").unwrap().plan, plan(&["a", "tail"]));
        assert_eq!(entry.cut_with("b").unwrap().plan, plan(&["b", "tail"]));
        assert_eq!(entry.cut_with("tail").unwrap().plan, plan(&["b", "tail"]));
        assert!(entry.cut_with("x").is_none());
    }
}
