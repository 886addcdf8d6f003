//! Which workers there are: started when they are asked for, ended when they die or have nothing to do.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::JsValue;

use super::worker::{Message, Worker, ring_alarm, ring_later};
use crate::core::clock::Millis;
use crate::core::thrown::Thrown;
use crate::web::task::{Signal, ask, spawn};
use crate::web::{page, time};

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

struct Workers {
    events: Cell<Option<&'static dyn Events>>,
    source: RefCell<Option<Function>>,
    /// The oldest first.
    ready: RefCell<Vec<Rc<Worker>>>,
    /// How many were asked for and have not come.
    starting: Cell<u32>,
    /// Why the last one did not come.
    refusal: RefCell<Option<Thrown>>,
}

thread_local! {
    static WORKERS: Workers = const {
        Workers {
            events: Cell::new(None),
            source: RefCell::new(None),
            ready: RefCell::new(Vec::new()),
            starting: Cell::new(0),
            refusal: RefCell::new(None),
        }
    };
}

/// Says where workers come from, and who uses them: `source` returns a promise of a worker that is ready, which fails
/// where none can be had.
pub fn set_source(source: Function, events: &'static dyn Events) {
    WORKERS.with(|workers| {
        workers.source.replace(Some(source));
        workers.events.set(Some(events));
    });
    time::set_alarm(ring_in);
}

/// Returns the workers that are ready, the oldest first.
pub fn all() -> Vec<Rc<Worker>> {
    WORKERS.with(|workers| workers.ready.borrow().clone())
}

/// Tells whether there is no worker and none will come.
pub fn are_none() -> bool {
    WORKERS.with(|workers| workers.starting.get() == 0 && workers.ready.borrow().is_empty())
}

/// Says why none comes.
pub fn why_none() -> Thrown {
    let refusal = WORKERS.with(|workers| workers.refusal.borrow().clone());
    refusal.unwrap_or_else(|| "the page has no workers".into())
}

/// Asks for another worker, unless there are as many as the processor runs beside the page.
pub fn ask_for_one() {
    WORKERS.with(|workers| {
        let starting = workers.starting.get();
        let count = workers.ready.borrow().len() as u32 + starting;
        let source = workers.source.borrow().clone();
        if let Some(source) = source
            && count < page::processors().saturating_sub(1).clamp(1, MOST)
        {
            workers.starting.set(starting + 1);
            spawn(start(source));
        }
    });
}

/// Starts a worker that is the caller's alone, who ends it; fails where none can be had.
pub async fn start_own() -> Result<JsValue, Thrown> {
    let source = WORKERS.with(|workers| workers.source.borrow().clone());
    match source {
        Some(source) => ask(&source).await,
        None => Err(why_none()),
    }
}

async fn start(source: Function) {
    let worker = ask(&source).await;
    WORKERS.with(|workers| {
        workers.starting.set(workers.starting.get() - 1);
        match worker {
            Ok(worker) => {
                let worker = Worker::new(&worker, said, |worker, _| end(worker));
                workers.ready.borrow_mut().push(worker);
            }
            Err(why) => {
                // None will come of another try either.
                workers.source.take();
                workers.refusal.replace(Some(why));
            }
        }
    });
    if let Some(events) = events() {
        events.changed();
    }
}

fn events() -> Option<&'static dyn Events> {
    WORKERS.with(|workers| workers.events.get())
}

fn said(worker: &Rc<Worker>, event: &JsValue) {
    if let Some(message) = Message::of(event)
        && !ring_alarm(&message)
        && let Some(events) = events()
    {
        events.said(worker, &message);
    }
}

fn end(worker: &Rc<Worker>) {
    WORKERS.with(|workers| workers.ready.borrow_mut().retain(|other| !Rc::ptr_eq(other, worker)));
    worker.end();
    if let Some(events) = events() {
        events.gone(worker);
    }
}

/// Ends a worker that `is_idle` for a while; the first one is kept.
pub fn dismiss_later(worker: &Rc<Worker>, is_idle: fn(&Rc<Worker>) -> bool) {
    let is_spare = move |worker: &Rc<Worker>| is_idle(worker) && !is_first(worker);
    if is_spare(worker) {
        let worker = worker.clone();
        spawn(async move {
            time::sleep(IDLE).await;
            if is_spare(&worker) {
                end(&worker);
            }
        });
    }
}

fn first() -> Option<Rc<Worker>> {
    WORKERS.with(|workers| workers.ready.borrow().first().cloned())
}

fn is_first(worker: &Rc<Worker>) -> bool {
    first().is_none_or(|first| Rc::ptr_eq(&first, worker))
}

/// Raises `signal` in `ms`, if there is a worker to do it.
fn ring_in(ms: Millis, signal: &Rc<Signal>) {
    if let Some(worker) = first() {
        ring_later(&worker, ms, signal);
    }
}
