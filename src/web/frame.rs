//! At most one call a frame, for what is only there to be looked at.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::sys;

/// How often a page without frames (hidden, or a worker) is told, in ms.
const WITHOUT_FRAMES: f64 = 250.0;

/// Joins many requests into one call at the next frame.
pub struct Frame {
    inner: Rc<Inner>,
}

struct Inner {
    asked: Cell<bool>,
    closed: Cell<bool>,
    callback: RefCell<Option<Closure<dyn FnMut()>>>,
}

impl Frame {
    /// Has `call` called once at the next frame after each [`Frame::ask`].
    pub fn new(call: impl Fn() + 'static) -> Frame {
        let inner = Rc::new(Inner {
            asked: Cell::new(false),
            closed: Cell::new(false),
            callback: RefCell::default(),
        });
        let weak = Rc::downgrade(&inner);
        let callback = Closure::<dyn FnMut()>::new(move || {
            let Some(inner) = weak.upgrade() else { return };
            inner.asked.set(false);
            if !inner.closed.get() {
                call();
            }
        });
        *inner.callback.borrow_mut() = Some(callback);
        Frame { inner }
    }

    /// Asks for a call.
    pub fn ask(&self) {
        if self.inner.asked.replace(true) {
            return;
        }
        let callback = self.inner.callback.borrow();
        let Some(callback) = callback.as_ref() else { return };
        let function = callback.as_ref().unchecked_ref();
        if !sys::is_visible() || sys::request_animation_frame(function).is_err() {
            sys::set_timeout(function, WITHOUT_FRAMES);
        }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        self.inner.closed.set(true);
        if self.inner.asked.get() {
            // The browser still holds the function: it must outlive that one call.
            let inner = self.inner.clone();
            sys::set_timeout(
                &Closure::once_into_js(move || drop(inner)).unchecked_into(),
                2.0 * WITHOUT_FRAMES,
            );
        }
    }
}
