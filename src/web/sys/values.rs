//! What JavaScript tells of any value.

use js_sys::JsString;
use wasm_bindgen::prelude::*;

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
