//! Messages between a page and its workers: plain objects `{ t, id, … }`, where `t` says what it is and `id` what it is
//! about.

use wasm_bindgen::prelude::*;

use crate::web::object::{get, get_string, get_u64, number, object, set};
use crate::web::page;

/// A message that has come.
#[derive(Debug)]
pub struct Message {
    /// What it is.
    pub kind: String,
    /// What it is about.
    pub id: u64,
    /// All of it.
    pub fields: JsValue,
}

impl Message {
    /// Reads the message that an event brought; nothing if it is none of the engine's.
    pub fn of(event: &JsValue) -> Option<Message> {
        let fields = get(event, "data")?;
        Some(Message { kind: get_string(&fields, "t")?, id: get_u64(&fields, "id")?, fields })
    }
}

/// Makes a message.
pub fn message(kind: &str, id: u64, fields: &[(&str, JsValue)]) -> JsValue {
    let message = object(&[("t", kind.into()), ("id", number(id))]);
    for (name, value) in fields {
        set(&message, name, value);
    }
    message
}

/// Sends the page of this worker a message.
pub fn tell_page(kind: &str, id: u64, fields: &[(&str, JsValue)]) {
    // It fails only for what cannot be cloned, and workers send strings, numbers and bytes.
    let _ = page::port().post_message(&message(kind, id, fields));
}
