//! One worker, as its page sees it.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use crate::core::thrown::Thrown;
use crate::web::listener::Listener;
use crate::web::sys::Port;
use crate::web::task::spawn;

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
