//! Lets other tasks run in between, without the 4 ms that browsers add to repeated timers.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::MessageChannel;

use super::listener::Listener;
use super::signal::Signal;
use super::sys::Port;
use super::task::first;
use super::timer;
use crate::core::clock::Millis;

/// After so many ms no message comes of a channel that has not brought one before.
const LATE: Millis = 100;

thread_local! {
    static CHANNEL: RefCell<Option<Channel>> = const { RefCell::new(None) };
    static WAITING: RefCell<VecDeque<Rc<Signal>>> = const { RefCell::new(VecDeque::new()) };
    /// A message has come: the page's `MessageChannel` is one.
    static PROVEN: Cell<bool> = const { Cell::new(false) };
}

/// A channel to oneself: a message is a task of its own, behind those that wait already.
struct Channel {
    port: Port,
    _listener: Listener,
}

/// Goes on when the tasks have run that wait for the event loop already.
pub async fn yield_now() {
    let port = CHANNEL.with_borrow_mut(|channel| {
        if channel.is_none() {
            *channel = open();
        }
        channel.as_ref().map(|channel| channel.port.clone())
    });
    let signal = Rc::new(Signal::default());
    WAITING.with_borrow_mut(|waiting| waiting.push_back(signal.clone()));
    if port.is_some_and(|port| port.post_message(&JsValue::NULL).is_ok()) {
        if PROVEN.get() {
            return signal.wait().await;
        }
        if first(signal.wait(), timer::sleep(LATE)).await {
            return;
        }
    }
    WAITING.with_borrow_mut(|waiting| waiting.retain(|other| !Rc::ptr_eq(other, &signal)));
    timer::breathe().await;
}

fn open() -> Option<Channel> {
    let channel = MessageChannel::new().ok()?;
    let listener = Listener::new(&channel.port2(), "message", |_| {
        PROVEN.set(true);
        let next = WAITING.with_borrow_mut(VecDeque::pop_front);
        if let Some(next) = next {
            next.raise();
        }
    });
    channel.port2().start();
    Some(Channel { port: channel.port1().unchecked_into(), _listener: listener })
}
