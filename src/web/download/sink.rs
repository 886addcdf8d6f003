//! Where a download's bytes go: one ArrayBuffer, pieces that become a Blob, a file, or a
//! stream. They never enter wasm memory.

use std::ops::Range;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::buffer::Buffer;
use super::bytes::StoredBytes;
use super::disk::Receipt;
use super::file::FileSink;
use super::pieces::{Pieces, Whole};
use super::stream::StreamSink;
use crate::core::download::StoreFailure;
use crate::core::thrown::Thrown;

/// What the page wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// An ArrayBuffer.
    Buffer,
    /// A Blob.
    Blob,
    /// A file that the browser keeps.
    File,
}

/// The bytes of one download.
pub enum Sink {
    /// For an ArrayBuffer.
    Buffer(Buffer),
    /// For a Blob.
    Pieces(Pieces),
    /// For a file.
    File(FileSink),
    /// For a stream of the page's.
    Stream(StreamSink),
}

impl Sink {
    /// Makes an empty sink with pieces of `piece` bytes.
    pub fn new(target: Target, piece: u64) -> Sink {
        match target {
            Target::Buffer => Sink::Buffer(Buffer::new()),
            Target::Blob => Sink::Pieces(Pieces::new(piece)),
            Target::File => Sink::File(FileSink::new(piece)),
        }
    }

    /// Throws away every byte; pieces have `piece` bytes from here on.
    pub fn start_again(&mut self, piece: u64) {
        match self {
            Sink::Buffer(buffer) => *buffer = Buffer::new(),
            Sink::Pieces(pieces) => *pieces = Pieces::new(piece),
            Sink::File(file) => file.discard(),
            // The machine knows that it cannot.
            Sink::Stream(_) => {}
        }
    }

    /// Throws away every byte.
    pub fn discard(&mut self) {
        match self {
            Sink::Buffer(buffer) => *buffer = Buffer::new(),
            Sink::Pieces(pieces) => *pieces = Pieces::new(pieces.piece()),
            Sink::File(file) => file.discard(),
            Sink::Stream(_) => {}
        }
    }

    /// Takes a piece that an earlier visit stored; none is stored of what goes to a buffer.
    pub fn restore(&mut self, index: u32, piece: Blob) {
        match self {
            Sink::Buffer(_) | Sink::Stream(_) => {}
            Sink::Pieces(pieces) => pieces.restore(index, piece),
            Sink::File(file) => file.restore(index, piece),
        }
    }

    /// Makes room for `total` bytes; a size that is not exact may turn out otherwise.
    pub fn prepare(&mut self, total: Option<u64>, exact: bool) -> Result<(), StoreFailure> {
        match self {
            Sink::Buffer(buffer) => buffer.prepare(total),
            Sink::Pieces(pieces) => {
                pieces.prepare(total.filter(|_| exact));
                Ok(())
            }
            Sink::File(file) => {
                file.prepare(total.filter(|_| exact));
                Ok(())
            }
            Sink::Stream(_) => Ok(()),
        }
    }

    /// Writes `bytes` at `at`. Returns the pieces that became whole by it.
    pub fn write(&mut self, at: u64, bytes: &Uint8Array) -> Result<Whole, StoreFailure> {
        match self {
            Sink::Buffer(buffer) => buffer.write(at, bytes).map(|()| Vec::new()),
            Sink::Pieces(pieces) => pieces.write(at, bytes),
            Sink::File(file) => file.write(at, bytes),
            Sink::Stream(stream) => stream.write(at, bytes).map(|()| Vec::new()),
        }
    }

    /// Takes what counts of `body`, see `Pieces::take`; nothing does where there are no pieces.
    pub fn take(&mut self, at: u64, body: &Blob, limit: Option<u64>) -> (u64, Whole) {
        match self {
            Sink::Buffer(_) | Sink::Stream(_) => (0, Vec::new()),
            Sink::Pieces(pieces) => pieces.take(at, body, limit),
            Sink::File(file) => file.take(at, body, limit),
        }
    }

    /// Reads bytes that were written; fails for bytes that were not.
    pub fn read(&self, range: Range<u64>) -> Result<StoredBytes, Thrown> {
        match self {
            Sink::Buffer(buffer) => Ok(buffer.read(range)),
            Sink::Pieces(pieces) => pieces.read(range),
            Sink::File(file) => file.read(range),
            Sink::Stream(stream) => stream.read(range),
        }
    }

    /// Returns whole pieces, which `range` begins and ends with, as a Blob.
    pub fn blob(&self, range: Range<u64>) -> Result<Blob, StoreFailure> {
        match self {
            Sink::Buffer(buffer) => buffer.blob(range),
            Sink::Pieces(pieces) => pieces.blob(range),
            Sink::File(file) => file.blob(range),
            Sink::Stream(_) => Err(StoreFailure::Other("the bytes were handed on".into())),
        }
    }

    /// Ends the writing and cuts the result to `total` bytes; the end of a file or a stream takes
    /// longer, see `DownloadContext`.
    pub fn finish(&mut self, total: u64, content_type: &str) -> Result<JsValue, StoreFailure> {
        match self {
            Sink::Buffer(buffer) => buffer.finish(total),
            Sink::Pieces(pieces) => pieces.finish(total, content_type),
            Sink::File(_) | Sink::Stream(_) => Err(StoreFailure::Other("that takes longer".into())),
        }
    }

    /// Returns the file, if it is one.
    pub fn file(&mut self) -> Option<&mut FileSink> {
        match self {
            Sink::File(file) => Some(file),
            _ => None,
        }
    }

    /// Takes what was begun by the last writes and is not over, with the sizes in bytes of what counts as on its way.
    pub fn take_asked(&mut self) -> Vec<(u64, Receipt)> {
        match self {
            Sink::File(file) => file.take_asked(),
            Sink::Stream(stream) => stream.take_asked(),
            _ => Vec::new(),
        }
    }
}
