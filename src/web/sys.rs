//! Every function of the browser and of the shell that `js-sys` and `web-sys` do not give in the form needed here: for
//! pages and workers alike, and failing with a value. No other module declares one.

// What `wasm_bindgen` makes of what is described here has no words of its own.
#![allow(missing_docs)]

use js_sys::{ArrayBuffer, Function, JsString, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

// ---- what JavaScript tells of any value

#[wasm_bindgen]
extern "C" {
    /// [`Function.prototype.toString`](https://tc39.es/ecma262/#sec-function.prototype.tostring) of any value; fails
    /// for what is no function.
    #[wasm_bindgen(js_namespace = ["Function", "prototype", "toString"], js_name = call, catch)]
    pub fn source_of(function: &JsValue) -> Result<String, JsValue>;

    /// [`Object.prototype.toString`](https://tc39.es/ecma262/#sec-object.prototype.tostring) of any value.
    #[wasm_bindgen(js_namespace = ["Object", "prototype", "toString"], js_name = call)]
    pub fn tag_of(value: &JsValue) -> String;

    /// [`JSON.parse`](https://tc39.es/ecma262/#sec-json.parse). That of js-sys takes a Rust string: each chunk's
    /// answer, of perhaps ten thousand ids, would be copied into wasm memory and back.
    #[wasm_bindgen(js_namespace = JSON, js_name = parse, catch)]
    pub fn parse_json(text: &JsString) -> Result<JsValue, JsValue>;
}

// ---- numbers, as JavaScript makes and writes them

/// Returns 53 random bits; who watches many of them can guess the next.
pub fn random() -> u64 {
    (js_sys::Math::random() * (1_u64 << 53) as f64) as u64
}

/// Writes a number as JavaScript does. Rust's own way brings 10 KB of tables.
pub fn number_text(number: f64) -> String {
    let text = js_sys::Number::from(number).to_string_with_radix(10);
    text.ok().and_then(|text| text.as_string()).unwrap_or_default()
}

// ---- ArrayBuffers: made where there may be no memory for them, and freed at once

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = ArrayBuffer)]
    type Buffer;

    #[wasm_bindgen(constructor, js_class = "ArrayBuffer", catch)]
    fn new(len: f64) -> Result<Buffer, JsValue>;

    /// [`ArrayBuffer.prototype.transfer`](https://tc39.es/ecma262/#sec-arraybuffer.prototype.transfer): takes the bytes
    /// out of the buffer, all but the first `len` of which are freed at once. Fails where a browser has not got it.
    #[wasm_bindgen(method, structural, catch, js_name = transfer)]
    fn transfer(this: &Buffer, len: u32) -> Result<JsValue, JsValue>;
}

/// Makes an ArrayBuffer of `len` bytes; fails where there is not that much memory.
pub fn new_array_buffer(len: f64) -> Result<ArrayBuffer, JsValue> {
    Buffer::new(len).map(JsCast::unchecked_into)
}

/// Frees the bytes of a buffer that nobody will read again; where a browser can't, its collector will in time.
pub fn free(buffer: ArrayBuffer) {
    let buffer: Buffer = buffer.unchecked_into();
    let _ = buffer.transfer(0);
}

// ---- the clock and the timers of a page or a worker

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the page or worker started, monotonic.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub fn performance_now() -> f64;

    /// Returns what takes the timer back: a number, or an object where the page has timers of its own.
    #[wasm_bindgen(js_name = setTimeout)]
    pub fn set_timeout(callback: &Function, ms: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    pub fn clear_timeout(id: &JsValue);
}

// ---- `fetch`, as pages replace it

#[wasm_bindgen]
extern "C" {
    /// [`fetch`](https://fetch.spec.whatwg.org/#fetch-method) of a page or a worker, as it is at the time: many pages
    /// replace it, and their functions expect an address and a plain object. Fails with what such a function throws.
    #[wasm_bindgen(js_namespace = globalThis, catch)]
    pub fn fetch(url: &str, init: &JsValue) -> Result<JsValue, JsValue>;
}

// ---- what takes messages, and may be ended

#[wasm_bindgen]
extern "C" {
    /// What takes messages: a worker, whatever realm or wrapper it came from, a page, a port.
    #[derive(Clone)]
    pub type Port;

    #[wasm_bindgen(method, js_name = postMessage, catch)]
    pub fn post_message(this: &Port, message: &JsValue) -> Result<(), JsValue>;

    /// The same, with what is handed over and gone here.
    #[wasm_bindgen(method, js_name = postMessage, catch)]
    pub fn hand_over(this: &Port, message: &JsValue, transfer: &js_sys::Array) -> Result<(), JsValue>;

    #[wasm_bindgen(method)]
    pub fn terminate(this: &Port);
}

// ---- streams of bytes that go into the caller's own buffers

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

// ---- WebAssembly: the digests' module and its functions

#[wasm_bindgen]
extern "C" {
    /// [`WebAssembly.instantiate`](https://www.w3.org/TR/wasm-js-api-2/#dom-webassembly-instantiate).
    #[wasm_bindgen(catch, js_namespace = WebAssembly)]
    pub fn instantiate(module: &Uint8Array, imports: &JsValue) -> Result<Promise, JsValue>;

    /// The exports of the digests' module (`core::md5::assembly`). They take addresses in this engine's memory.
    pub type Digester;

    #[wasm_bindgen(method)]
    pub fn chain(this: &Digester, state: u32, data: u32, blocks: u32);

    #[wasm_bindgen(method)]
    pub fn pair(this: &Digester, one: u32, other: u32, data: u32, blocks: u32);

    #[wasm_bindgen(method)]
    pub fn group(this: &Digester, state: u32, lanes: u32, data: u32, first: u32, stride: u32, steps: u32);
}

// ---- what the shell around the engine (`www/npm`) gives it

#[wasm_bindgen]
extern "C" {
    /// What hears how a transfer goes.
    pub type Observer;

    #[wasm_bindgen(method, js_name = onState, catch)]
    pub fn on_state(this: &Observer, state: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, js_name = onProgress, catch)]
    pub fn on_progress(this: &Observer, progress: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method, js_name = onSettled, catch)]
    pub fn on_settled(this: &Observer, result: &JsValue, error: &JsValue) -> Result<(), JsValue>;

    /// The shell's `Turns` (`www/npm/turns.js`).
    #[derive(Clone)]
    pub type Turns;

    #[wasm_bindgen(method, js_name = openChannel)]
    pub fn open_channel(this: &Turns, turn: f64, key: &str);

    #[wasm_bindgen(method)]
    pub fn echo(this: &Turns, turn: f64, key: &str);

    #[wasm_bindgen(method)]
    pub fn post(this: &Turns, turn: f64, message: &JsValue);

    #[wasm_bindgen(method, js_name = requestLock)]
    pub fn request_lock(this: &Turns, turn: f64, key: &str, steal: bool);

    #[wasm_bindgen(method, js_name = queryLock)]
    pub fn query_lock(this: &Turns, turn: f64, key: &str);

    #[wasm_bindgen(method)]
    pub fn release(this: &Turns, turn: f64);

    /// The shell's `Admission` (`www/npm/admission.js`).
    #[derive(Clone)]
    pub type Admission;

    #[wasm_bindgen(method)]
    pub fn admit(this: &Admission);

    /// Opens a large file in a thread that reads ahead (`www/npm/read-ahead.js`). Throws where there is no such thread.
    #[wasm_bindgen(catch, js_name = readAhead)]
    pub fn read_ahead(blob: &web_sys::Blob) -> Result<ByteReader, JsValue>;
}
