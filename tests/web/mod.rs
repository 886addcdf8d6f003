//! What the browser tests share.
// Each test binary uses a part of it.
#![allow(dead_code)]

use std::future::Future;

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;
use xuchuan::api::EngineTransfer;
use xuchuan::core::md5::{Digests, FileHasher, Portable, Snapshot};
use xuchuan::web::hash::Watcher;

#[wasm_bindgen(module = "/tests/web/page.js")]
extern "C" {
    #[wasm_bindgen(js_name = takeStrays)]
    fn take_strays() -> String;
    #[wasm_bindgen(js_name = sleep)]
    fn sleep_js(ms: f64) -> Promise;
    #[wasm_bindgen(js_name = makeObserver)]
    pub fn make_observer(on_state: Option<Function>) -> JsValue;
    #[wasm_bindgen(js_name = startTicker)]
    pub fn start_ticker() -> JsValue;
    pub fn repeated(blob: &Blob, count: u32) -> Blob;
    pub fn unreadable(bytes: &Uint8Array, from: f64) -> Blob;
    pub fn hanging(bytes: &Uint8Array, good: f64, hang: bool) -> Blob;
    #[wasm_bindgen(js_name = hasByteStreams)]
    pub fn has_byte_streams() -> bool;
    pub fn slow(bytes: &Uint8Array, ms: f64) -> Blob;
    #[wasm_bindgen(js_name = slowDrive)]
    pub fn slow_drive(bytes: &Uint8Array, rate: f64) -> Blob;
    pub fn shortened(bytes: &Uint8Array, claimed: f64) -> Blob;
    pub fn replace(name: &str, value: &JsValue) -> Function;
    #[wasm_bindgen(js_name = fakeFetch)]
    pub fn fake_fetch() -> JsValue;
    #[wasm_bindgen(js_name = fakeWorker)]
    pub fn fake_worker() -> JsValue;
    #[wasm_bindgen(js_name = deleteDatabase)]
    pub fn delete_database(name: &str) -> Promise;
    #[wasm_bindgen(js_name = putRaw)]
    pub fn put_raw(store: &str, key: &JsValue, value: &JsValue) -> Promise;
}

/// Hears how far a hashing is, and keeps what it saves.
pub struct Hears<F: Fn(u64)>(pub F, pub std::cell::RefCell<Vec<Snapshot>>);

impl<F: Fn(u64)> Watcher for Hears<F> {
    fn hashed(&self, at: u64) {
        self.0(at);
    }

    fn saved(&self, snapshot: Snapshot) {
        self.1.borrow_mut().push(snapshot);
    }
}

/// Hears how far a hashing is.
pub fn hears<F: Fn(u64)>(told: F) -> Hears<F> {
    Hears(told, std::cell::RefCell::default())
}

/// Hashes with the md-5 crate.
pub fn digests(bytes: &[u8], chunk: u64) -> Digests {
    let mut hasher = FileHasher::new(chunk);
    hasher.update(bytes, &Portable);
    hasher.finish()
}

/// Runs a test, and fails it if an error or a rejection went unnoticed meanwhile.
pub async fn guarded(test: impl Future<Output = ()>) {
    take_strays();
    test.await;
    sleep(40).await;
    assert_eq!(take_strays(), "", "nothing goes wrong unnoticed");
}

/// Sleeps without the engine.
pub async fn sleep(ms: u32) {
    settle(sleep_js(f64::from(ms))).await;
}

/// Waits until something holds, ten seconds at most.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        sleep(5).await;
    }
    panic!("waited in vain until {what}");
}

/// Waits for a promise that resolves.
pub async fn settle(promise: Promise) -> JsValue {
    JsFuture::from(promise).await.expect("the promise resolves")
}

/// The reference server, on another origin than the tests' page.
pub fn server() -> &'static str {
    let Some(url) = option_env!("XUCHUAN_SERVER") else {
        panic!("the tests were compiled without XUCHUAN_SERVER: run them by `cargo xtask test`");
    };
    url
}

pub fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).expect("an object")
}

pub fn text(object: &JsValue, name: &str) -> String {
    get(object, name).as_string().unwrap_or_default()
}

pub fn number(object: &JsValue, name: &str) -> f64 {
    get(object, name).as_f64().unwrap_or(f64::NAN)
}

pub fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> JsValue {
    let arguments: Array = arguments.iter().collect();
    let method: Function = get(object, method).dyn_into().expect("a method");
    Reflect::apply(&method, object, &arguments).expect("the method returns")
}

/// Evaluates an expression.
pub fn js(source: &str) -> JsValue {
    js_sys::eval(&format!("({source})")).expect("the expression has a value")
}

/// Makes bytes that no other seed makes.
pub fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Makes bytes that nobody has made before, so that the server can't have them.
pub fn new_bytes(len: usize) -> Vec<u8> {
    bytes((js_sys::Math::random() * (1_u64 << 53) as f64) as u64, len)
}

pub fn blob(bytes: &[u8]) -> Blob {
    Blob::new_with_buffer_source_sequence(&Array::of1(&Uint8Array::from(bytes))).expect("a Blob")
}

pub async fn blob_bytes(blob: &Blob) -> Vec<u8> {
    Uint8Array::new(&settle(blob.array_buffer().unchecked_into()).await).to_vec()
}

/// The bytes of an ArrayBuffer or a Blob.
pub async fn data_bytes(data: &JsValue) -> Vec<u8> {
    match data.dyn_ref::<Blob>() {
        Some(blob) => blob_bytes(blob).await,
        None => Uint8Array::new(data).to_vec(),
    }
}

/// A transfer with what it tells.
pub struct Watched {
    pub transfer: EngineTransfer,
    pub observer: JsValue,
}

impl Watched {
    /// Waits for the result.
    pub async fn result(&self) -> JsValue {
        let end = settle(get(&self.observer, "settled").unchecked_into()).await;
        let error = get(&end, "error");
        assert!(
            error.is_undefined(),
            "it ends well, not with {}: {}",
            text(&error, "code"),
            text(&error, "message")
        );
        get(&end, "result")
    }

    /// Waits for the error.
    pub async fn error(&self) -> JsValue {
        let end = settle(get(&self.observer, "settled").unchecked_into()).await;
        assert!(get(&end, "result").is_undefined(), "it fails");
        get(&end, "error")
    }

    pub fn states(&self) -> Vec<String> {
        strings(&get(&self.observer, "states"))
    }

    pub fn log(&self) -> Vec<String> {
        strings(&get(&self.observer, "log"))
    }

    pub fn progress(&self) -> Vec<JsValue> {
        get(&self.observer, "progress").unchecked_into::<Array>().to_vec()
    }

    pub async fn until_state(&self, state: &str) {
        until(&format!("it is {state}"), || self.transfer.state() == state).await;
    }
}

pub fn strings(array: &JsValue) -> Vec<String> {
    array.unchecked_ref::<Array>().iter().map(|entry| entry.as_string().unwrap_or_default()).collect()
}

pub fn upload(source: &Blob, options: &str) -> Watched {
    upload_with(source, &js(options), None)
}

pub fn upload_with(source: &Blob, options: &JsValue, on_state: Option<Function>) -> Watched {
    if get(options, "endpoint").is_undefined() {
        let endpoint = format!("{}/api/upload", server());
        Reflect::set(options, &"endpoint".into(), &endpoint.into()).expect("an object");
    }
    let observer = make_observer(on_state);
    let transfer =
        xuchuan::api::start_upload(source.clone(), options.clone(), observer.clone().unchecked_into());
    Watched { transfer, observer }
}

pub fn download(url: &str, options: &str) -> Watched {
    download_with(url, &js(options), None)
}

pub fn download_with(url: &str, options: &JsValue, on_state: Option<Function>) -> Watched {
    let observer = make_observer(on_state);
    let transfer =
        xuchuan::api::start_download(url.to_owned(), options.clone(), observer.clone().unchecked_into());
    Watched { transfer, observer }
}

/// Puts bytes on the server; their URL.
pub async fn stored(bytes: &[u8]) -> String {
    let result = upload(&blob(bytes), "{ resume: false, ext: '.bin' }").result().await;
    text(&result, "url")
}
