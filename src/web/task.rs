//! Starts tasks on the browser's event loop. Each is boxed first, so that the machinery behind it is compiled once and
//! not for each task.

use std::future::Future;
use std::pin::Pin;

use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;

/// Runs `task` to its end.
pub fn spawn(task: impl Future<Output = ()> + 'static) {
    let task: Pin<Box<dyn Future<Output = ()>>> = Box::pin(task);
    wasm_bindgen_futures::spawn_local(task);
}

/// Runs `task` and promises its outcome.
pub fn promise(task: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Promise {
    let task: Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>> = Box::pin(task);
    wasm_bindgen_futures::future_to_promise(task)
}

/// What JavaScript promised; what it rejects with is told in words.
pub type Promised = Pin<Box<dyn Future<Output = Result<JsValue, String>>>>;

/// Waits for a promise. It listens from the start: a promise that fails before it is awaited would be an unhandled
/// rejection.
pub fn promised(promise: Promise) -> Promised {
    let outcome = wasm_bindgen_futures::JsFuture::from(promise);
    Box::pin(async move { outcome.await.map_err(|error| super::sys::describe(&error)) })
}

/// Calls a function of the page, and waits if it promises its result.
pub fn ask(function: &Function) -> Promised {
    match function.call0(&JsValue::UNDEFINED) {
        Ok(value) => promised(Promise::resolve(&value)),
        Err(error) => promised(Promise::reject(&error)),
    }
}
