//! Where a download's bytes go: one ArrayBuffer, or pieces that become a Blob. They never enter wasm memory.

use std::ops::Range;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, BlobPropertyBag};

use crate::core::download::StoreFailure;
use crate::core::flat_map::FlatMap;
use crate::core::thrown::Thrown;
use crate::web::task::promised;
use crate::web::{blob, object, sys};

/// What the page wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// An ArrayBuffer.
    Buffer,
    /// A Blob.
    Blob,
}

/// How much room is made for a result of unknown size at first, in bytes.
const FIRST_ROOM: u64 = 1 << 20;

/// The bytes of one download.
pub struct Sink {
    target: Target,
    piece: u64,
    total: Option<u64>,
    /// The whole, for a buffer; may be longer than what is written.
    whole: Uint8Array,
    /// The pieces that are begun.
    begun: FlatMap<u64, Begun>,
    /// The pieces that are whole.
    pieces: Vec<Option<Blob>>,
}

struct Begun {
    bytes: Uint8Array,
    filled: u64,
}

impl Sink {
    /// Makes an empty sink with pieces of `piece` bytes.
    pub fn new(target: Target, piece: u64) -> Sink {
        let whole = Uint8Array::new_with_length(0);
        Sink { target, piece, total: None, whole, begun: FlatMap::default(), pieces: Vec::new() }
    }

    /// Takes a piece that an earlier visit stored.
    pub fn restore(&mut self, index: u32, piece: Blob) {
        self.put(u64::from(index), piece);
    }

    /// Makes room for `total` bytes; a size that is not exact may turn out otherwise.
    pub fn prepare(&mut self, total: Option<u64>, exact: bool) -> Result<(), StoreFailure> {
        self.total = total.filter(|_| exact);
        match self.target {
            Target::Buffer => self.make_room(total.unwrap_or(FIRST_ROOM)),
            Target::Blob => Ok(()),
        }
    }

    /// Throws away every byte.
    pub fn discard(&mut self) {
        *self = Sink::new(self.target, self.piece);
    }

    /// Writes `bytes` at `at`. Returns the pieces that became whole by it.
    pub fn write(&mut self, at: u64, bytes: &Uint8Array) -> Result<Vec<(u32, Blob)>, StoreFailure> {
        match self.target {
            Target::Buffer => {
                self.make_room(at + u64::from(bytes.length()))?;
                self.whole.set(bytes, at as u32);
                Ok(Vec::new())
            }
            Target::Blob => self.write_pieces(at, bytes),
        }
    }

    fn write_pieces(&mut self, at: u64, bytes: &Uint8Array) -> Result<Vec<(u32, Blob)>, StoreFailure> {
        let mut finished = Vec::new();
        let (mut at, mut rest) = (at, bytes.clone());
        while rest.length() > 0 {
            let index = at / self.piece;
            let start = index * self.piece;
            let len = self.len_of(index);
            let take = u64::from(rest.length()).min((start + len).saturating_sub(at));
            if take == 0 {
                return Err(StoreFailure::Other("more bytes came than the result has".into()));
            }
            if self.begun.get(&index).is_none() {
                self.begun.insert(index, Begun { bytes: room(len)?, filled: 0 });
            }
            let Some(begun) = self.begun.get_mut(&index) else { break };
            begun.bytes.set(&rest.subarray(0, take as u32), (at - start) as u32);
            begun.filled += take;
            if begun.filled == len {
                let piece = blob_of(&begun.bytes)?;
                self.begun.remove(&index);
                self.put(index, piece.clone());
                finished.push((index as u32, piece));
            }
            at += take;
            rest = rest.subarray(take as u32, rest.length());
        }
        Ok(finished)
    }

    fn len_of(&self, index: u64) -> u64 {
        self.total.map_or(self.piece, |total| self.piece.min(total.saturating_sub(index * self.piece)))
    }

    /// Takes the whole pieces that `body` has from its beginning, which is the byte `at` and a piece's edge, up to the
    /// byte `limit`. Nothing is copied. Returns how many bytes they are, and the pieces.
    pub fn take(&mut self, at: u64, body: &Blob, limit: Option<u64>) -> (u64, Vec<(u32, Blob)>) {
        let end = limit.unwrap_or(u64::MAX).min(at + body.size() as u64);
        let (mut next, mut pieces) = (at, Vec::new());
        loop {
            let index = next / self.piece;
            let len = self.len_of(index);
            let piece = blob::slice(body, &(next - at..next - at + len));
            match piece {
                Ok(piece) if len > 0 && next + len <= end => {
                    self.put(index, piece.clone());
                    pieces.push((index as u32, piece));
                    next += len;
                }
                _ => return (next - at, pieces),
            }
        }
    }

    fn put(&mut self, index: u64, piece: Blob) {
        let index = index as usize;
        if self.pieces.len() <= index {
            self.pieces.resize(index + 1, None);
        }
        if let Some(place) = self.pieces.get_mut(index) {
            *place = Some(piece);
        }
    }

    /// Reads bytes that were written; fails for bytes that were not.
    pub fn read(&self, range: Range<u64>) -> Result<Stored, Thrown> {
        let mut parts = Vec::new();
        let mut at = range.start;
        while at < range.end {
            if self.target == Target::Buffer {
                parts.push(Part::Here(self.whole.subarray(at as u32, range.end as u32)));
                break;
            }
            let index = at / self.piece;
            let start = index * self.piece;
            let end = range.end.min(start + self.piece);
            let piece = self.pieces.get(index as usize).and_then(Option::as_ref);
            parts.push(match (piece, self.begun.get(&index)) {
                (Some(piece), _) => Part::Away(blob::Read::start(piece, &(at - start..end - start))?),
                (None, Some(begun)) => {
                    Part::Here(begun.bytes.subarray((at - start) as u32, (end - start) as u32))
                }
                (None, None) => return Err("the bytes are not there".into()),
            });
            at = end;
        }
        Ok(Stored(parts))
    }

    /// Returns whole pieces from the byte `from` up to the byte `to` as a Blob.
    pub fn part(&self, from: u64, to: u64) -> Result<Blob, StoreFailure> {
        if self.target == Target::Buffer {
            return blob_of(&self.whole.subarray(from as u32, to as u32));
        }
        self.join((from / self.piece) as usize, (to / self.piece) as usize, "")
    }

    fn join(&self, from: usize, to: usize, content_type: &str) -> Result<Blob, StoreFailure> {
        let parts = Array::new();
        for piece in self.pieces.get(from..to).into_iter().flatten().flatten() {
            parts.push(piece);
        }
        join(&parts, content_type)
    }

    /// Ends the writing and cuts the result to `total` bytes.
    pub fn finish(&mut self, total: u64, content_type: &str) -> Result<JsValue, StoreFailure> {
        match self.target {
            Target::Buffer => {
                let whole = std::mem::replace(&mut self.whole, Uint8Array::new_with_length(0));
                let has = u64::from(whole.length());
                if has < total {
                    return Err(short(has, total));
                }
                let result = if has == total { whole } else { whole.slice(0, total as u32) };
                Ok(result.buffer().into())
            }
            Target::Blob => {
                for (index, begun) in std::mem::take(&mut self.begun) {
                    let len = total.saturating_sub(index * self.piece).min(u64::from(begun.bytes.length()));
                    let piece = blob_of(&begun.bytes.subarray(0, len as u32))?;
                    self.put(index, piece);
                }
                let result = self.join(0, self.pieces.len(), content_type)?;
                let has = result.size() as u64;
                if has != total {
                    return Err(short(has, total));
                }
                Ok(result.into())
            }
        }
    }

    fn make_room(&mut self, len: u64) -> Result<(), StoreFailure> {
        let has = u64::from(self.whole.length());
        if len <= has {
            return Ok(());
        }
        let whole = room(if has == 0 { len } else { len.max(2 * has) })?;
        whole.set(&self.whole, 0);
        self.whole = whole;
        Ok(())
    }
}

/// Bytes that were stored, some of which have to be read back.
pub struct Stored(Vec<Part>);

enum Part {
    Here(Uint8Array),
    Away(blob::Read),
}

impl Stored {
    /// Waits for all bytes.
    pub async fn bytes(self) -> Result<Vec<u8>, Thrown> {
        let mut bytes = Vec::new();
        for part in self.0 {
            match part {
                Part::Here(part) => bytes.extend(part.to_vec()),
                Part::Away(read) => bytes.extend(read.bytes().await?.to_vec()),
            }
        }
        Ok(bytes)
    }
}

/// Returns what a result has from the byte `from` on as a Blob.
pub fn rest_of(result: &JsValue, from: u64) -> Result<Blob, StoreFailure> {
    if let Some(bytes) = object::bytes(result) {
        return blob_of(&bytes.subarray(from as u32, bytes.length()));
    }
    let whole: &Blob = result.unchecked_ref();
    blob::slice(whole, &(from..whole.size() as u64)).map_err(StoreFailure::Other)
}

/// Makes one Blob of some.
pub fn join(parts: &Array, content_type: &str) -> Result<Blob, StoreFailure> {
    let options = BlobPropertyBag::new();
    options.set_type(content_type);
    Blob::new_with_blob_sequence_and_options(parts, &options).map_err(|error| failure(&error))
}

fn blob_of(bytes: &Uint8Array) -> Result<Blob, StoreFailure> {
    Blob::new_with_buffer_source_sequence(&Array::of1(bytes)).map_err(|error| failure(&error))
}

/// Makes an array of `len` bytes; a browser that has not that much memory says so.
fn room(len: u64) -> Result<Uint8Array, StoreFailure> {
    let buffer = sys::new_array_buffer(len as f64).map_err(|_| StoreFailure::Quota)?;
    Ok(Uint8Array::new(&buffer))
}

fn short(has: u64, total: u64) -> StoreFailure {
    StoreFailure::Other(format!("{has} bytes are there where {total} were written").into())
}

fn failure(error: &JsValue) -> StoreFailure {
    let thrown = Thrown::from(error);
    if thrown.is_quota() { StoreFailure::Quota } else { StoreFailure::Other(thrown) }
}

/// Waits for a promise of the next bytes of a body; nothing at its end.
pub async fn next_bytes(reader: &web_sys::ReadableStreamDefaultReader) -> Result<Option<Uint8Array>, Thrown> {
    let read = promised(reader.read()).await?;
    if object::get(&read, "done").is_some_and(|done| done.is_truthy()) {
        return Ok(None);
    }
    let bytes = object::get(&read, "value").as_ref().and_then(object::bytes);
    bytes.map(Some).ok_or_else(|| "the body gave something else than bytes".into())
}
