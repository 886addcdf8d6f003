//! Sleeping, in hidden pages too: browsers hold their timers back, so that an alarm from elsewhere rings as well.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::signal::Signal;
use super::{page, sys};
use crate::core::clock::Millis;

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

/// Lets the browser do what waits: input, painting, other tasks.
pub async fn breathe() {
    sleep(0).await;
}
