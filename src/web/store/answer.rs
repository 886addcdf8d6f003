//! What comes of a request of IndexedDB: for any number of waiters, who may give up.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use wasm_bindgen::prelude::*;

use crate::core::clock::Millis;
use crate::core::thrown::Thrown;
use crate::web::listener::Listener;
use crate::web::object::{get, get_value};
use crate::web::task::first;
use crate::web::timer;

/// A wait is counted in so many turns of the event loop: a page that stood still itself has not waited.
const TURNS: Millis = 4;

/// An answer that is given once.
#[derive(Default)]
pub struct Answer {
    outcome: RefCell<Option<Result<JsValue, Thrown>>>,
    waiting: RefCell<Vec<Waker>>,
    /// Dropped with the answer, after that was given.
    listeners: RefCell<Vec<Listener>>,
}

impl Answer {
    /// Listens to a request of the database.
    pub fn of(request: &JsValue) -> Rc<Answer> {
        let answer: Rc<Answer> = Rc::default();
        let on = |kind, outcome: fn(&JsValue) -> Result<JsValue, Thrown>| {
            let (answer, request) = (answer.clone(), request.clone());
            Listener::new(&request.clone(), kind, move |_| answer.give(outcome(&request)))
        };
        let listeners = vec![
            on("success", |request| Ok(get_value(request, "result"))),
            on("error", |request| {
                let error = get(request, "error");
                Err(error.map_or_else(|| "the database failed".into(), Thrown::from))
            }),
        ];
        *answer.listeners.borrow_mut() = listeners;
        answer
    }

    /// Gives it; a second one is ignored.
    pub fn give(&self, outcome: Result<JsValue, Thrown>) {
        self.outcome.borrow_mut().get_or_insert(outcome);
        for waker in self.waiting.take() {
            waker.wake();
        }
    }

    /// Waits for it.
    pub async fn wait(&self) -> Result<JsValue, Thrown> {
        let outcome = poll_fn(|context| {
            let outcome = self.outcome.borrow().clone();
            if outcome.is_none() {
                self.waiting.borrow_mut().push(context.waker().clone());
            }
            outcome.map_or(Poll::Pending, Poll::Ready)
        });
        let outcome = outcome.await;
        // They hold this answer, too.
        self.listeners.take();
        outcome
    }

    /// Waits for it, but no longer than `patience` ms; nothing if it does not come.
    pub async fn within(&self, patience: Millis) -> Option<Result<JsValue, Thrown>> {
        for _ in 0..TURNS {
            let answered = async { drop(self.wait().await) };
            if first(answered, timer::sleep(patience / TURNS)).await {
                break;
            }
        }
        self.outcome.borrow().clone()
    }
}
