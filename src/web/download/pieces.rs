//! A download's bytes in pieces, each an array until it is whole and then a Blob, which browsers keep on disk where
//! they are large.

use std::ops::Range;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::bytes::{StoredBytes, StoredPart, array, blob_of, check_len, join};
use crate::core::download::{StoreFailure, whole_pieces};
use crate::core::flat_map::FlatMap;
use crate::core::plan::Cut;
use crate::core::thrown::Thrown;
use crate::web::blob;

/// Pieces that became whole, with their indexes.
pub type Whole = Vec<(u32, Blob)>;

/// The pieces of a result.
pub struct Pieces {
    piece: u64,
    /// The result's size, if it is certain.
    total: Option<u64>,
    /// Those that are begun, by their indexes.
    begun: FlatMap<usize, Begun>,
    /// Those that are whole.
    whole: Vec<Option<Blob>>,
}

struct Begun {
    bytes: Uint8Array,
    filled: u64,
}

impl Pieces {
    /// Makes none, of `piece` bytes each.
    pub fn new(piece: u64) -> Pieces {
        Pieces { piece, total: None, begun: FlatMap::default(), whole: Vec::new() }
    }

    /// Returns how many bytes a piece has.
    pub fn piece(&self) -> u64 {
        self.piece
    }

    /// Takes a piece that an earlier visit stored.
    pub fn restore(&mut self, index: u32, piece: Blob) {
        self.put(index as usize, piece);
    }

    /// Takes the size, if it is certain.
    pub fn prepare(&mut self, total: Option<u64>) {
        self.total = total;
    }

    fn cut(&self) -> Cut {
        Cut::new(self.total.unwrap_or(u64::MAX), self.piece)
    }

    /// Writes `bytes` at `at`. Returns the pieces that became whole by it.
    pub fn write(&mut self, at: u64, bytes: &Uint8Array) -> Result<Whole, StoreFailure> {
        let (cut, mut finished) = (self.cut(), Vec::new());
        let (mut at, mut rest) = (at, bytes.clone());
        while rest.length() > 0 {
            let index = (at / self.piece) as usize;
            let Range { start, end } = cut.range(index);
            let take = u64::from(rest.length()).min(end.saturating_sub(at));
            if take == 0 {
                return Err(StoreFailure::Other("more bytes came than the result has".into()));
            }
            if self.begun.get(&index).is_none() {
                self.begun.insert(index, Begun { bytes: array(end - start)?, filled: 0 });
            }
            let Some(begun) = self.begun.get_mut(&index) else { break };
            begun.bytes.set(&rest.subarray(0, take as u32), (at - start) as u32);
            begun.filled += take;
            if begun.filled == end - start {
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

    /// Takes what counts of `body`, which begins with the byte `at`, a piece's edge, and is wanted up to the byte
    /// `limit`. Nothing is copied. Returns how many bytes that is, and the pieces.
    pub fn take(&mut self, at: u64, body: &Blob, limit: Option<u64>) -> (u64, Whole) {
        let (cut, end) = (self.cut(), limit.unwrap_or(u64::MAX).min(at + body.size() as u64));
        let (mut len, mut taken) = (0, Vec::new());
        for index in whole_pieces(cut, at..end) {
            let range = cut.range(index);
            let Ok(piece) = blob::slice(body, &(range.start - at..range.end - at)) else { break };
            self.put(index, piece.clone());
            taken.push((index as u32, piece));
            len += cut.len(index);
        }
        (len, taken)
    }

    fn put(&mut self, index: usize, piece: Blob) {
        if self.whole.len() <= index {
            self.whole.resize(index + 1, None);
        }
        if let Some(place) = self.whole.get_mut(index) {
            *place = Some(piece);
        }
    }

    /// Reads bytes that were written; fails for bytes that were not.
    pub fn read(&self, range: Range<u64>) -> Result<StoredBytes, Thrown> {
        let mut parts = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let index = (at / self.piece) as usize;
            let start = index as u64 * self.piece;
            let end = range.end.min(start + self.piece);
            let piece = self.whole.get(index).and_then(Option::as_ref);
            parts.push(match (piece, self.begun.get(&index)) {
                (Some(piece), _) => StoredPart::Blob(blob::Read::start(piece, &(at - start..end - start))?),
                (None, Some(begun)) => {
                    StoredPart::Array(begun.bytes.subarray((at - start) as u32, (end - start) as u32))
                }
                (None, None) => return Err("the bytes are not there".into()),
            });
            at = end;
        }
        Ok(StoredBytes(parts))
    }

    /// Returns whole pieces, which `range` begins and ends with, as one Blob.
    pub fn blob(&self, range: Range<u64>) -> Result<Blob, StoreFailure> {
        self.join((range.start / self.piece) as usize, (range.end / self.piece) as usize, "")
    }

    fn join(&self, from: usize, to: usize, content_type: &str) -> Result<Blob, StoreFailure> {
        let parts = Array::new();
        for piece in self.whole.get(from..to).into_iter().flatten().flatten() {
            parts.push(piece);
        }
        join(&parts, content_type)
    }

    /// Ends the writing and cuts the result to `total` bytes.
    pub fn finish(&mut self, total: u64, content_type: &str) -> Result<JsValue, StoreFailure> {
        let cut = Cut::new(total, self.piece);
        for (index, begun) in std::mem::take(&mut self.begun) {
            let len = cut.len(index).min(u64::from(begun.bytes.length()));
            let piece = blob_of(&begun.bytes.subarray(0, len as u32))?;
            self.put(index, piece);
        }
        let result = self.join(0, self.whole.len(), content_type)?;
        check_len(result.size() as u64, total)?;
        Ok(result.into())
    }
}
