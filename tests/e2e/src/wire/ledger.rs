//! Every exchange of a wire, and the sums that scenarios judge by.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::sync::watch;

use super::exchange::{Exchange, Story};

/// The account of a wire.
#[derive(Debug, Default)]
pub struct Ledger {
    exchanges: Mutex<Vec<Exchange>>,
    changed: watch::Sender<()>,
}

impl Ledger {
    /// Returns all exchanges so far, in the order of their beginning.
    pub fn all(&self) -> Vec<Exchange> {
        self.lock().clone()
    }

    /// Returns how many exchanges there are: what comes later begins at this index.
    pub fn now(&self) -> usize {
        self.lock().len()
    }

    /// Returns the exchanges since the index `from` whose target contains `target`.
    pub fn since(&self, from: usize, target: &str) -> Vec<Exchange> {
        self.lock().iter().skip(from).filter(|one| one.target.contains(target)).cloned().collect()
    }

    /// Tells what became of each chunk that was sent. A request cut before its `chunkId` is known by its first bytes;
    /// one cut even before those counts for none.
    pub fn chunks(&self) -> BTreeMap<String, Story> {
        let exchanges = self.lock();
        let sendings = || exchanges.iter().filter(|one| one.is_chunk());
        let mut told: BTreeMap<String, Instant> = BTreeMap::new();
        let mut marks: BTreeMap<Vec<u8>, String> = BTreeMap::new();
        for one in sendings() {
            let Some(id) = one.chunk_id() else { continue };
            if let Some(mark) = one.content_mark() {
                marks.insert(mark, id.clone());
            }
            if let Some(ended) = one.ended.filter(|_| one.acknowledged()) {
                let first = told.entry(id).or_insert(ended);
                *first = ended.min(*first);
            }
        }
        let mut stories: BTreeMap<String, Story> = BTreeMap::new();
        for one in sendings() {
            let known = one.chunk_id().or_else(|| marks.get(&one.content_mark()?).cloned());
            let Some(id) = known else { continue };
            let again = told.get(&id).is_some_and(|told| one.began > *told);
            let story = stories.entry(id).or_default();
            story.sent += 1;
            story.acknowledged += u32::from(one.acknowledged());
            story.again += u32::from(again);
        }
        stories
    }

    /// Returns the bytes of chunk uploads, wrapping included, since the index `from`.
    pub fn chunk_bytes(&self, from: usize) -> u64 {
        self.lock().iter().skip(from).filter(|one| one.is_chunk()).map(|one| one.up).sum()
    }

    /// Returns how many chunks were acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.lock().iter().filter(|one| one.is_chunk() && one.acknowledged()).count()
    }

    /// Returns the bytes that came down for targets that contain `target`, since the index `from`.
    pub fn down_bytes(&self, from: usize, target: &str) -> u64 {
        self.lock().iter().skip(from).filter(|one| one.target.contains(target)).map(|one| one.down).sum()
    }

    /// Returns how many exchanges are still going on.
    pub fn open(&self) -> usize {
        self.lock().iter().filter(|one| one.ended.is_none()).count()
    }

    /// Waits until `seen` holds, looked at after every run of bytes; for no longer than `limit`.
    pub async fn until(&self, what: &str, limit: Duration, seen: impl Fn(&[Exchange]) -> bool) -> Result<()> {
        let mut changes = self.changed.subscribe();
        let wait = async {
            loop {
                changes.borrow_and_update();
                if seen(&self.lock()) || changes.changed().await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(limit, wait).await.is_err() {
            bail!("waited {limit:?} for {what} on the wire");
        }
        Ok(())
    }

    pub(super) fn begin(&self, exchange: Exchange) -> usize {
        let mut exchanges = self.lock();
        exchanges.push(exchange);
        self.changed.send_replace(());
        exchanges.len() - 1
    }

    pub(super) fn note(&self, index: usize, change: impl FnOnce(&mut Exchange)) {
        if let Some(exchange) = self.lock().get_mut(index) {
            change(exchange);
        }
        self.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
