//! What the server knows in memory of one file. All of it is read from the store, and changes only after the store did.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{OwnedRwLockReadGuard, RwLock};
use xuchuan::core::protocol::wire::md5_of;

use super::cut::{Cut, Plan};

/// One file, complete or not.
#[derive(Debug)]
pub struct Entry {
    /// The file's MD5.
    pub id: String,
    /// Held for reading while a request uses the entry, for writing while the sweep removes things from it.
    pub sweep_lock: Arc<RwLock<()>>,
    /// Held while the manifest is written.
    pub manifest_lock: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    clock: AtomicU64,
}

#[derive(Debug)]
struct State {
    chunks: HashMap<String, u64>,
    cuts: HashMap<String, Arc<Cut>>,
    touched: Option<Instant>,
}

/// Proof that the sweep keeps off an entry.
pub type InUse = OwnedRwLockReadGuard<()>;

impl Entry {
    /// Makes the entry of the file `id` with what the store has of it.
    pub fn new(id: &str, chunks: HashMap<String, u64>, plans: Vec<Plan>) -> Self {
        let cuts = plans.into_iter().map(|plan| (plan.cut_id(), Arc::new(Cut::new(plan)))).collect();
        Self {
            id: id.to_owned(),
            sweep_lock: Arc::default(),
            manifest_lock: tokio::sync::Mutex::default(),
            state: Mutex::new(State { chunks, cuts, touched: None }),
            clock: AtomicU64::new(1),
        }
    }

    /// Waits for the sweep to leave the entry, then keeps it off.
    pub async fn enter(&self) -> InUse {
        let guard = self.sweep_lock.clone().read_owned().await;
        self.state.lock().touched = Some(Instant::now());
        guard
    }

    /// Tells whether any cut of the file is announced.
    pub fn is_announced(&self) -> bool {
        self.sessions() > 0
    }

    /// How many cuts of the file are announced.
    pub fn sessions(&self) -> usize {
        self.state.lock().cuts.len()
    }

    /// Tells whether no request has used the entry for `age`, or none since it was read from the store.
    pub fn used_before(&self, age: Duration) -> bool {
        self.state.lock().touched.is_none_or(|touched| touched.elapsed() >= age)
    }

    /// The length of a stored chunk.
    pub fn chunk(&self, md5: &str) -> Option<u64> {
        self.state.lock().chunks.get(md5).copied()
    }

    /// Notes that the store has a chunk. True if it had not.
    pub fn keep_chunk(&self, md5: &str, len: u64) -> bool {
        self.state.lock().chunks.insert(md5.to_owned(), len).is_none()
    }

    /// Notes that the store has a chunk no longer.
    pub fn forget_chunk(&self, md5: &str) -> Option<u64> {
        self.state.lock().chunks.remove(md5)
    }

    /// The session of a cut, if it is announced.
    pub fn cut(&self, cut_id: &str) -> Option<Arc<Cut>> {
        let cut = self.state.lock().cuts.get(cut_id).cloned()?;
        self.use_cut(&cut);
        Some(cut)
    }

    /// Notes that the store has a plan, and gives its session. True if it is a new one.
    pub fn keep_plan(&self, plan: Plan) -> (Arc<Cut>, bool) {
        let mut new = false;
        let cut = self
            .state
            .lock()
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
        self.state.lock().cuts.remove(cut_id).is_some()
    }

    /// Finds the session a chunk belongs to. Two cuts may share a chunk (often the last one), and the protocol does not
    /// say which is meant: then it is the one that was used last.
    pub fn cut_with(&self, chunk_id: &str) -> Option<Arc<Cut>> {
        let state = self.state.lock();
        let mut with = state.cuts.values().filter(|cut| cut.has(chunk_id));
        let first = with.next()?;
        let Some(second) = with.next() else {
            let cut = first.clone();
            drop(state);
            self.use_cut(&cut);
            return Some(cut);
        };
        [first, second].into_iter().chain(with).max_by_key(|cut| cut.touched()).cloned()
    }

    /// Lists the ids of `cut` that are still to be sent, each once, in the file's order.
    pub fn needed(&self, cut: &Cut) -> Vec<String> {
        let state = self.state.lock();
        let mut listed = HashSet::new();
        let ids = cut.plan.chunk_ids.iter();
        ids.filter(|id| !state.chunks.contains_key(&*md5_of(id)) && listed.insert(id.as_str()))
            .cloned()
            .collect()
    }

    /// The bytes of `cut` that are stored, repeated chunks counted at each of their places.
    pub fn stored(&self, cut: &Cut) -> u64 {
        let state = self.state.lock();
        cut.plan.chunk_ids.iter().filter_map(|id| state.chunks.get(&*md5_of(id))).sum()
    }

    fn use_cut(&self, cut: &Cut) {
        cut.touch(self.clock.fetch_add(1, Ordering::Relaxed));
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
