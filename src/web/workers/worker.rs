//! One worker and its page: what they tell each other. Messages are plain objects `{ t, id, … }`, where `t` says what
//! it is and `id` what it is about.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::core::clock::Millis;
use crate::core::flat_map::FlatMap;
use crate::core::thrown::Thrown;
use crate::web::listener::Listener;
use crate::web::object::{get, get_string, get_u64, number, object, set};
use crate::web::sys::Port;
use crate::web::task::{Signal, spawn};
use crate::web::{page, time};

// ---- messages

/// A message that has come.
#[derive(Debug)]
pub struct Message {
    /// What it is.
    pub kind: String,
    /// What it is about.
    pub id: u64,
    /// All of it.
    pub fields: JsValue,
}

impl Message {
    /// Reads the message that an event brought; nothing if it is none of the engine's.
    pub fn of(event: &JsValue) -> Option<Message> {
        let fields = get(event, "data")?;
        Some(Message { kind: get_string(&fields, "t")?, id: get_u64(&fields, "id")?, fields })
    }
}

/// Makes a message.
pub fn message(kind: &str, id: u64, fields: &[(&str, JsValue)]) -> JsValue {
    let message = object(&[("t", kind.into()), ("id", number(id))]);
    for (name, value) in fields {
        set(&message, name, value);
    }
    message
}

/// Sends the page of this worker a message.
pub fn tell_page(kind: &str, id: u64, fields: &[(&str, JsValue)]) {
    // It fails only for what cannot be cloned, and workers send strings, numbers and bytes.
    let _ = page::port().post_message(&message(kind, id, fields));
}

/// Sends the page of this worker a message, with what is handed over.
pub fn hand_page(kind: &str, id: u64, fields: &[(&str, JsValue)], transfer: &Array) {
    let _ = page::port().hand_over(&message(kind, id, fields), transfer);
}

// ---- the page's side

/// What is done about an event of a worker's.
pub type Reaction = fn(&Rc<Worker>, &JsValue);

/// A worker that is ready.
pub struct Worker {
    port: Port,
    listeners: RefCell<Vec<Listener>>,
}

impl Worker {
    /// Listens to a worker, whatever realm it came from.
    pub fn new(worker: &JsValue, said: Reaction, died: Reaction) -> Rc<Worker> {
        let port = worker.clone().unchecked_into();
        let this = Rc::new(Worker { port, listeners: RefCell::default() });
        let on = |kind, react: Reaction| {
            let this = Rc::downgrade(&this);
            Listener::new(worker, kind, move |event| {
                if let Some(this) = this.upgrade() {
                    react(&this, &event);
                }
            })
        };
        *this.listeners.borrow_mut() = vec![on("message", said), on("error", died), on("messageerror", died)];
        this
    }

    /// Sends it a message; fails for what cannot be cloned.
    pub fn send(&self, message: &JsValue) -> Result<(), Thrown> {
        Ok(self.port.post_message(message)?)
    }

    /// Ends it, and listens to it no more.
    pub fn end(&self) {
        self.port.terminate();
        // This may run inside one of the listeners; they are dropped when it has returned.
        let listeners = self.listeners.take();
        spawn(async move { drop(listeners) });
    }
}

// ---- alarms: a worker's timer rings for a page whose own timers the browser holds back

/// What the page sends for an alarm, `{ t, id, ms }`, and what it gets so many ms later, `{ t, id }`.
const SLEEP: &str = "sleep";
const SLEPT: &str = "slept";

thread_local! {
    static ALARMS: RefCell<FlatMap<u64, Weak<Signal>>> = const { RefCell::new(FlatMap::new()) };
    static LAST_ALARM: Cell<u64> = const { Cell::new(0) };
}

/// Has `worker` raise `signal` in `ms`, unless that is dropped before.
pub fn ring_later(worker: &Worker, ms: Millis, signal: &Rc<Signal>) {
    let id = LAST_ALARM.get() + 1;
    LAST_ALARM.set(id);
    ALARMS.with_borrow_mut(|alarms| {
        alarms.retain(|alarm| alarm.strong_count() > 0);
        alarms.insert(id, Rc::downgrade(signal));
    });
    // Where it cannot be sent, there is still the page's own timer.
    let _ = worker.send(&message(SLEEP, id, &[("ms", number(ms))]));
}

/// Takes a message of a worker's; tells whether it was an alarm.
pub fn ring_alarm(message: &Message) -> bool {
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
fn serve_alarm(message: &Message) -> bool {
    if message.kind != SLEEP {
        return false;
    }
    let (id, ms) = (message.id, get_u64(&message.fields, "ms").unwrap_or(0));
    spawn(async move {
        time::sleep(ms).await;
        tell_page(SLEPT, id, &[]);
    });
    true
}

// ---- the worker's side

/// Gives `handle` each message of the page's, but those about alarms, for as long as the worker lives.
pub fn serve(handle: impl Fn(&Message) + 'static) {
    hear(move |message| {
        if !serve_alarm(message) {
            handle(message);
        }
    });
}

/// Gives `handle` each message of the page's for as long as the worker lives.
pub fn hear(handle: impl Fn(&Message) + 'static) {
    let listener = Listener::new(&js_sys::global(), "message", move |event| {
        if let Some(message) = Message::of(&event) {
            handle(&message);
        }
    });
    // It serves until the worker ends.
    std::mem::forget(listener);
}
