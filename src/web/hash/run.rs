//! The hashing of one file on the thread that this runs on, who holds it, and who is told how far it is. While some of
//! the file is hashed, the next is read.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, Waker};

use web_sys::Blob;

use super::kernel::kernel;
use super::reader::{Reader, Unreadable};
use crate::core::clock::Millis;
use crate::core::md5::{Digests, FileHasher, Kernel, Snapshot, WHOLE, unit};
use crate::core::thrown::Thrown;
use crate::web::blob::Read;
use crate::web::sys;
use crate::web::task::join;
use crate::web::time::yield_now;

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

/// The thread that a hashing runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thread {
    /// A worker's.
    Worker,
    /// The page's own.
    Page,
}

impl Thread {
    /// How many bytes are hashed without a look at the clock: 1 MiB takes about 2 ms.
    fn part(self) -> usize {
        match self {
            Thread::Worker => 1 << 20,
            Thread::Page => 256 << 10,
        }
    }

    /// How long it is hashed before other tasks may run, in ms. In a worker those are reads and messages; on the page's
    /// thread a slice, with the part that is begun then, stays under 8 ms.
    fn slice(self) -> f64 {
        match self {
            Thread::Worker => 1.0,
            Thread::Page => 6.0,
        }
    }
}

/// A state is saved after so many bytes, or so many ms.
const SAVE_BYTES: u64 = 256 << 20;
const SAVE_AFTER: Millis = 2_000;

/// A hashing under way; yields nothing if it is stopped.
pub type Hashing<'a> = Pin<Box<dyn Future<Output = Option<Result<Digests, Unreadable>>> + 'a>>;

/// Hashes `blob`, cut into chunks of `chunk` bytes (or [`crate::core::md5::WHOLE`]), from where an `earlier` hashing
/// was. Boxed, so that it is compiled once and not into each caller.
pub fn run<'a>(
    blob: &'a Blob,
    chunk: u64,
    earlier: Option<Snapshot>,
    thread: Thread,
    control: &'a RunControl,
    watcher: &'a dyn Watcher,
) -> Hashing<'a> {
    Box::pin(async move {
        let size = blob.size() as u64;
        let earlier = earlier.filter(|snapshot| snapshot.chunk() == chunk && snapshot.position() <= size);
        let hasher = earlier.map_or_else(|| FileHasher::new(chunk), FileHasher::restore);
        let kernel = kernel().await;
        let whole = chunk == WHOLE;
        let mut run = Run { hasher, whole, kernel: &*kernel, thread, control, watcher, since: 0.0 };
        match run.hash_all(blob, size, unit(chunk)).await {
            Ok(true) => Some(Ok(run.hasher.finish())),
            Ok(false) => None,
            // Held, it says so when it goes on.
            Err(unreadable) => control.may_go_on().await.then_some(Err(unreadable)),
        }
    })
}

struct Run<'a> {
    hasher: FileHasher,
    /// The file may be the beginning of one that is still coming: where it ends a later hashing goes on.
    whole: bool,
    kernel: &'a dyn Kernel,
    thread: Thread,
    control: &'a RunControl,
    watcher: &'a dyn Watcher,
    /// When the slice began, in ms.
    since: f64,
}

impl Run<'_> {
    /// Hashes all there is; tells whether it was not stopped.
    async fn hash_all(&mut self, blob: &Blob, size: u64, unit: u64) -> Result<bool, Unreadable> {
        if size == 0 {
            // A file that was deleted since it was picked has size 0, too; only a read tells it from an empty one.
            let read: Result<_, Thrown> = async { Read::start(blob, &(0..0))?.bytes().await }.await;
            read.map_err(|why| Unreadable { at: 0, why })?;
        }
        let mut reader = Reader::new(blob, self.hasher.position());
        let left = size - self.hasher.position();
        let mut current = buffer(left.min(unit))?;
        let mut next = buffer(left.saturating_sub(unit).min(unit))?;
        let mut len = reader.fill(&mut current).await?;
        // Other tasks ran while this one waited for a read.
        self.since = sys::performance_now();
        let mut saved = (self.hasher.position(), sys::performance_now());
        while len > 0 {
            let bytes = current.get(..len).unwrap_or_default();
            let (filled, went_on) = join(reader.fill(&mut next), self.take(bytes)).await;
            if !went_on {
                return Ok(false);
            }
            let (at, now) = (self.hasher.position(), sys::performance_now());
            let due = at - saved.0 >= SAVE_BYTES || now - saved.1 >= SAVE_AFTER as f64;
            if if at < size { due } else { self.whole } {
                saved = (at, now);
                self.hasher.snapshot().into_iter().for_each(|snapshot| self.watcher.saved(snapshot));
            }
            std::mem::swap(&mut current, &mut next);
            len = filled?;
        }
        Ok(self.control.may_go_on().await)
    }

    async fn take(&mut self, bytes: &[u8]) -> bool {
        let mut at = 0;
        if !self.control.may_go_on().await {
            return false;
        }
        while at < bytes.len() {
            if sys::performance_now() - self.since >= self.thread.slice() {
                yield_now().await;
                if !self.control.may_go_on().await {
                    return false;
                }
                self.since = sys::performance_now();
            }
            let repeated = self.hasher.repeats();
            at += self.hasher.take(bytes, at, self.thread.part(), self.kernel);
            if self.hasher.repeats() && !repeated {
                self.watcher.repeats();
            }
            self.watcher.hashed(self.hasher.position());
        }
        true
    }
}

/// Makes a buffer. Asked for more than there is, Rust's own way would end the engine. It is asked for once: what a
/// trial gave back the allocator would not find again, since it rounds up what it looks for, and a third unit would be
/// taken.
#[expect(clippy::slow_vector_initialization, reason = "`vec!` would end the engine")]
fn buffer(len: u64) -> Result<Vec<u8>, Unreadable> {
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    let mut buffer = Vec::new();
    match buffer.try_reserve_exact(len) {
        Ok(()) => {
            buffer.resize(len, 0);
            Ok(buffer)
        }
        Err(_) => Err(Unreadable { at: 0, why: format!("there is no memory for {len} bytes").into() }),
    }
}
