//! Tasks on the browser's event loop: started, waited for, woken by a signal, and run one after the other. Each is boxed
//! first, so that the machinery behind it is compiled once and not for each task.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Poll, Waker};

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;

use super::object::call;
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

/// Calls a method of the browser's by its name, and waits for what it promises.
pub fn ask_of(object: &JsValue, method: &str, arguments: &[JsValue]) -> Promised {
    match call(object, method, arguments) {
        Ok(value) => promised(Promise::resolve(&value)),
        Err(error) => promised(Promise::reject(&error)),
    }
}

/// A flag with one waiter: raised in a callback, and waited for in a task.
#[derive(Debug, Default)]
pub struct Signal {
    raised: Cell<bool>,
    waiter: RefCell<Option<Waker>>,
}

impl Signal {
    /// Raises it and wakes the waiter.
    pub fn raise(&self) {
        self.raised.set(true);
        if let Some(waiter) = self.waiter.take() {
            waiter.wake();
        }
    }

    /// Waits until it is raised, and lowers it.
    pub async fn wait(&self) {
        poll_fn(|context| {
            if self.raised.replace(false) {
                return Poll::Ready(());
            }
            *self.waiter.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// How many bytes are on their way to where they are kept: who brings more waits while it is too many.
#[derive(Debug, Default)]
pub struct Window {
    open: Cell<u64>,
    waiting: RefCell<Vec<Waker>>,
}

impl Window {
    /// Notes that so many more are on their way.
    pub fn add(&self, bytes: u64) {
        self.open.set(self.open.get() + bytes);
    }

    /// Notes that so many have arrived.
    pub fn remove(&self, bytes: u64) {
        self.open.set(self.open.get().saturating_sub(bytes));
        for waker in self.waiting.take() {
            waker.wake();
        }
    }

    /// Tells whether more than `most` are on their way.
    pub fn is_above(&self, most: u64) -> bool {
        self.open.get() > most
    }

    /// Waits until no more than `most` are on their way.
    pub async fn until(&self, most: u64) {
        poll_fn(|context| {
            if self.open.get() <= most {
                return Poll::Ready(());
            }
            self.waiting.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// A queue of futures; clones add to the same one.
#[derive(Clone, Default)]
pub struct Serial(Rc<Queue>);

#[derive(Default)]
struct Queue {
    waiting: RefCell<VecDeque<Boxed<()>>>,
    running: Cell<bool>,
}

impl Serial {
    /// Waits until all before have ended.
    pub async fn idle(&self) {
        let reached = Rc::new(Signal::default());
        let last = reached.clone();
        self.run(async move { last.raise() });
        reached.wait().await;
    }

    /// Runs `task` when all before it have ended.
    pub fn run(&self, task: impl Future<Output = ()> + 'static) {
        self.0.waiting.borrow_mut().push_back(Box::pin(task));
        if self.0.running.replace(true) {
            return;
        }
        let queue = self.0.clone();
        spawn(async move {
            loop {
                let task = queue.waiting.borrow_mut().pop_front();
                match task {
                    Some(task) => task.await,
                    None => break,
                }
            }
            queue.running.set(false);
        });
    }
}
