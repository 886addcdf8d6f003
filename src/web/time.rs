//! Time: the two clocks, sleeping, and when other tasks or the page have their turn.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::MessageChannel;

use super::listener::Listener;
use super::object::to_u64;
use super::sys::Port;
use super::task::{Signal, first};
use super::{page, sys};
use crate::core::clock::{Instant, Millis};
use crate::core::thrown::Thrown;

// ---- the two clocks: the monotonic one for the machines, the wall clock for what is remembered

/// Returns the monotonic time.
pub fn now() -> Instant {
    Instant(sys::performance_now() as u64)
}

/// Returns the wall clock in ms since 1970.
pub fn unix_now() -> Millis {
    js_sys::Date::now() as u64
}

/// Reads a date as the browser does, in ms since 1970; nothing for what is no date or lies before that.
pub fn parse_date(text: &str) -> Option<Millis> {
    to_u64(js_sys::Date::parse(text))
}

// ---- sleeping, in hidden pages too: browsers hold their timers back, so that an alarm from elsewhere rings as well

/// The longest time a browser's timer takes, in ms (a signed 32-bit number).
const LONGEST: f64 = 2_147_483_647.0;
/// Shorter sleeps are not worth an alarm, in ms.
const WORTH_AN_ALARM: Millis = 250;

/// Raises a signal in so many ms, from where timers are not held back, if there is such a place.
pub type Alarm = fn(Millis, &Rc<Signal>);

thread_local! {
    static ALARM: Cell<Option<Alarm>> = const { Cell::new(None) };
}

/// Says what rings besides the browser's own timers while the page is hidden.
pub fn set_alarm(alarm: Alarm) {
    ALARM.set(Some(alarm));
}

/// A timer that is taken back when it is dropped.
struct Timer {
    id: JsValue,
    _callback: Closure<dyn FnMut()>,
}

impl Drop for Timer {
    fn drop(&mut self) {
        sys::clear_timeout(&self.id);
    }
}

/// Sleeps for `ms`; dropping it takes the timer back.
pub async fn sleep(ms: Millis) {
    let woken = Rc::new(Signal::default());
    let callback = Closure::new({
        let woken = woken.clone();
        move || woken.raise()
    });
    let id = sys::set_timeout(callback.as_ref().unchecked_ref(), (ms as f64).min(LONGEST));
    let _timer = Timer { id, _callback: callback };
    if let Some(alarm) = ALARM.get()
        && ms >= WORTH_AN_ALARM
        && !page::is_visible()
    {
        alarm(ms, &woken);
    }
    woken.wait().await;
}

/// Waits for an outcome, but no longer than `ms`.
pub async fn within<T>(ms: Millis, outcome: impl Future<Output = Result<T, Thrown>>) -> Result<T, Thrown> {
    let mut had = None;
    first(async { had = Some(outcome.await) }, sleep(ms)).await;
    had.unwrap_or_else(|| Err(format!("there was no answer in {ms} ms").into()))
}

/// Lets the browser do what waits: input, painting, other tasks.
pub async fn breathe() {
    sleep(0).await;
}

// ---- letting other tasks run in between, without the 4 ms that browsers add to repeated timers

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
            *channel = open_channel();
        }
        channel.as_ref().map(|channel| channel.port.clone())
    });
    let signal = Rc::new(Signal::default());
    WAITING.with_borrow_mut(|waiting| waiting.push_back(signal.clone()));
    if port.is_some_and(|port| port.post_message(&JsValue::NULL).is_ok()) {
        if PROVEN.get() {
            return signal.wait().await;
        }
        if first(signal.wait(), sleep(LATE)).await {
            return;
        }
    }
    WAITING.with_borrow_mut(|waiting| waiting.retain(|other| !Rc::ptr_eq(other, &signal)));
    breathe().await;
}

fn open_channel() -> Option<Channel> {
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

// ---- at most 20 calls a second, for what is only there to be looked at

/// How long what is asked for waits for more, in ms.
const EVERY: f64 = 50.0;

/// Joins many requests into one call.
///
/// A call each frame would have the page drawn 60 times a second for as long as a transfer lasts. That is a task each
/// time, of some 4 ms of work where the processor is free, and of over 50 ms where hashing and sending fill it.
pub struct Throttle {
    timer: Rc<Cell<Option<JsValue>>>,
    callback: Closure<dyn FnMut()>,
}

impl Throttle {
    /// Has `call` called once, `EVERY` after the first [`Throttle::ask`] since the last call.
    pub fn new(call: impl Fn() + 'static) -> Throttle {
        let timer = Rc::<Cell<Option<JsValue>>>::default();
        let callback = Closure::new({
            let timer = timer.clone();
            move || {
                timer.take();
                call();
            }
        });
        Throttle { timer, callback }
    }

    /// Asks for a call.
    pub fn ask(&self) {
        let timer = self.timer.take();
        let set = || sys::set_timeout(self.callback.as_ref().unchecked_ref(), EVERY);
        self.timer.set(Some(timer.unwrap_or_else(set)));
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            sys::clear_timeout(&timer);
        }
    }
}
