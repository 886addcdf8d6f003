//! Hashing: a file's digests, from a worker where one can be had, or on the page's own thread. While some of a file is
//! hashed, the next is read.

mod here;
mod kernel;
mod messages;
mod pool;
pub mod reader;
mod run;
mod task;
mod worker;

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use web_sys::Blob;

use crate::core::md5::{Digest, Digests, Snapshot, WHOLE};
use task::{HashEnd, HashTask};

pub use pool::{Condition, condition, set_worker_source};
pub use reader::Unreadable;
pub use run::{RunControl, Thread, Unwatched, Watcher, run};
pub use worker::serve;

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
