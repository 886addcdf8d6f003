//! Hashing a file, in a worker or on the page's thread: while some of it is hashed, the next is read.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, Waker};

use web_sys::Blob;

use super::blob::Read;
use super::kernel::kernel;
use super::reader::Reader;
pub use super::reader::Unreadable;
use super::sys;
use super::task::join;
use super::turn::turn;
use crate::core::clock::Millis;
use crate::core::md5::{Digests, FileHasher, Kernel, Snapshot, WHOLE, unit};

/// Where the hashing runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a worker.
    Worker,
    /// On the page's thread.
    Page,
}

impl Place {
    /// How many bytes are hashed without a look at the clock: 1 MiB takes about 2 ms.
    fn part(self) -> usize {
        match self {
            Place::Worker => 1 << 20,
            Place::Page => 256 << 10,
        }
    }

    /// How long it is hashed without a turn for others, in ms. In a worker those are reads and messages; on the page's
    /// thread a slice, with the part that is begun then, stays under 8 ms.
    fn slice(self) -> f64 {
        match self {
            Place::Worker => 1.0,
            Place::Page => 6.0,
        }
    }
}

/// A state is saved after so many bytes, or so many ms.
const SAVE_BYTES: u64 = 256 << 20;
const SAVE_AFTER: Millis = 2_000;

/// Holds a job, lets it go on, or ends it.
#[derive(Debug, Default)]
pub struct Control {
    held: Cell<bool>,
    stopped: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Control {
    /// Holds the job where it is, or lets it go on.
    pub fn hold(&self, held: bool) {
        self.held.set(held);
        self.wake();
    }

    /// Ends the job; it yields nothing.
    pub fn stop(&self) {
        self.stopped.set(true);
        self.wake();
    }

    /// Tells whether the job is held.
    pub fn is_held(&self) -> bool {
        self.held.get()
    }

    /// Tells whether the job is ended.
    pub fn is_stopped(&self) -> bool {
        self.stopped.get()
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Waits while held; tells whether to go on.
    async fn go(&self) -> bool {
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

/// A hashing under way; yields nothing if it is stopped.
pub type Hashing<'a> = Pin<Box<dyn Future<Output = Option<Result<Digests, Unreadable>>> + 'a>>;

/// Hashes `blob`, cut into chunks of `chunk` bytes (or [`crate::core::md5::WHOLE`]), from where an `earlier` hashing
/// was. Boxed, so that it is compiled once and not into each caller.
pub fn hash<'a>(
    blob: &'a Blob,
    chunk: u64,
    earlier: Option<Snapshot>,
    place: Place,
    control: &'a Control,
    watcher: &'a dyn Watcher,
) -> Hashing<'a> {
    Box::pin(async move {
        let size = blob.size() as u64;
        let earlier = earlier.filter(|snapshot| snapshot.chunk() == chunk && snapshot.position() <= size);
        let hasher = earlier.map_or_else(|| FileHasher::new(chunk), FileHasher::restore);
        let kernel = kernel().await;
        let whole = chunk == WHOLE;
        let mut job = Job { hasher, whole, kernel: &*kernel, place, control, watcher, since: 0.0 };
        match job.run(blob, size, unit(chunk)).await {
            Ok(true) => Some(Ok(job.hasher.finish())),
            Ok(false) => None,
            // Held, it says so when it goes on.
            Err(unreadable) => control.go().await.then_some(Err(unreadable)),
        }
    })
}

struct Job<'a> {
    hasher: FileHasher,
    /// The file may be the beginning of one that is still coming: where it ends a later hashing goes on.
    whole: bool,
    kernel: &'a dyn Kernel,
    place: Place,
    control: &'a Control,
    watcher: &'a dyn Watcher,
    /// When the slice began, in ms.
    since: f64,
}

impl Job<'_> {
    /// Hashes all there is; tells whether it was not stopped.
    async fn run(&mut self, blob: &Blob, size: u64, unit: u64) -> Result<bool, Unreadable> {
        if size == 0 {
            // A file that was deleted since it was picked has size 0, too; only a read tells it from an empty one.
            let read = Read::start(blob, &(0..0)).map(Read::bytes);
            let read = match read {
                Ok(read) => read.await,
                Err(why) => Err(why),
            };
            read.map_err(|why| Unreadable { at: 0, why })?;
        }
        let mut reader = Reader::new(blob, self.hasher.position());
        let left = size - self.hasher.position();
        let mut current = room(left.min(unit))?;
        let mut next = room(left.saturating_sub(unit).min(unit))?;
        let mut len = reader.fill(&mut current).await?;
        // Waiting for a read was a turn for others.
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
        Ok(self.control.go().await)
    }

    async fn take(&mut self, bytes: &[u8]) -> bool {
        let mut at = 0;
        if !self.control.go().await {
            return false;
        }
        while at < bytes.len() {
            if sys::performance_now() - self.since >= self.place.slice() {
                turn().await;
                if !self.control.go().await {
                    return false;
                }
                self.since = sys::performance_now();
            }
            let repeated = self.hasher.repeats();
            at += self.hasher.take(bytes, at, self.place.part(), self.kernel);
            if self.hasher.repeats() && !repeated {
                self.watcher.repeats();
            }
            self.watcher.hashed(self.hasher.position());
        }
        true
    }
}

/// Makes a buffer. Asked for more than there is, Rust's own way would end the engine. It is asked for once: what a trial
/// gave back the allocator would not find again, since it rounds up what it looks for, and a third unit would be taken.
#[expect(clippy::slow_vector_initialization, reason = "`vec!` would end the engine")]
fn room(len: u64) -> Result<Vec<u8>, Unreadable> {
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    let mut room = Vec::new();
    match room.try_reserve_exact(len) {
        Ok(()) => {
            room.resize(len, 0);
            Ok(room)
        }
        Err(_) => Err(Unreadable { at: 0, why: format!("there is no memory for {len} bytes") }),
    }
}
