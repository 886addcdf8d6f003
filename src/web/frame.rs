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

#[derive(Default)]
struct Inner {
    asked: Cell<Option<Asked>>,
    callback: RefCell<Option<Closure<dyn FnMut()>>>,
}

/// What the browser has been asked for: whichever comes first takes the other back.
#[derive(Clone, Copy)]
struct Asked {
    timer: f64,
    frame: Option<f64>,
}

impl Frame {
    /// Has `call` called once at the next frame after each [`Frame::ask`].
    pub fn new(call: impl Fn() + 'static) -> Frame {
        let inner = Rc::<Inner>::default();
        let weak = Rc::downgrade(&inner);
        let callback = Closure::<dyn FnMut()>::new(move || {
            let Some(inner) = weak.upgrade() else { return };
            inner.take_back();
            call();
        });
        *inner.callback.borrow_mut() = Some(callback);
        Frame { inner }
    }

    /// Asks for a call.
    pub fn ask(&self) {
        if self.inner.asked.get().is_some() {
            return;
        }
        let callback = self.inner.callback.borrow();
        let Some(callback) = callback.as_ref() else { return };
        let function = callback.as_ref().unchecked_ref();
        // The page may be hidden before its next frame, which then comes when it is shown again.
        let timer = sys::set_timeout(function, WITHOUT_FRAMES);
        let frame = sys::is_visible().then(|| sys::request_animation_frame(function).ok()).flatten();
        self.inner.asked.set(Some(Asked { timer, frame }));
    }
}

impl Inner {
    fn take_back(&self) {
        let Some(Asked { timer, frame }) = self.asked.take() else { return };
        sys::clear_timeout(timer);
        if let Some(frame) = frame {
            sys::cancel_animation_frame(frame);
        }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        self.inner.take_back();
    }
}
