//! What takes messages, and may be ended.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// What takes messages: a worker, whatever realm or wrapper it came from, a page, a port.
    #[derive(Clone)]
    pub type Port;

    #[wasm_bindgen(method, js_name = postMessage, catch)]
    pub fn post_message(this: &Port, message: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method)]
    pub fn terminate(this: &Port);
}
