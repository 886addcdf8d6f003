//! Alarms: a worker's timer rings for a page whose own timers the browser holds back.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::message::{Message, message, tell_page};
use super::worker::Worker;
use crate::core::clock::Millis;
use crate::core::flat_map::FlatMap;
use crate::web::object::{get_u64, number};
use crate::web::signal::Signal;
use crate::web::task::spawn;
use crate::web::timer;

/// What the page sends, `{ t, id, ms }`, and what it gets so many ms later, `{ t, id }`.
const SLEEP: &str = "sleep";
const SLEPT: &str = "slept";

thread_local! {
    static ALARMS: RefCell<FlatMap<u64, Weak<Signal>>> = const { RefCell::new(FlatMap::new()) };
    static LAST: Cell<u64> = const { Cell::new(0) };
}

/// Has `worker` raise `signal` in `ms`, unless that is dropped before.
pub fn set(worker: &Worker, ms: Millis, signal: &Rc<Signal>) {
    let id = LAST.get() + 1;
    LAST.set(id);
    ALARMS.with_borrow_mut(|alarms| {
        alarms.retain(|alarm| alarm.strong_count() > 0);
        alarms.insert(id, Rc::downgrade(signal));
    });
    // Where it cannot be sent, there is still the page's own timer.
    let _ = worker.send(&message(SLEEP, id, &[("ms", number(ms))]));
}

/// Takes a message of a worker's; tells whether it was an alarm.
pub fn ring(message: &Message) -> bool {
    if message.kind != SLEPT {
        return false;
    }
    let alarm = ALARMS.with_borrow_mut(|alarms| alarms.remove(&message.id));
    if let Some(signal) = alarm.and_then(|alarm| alarm.upgrade()) {
        signal.raise();
    }
    true
}

/// Takes a message of the page's, in the worker; tells whether it was about an alarm.
pub fn serve(message: &Message) -> bool {
    if message.kind != SLEEP {
        return false;
    }
    let (id, ms) = (message.id, get_u64(&message.fields, "ms").unwrap_or(0));
    spawn(async move {
        timer::sleep(ms).await;
        tell_page(SLEPT, id, &[]);
    });
    true
}
