//! At most 20 calls a second, for what is only there to be looked at.
//!
//! A call each frame would have the page drawn 60 times a second for as long as a transfer lasts. That is a task each
//! time, of some 4 ms of work where the processor is free, and of over 50 ms where hashing and sending fill it.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::sys;

/// How long what is asked for waits for more, in ms.
const EVERY: f64 = 50.0;

/// Joins many requests into one call.
pub struct Throttle {
    timer: Rc<Cell<Option<JsValue>>>,
    callback: Closure<dyn FnMut()>,
}

impl Throttle {
    /// Has `call` called once, [`EVERY`] after the first [`Throttle::ask`] since the last call.
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
