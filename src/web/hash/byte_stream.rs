//! A blob as a stream of bytes that go into the caller's own buffers.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use crate::web::object::object;
use crate::web::sys::{ByteReader, Streaming, read_ahead};

/// Reads a blob from its beginning. Fails where a browser's blobs have no such streams.
pub fn open(blob: &Blob) -> Result<ByteReader, JsValue> {
    // Asked of an empty blob first: WebKit begins to read all of a blob before it says no, and reads it to the end.
    open_here(&Blob::new()?)?;
    read_ahead(blob).or_else(|_| open_here(blob))
}

fn open_here(blob: &Blob) -> Result<ByteReader, JsValue> {
    let blob: &Streaming = blob.unchecked_ref();
    blob.stream()?.get_reader(&object(&[("mode", "byob".into())]))
}

/// Reads until `view` is full, where the browser can; elsewhere as much as comes at once.
pub fn read(reader: &ByteReader, view: &Uint8Array) -> Promise {
    reader.read(view, &object(&[("min", view.length().into())]))
}
