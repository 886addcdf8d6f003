//! Every function of the browser that `js-sys` and `web-sys` do not give in the form needed here: for pages and
//! workers alike, and failing with a value.

use js_sys::{Function, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

use super::object::{get, get_string, object};
use crate::core::address::without_secrets;

#[wasm_bindgen]
extern "C" {
    /// [`fetch`](https://fetch.spec.whatwg.org/#fetch-method) of a page or a worker, as it is at the time: many pages
    /// replace it, and their functions expect an address and a plain object. Fails with what such a function throws.
    #[wasm_bindgen(js_namespace = globalThis, catch)]
    pub fn fetch(url: &str, init: &JsValue) -> Result<JsValue, JsValue>;

    /// [`Function.prototype.toString`](https://tc39.es/ecma262/#sec-function.prototype.tostring) of any value; fails for
    /// what is no function.
    #[wasm_bindgen(js_namespace = ["Function", "prototype", "toString"], js_name = call, catch)]
    fn source_of(function: &JsValue) -> Result<String, JsValue>;

    /// [`Object.prototype.toString`](https://tc39.es/ecma262/#sec-object.prototype.tostring) of any value.
    #[wasm_bindgen(js_namespace = ["Object", "prototype", "toString"], js_name = call)]
    pub fn tag_of(value: &JsValue) -> String;

    /// Milliseconds since the page or worker started, monotonic.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub fn performance_now() -> f64;

    /// Returns what takes the timer back: a number, or an object where the page has timers of its own.
    #[wasm_bindgen(js_name = setTimeout)]
    pub fn set_timeout(callback: &Function, ms: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    pub fn clear_timeout(id: &JsValue);

    /// [`ArrayBuffer.prototype.transfer`](https://tc39.es/ecma262/#sec-arraybuffer.prototype.transfer): takes the bytes
    /// out of the buffer, all but the first `len` of which are freed at once. Fails where a browser has not got it.
    #[wasm_bindgen(method, structural, catch, js_name = transfer)]
    fn transfer(this: &Buffer, len: u32) -> Result<JsValue, JsValue>;

    type Buffer;

    #[wasm_bindgen(js_name = ArrayBuffer)]
    type Room;

    #[wasm_bindgen(constructor, js_class = "ArrayBuffer", catch)]
    fn new(len: f64) -> Result<Room, JsValue>;

    /// What takes messages: a worker, whatever realm or wrapper it came from, a page, a port.
    #[derive(Clone)]
    pub type Port;

    #[wasm_bindgen(method, js_name = postMessage, catch)]
    pub fn post_message(this: &Port, message: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method)]
    pub fn terminate(this: &Port);

    /// [`WebAssembly.instantiate`](https://www.w3.org/TR/wasm-js-api-2/#dom-webassembly-instantiate).
    #[wasm_bindgen(catch, js_namespace = WebAssembly)]
    pub fn instantiate(module: &Uint8Array, imports: &JsValue) -> Result<Promise, JsValue>;

    /// The exports of the digests' module (`core::md5::assembly`).
    pub type Digester;

    #[wasm_bindgen(method)]
    pub fn chain(this: &Digester, state: u32, data: u32, blocks: u32);

    #[wasm_bindgen(method)]
    pub fn pair(this: &Digester, one: u32, other: u32, data: u32, blocks: u32);

    #[wasm_bindgen(method)]
    pub fn group(this: &Digester, state: u32, lanes: u32, data: u32, first: u32, stride: u32, steps: u32);

    /// [`Blob.stream`](https://w3c.github.io/FileAPI/#dom-blob-stream).
    type Streaming;

    #[wasm_bindgen(method, catch)]
    fn stream(this: &Streaming) -> Result<ByteStream, JsValue>;

    type ByteStream;

    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn get_reader(this: &ByteStream, options: &JsValue) -> Result<ByteReader, JsValue>;

    /// [`ReadableStreamBYOBReader`](https://streams.spec.whatwg.org/#byob-reader-class).
    pub type ByteReader;

    #[wasm_bindgen(method)]
    fn read(this: &ByteReader, view: &Uint8Array, options: &JsValue) -> Promise;

    #[wasm_bindgen(method)]
    pub fn cancel(this: &ByteReader) -> Promise;

    /// Opens a large file in a thread that reads ahead (`www/npm/read-ahead.js`). Throws where there is no such thread.
    #[wasm_bindgen(catch, js_name = readAhead)]
    fn read_ahead(blob: &web_sys::Blob) -> Result<ByteReader, JsValue>;

    /// What such a read gives.
    pub type ReadResult;

    /// The bytes; none if the stream was cancelled, and an empty array at its end.
    #[wasm_bindgen(method, getter)]
    pub fn value(this: &ReadResult) -> Option<Uint8Array>;

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
}

/// Returns the global object of this page or worker, as what takes messages.
pub fn page() -> Port {
    js_sys::global().unchecked_into()
}

/// Tells whether a function of the global object is the browser's own, as far as its source tells.
pub fn is_native(function: &str) -> bool {
    let function = get(&js_sys::global(), function).unwrap_or_default();
    source_of(&function).is_ok_and(|source| source.contains("[native code]"))
}

/// Tells whether frames are being shown: a hidden page and a worker have none.
pub fn is_visible() -> bool {
    let document = get(&js_sys::global(), "document");
    document.is_some_and(|document| !get(&document, "hidden").is_some_and(|hidden| hidden.is_truthy()))
}

/// Tells what the browser thinks of the network; a hint, no more.
pub fn is_online() -> bool {
    navigator("onLine").is_none_or(|online| online.is_truthy())
}

/// Tells how many threads the processor runs at once; 2 where the browser keeps it to itself.
pub fn processors() -> u32 {
    navigator("hardwareConcurrency").and_then(|processors| processors.as_f64()).unwrap_or(2.0) as u32
}

fn navigator(property: &str) -> Option<JsValue> {
    get(&get(&js_sys::global(), "navigator")?, property)
}

/// Returns the address that relative ones belong to: the page's, unless it has a `<base>`, or the worker's.
pub fn here() -> Option<String> {
    let global = js_sys::global();
    let base = get(&global, "document").and_then(|document| get_string(&document, "baseURI"));
    base.or_else(|| get_string(&get(&global, "location")?, "href"))
}

/// Reads a blob as a stream of bytes that go into the caller's own buffers. Fails where a browser's blobs have none.
pub fn byte_reader(blob: &web_sys::Blob) -> Result<ByteReader, JsValue> {
    let open = |blob: &web_sys::Blob| {
        let blob: &Streaming = blob.unchecked_ref();
        blob.stream()?.get_reader(&object(&[("mode", "byob".into())]))
    };
    // Asked of an empty blob first: WebKit begins to read all of a blob before it says no, and reads it to the end.
    open(&web_sys::Blob::new()?)?;
    read_ahead(blob).or_else(|_| open(blob))
}

/// Reads until `view` is full, where the browser can; elsewhere as much as comes at once.
pub fn read_all(reader: &ByteReader, view: &Uint8Array) -> Promise {
    reader.read(view, &object(&[("min", view.length().into())]))
}

/// Makes an ArrayBuffer; fails where there is not that much memory.
pub fn new_array_buffer(len: f64) -> Result<js_sys::ArrayBuffer, JsValue> {
    Room::new(len).map(JsCast::unchecked_into)
}

fn parsed(url: &str) -> Option<web_sys::Url> {
    let base = here()?;
    // A worker from a Blob has a base that nothing can be relative to.
    web_sys::Url::new_with_base(url, &base).or_else(|_| web_sys::Url::new(url)).ok()
}

/// Returns the whole address of `url`, which may be relative to this page; as it is if it is none.
pub fn address(url: &str) -> String {
    parsed(url).map_or_else(|| url.to_owned(), |url| url.href())
}

/// Returns the whole address of `url`, which is relative to `base`; as it is if it is none.
pub fn resolve(url: &str, base: &str) -> String {
    web_sys::Url::new_with_base(url, &address(base)).map_or_else(|_| url.to_owned(), |url| url.href())
}

/// Returns the origin of `url`; nothing for what is no URL.
pub fn origin_of(url: &str) -> String {
    parsed(url).map(|url| url.origin()).unwrap_or_default()
}

/// Returns 53 random bits; who watches many of them can guess the next.
pub fn random() -> u64 {
    (js_sys::Math::random() * (1_u64 << 53) as f64) as u64
}

/// Frees the bytes of a buffer that nobody will read again; where a browser can't, its collector will in time.
pub fn free(buffer: js_sys::ArrayBuffer) {
    let buffer: Buffer = buffer.unchecked_into();
    let _ = buffer.transfer(0);
}

/// Tells whether `url` has the origin of this page.
pub fn is_same_origin(url: &str) -> bool {
    let page = get(&js_sys::global(), "location").and_then(|location| get_string(&location, "origin"));
    let page = page.unwrap_or_default();
    !page.is_empty() && page != "null" && page == origin_of(url)
}

/// Returns the last part of a URL's path, as a file's name.
pub fn name_of(url: &str) -> String {
    let path = parsed(url).map(|url| url.pathname()).unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    js_sys::decode_uri_component(last)
        .ok()
        .and_then(|name| name.as_string())
        .unwrap_or_else(|| last.to_owned())
}

/// Writes a number as JavaScript does. Rust's own way brings 10 KB of tables.
pub fn number_text(number: f64) -> String {
    let text = js_sys::Number::from(number).to_string_with_radix(10);
    text.ok().and_then(|text| text.as_string()).unwrap_or_default()
}

/// Returns what a thrown or rejected value says. Pages throw all kinds of things: an answer, an event, a plain object.
pub fn describe(error: &JsValue) -> String {
    let told = match (get_string(error, "name"), get_string(error, "message")) {
        (Some(name), Some(message)) if message.is_empty() => name,
        (Some(name), Some(message)) => format!("{name}: {message}"),
        (None, Some(message)) if !message.is_empty() => message,
        _ if error.is_object() => of_object(error),
        _ => match (error.as_string(), error.as_f64()) {
            (Some(words), _) if !words.is_empty() => words,
            (_, Some(number)) => format!("the value {}", number_text(number)),
            _ if error.is_null() => "the value null".to_owned(),
            _ => format!("a value of the type {}", error.js_typeof().as_string().unwrap_or_default()),
        },
    };
    without_secrets(&told)
}

/// Names what kind of object it is, and what tells most about an answer, an event or a plain object.
fn of_object(value: &JsValue) -> String {
    let class = get(value, "constructor").and_then(|class| get_string(&class, "name")).unwrap_or_default();
    let known = ["status", "type", "code", "msg"].iter().find_map(|name| {
        let told = get(value, name)?;
        let told = told.as_string().or_else(|| told.as_f64().map(number_text))?;
        (!told.is_empty()).then(|| format!("{name} {told}"))
    });
    match known {
        Some(known) => format!("an object ({class}, {known})"),
        None => format!("an object ({class})"),
    }
}
