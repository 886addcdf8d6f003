//! Lists of texts.

use js_sys::Array;
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// Reads an array of strings; nothing if anything else is in it.
pub fn read(value: &JsValue) -> Option<Vec<String>> {
    let mut strings = Vec::new();
    for entry in value.dyn_ref::<Array>()?.iter() {
        strings.push(entry.as_string()?);
    }
    Some(strings)
}

/// Writes texts, or what is written as one.
pub fn write(entries: &[impl Serialize]) -> JsValue {
    // Texts always have a JavaScript value.
    serde_wasm_bindgen::to_value(entries).unwrap_or(JsValue::UNDEFINED)
}
