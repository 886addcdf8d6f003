//! One owner among the tabs: a Web Lock says whose turn it is, a channel tells the others how far that one is.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

use super::listener::Listener;
use super::object::object;
use super::sys::{self, BroadcastChannel, LockManager};
use super::task::{promised, spawn};
use crate::core::text::text;

/// Something that only one at a time does, in this tab or another.
pub struct Shared {
    name: String,
    locks: LockManager,
    channel: BroadcastChannel,
    _listener: Listener,
    mine: Rc<Cell<bool>>,
}

impl Shared {
    /// Finds the others with the same `name`; `heard` gets what whoever has the lock tells, and nothing when somebody
    /// who waits asks for it. Yields nothing where the browser has no locks or no channels.
    pub fn new(name: &str, heard: impl Fn(Option<JsValue>) + 'static) -> Option<Shared> {
        let name = text!("xuchuan ", name);
        let locks = sys::locks()?;
        let channel = BroadcastChannel::new(&name).ok()?;
        let mine = Rc::new(Cell::new(false));
        let listener = Listener::new(&channel, "message", {
            let mine = mine.clone();
            move |event| {
                let told = super::object::get(&event, "data");
                // Who has it is asked; who waits is told.
                if mine.get() == told.is_none() {
                    heard(told);
                }
            }
        });
        Some(Shared { name, locks, channel, _listener: listener, mine })
    }

    /// Tells the others, if it is this one's turn.
    pub fn tell(&self, what: &JsValue) {
        if self.mine.get() {
            self.channel.post_message(what);
        }
    }

    /// Waits for the lock: `granted` is called when it is there, or when there is none to be had. Dropping the wait takes
    /// it back, and gives the lock back.
    pub fn lock(&self, granted: impl FnOnce() + 'static) -> Turn {
        // Whoever has it says where it stands.
        self.channel.post_message(&JsValue::NULL);
        let granted: Granted = Rc::new(RefCell::new(Some(Box::new(granted))));
        let mut release = None;
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        let mine = self.mine.clone();
        let begin = {
            let granted = granted.clone();
            Closure::once_into_js(move || {
                if let Some(granted) = granted.take() {
                    mine.set(true);
                    granted();
                }
                held
            })
        };
        let controller = AbortController::new().ok();
        let signal = controller.as_ref().map_or(JsValue::UNDEFINED, |controller| controller.signal().into());
        let options = object(&[("signal", signal)]);
        let asked = self.locks.request(&self.name, &options, begin.unchecked_ref());
        let ended = promised(asked.unwrap_or_else(|error| Promise::reject(&error)));
        spawn({
            let granted = granted.clone();
            async move {
                // Where locks are refused (a frame without an origin), it goes on as if there were none.
                if ended.await.is_err()
                    && let Some(granted) = granted.take()
                {
                    granted();
                }
            }
        });
        Turn { granted, release, controller, mine: self.mine.clone() }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.channel.close();
    }
}

/// What is still to be called when the lock is there.
type Granted = Rc<RefCell<Option<Box<dyn FnOnce()>>>>;

/// A wait for the lock, and then the lock.
pub struct Turn {
    granted: Granted,
    release: Option<Function>,
    controller: Option<AbortController>,
    mine: Rc<Cell<bool>>,
}

impl Turn {
    /// Tells whether it has not come yet.
    pub fn waits(&self) -> bool {
        self.granted.borrow().is_some()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.granted.take();
        self.mine.set(false);
        if let Some(controller) = &self.controller {
            controller.abort();
        }
        if let Some(release) = &self.release {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}
