//! What a hashing under way is told, and who is told of it.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

use crate::core::md5::Snapshot;

/// Holds a hashing of this thread, lets it go on, or ends it.
#[derive(Debug, Default)]
pub struct RunControl {
    held: Cell<bool>,
    stopped: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl RunControl {
    /// Holds the hashing where it is, or lets it go on.
    pub fn hold(&self, held: bool) {
        self.held.set(held);
        self.wake();
    }

    /// Ends the hashing; it yields nothing.
    pub fn stop(&self) {
        self.stopped.set(true);
        self.wake();
    }

    /// Tells whether the hashing is held.
    pub fn is_held(&self) -> bool {
        self.held.get()
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Waits while held; tells whether to go on.
    pub async fn may_go_on(&self) -> bool {
        poll_fn(|context| {
            if self.held.get() && !self.stopped.get() {
                *self.waker.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            } else {
                Poll::Ready(!self.stopped.get())
            }
        })
        .await
    }
}

/// Who is told how far a hashing is.
pub trait Watcher {
    /// So many bytes are hashed.
    fn hashed(&self, at: u64);
    /// Two of the file's chunks are the same; told once, if it shows before the end.
    fn repeats(&self) {}
    /// Here it could go on later.
    fn saved(&self, snapshot: Snapshot);
}

/// For a hashing that nobody watches.
pub struct Unwatched;

impl Watcher for Unwatched {
    fn hashed(&self, _at: u64) {}
    fn saved(&self, _snapshot: Snapshot) {}
}
