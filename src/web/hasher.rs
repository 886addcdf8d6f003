//! The page's side of hashing: in a worker of the pool, or where none can be had on the page's own thread.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::task::{Poll, Waker};

use web_sys::Blob;

use super::hashing::{self, Control, Place, Unreadable, Watcher};
use super::pool;
use crate::core::md5::{Digest, Digests, Snapshot, WHOLE};

/// Less than this is hashed along with others, since a message for each would be most of the work: a group of the
/// smallest default chunks.
const SMALL: u64 = 16 << 20;

/// Hashes `blob`, cut into chunks of `chunk` bytes, from where an `earlier` hashing was. Yields nothing if stopped.
pub async fn hash(
    blob: Blob,
    chunk: u64,
    earlier: Option<Snapshot>,
    control: Rc<HashControl>,
    watcher: Rc<dyn Watcher>,
) -> Option<Result<Digests, Unreadable>> {
    let size = blob.size() as u64;
    let whole = chunk == WHOLE;
    let job = Rc::new(Job {
        blob,
        chunk,
        // The digest of a chunk is waited for, with a request of its own in mind.
        haste: if whole {
            Haste::Now
        } else if size < SMALL {
            Haste::Batch
        } else {
            Haste::InTurn
        },
        control: control.clone(),
        watcher,
        most: Cell::new(0),
        saved: RefCell::new(earlier),
        end: RefCell::default(),
        waker: RefCell::default(),
        deaths: Cell::new(0),
    });
    *control.job.borrow_mut() = Rc::downgrade(&job);
    pool::submit(&job);
    let end = poll_fn(|context| match job.end.take() {
        Some(end) => Poll::Ready(end),
        None => {
            *job.waker.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        }
    });
    match end.await {
        End::Hashed(digests) => Some(Ok(digests)),
        End::Unreadable(unreadable) => Some(Err(unreadable)),
        End::Stopped => None,
    }
}

/// Hashes all of `blob`.
pub async fn digest(blob: Blob) -> Result<Digest, Unreadable> {
    let digests = hash(blob, WHOLE, None, Rc::default(), Rc::new(super::worker::Nobody)).await;
    // Nobody can stop it, so it always yields.
    let digests = digests.unwrap_or_else(|| Err(Unreadable { at: 0, why: "stopped".to_owned() }));
    digests.map(|digests| digests.file)
}

/// A file to be hashed, wherever that happens.
pub struct Job {
    /// The file.
    pub blob: Blob,
    /// Its chunks' size.
    pub chunk: u64,
    /// How it is to be handed to a worker.
    pub haste: Haste,
    control: Rc<HashControl>,
    watcher: Rc<dyn Watcher>,
    most: Cell<u64>,
    saved: RefCell<Option<Snapshot>>,
    end: RefCell<Option<End>>,
    waker: RefCell<Option<Waker>>,
    deaths: Cell<u32>,
}

/// How a job is handed to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Haste {
    /// At once, whatever the worker does.
    Now,
    /// When a worker is free.
    InTurn,
    /// The same, with others in one message.
    Batch,
}

/// How a job ended.
#[derive(Debug)]
pub enum End {
    /// With the digests.
    Hashed(Digests),
    /// The file cannot be read.
    Unreadable(Unreadable),
    /// The page stopped it.
    Stopped,
}

impl Job {
    /// Ends the job.
    pub fn end(&self, end: End) {
        *self.end.borrow_mut() = Some(end);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Tells who waits how far it is; a job that began again does not go back for them.
    pub fn hashed(&self, at: u64) {
        if at >= self.most.get() {
            self.most.set(at);
            self.watcher.hashed(at);
        }
    }

    /// Tells who waits that two of the chunks are the same.
    pub fn repeats(&self) {
        self.watcher.repeats();
    }

    /// Takes a state that the job can begin again from.
    pub fn save(&self, snapshot: Snapshot) {
        *self.saved.borrow_mut() = Some(snapshot.clone());
        self.watcher.saved(snapshot);
    }

    /// Returns the state to begin from.
    pub fn saved(&self) -> Option<Snapshot> {
        self.saved.borrow().clone()
    }

    /// Returns who holds and stops it.
    pub fn control(&self) -> &Control {
        &self.control.local
    }

    /// Notes that a worker died of it, or with it; tells whether it may have another one.
    pub fn survives(&self) -> bool {
        self.deaths.set(self.deaths.get() + 1);
        self.deaths.get() < 2
    }

    /// Hashes it on this thread.
    pub async fn run_here(&self) {
        let (control, saved) = (&self.control.local, self.saved());
        let hashing = hashing::hash(&self.blob, self.chunk, saved, Place::Page, control, self);
        self.end(match hashing.await {
            Some(Ok(digests)) => End::Hashed(digests),
            Some(Err(unreadable)) => End::Unreadable(unreadable),
            None => End::Stopped,
        });
    }
}

impl Watcher for Job {
    fn hashed(&self, at: u64) {
        self.hashed(at);
    }

    fn repeats(&self) {
        self.repeats();
    }

    fn saved(&self, snapshot: Snapshot) {
        self.save(snapshot);
    }
}

/// Holds, lets go on, or stops a job, wherever it runs.
#[derive(Default)]
pub struct HashControl {
    local: Control,
    job: RefCell<Weak<Job>>,
}

impl HashControl {
    /// Holds the job where it is, or lets it go on.
    pub fn hold(&self, held: bool) {
        if self.local.is_held() != held {
            self.local.hold(held);
            self.job.borrow().upgrade().inspect(pool::hold);
        }
    }

    /// Ends the job.
    pub fn stop(&self) {
        self.local.stop();
        if let Some(job) = self.job.borrow().upgrade() {
            pool::stop(&job);
            job.end(End::Stopped);
        }
    }
}
