//! The worker's side: hashes files and ticks, as the page's messages ask.

use std::cell::RefCell;
use std::rc::Rc;

use crate::web::task::spawn;
use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::hashing::{self, Control, Place, Unreadable};
use super::listener::Listener;
use super::object::{get, get_as, get_string, get_u64, number, object, set};
use super::{sys, timer};
use crate::core::flat_map::FlatMap;
use crate::core::md5::WHOLE;

type Jobs = Rc<RefCell<FlatMap<u64, Rc<Control>>>>;

/// Serves the page for as long as the worker lives.
///
/// The page sends `{ t: "hash", id, blob, chunk }` (without `chunk` for the whole's digest alone), `{ t: "hold", id,
/// held }`, `{ t: "stop", id }` and `{ t: "sleep", id, ms }`. It gets `{ t: "hashing", id, at }` now and then, and then
/// `{ t: "hashed", id, file, chunks }`, `{ t: "unreadable", id, at, why }` or `{ t: "slept", id }`.
pub fn serve() {
    let jobs = Jobs::default();
    let listener = Listener::new(&js_sys::global(), "message", move |event| {
        if let Some(message) = get(&event, "data") {
            handle(&jobs, &message);
        }
    });
    // It serves until the worker ends.
    std::mem::forget(listener);
}

fn handle(jobs: &Jobs, message: &JsValue) {
    let (Some(t), Some(id)) = (get_string(message, "t"), get_u64(message, "id")) else { return };
    match t.as_str() {
        "hash" => {
            let Some(blob) = get_as::<Blob>(message, "blob") else { return };
            let chunk = get_u64(message, "chunk").unwrap_or(WHOLE);
            let control = Rc::new(Control::default());
            jobs.borrow_mut().insert(id, control.clone());
            let jobs = jobs.clone();
            spawn(async move {
                let report = |at: u64| post("hashing", id, &[("at", number(at))]);
                let result = hashing::hash(&blob, chunk, Place::Worker, &control, &report).await;
                jobs.borrow_mut().remove(&id);
                match result {
                    Some(Ok(digests)) => {
                        let chunks: Array =
                            digests.chunks.iter().map(|d| JsValue::from(d.to_string())).collect();
                        post(
                            "hashed",
                            id,
                            &[("file", digests.file.to_string().into()), ("chunks", chunks.into())],
                        );
                    }
                    Some(Err(unreadable)) => post_unreadable(id, unreadable),
                    None => {}
                }
            });
        }
        "hold" => {
            let held = get(message, "held").is_some_and(|held| held.is_truthy());
            let control = jobs.borrow().get(&id).cloned();
            if let Some(control) = control {
                control.hold(held);
            }
        }
        "stop" => {
            let control = jobs.borrow_mut().remove(&id);
            if let Some(control) = control {
                control.stop();
            }
        }
        "sleep" => {
            let ms = get_u64(message, "ms").unwrap_or(0);
            spawn(async move {
                timer::sleep(ms).await;
                post("slept", id, &[]);
            });
        }
        _ => {}
    }
}

fn post_unreadable(id: u64, unreadable: Unreadable) {
    post("unreadable", id, &[("at", number(unreadable.at)), ("why", unreadable.why.into())]);
}

fn post(t: &str, id: u64, rest: &[(&str, JsValue)]) {
    let message = object(&[("t", t.into()), ("id", number(id))]);
    for (name, value) in rest {
        set(&message, name, value);
    }
    // It fails only for what cannot be cloned, and these are strings and numbers.
    let _ = sys::global().post_message(&message);
}
