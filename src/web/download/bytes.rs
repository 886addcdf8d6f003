//! A download's bytes in arrays and Blobs of the browser's: how these are made, joined and read back.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, BlobPropertyBag};

use crate::core::download::StoreFailure;
use crate::core::thrown::Thrown;
use crate::web::task::Boxed;
use crate::web::{blob, object, sys};

/// Bytes that were stored, some of which have to be read back.
pub struct StoredBytes(pub Vec<StoredPart>);

/// A part of them.
pub enum StoredPart {
    /// They are in an array.
    Array(Uint8Array),
    /// They are being read from a Blob.
    Blob(blob::Read),
    /// They are being read from a file.
    Disk(Boxed<Result<Uint8Array, Thrown>>),
}

impl StoredBytes {
    /// Waits for all bytes.
    pub async fn bytes(self) -> Result<Vec<u8>, Thrown> {
        let mut bytes = Vec::new();
        for part in self.0 {
            match part {
                StoredPart::Array(part) => bytes.extend(part.to_vec()),
                StoredPart::Blob(read) => bytes.extend(read.bytes().await?.to_vec()),
                StoredPart::Disk(read) => bytes.extend(read.await?.to_vec()),
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

/// Makes a Blob of bytes.
pub fn blob_of(bytes: &Uint8Array) -> Result<Blob, StoreFailure> {
    Blob::new_with_buffer_source_sequence(&Array::of1(bytes)).map_err(|error| failure(&error))
}

/// Makes an array of `len` bytes; a browser that has not that much memory says so.
pub fn array(len: u64) -> Result<Uint8Array, StoreFailure> {
    let buffer = sys::new_array_buffer(len as f64).map_err(|_| StoreFailure::Quota)?;
    Ok(Uint8Array::new(&buffer))
}

/// Fails if fewer or more bytes are there than were written.
pub fn check_len(has: u64, total: u64) -> Result<(), StoreFailure> {
    let what = || format!("{has} bytes are there where {total} were written");
    if has == total { Ok(()) } else { Err(StoreFailure::Other(what().into())) }
}

fn failure(error: &JsValue) -> StoreFailure {
    store_failure(Thrown::from(error))
}

/// Says what it means that something could not be kept.
pub fn store_failure(thrown: Thrown) -> StoreFailure {
    if thrown.is_quota() { StoreFailure::Quota } else { StoreFailure::Other(thrown) }
}
