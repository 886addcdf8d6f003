//! A download's bytes in one ArrayBuffer.

use std::ops::Range;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::bytes::{StoredBytes, StoredPart, array, blob_of, check_len};
use crate::core::download::StoreFailure;

/// How much room is made for a result of unknown size at first, in bytes.
const FIRST_ROOM: u64 = 1 << 20;

/// The whole in one array, which may be longer than what is written.
pub struct Buffer(Uint8Array);

impl Buffer {
    /// Makes an empty one.
    pub fn new() -> Buffer {
        Buffer(Uint8Array::new_with_length(0))
    }

    /// Makes room for `total` bytes, as far as that is known.
    pub fn prepare(&mut self, total: Option<u64>) -> Result<(), StoreFailure> {
        self.make_room(total.unwrap_or(FIRST_ROOM))
    }

    /// Writes `bytes` at `at`.
    pub fn write(&mut self, at: u64, bytes: &Uint8Array) -> Result<(), StoreFailure> {
        self.make_room(at + u64::from(bytes.length()))?;
        self.0.set(bytes, at as u32);
        Ok(())
    }

    /// Reads bytes that were written.
    pub fn read(&self, range: Range<u64>) -> StoredBytes {
        StoredBytes(vec![StoredPart::Array(self.part(range))])
    }

    /// Returns bytes as a Blob.
    pub fn blob(&self, range: Range<u64>) -> Result<Blob, StoreFailure> {
        blob_of(&self.part(range))
    }

    fn part(&self, range: Range<u64>) -> Uint8Array {
        self.0.subarray(range.start as u32, range.end as u32)
    }

    /// Ends the writing and cuts the result to `total` bytes.
    pub fn finish(&mut self, total: u64) -> Result<JsValue, StoreFailure> {
        let whole = std::mem::replace(self, Buffer::new()).0;
        let has = u64::from(whole.length());
        check_len(has.min(total), total)?;
        let result = if has == total { whole } else { whole.slice(0, total as u32) };
        Ok(result.buffer().into())
    }

    fn make_room(&mut self, len: u64) -> Result<(), StoreFailure> {
        let has = u64::from(self.0.length());
        if len <= has {
            return Ok(());
        }
        let whole = array(if has == 0 { len } else { len.max(2 * has) })?;
        whole.set(&self.0, 0);
        self.0 = whole;
        Ok(())
    }
}
