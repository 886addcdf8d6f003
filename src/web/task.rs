//! Starts tasks on the browser's event loop. Each is boxed first, so that the machinery behind it is compiled once and
//! not for each task.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;

use crate::core::thrown::Thrown;

/// What is awaited in several places: boxed, it is compiled once and not into each of them.
pub type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

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

/// What JavaScript promised.
pub type Promised = Pin<Box<dyn Future<Output = Result<JsValue, Thrown>>>>;

/// Waits for a promise. It listens from the start: a promise that fails before it is awaited would be an unhandled
/// rejection.
pub fn promised(promise: Promise) -> Promised {
    let outcome = wasm_bindgen_futures::JsFuture::from(promise);
    Box::pin(async move { Ok(outcome.await?) })
}

/// Runs two futures side by side, to the end of both.
pub async fn join<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(value) = one.as_mut().poll(context)
        {
            first = Some(value);
        }
        if second.is_none()
            && let Poll::Ready(value) = other.as_mut().poll(context)
        {
            second = Some(value);
        }
        match (first.take(), second.take()) {
            (Some(one), Some(other)) => Poll::Ready((one, other)),
            (one, other) => {
                (first, second) = (one, other);
                Poll::Pending
            }
        }
    })
    .await
}

/// Waits for either; tells whether it was the first.
pub async fn first(a: impl Future<Output = ()>, b: impl Future<Output = ()>) -> bool {
    let (mut a, mut b) = (pin!(a), pin!(b));
    poll_fn(|context| {
        if a.as_mut().poll(context).is_ready() {
            Poll::Ready(true)
        } else if b.as_mut().poll(context).is_ready() {
            Poll::Ready(false)
        } else {
            Poll::Pending
        }
    })
    .await
}

/// Calls a function of the page, and waits if it promises its result.
pub fn ask(function: &Function) -> Promised {
    match function.call0(&JsValue::UNDEFINED) {
        Ok(value) => promised(Promise::resolve(&value)),
        Err(error) => promised(Promise::reject(&error)),
    }
}
