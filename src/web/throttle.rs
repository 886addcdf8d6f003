//! At most 20 calls a second, for what is only there to be looked at.
//!
//! A call each frame would have the page drawn 60 times a second for as long as a transfer lasts. That is a task each
//! time, of some 4 ms of work where the processor is free, and of over 50 ms where hashing and sending fill it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::sys;

/// How long what is asked for waits for more, in ms.
const EVERY: f64 = 50.0;

/// Joins many requests into one call.
pub struct Throttle {
    inner: Rc<Inner>,
}

#[derive(Default)]
struct Inner {
    timer: Cell<Option<f64>>,
    callback: RefCell<Option<Closure<dyn FnMut()>>>,
}

impl Throttle {
    /// Has `call` called once, [`EVERY`] after the first [`Throttle::ask`] since the last call.
    pub fn new(call: impl Fn() + 'static) -> Throttle {
        let inner = Rc::<Inner>::default();
        let weak = Rc::downgrade(&inner);
        let callback = Closure::<dyn FnMut()>::new(move || {
            let Some(inner) = weak.upgrade() else { return };
            inner.timer.take();
            call();
        });
        *inner.callback.borrow_mut() = Some(callback);
        Throttle { inner }
    }

    /// Asks for a call.
    pub fn ask(&self) {
        if self.inner.timer.get().is_some() {
            return;
        }
        let callback = self.inner.callback.borrow();
        let Some(callback) = callback.as_ref() else { return };
        self.inner.timer.set(Some(sys::set_timeout(callback.as_ref().unchecked_ref(), EVERY)));
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            sys::clear_timeout(timer);
        }
    }
}
