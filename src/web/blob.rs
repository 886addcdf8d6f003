//! Slices of a file, and their bytes.

use std::ops::Range;

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, Response};

use super::object::{bytes, call, is_a};
use super::task::{Promised, promised};
use crate::core::thrown::Thrown;

/// Returns a reference to some bytes of `blob`; nothing is read.
pub fn slice(blob: &Blob, range: &Range<u64>) -> Result<Blob, Thrown> {
    Ok(blob.slice_with_f64_and_f64(range.start as f64, range.end as f64)?)
}

/// Returns a blob of this page's own for one of another frame: that may be gone at any time, and with it all that would
/// come of the blob's methods. Fails for what is no blob.
pub fn in_this_realm(blob: JsValue) -> Result<Blob, Thrown> {
    if blob.is_instance_of::<Blob>() {
        return Ok(blob.unchecked_into());
    }
    if !is_a(&blob, "Blob") && !is_a(&blob, "File") {
        return Err("that is no blob".into());
    }
    Ok(Blob::new_with_blob_sequence(&Array::of1(&blob))?)
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
    pub fn start(blob: &Blob, range: &Range<u64>) -> Result<Read, Thrown> {
        // A slice costs the browser as much as the read of a small file.
        let whole = range.start == 0 && range.end == blob.size() as u64;
        let bytes = if whole { contents(blob) } else { contents(&slice(blob, range)?) };
        Ok(Read { bytes: bytes?, len: range.end - range.start })
    }

    /// Waits for the bytes; fails if the file cannot be read or is shorter than it was.
    pub async fn bytes(self) -> Result<Uint8Array, Thrown> {
        checked(self.bytes.await?, self.len)
    }
}

/// Returns what a read has brought; fails if those are not `expected` bytes.
pub fn checked(buffer: JsValue, expected: u64) -> Result<Uint8Array, Thrown> {
    let bytes = bytes(&buffer).ok_or("reading gave no bytes")?;
    if u64::from(bytes.length()) != expected {
        return Err(format!("{} bytes were read where {expected} were expected", bytes.length()).into());
    }
    Ok(bytes)
}

/// Starts to read all of a blob.
fn contents(blob: &Blob) -> Result<Promised, Thrown> {
    // By way of a response where a page has taken or broken the blob's own method.
    let read = call(blob, "arrayBuffer", &[])
        .or_else(|_| Response::new_with_opt_blob(Some(blob))?.array_buffer().map(JsValue::from));
    Ok(promised(Promise::resolve(&read?)))
}
