//! Every request, with the bytes that went over the wire and the faults that struck it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use serde::Serialize;
use tokio::sync::watch;

/// A request and its answer.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Entry {
    /// The run it belongs to.
    pub run: String,
    /// The number of its connection: requests with the same one shared it.
    pub connection: u64,
    /// The method.
    pub method: String,
    /// The path behind the faults, such as `/api/upload`.
    pub path: String,
    /// When its head was there, in ms since 1970.
    pub began: u64,
    /// When its last byte went, or its connection ended; nothing while it goes on.
    pub ended: Option<u64>,
    /// The status that was answered; 0 if no answer was begun.
    pub status: u16,
    /// Bytes of the request that came, head and body.
    pub bytes_in: u64,
    /// Bytes of the answer that went, head and body.
    pub bytes_out: u64,
    /// The faults that struck it.
    pub injected: Vec<String>,
    /// The chunk it brought, where the body told.
    pub chunk: Option<String>,
    /// It brought a chunk that was missing.
    pub took: bool,
    /// It brought a chunk that had been acknowledged before it began, and that nobody asked for since.
    pub again: bool,
    /// Its answer went out whole, as the protocol says it.
    pub complete: bool,
}

/// The account of all runs.
#[derive(Debug, Default)]
pub struct Log {
    entries: Mutex<Vec<Entry>>,
    changed: watch::Sender<()>,
}

impl Log {
    /// Returns every request so far, in the order of their beginning.
    pub fn all(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    /// Returns the requests of `run` so far.
    pub fn of(&self, run: &str) -> Vec<Entry> {
        self.lock().iter().filter(|entry| entry.run == run).cloned().collect()
    }

    /// Returns how many requests of `run` are under way.
    pub fn open(&self, run: &str) -> usize {
        self.lock().iter().filter(|entry| entry.run == run && entry.ended.is_none()).count()
    }

    /// Waits until `seen` holds of the requests of `run`; for no longer than `limit`.
    pub async fn until(
        &self,
        run: &str,
        what: &str,
        limit: Duration,
        seen: impl Fn(&[Entry]) -> bool,
    ) -> Result<()> {
        let mut changes = self.changed.subscribe();
        let wait = async {
            loop {
                changes.borrow_and_update();
                if seen(&self.of(run)) || changes.changed().await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(limit, wait).await.is_err() {
            bail!("waited {limit:?} for {what} in the log of {run}");
        }
        Ok(())
    }

    fn note(&self, index: usize, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.lock().get_mut(index) {
            change(entry);
        }
        self.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An entry that is being written; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Open {
    log: Arc<Log>,
    index: usize,
}

impl Open {
    pub fn begin(log: &Arc<Log>, entry: Entry) -> Open {
        let index = {
            let mut entries = log.lock();
            entries.push(Entry { began: now(), ..entry });
            entries.len() - 1
        };
        log.changed.send_replace(());
        Open { log: Arc::clone(log), index }
    }

    pub fn note(&self, change: impl FnOnce(&mut Entry)) {
        self.log.note(self.index, change);
    }

    pub fn came(&self, bytes: usize) {
        self.note(|entry| entry.bytes_in += bytes as u64);
    }

    pub fn went(&self, bytes: usize) {
        self.note(|entry| entry.bytes_out += bytes as u64);
    }

    pub fn injected(&self, fault: &str) {
        self.note(|entry| entry.injected.push(fault.to_owned()));
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.note(|entry| entry.ended = Some(now()));
    }
}

/// The wall clock in ms since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
