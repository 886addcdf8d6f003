//! A file that is to be hashed, whoever has it: how far that is, where it can begin again, and who waits for its end;
//! and the files that wait for a thread.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use web_sys::Blob;

use super::reader::Unreadable;
use super::run::{RunControl, Watcher};
use crate::core::md5::{Digests, Snapshot, WHOLE};

/// Less than this is hashed along with others, since a message for each would be most of the work: a group of the
/// smallest default chunks.
const SMALL: u64 = 16 << 20;
/// How many workers may die of a file, or with it, before it is hashed on this thread.
const MOST_DEATHS: u32 = 2;
/// The most files in one message, which end in one task of the page, and their bytes.
pub const BATCH: usize = 64;
const BATCH_BYTES: u64 = 16 << 20;

/// A file to be hashed, wherever that happens.
pub struct HashTask {
    /// The file.
    pub blob: Blob,
    /// Its chunks' size.
    pub chunk: u64,
    /// How it is handed to a worker.
    pub priority: Priority,
    control: Rc<RunControl>,
    watcher: Rc<dyn Watcher>,
    /// How far it has been at most.
    farthest: Cell<u64>,
    saved: RefCell<Option<Snapshot>>,
    end: RefCell<Option<HashEnd>>,
    waker: RefCell<Option<Waker>>,
    deaths: Cell<u32>,
}

/// How a task is handed to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// At once, whatever the worker does.
    Now,
    /// When a worker is free.
    Queued,
    /// The same, with others in one message.
    Batch,
}

/// How a task ended.
#[derive(Debug)]
pub enum HashEnd {
    /// With the digests.
    Hashed(Digests),
    /// The file cannot be read.
    Unreadable(Unreadable),
    /// The page stopped it.
    Stopped,
}

impl HashTask {
    /// Makes a task of `blob`, cut into chunks of `chunk` bytes, that begins where an `earlier` hashing was.
    pub fn new(
        blob: Blob,
        chunk: u64,
        earlier: Option<Snapshot>,
        control: Rc<RunControl>,
        watcher: Rc<dyn Watcher>,
    ) -> HashTask {
        HashTask {
            // The digest of a chunk is waited for, with a request of its own in mind.
            priority: if chunk == WHOLE {
                Priority::Now
            } else if (blob.size() as u64) < SMALL {
                Priority::Batch
            } else {
                Priority::Queued
            },
            blob,
            chunk,
            control,
            watcher,
            farthest: Cell::new(0),
            saved: RefCell::new(earlier),
            end: RefCell::default(),
            waker: RefCell::default(),
            deaths: Cell::new(0),
        }
    }

    /// Waits for its end.
    pub async fn wait(&self) -> HashEnd {
        poll_fn(|context| match self.end.take() {
            Some(end) => Poll::Ready(end),
            None => {
                *self.waker.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            }
        })
        .await
    }

    /// Ends it.
    pub fn end(&self, end: HashEnd) {
        *self.end.borrow_mut() = Some(end);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Returns the state to begin from.
    pub fn start(&self) -> Option<Snapshot> {
        self.saved.borrow().clone()
    }

    /// Returns who holds and stops it on this thread.
    pub fn control(&self) -> &RunControl {
        &self.control
    }

    /// Tells whether it is held.
    pub fn is_held(&self) -> bool {
        self.control.is_held()
    }

    /// Tells whether another one may run beside it: it is held, or it did not wait for others itself.
    pub fn leaves_room(&self) -> bool {
        self.priority == Priority::Now || self.is_held()
    }

    /// Notes that a worker died of it, or with it; tells whether it may have another one.
    pub fn survives(&self) -> bool {
        self.deaths.set(self.deaths.get() + 1);
        self.deaths.get() < MOST_DEATHS
    }
}

impl Watcher for HashTask {
    /// A task that began again does not go back for those who watch.
    fn hashed(&self, at: u64) {
        if at >= self.farthest.get() {
            self.farthest.set(at);
            self.watcher.hashed(at);
        }
    }

    fn repeats(&self) {
        self.watcher.repeats();
    }

    fn saved(&self, snapshot: Snapshot) {
        *self.saved.borrow_mut() = Some(snapshot.clone());
        self.watcher.saved(snapshot);
    }
}

/// Tasks in the order they came. Those that are held keep their place.
#[derive(Default)]
pub struct Queue(RefCell<VecDeque<Rc<HashTask>>>);

impl Queue {
    /// Makes an empty one.
    pub const fn new() -> Queue {
        Queue(RefCell::new(VecDeque::new()))
    }

    /// Adds a task.
    pub fn push(&self, task: Rc<HashTask>) {
        self.0.borrow_mut().push_back(task);
    }

    /// Takes a task out, if it is there.
    pub fn remove(&self, task: &Rc<HashTask>) {
        self.0.borrow_mut().retain(|other| !Rc::ptr_eq(other, task));
    }

    /// Tells whether there is one that is not held.
    pub fn is_ready(&self) -> bool {
        self.0.borrow().iter().any(|task| !task.is_held())
    }

    /// Takes the next one that is not held; if it is a small one, other small ones with it, `most` at most.
    pub fn take(&self, most: usize) -> Vec<Rc<HashTask>> {
        let mut taken: Vec<Rc<HashTask>> = Vec::new();
        let mut bytes = 0;
        self.0.borrow_mut().retain(|task| {
            let fits = taken.first().is_none_or(|first| {
                let are_small = first.priority == Priority::Batch && task.priority == Priority::Batch;
                are_small && taken.len() < most && bytes < BATCH_BYTES
            });
            if !fits || task.is_held() {
                return true;
            }
            bytes += task.blob.size() as u64;
            taken.push(task.clone());
            false
        });
        taken
    }

    /// Takes all.
    pub fn take_all(&self) -> VecDeque<Rc<HashTask>> {
        self.0.take()
    }
}
