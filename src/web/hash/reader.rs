//! A file's bytes in order, read ahead, into Rust's memory. A read that shows no sign of life is given up for another
//! way, and in the end for an error.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::task::Poll;

use js_sys::{ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use crate::core::clock::Millis;
use crate::core::error::{Error, Kind};
use crate::core::thrown::Thrown;
use crate::web::blob::{self, Read};
use crate::web::object::object;
use crate::web::sys::{ByteReader, ReadResult, Streaming, free, read_ahead};
use crate::web::task::{Promised, promised, spawn};
use crate::web::time;

/// How much the stream may give at once.
const VIEW: u64 = 1 << 20;
/// How much is read at once where there is no stream: little at first, since nothing tells whether a drive is slow or
/// hangs before all of it has come, and more as the drive shows that it is fast.
const SLICES: RangeInclusive<u64> = 256 << 10..=4 << 20;
/// How many such reads are under way.
const AHEAD: usize = 2;

/// How long nothing may come, in ms; at most twice as long.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Then a stream is given up for slices.
    pub stream: Millis,
    /// Then slices fail the file.
    pub slices: Millis,
}

/// A disk may have to spin up, a network drive to connect.
const LIMITS: Limits = Limits { stream: 5_000, slices: 30_000 };

/// Where and why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it stopped, in bytes from the start; what lies there can be read up to 1 MiB further.
    pub at: u64,
    /// What the browser says.
    pub why: Thrown,
}

impl Unreadable {
    /// Makes the error of what could not be done without the file, of which this is the part that begins at `offset`.
    pub fn into_error(self, doing: impl Into<String>, offset: u64) -> Error {
        let detail = format!("the bytes from {} on could not be read ({})", offset + self.at, self.why);
        Error::new(Kind::FileUnreadable, doing, detail).with_source(self.why)
    }
}

/// Reads a file from some place to its end.
pub struct Reader {
    blob: Blob,
    size: u64,
    at: u64,
    way: Way,
    limits: Limits,
    watchdog: Watchdog,
}

enum Way {
    /// Held here, the stream is safe: a reader that nothing but its own pending read refers to is garbage to Chromium,
    /// which then never settles the read (docs/decisions/016).
    Stream { reader: ByteReader, room: Option<ArrayBuffer> },
    Slices {
        /// Where the next read begins.
        next: u64,
        /// How much it reads.
        len: u64,
        reads: VecDeque<Read>,
        /// What was read and not taken yet.
        rest: Option<Uint8Array>,
    },
}

impl Reader {
    /// Starts to read `blob` at `at`.
    pub fn new(blob: &Blob, at: u64) -> Reader {
        Reader::with_limits(blob, at, LIMITS)
    }

    /// The same with other limits.
    pub fn with_limits(blob: &Blob, at: u64, limits: Limits) -> Reader {
        let size = blob.size() as u64;
        // One read is simpler than a stream of one.
        let rest =
            if size.saturating_sub(at) > *SLICES.end() { blob::slice(blob, &(at..size)).ok() } else { None };
        let way = match rest.and_then(|rest| open_stream(&rest).ok()) {
            Some(reader) => Way::Stream { reader, room: None },
            None => Way::slices(at),
        };
        Reader { blob: blob.clone(), size, at, way, limits, watchdog: Watchdog::default() }
    }

    /// Fills `buffer`, or as much of it as the file has bytes left, and returns how much that is.
    pub async fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Unreadable> {
        let mut filled = 0;
        while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty())
            && self.at < self.size
        {
            let bytes = self.next(room.len() as u64).await.map_err(|why| Unreadable { at: self.at, why })?;
            let len = bytes.length() as usize;
            if let Some(room) = room.get_mut(..len) {
                bytes.copy_to(room);
            }
            self.put_back(bytes);
            filled += len;
            self.at += len as u64;
        }
        Ok(filled)
    }

    /// Returns the next bytes, `most` of them at most and one at least.
    async fn next(&mut self, most: u64) -> Result<Uint8Array, Thrown> {
        if let Way::Stream { reader, room } = &mut self.way {
            let room = room.take().unwrap_or_else(|| ArrayBuffer::new(VIEW as u32));
            let view = Uint8Array::new_with_byte_offset_and_length(&room, 0, VIEW.min(most) as u32);
            let read = self.watchdog.within(self.limits.stream, promised(read_stream(reader, &view))).await;
            let read: Option<ReadResult> = read.ok().map(JsCast::unchecked_into);
            // It ended early, it failed, or it hangs: slices will do better, or say why not.
            match read.and_then(|read| read.value()) {
                Some(bytes) if bytes.length() > 0 => return Ok(bytes),
                _ => self.way = Way::slices(self.at),
            }
        }
        self.next_of_slices(most).await
    }

    async fn next_of_slices(&mut self, most: u64) -> Result<Uint8Array, Thrown> {
        let Way::Slices { next, len, reads, rest } = &mut self.way else {
            return Err("no way to read".into());
        };
        while reads.len() < AHEAD && *next < self.size {
            let end = (*next + *len).min(self.size);
            reads.push_back(Read::start(&self.blob, &(*next..end))?);
            *next = end;
        }
        let bytes = match rest.take() {
            Some(bytes) => bytes,
            None => {
                let Read { bytes, len: expected } = reads.pop_front().ok_or("no bytes are left")?;
                let (asked, limit) = (time::now(), self.limits.slices);
                let bytes = self.watchdog.within(limit, bytes).await;
                *len = match time::now().since(asked) {
                    waited if waited < limit / 32 => (*len * 2).min(*SLICES.end()),
                    waited if waited > limit / 8 => (*len / 2).max(*SLICES.start()),
                    _ => *len,
                };
                blob::checked(bytes?, expected)?
            }
        };
        if u64::from(bytes.length()) > most {
            *rest = Some(bytes.subarray(most as u32, bytes.length()));
            return Ok(bytes.subarray(0, most as u32));
        }
        Ok(bytes)
    }

    /// Takes bytes back that were copied.
    fn put_back(&mut self, bytes: Uint8Array) {
        match &mut self.way {
            Way::Stream { room, .. } => *room = Some(bytes.buffer()),
            Way::Slices { rest: None, .. } => free(bytes.buffer()),
            Way::Slices { .. } => {}
        }
    }
}

impl Way {
    fn slices(at: u64) -> Way {
        Way::Slices { next: at, len: *SLICES.start(), reads: VecDeque::default(), rest: None }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        if let Way::Stream { reader, .. } = self {
            let cancelled = promised(reader.cancel());
            // Nobody hears whether that fails.
            spawn(async move { drop(cancelled.await) });
        }
    }
}

/// Opens a blob as a stream of bytes that go into the caller's own buffers, from its beginning. Fails where a
/// browser's blobs have no such streams.
fn open_stream(blob: &Blob) -> Result<ByteReader, JsValue> {
    // Asked of an empty blob first: WebKit begins to read all of a blob before it says no, and reads it to the end.
    open_stream_here(&Blob::new()?)?;
    read_ahead(blob).or_else(|_| open_stream_here(blob))
}

fn open_stream_here(blob: &Blob) -> Result<ByteReader, JsValue> {
    let blob: &Streaming = blob.unchecked_ref();
    blob.stream()?.get_reader(&object(&[("mode", "byob".into())]))
}

/// Reads until `view` is full, where the browser can; elsewhere as much as comes at once.
fn read_stream(reader: &ByteReader, view: &Uint8Array) -> Promise {
    reader.read(view, &object(&[("min", view.length().into())]))
}

/// Notices when nothing comes. One timer serves many reads: it is looked at when it rings, and not set anew for each.
#[derive(Default)]
struct Watchdog {
    timer: Option<Pin<Box<dyn Future<Output = ()>>>>,
    /// Something has come since the timer was set.
    alive: bool,
}

impl Watchdog {
    /// Waits for `promised`, or for `limit` to pass without anything.
    async fn within(&mut self, limit: Millis, mut promised: Promised) -> Result<JsValue, Thrown> {
        // What was waited for before this has come.
        self.alive = true;
        poll_fn(|context| {
            if let Poll::Ready(result) = promised.as_mut().poll(context) {
                return Poll::Ready(result);
            }
            loop {
                let timer = self.timer.get_or_insert_with(|| Box::pin(time::sleep(limit)));
                if timer.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                self.timer = None;
                if !std::mem::take(&mut self.alive) {
                    return Poll::Ready(Err(format!("nothing came for {} s", limit / 1000).into()));
                }
            }
        })
        .await
    }
}
