//! Sleeping. A worker ticks too where there is one, since browsers hold back the timers of hidden pages.

use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::signal::Signal;
use super::{pool, sys};
use crate::core::clock::Millis;

/// The longest time a browser's timer takes, in ms (a signed 32-bit number).
const LONGEST: f64 = 2_147_483_647.0;
/// Shorter sleeps are not worth a message to the worker, in ms.
const WORTH_A_MESSAGE: Millis = 250;

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
    let alarm = Rc::new(Signal::default());
    let callback = Closure::new({
        let alarm = alarm.clone();
        move || alarm.raise()
    });
    let id = sys::set_timeout(callback.as_ref().unchecked_ref(), (ms as f64).min(LONGEST));
    let _timer = Timer { id, _callback: callback };
    if ms >= WORTH_A_MESSAGE && !sys::is_visible() {
        pool::wake_in(ms, &alarm);
    }
    alarm.wait().await;
}

/// Lets the browser do what waits: input, painting, other tasks.
pub async fn breathe() {
    sleep(0).await;
}
