//! What the shell around the engine (`www/npm`) gives it.

use wasm_bindgen::prelude::*;

use super::streams::ByteReader;

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
