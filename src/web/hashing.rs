//! Hashing a file, in a worker or, in short slices, on the page's thread: the next bytes are read meanwhile.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, Waker};

use web_sys::Blob;

use super::blob::Read;
use super::{sys, timer};
use crate::core::md5::{Digests, FileHasher};

/// How much is read at once; two such reads are in memory. 8 MiB slices read at nearly the speed of larger ones.
const GROUP: u64 = 8 << 20;
/// How much enters wasm memory at once.
const PART: u32 = 256 << 10;
/// How long the page's thread may hash without a break, in ms.
const SLICE: f64 = 8.0;

/// Where the hashing runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a worker, without breaks.
    Worker,
    /// On the page's thread, in short slices.
    Page,
}

/// A file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it stopped, in bytes from the start.
    pub at: u64,
    /// The browser's words.
    pub why: String,
}

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

/// A hashing under way; yields nothing if it is stopped.
pub type Hashing<'a> = Pin<Box<dyn Future<Output = Option<Result<Digests, Unreadable>>> + 'a>>;

/// Hashes `blob`, cut into chunks of `chunk` bytes (or [`crate::core::md5::WHOLE`]); `report` gets the bytes done so far. Boxed, so that it is compiled
/// once and not into each caller.
pub fn hash<'a>(
    blob: &'a Blob,
    chunk: u64,
    place: Place,
    control: &'a Control,
    report: &'a dyn Fn(u64),
) -> Hashing<'a> {
    Box::pin(async move {
        let mut hasher = FileHasher::new(chunk);
        let ended = read_through(blob, place, control, &mut |bytes| hasher.update(bytes), report).await?;
        Some(ended.map(|()| hasher.finish()))
    })
}

async fn read_through(
    blob: &Blob,
    place: Place,
    control: &Control,
    take: &mut dyn FnMut(&[u8]),
    report: &dyn Fn(u64),
) -> Option<Result<(), Unreadable>> {
    let size = blob.size() as u64;
    let start = |at: u64| Read::start(blob, &(at..(at + GROUP).min(size)));
    let mut scratch = vec![0; PART as usize];
    let mut at = 0;
    let mut next = start(0);
    let mut since = sys::performance_now();
    while at < size {
        if !control.go().await {
            return None;
        }
        let group = match next {
            Ok(read) => read.bytes().await,
            Err(why) => Err(why),
        };
        let group = match group {
            Ok(group) => group,
            Err(why) => return Some(Err(Unreadable { at, why })),
        };
        next = start((at + GROUP).min(size));
        let len = group.length();
        let mut done = 0;
        while done < len {
            let part = group.subarray(done, (done + PART).min(len));
            if let Some(scratch) = scratch.get_mut(..part.length() as usize) {
                part.copy_to(scratch);
                take(scratch);
            }
            done += part.length();
            if place == Place::Page && sys::performance_now() - since >= SLICE {
                timer::breathe().await;
                if !control.go().await {
                    return None;
                }
                since = sys::performance_now();
            }
        }
        // Engines count such buffers late: a gigabyte would leave hundreds of MiB behind before a collection.
        sys::free(group.buffer());
        at += u64::from(len);
        report(at);
    }
    Some(Ok(()))
}
