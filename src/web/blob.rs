//! Slices of a file, and their bytes.

use std::ops::Range;

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::sys;
use super::task::{Promised, promised};
use crate::core::text::text;

/// Returns a reference to some bytes of `blob`; nothing is read.
pub fn slice(blob: &Blob, range: &Range<u64>) -> Result<Blob, String> {
    blob.slice_with_f64_and_f64(range.start as f64, range.end as f64).map_err(|error| sys::describe(&error))
}

/// A read that has been started, so that it goes on while something else is done.
pub struct Read {
    /// What [`checked`] wants.
    pub bytes: Promised,
    /// How many they should be.
    pub len: u64,
}

impl Read {
    /// Starts to read some bytes of `blob`.
    pub fn start(blob: &Blob, range: &Range<u64>) -> Result<Read, String> {
        // A slice costs the browser as much as the read of a small file.
        let whole = range.start == 0 && range.end == blob.size() as u64;
        let bytes = if whole { blob.array_buffer() } else { slice(blob, range)?.array_buffer() };
        Ok(Read { bytes: promised(bytes), len: range.end - range.start })
    }

    /// Waits for the bytes; fails if the file cannot be read or is shorter than it was.
    pub async fn bytes(self) -> Result<Uint8Array, String> {
        checked(self.bytes.await?, self.len)
    }
}

/// Returns what a read has brought; fails if those are not `expected` bytes.
pub fn checked(buffer: JsValue, expected: u64) -> Result<Uint8Array, String> {
    let buffer: ArrayBuffer = buffer.dyn_into().map_err(|_| "reading gave no bytes".to_owned())?;
    if u64::from(buffer.byte_length()) != expected {
        return Err(text!(buffer.byte_length(), " bytes were read where ", expected, " were expected"));
    }
    Ok(Uint8Array::new(&buffer))
}
