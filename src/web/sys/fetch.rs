//! `fetch`, as pages replace it.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// [`fetch`](https://fetch.spec.whatwg.org/#fetch-method) of a page or a worker, as it is at the time: many pages
    /// replace it, and their functions expect an address and a plain object. Fails with what such a function throws.
    #[wasm_bindgen(js_namespace = globalThis, catch)]
    pub fn fetch(url: &str, init: &JsValue) -> Result<JsValue, JsValue>;
}
