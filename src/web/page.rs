//! The page or worker that this engine runs in: what it shows, knows and is called.

use wasm_bindgen::prelude::*;

use super::object::{get, get_string};
use super::sys::Port;

/// Returns the global object of this page or worker, as what takes messages.
pub fn port() -> Port {
    js_sys::global().unchecked_into()
}

/// Tells whether frames are being shown: a hidden page and a worker have none.
pub fn is_visible() -> bool {
    let document = get(&js_sys::global(), "document");
    document.is_some_and(|document| !get(&document, "hidden").is_some_and(|hidden| hidden.is_truthy()))
}

/// Tells what the browser thinks of the network; a hint, no more.
pub fn is_online() -> bool {
    navigator("onLine").is_none_or(|online| online.is_truthy())
}

/// Tells how many threads the processor runs at once; 2 where the browser keeps it to itself.
pub fn processors() -> u32 {
    navigator("hardwareConcurrency").and_then(|processors| processors.as_f64()).unwrap_or(2.0) as u32
}

/// Reads a property of the browser's `navigator`.
pub fn navigator(property: &str) -> Option<JsValue> {
    get(&get(&js_sys::global(), "navigator")?, property)
}

/// Returns the address that relative ones belong to: the page's, unless it has a `<base>`, or the worker's.
pub fn base() -> Option<String> {
    let global = js_sys::global();
    let base = get(&global, "document").and_then(|document| get_string(&document, "baseURI"));
    base.or_else(|| get_string(&get(&global, "location")?, "href"))
}

/// Returns the origin of the page or worker; nothing for one that has none of its own, such as a sandboxed frame.
pub fn origin() -> Option<String> {
    let origin = get_string(&get(&js_sys::global(), "location")?, "origin")?;
    Some(origin).filter(|origin| !origin.is_empty() && origin != "null")
}
