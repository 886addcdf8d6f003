//! Streams of bytes that go into the caller's own buffers.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// A blob whose bytes may be had as a stream.
    pub type Streaming;

    /// [`Blob.stream`](https://w3c.github.io/FileAPI/#dom-blob-stream). Throws where a browser's blobs have none.
    #[wasm_bindgen(method, catch)]
    pub fn stream(this: &Streaming) -> Result<ByteStream, JsValue>;

    /// [`ReadableStream`](https://streams.spec.whatwg.org/#rs-class) of bytes.
    pub type ByteStream;

    /// Takes the mode as an option. Throws where the stream has no such reader.
    #[wasm_bindgen(method, catch, js_name = getReader)]
    pub fn get_reader(this: &ByteStream, options: &JsValue) -> Result<ByteReader, JsValue>;

    /// [`ReadableStreamBYOBReader`](https://streams.spec.whatwg.org/#byob-reader-class).
    pub type ByteReader;

    /// Promises a [`ReadResult`] in `view`'s own buffer.
    #[wasm_bindgen(method)]
    pub fn read(this: &ByteReader, view: &Uint8Array, options: &JsValue) -> Promise;

    #[wasm_bindgen(method)]
    pub fn cancel(this: &ByteReader) -> Promise;

    /// What such a read gives.
    pub type ReadResult;

    /// The bytes; none if the stream was cancelled, and an empty array at its end.
    #[wasm_bindgen(method, getter)]
    pub fn value(this: &ReadResult) -> Option<Uint8Array>;
}
