//! The page's side of a worker that writes a file: what was asked of it, and what came of that.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::prelude::*;

use super::messages::{DONE, FAILED};
use crate::core::flat_map::FlatMap;
use crate::core::thrown::Thrown;
use crate::web::listener::Listener;
use crate::web::object::{get, get_string};
use crate::web::sys::Port;
use crate::web::task::{Boxed, Signal};
use crate::web::workers::{Message, message};

/// A worker that does what it is asked, in order. It ends when this is dropped.
pub struct Link {
    port: Port,
    open: RefCell<FlatMap<u64, Rc<Reply>>>,
    last: Cell<u64>,
    /// Why nothing more comes of it.
    dead: RefCell<Option<Thrown>>,
    _listeners: RefCell<Vec<Listener>>,
}

#[derive(Default)]
struct Reply {
    outcome: RefCell<Option<Result<JsValue, Thrown>>>,
    came: Signal,
}

impl Reply {
    fn give(&self, outcome: Result<JsValue, Thrown>) {
        self.outcome.replace(Some(outcome));
        self.came.raise();
    }
}

impl Link {
    /// Listens to a worker that is ready.
    pub fn new(worker: &JsValue) -> Rc<Link> {
        let link = Rc::new(Link {
            port: worker.clone().unchecked_into(),
            open: RefCell::default(),
            last: Cell::new(0),
            dead: RefCell::new(None),
            _listeners: RefCell::default(),
        });
        let on = |kind, react: fn(&Link, &JsValue)| {
            let link = Rc::downgrade(&link);
            Listener::new(worker, kind, move |event| {
                if let Some(link) = link.upgrade() {
                    react(&link, &event);
                }
            })
        };
        let died = |link: &Link, event: &JsValue| {
            let why = get_string(event, "message").unwrap_or_default();
            link.end(&format!("the worker that writes the file died: {why}").into());
        };
        *link._listeners.borrow_mut() =
            vec![on("message", Link::said), on("error", died), on("messageerror", died)];
        link
    }

    /// Asks for something at once; what comes of it is the answer.
    pub fn ask(
        &self,
        kind: &str,
        fields: &[(&str, JsValue)],
        transfer: &Array,
    ) -> Boxed<Result<JsValue, Thrown>> {
        let id = self.last.get() + 1;
        self.last.set(id);
        let reply = Rc::new(Reply::default());
        if let Some(why) = &*self.dead.borrow() {
            reply.give(Err(why.clone()));
        } else {
            self.open.borrow_mut().insert(id, reply.clone());
            if let Err(why) = self.port.hand_over(&message(kind, id, fields), transfer) {
                self.answered(id, Err(why.into()));
            }
        }
        Box::pin(async move {
            reply.came.wait().await;
            reply.outcome.take().unwrap_or_else(|| Err("there is no answer".into()))
        })
    }

    fn said(&self, event: &JsValue) {
        let Some(Message { kind, id, fields }) = Message::of(event) else { return };
        match kind.as_str() {
            DONE => self.answered(id, Ok(get(&fields, "value").unwrap_or_default())),
            FAILED => {
                let text = |name| get_string(&fields, name).unwrap_or_default();
                self.answered(id, Err(Thrown::new(&text("name"), &text("why"))));
            }
            _ => {}
        }
    }

    fn answered(&self, id: u64, outcome: Result<JsValue, Thrown>) {
        let reply = self.open.borrow_mut().remove(&id);
        if let Some(reply) = reply {
            reply.give(outcome);
        }
    }

    fn end(&self, why: &Thrown) {
        self.dead.replace(Some(why.clone()));
        for (_, reply) in self.open.take() {
            reply.give(Err(why.clone()));
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.end(&"the file was closed".into());
        self.port.terminate();
    }
}
