//! Reads what was thrown or rejected with. Pages throw all kinds of things: an error, an answer, an event, a plain
//! object.

use wasm_bindgen::JsValue;

use super::object::{get, get_string};
use super::sys::number_text;
use crate::core::cause::Loss;
use crate::core::thrown::Thrown;

/// How many sources of an error are read, each the `cause` of the one before. An error can be its own.
const SOURCES: usize = 3;

impl From<JsValue> for Thrown {
    fn from(value: JsValue) -> Thrown {
        Thrown::from(&value)
    }
}

impl From<&JsValue> for Thrown {
    fn from(value: &JsValue) -> Thrown {
        read(value, SOURCES)
    }
}

impl From<JsValue> for Loss {
    fn from(value: JsValue) -> Loss {
        Thrown::from(value).into()
    }
}

fn read(value: &JsValue, sources: usize) -> Thrown {
    let thrown = match (get_string(value, "name"), get_string(value, "message")) {
        (Some(name), Some(message)) => Thrown::new(&name, &message),
        (None, Some(message)) if !message.is_empty() => message.into(),
        _ => words(value).into(),
    };
    let source = sources.checked_sub(1).and_then(|left| Some(read(&get(value, "cause")?, left)));
    thrown.with_source(source)
}

/// Says what a value is that is no error.
fn words(value: &JsValue) -> String {
    if value.is_object() {
        return of_object(value);
    }
    match (value.as_string(), value.as_f64()) {
        (Some(words), _) if !words.is_empty() => words,
        (_, Some(number)) => format!("the value {}", number_text(number)),
        _ if value.is_null() => "the value null".to_owned(),
        _ => format!("a value of the type {}", value.js_typeof().as_string().unwrap_or_default()),
    }
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
