//! Which workers there are: started when they are asked for, ended when they die or have nothing to do.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::JsValue;

use super::alarm;
use super::message::Message;
use super::worker::Worker;
use crate::core::clock::Millis;
use crate::core::thrown::Thrown;
use crate::web::signal::Signal;
use crate::web::task::{ask, spawn};
use crate::web::{page, timer};

/// The most workers: each has some tens of MiB of its own.
const MOST: u32 = 4;
/// How long a worker beyond the first has nothing to do before it goes, with its memory, in ms.
const IDLE: Millis = 5_000;

/// Who gives the workers something to do, and hears what becomes of them.
pub trait Events {
    /// One has come, or will not come.
    fn changed(&self);
    /// One has sent a message.
    fn said(&self, worker: &Rc<Worker>, message: &Message);
    /// One is gone, whatever it had to do.
    fn gone(&self, worker: &Rc<Worker>);
}

thread_local! {
    static EVENTS: Cell<Option<&'static dyn Events>> = const { Cell::new(None) };
    static SOURCE: RefCell<Option<Function>> = const { RefCell::new(None) };
    static WORKERS: RefCell<Vec<Rc<Worker>>> = const { RefCell::new(Vec::new()) };
    /// How many were asked for and have not come.
    static STARTING: Cell<u32> = const { Cell::new(0) };
    /// Why the last one did not come.
    static REFUSAL: RefCell<Option<Thrown>> = const { RefCell::new(None) };
}

/// Says where workers come from, and who uses them: `source` returns a promise of a worker that is ready, which fails where
/// none can be had.
pub fn set_source(source: Function, events: &'static dyn Events) {
    SOURCE.set(Some(source));
    EVENTS.set(Some(events));
    timer::set_alarm(ring_in);
}

/// Returns the workers that are ready, the oldest first.
pub fn all() -> Vec<Rc<Worker>> {
    WORKERS.with_borrow(Vec::clone)
}

/// Tells whether there is no worker and none will come.
pub fn are_none() -> bool {
    STARTING.get() == 0 && WORKERS.with_borrow(Vec::is_empty)
}

/// Says why none comes.
pub fn why_none() -> Thrown {
    REFUSAL.with_borrow(Option::clone).unwrap_or_else(|| "the page has no workers".into())
}

/// Asks for another worker, unless there are as many as the processor runs beside the page.
pub fn ask_for_one() {
    let workers = WORKERS.with_borrow(Vec::len) as u32 + STARTING.get();
    let source = SOURCE.with_borrow(Option::clone);
    if let Some(source) = source
        && workers < page::processors().saturating_sub(1).clamp(1, MOST)
    {
        STARTING.set(STARTING.get() + 1);
        spawn(start(source));
    }
}

async fn start(source: Function) {
    let worker = ask(&source).await;
    STARTING.set(STARTING.get() - 1);
    match worker {
        Ok(worker) => {
            let worker = Worker::new(&worker, said, |worker, _| end(worker));
            WORKERS.with_borrow_mut(|workers| workers.push(worker));
        }
        Err(why) => {
            // None will come of another try either.
            SOURCE.set(None);
            REFUSAL.set(Some(why));
        }
    }
    if let Some(events) = EVENTS.get() {
        events.changed();
    }
}

fn said(worker: &Rc<Worker>, event: &JsValue) {
    if let Some(message) = Message::of(event)
        && !alarm::ring(&message)
        && let Some(events) = EVENTS.get()
    {
        events.said(worker, &message);
    }
}

fn end(worker: &Rc<Worker>) {
    WORKERS.with_borrow_mut(|workers| workers.retain(|other| !Rc::ptr_eq(other, worker)));
    worker.end();
    if let Some(events) = EVENTS.get() {
        events.gone(worker);
    }
}

/// Ends a worker that `is_idle` for a while; the first one is kept.
pub fn dismiss_later(worker: &Rc<Worker>, is_idle: fn(&Rc<Worker>) -> bool) {
    let is_spare = move |worker: &Rc<Worker>| !is_first(worker) && is_idle(worker);
    if is_spare(worker) {
        let worker = worker.clone();
        spawn(async move {
            timer::sleep(IDLE).await;
            if is_spare(&worker) {
                end(&worker);
            }
        });
    }
}

fn is_first(worker: &Rc<Worker>) -> bool {
    WORKERS.with_borrow(|workers| workers.first().is_none_or(|first| Rc::ptr_eq(first, worker)))
}

/// Raises `signal` in `ms`, if there is a worker to do it.
fn ring_in(ms: Millis, signal: &Rc<Signal>) {
    let first = WORKERS.with_borrow(|workers| workers.first().cloned());
    if let Some(worker) = first {
        alarm::set(&worker, ms, signal);
    }
}
