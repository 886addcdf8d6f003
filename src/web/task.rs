//! Starts a task on the browser's event loop.

use std::future::Future;
use std::pin::Pin;

/// Runs `task` to its end. Boxed first, so that the machinery behind it is compiled once and not for each task.
pub fn spawn(task: impl Future<Output = ()> + 'static) {
    let task: Pin<Box<dyn Future<Output = ()>>> = Box::pin(task);
    wasm_bindgen_futures::spawn_local(task);
}
