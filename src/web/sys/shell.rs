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

    /// The shell's `Tabs` (`www/npm/tabs.js`).
    #[derive(Clone)]
    pub type Tabs;

    #[wasm_bindgen(method, js_name = lineUp)]
    pub fn line_up(this: &Tabs, name: &str);

    #[wasm_bindgen(method, js_name = stepBack)]
    pub fn step_back(this: &Tabs);

    /// Opens a large file in a thread that reads ahead (`www/npm/read-ahead.js`). Throws where there is no such thread.
    #[wasm_bindgen(catch, js_name = readAhead)]
    pub fn read_ahead(blob: &web_sys::Blob) -> Result<ByteReader, JsValue>;
}
