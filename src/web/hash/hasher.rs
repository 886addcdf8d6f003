//! What the rest of the engine asks of hashing.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use web_sys::Blob;

use super::control::{RunControl, Unwatched, Watcher};
use super::pool;
use super::task::{HashEnd, HashTask};
use super::unreadable::Unreadable;
use crate::core::md5::{Digest, Digests, Snapshot, WHOLE};

/// Hashes `blob`, cut into chunks of `chunk` bytes (or [`WHOLE`]), from where an `earlier` hashing was. Yields nothing
/// if stopped.
pub async fn hash(
    blob: Blob,
    chunk: u64,
    earlier: Option<Snapshot>,
    control: Rc<HashControl>,
    watcher: Rc<dyn Watcher>,
) -> Option<Result<Digests, Unreadable>> {
    let task = Rc::new(HashTask::new(blob, chunk, earlier, control.run.clone(), watcher));
    *control.task.borrow_mut() = Rc::downgrade(&task);
    pool::submit(&task);
    match task.wait().await {
        HashEnd::Hashed(digests) => Some(Ok(digests)),
        HashEnd::Unreadable(unreadable) => Some(Err(unreadable)),
        HashEnd::Stopped => None,
    }
}

/// Hashes all of `blob`.
pub async fn digest(blob: Blob) -> Result<Digest, Unreadable> {
    let digests = hash(blob, WHOLE, None, Rc::default(), Rc::new(Unwatched)).await;
    // Nobody can stop it, so it always yields.
    let digests = digests.unwrap_or_else(|| Err(Unreadable { at: 0, why: "stopped".into() }));
    digests.map(|digests| digests.file)
}

/// Holds a hashing, lets it go on, or ends it, wherever it runs.
#[derive(Default)]
pub struct HashControl {
    run: Rc<RunControl>,
    task: RefCell<Weak<HashTask>>,
}

impl HashControl {
    /// Holds the hashing where it is, or lets it go on.
    pub fn hold(&self, held: bool) {
        if self.run.is_held() != held {
            self.run.hold(held);
            self.task.borrow().upgrade().inspect(pool::hold);
        }
    }

    /// Ends the hashing.
    pub fn stop(&self) {
        self.run.stop();
        if let Some(task) = self.task.borrow().upgrade() {
            pool::stop(&task);
            task.end(HashEnd::Stopped);
        }
    }
}
