//! WebAssembly: the digests' module and its functions.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;

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
