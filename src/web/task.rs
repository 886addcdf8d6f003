//! Starts tasks on the browser's event loop. Each is boxed first, so that the machinery behind it is compiled once and
//! not for each task.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Poll, Waker};

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;

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

/// What JavaScript promised; what it rejects with is told in words.
pub type Promised = Pin<Box<dyn Future<Output = Result<JsValue, String>>>>;

/// Waits for a promise. It listens from the start: a promise that fails before it is awaited would be an unhandled
/// rejection.
pub fn promised(promise: Promise) -> Promised {
    let outcome = wasm_bindgen_futures::JsFuture::from(promise);
    Box::pin(async move { outcome.await.map_err(|error| super::sys::describe(&error)) })
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

/// One pair of callbacks for many promises, one after the other: what [`promised`] makes anew for each costs more than
/// 100 KB of reading.
pub struct Answers {
    slot: Rc<Slot>,
    fulfilled: Closure<dyn FnMut(JsValue)>,
    rejected: Closure<dyn FnMut(JsValue)>,
}

#[derive(Default)]
struct Slot {
    outcome: Cell<Option<Result<JsValue, JsValue>>>,
    waker: Cell<Option<Waker>>,
}

impl Slot {
    fn settle(&self, outcome: Result<JsValue, JsValue>) {
        self.outcome.set(Some(outcome));
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Default for Answers {
    fn default() -> Answers {
        let slot = Rc::<Slot>::default();
        let (good, bad) = (slot.clone(), slot.clone());
        let fulfilled = Closure::<dyn FnMut(JsValue)>::new(move |value| good.settle(Ok(value)));
        let rejected = Closure::<dyn FnMut(JsValue)>::new(move |error| bad.settle(Err(error)));
        Answers { slot, fulfilled, rejected }
    }
}

impl Answers {
    /// Waits for a promise; nothing else may be waited for meanwhile.
    pub fn of(&self, promise: &Promise) -> impl Future<Output = Result<JsValue, JsValue>> + Unpin {
        let slot = self.slot.clone();
        drop(promise.then2(&self.fulfilled, &self.rejected));
        poll_fn(move |context| match slot.outcome.take() {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                slot.waker.set(Some(context.waker().clone()));
                Poll::Pending
            }
        })
    }
}

/// Calls a function of the page, and waits if it promises its result.
pub fn ask(function: &Function) -> Promised {
    match function.call0(&JsValue::UNDEFINED) {
        Ok(value) => promised(Promise::resolve(&value)),
        Err(error) => promised(Promise::reject(&error)),
    }
}
