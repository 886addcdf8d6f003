//! The worker's side: hashes files and ticks, as the page's messages ask.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::hashing::{self, Control, Place, Unreadable, Watcher};
use super::listener::Listener;
use super::object::{get, get_as, get_string, get_u64, number, object, set};
use super::task::spawn;
use super::{sys, timer};
use crate::core::flat_map::FlatMap;
use crate::core::md5::{Digests, Snapshot, WHOLE};

type Jobs = Rc<RefCell<FlatMap<u64, Rc<Control>>>>;

/// How often the page is told how far it is, in ms: as often as the page's code is.
const TELL_EVERY: f64 = 50.0;
/// How many small files are read at once.
const AT_ONCE: usize = 16;

/// Serves the page for as long as the worker lives.
///
/// The page sends `{ t: "hash", id, blob, chunk, state }` (without `chunk` for the whole's digest alone; `state` where an
/// earlier hashing was), `{ t: "batch", id, blobs, chunks }` for many small files, `{ t: "hold", id, held }`,
/// `{ t: "stop", id }` and `{ t: "sleep", id, ms }`. It gets `{ t: "hashing", id, at }` 20 times a second, `{ t: "repeats", id }`
/// once two chunks were the same, `{ t: "saved", id, state }` now and then, and then `{ t: "hashed", id, digests }`, `{ t: "unreadable", id, at, why }`, `{ t: "batched",
/// id, results }` or `{ t: "slept", id }`. States and digests are bytes, as `core::md5` writes them; a result is such
/// bytes, or `{ at, why }`.
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
            let earlier = get_as::<Uint8Array>(message, "state");
            let earlier = earlier.and_then(|state| Snapshot::from_bytes(&state.to_vec()));
            let control = Rc::new(Control::default());
            jobs.borrow_mut().insert(id, control.clone());
            let jobs = jobs.clone();
            spawn(async move {
                let page = Page { id, told: Cell::new(sys::performance_now()) };
                let result = hashing::hash(&blob, chunk, earlier, Place::Worker, &control, &page).await;
                jobs.borrow_mut().remove(&id);
                match result {
                    Some(Ok(digests)) => post("hashed", id, &[("digests", bytes(&digests))]),
                    Some(Err(Unreadable { at, why })) => {
                        post("unreadable", id, &[("at", number(at)), ("why", why.into())]);
                    }
                    None => {}
                }
            });
        }
        "batch" => {
            let (Some(blobs), Some(chunks)) = (get_as(message, "blobs"), get_as(message, "chunks")) else {
                return;
            };
            spawn(batch(id, blobs, chunks));
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

/// Hashes many small files, several at a time, and answers once.
async fn batch(id: u64, blobs: Array, chunks: Array) {
    let results = Array::new_with_length(blobs.length());
    let next = Rc::new(Cell::new(0));
    let open = Rc::new(Cell::new(AT_ONCE.min(blobs.length() as usize)));
    for _ in 0..open.get() {
        let (blobs, chunks, results) = (blobs.clone(), chunks.clone(), results.clone());
        let (next, open) = (next.clone(), open.clone());
        spawn(async move {
            loop {
                let index = next.replace(next.get() + 1);
                let Ok(blob) = blobs.get(index).dyn_into::<Blob>() else { break };
                let chunk = chunks.get(index).as_f64().map_or(WHOLE, |chunk| chunk as u64);
                let result =
                    hashing::hash(&blob, chunk, None, Place::Worker, &Control::default(), &Nobody).await;
                results.set(
                    index,
                    match result {
                        Some(Ok(digests)) => bytes(&digests),
                        Some(Err(Unreadable { at, why })) => {
                            object(&[("at", number(at)), ("why", why.into())])
                        }
                        None => JsValue::NULL,
                    },
                );
            }
            open.set(open.get() - 1);
            if open.get() == 0 {
                post("batched", id, &[("results", results.into())]);
            }
        });
    }
}

/// The page, as a hashing sees it.
struct Page {
    id: u64,
    told: Cell<f64>,
}

impl Watcher for Page {
    fn hashed(&self, at: u64) {
        let now = sys::performance_now();
        if now - self.told.get() >= TELL_EVERY {
            self.told.set(now);
            post("hashing", self.id, &[("at", number(at))]);
        }
    }

    fn repeats(&self) {
        post("repeats", self.id, &[]);
    }

    fn saved(&self, snapshot: Snapshot) {
        let state = Uint8Array::from(snapshot.to_bytes().as_slice());
        post("saved", self.id, &[("state", state.into())]);
    }
}

/// Who need not be told.
pub struct Nobody;

impl Watcher for Nobody {
    fn hashed(&self, _at: u64) {}
    fn saved(&self, _snapshot: Snapshot) {}
}

fn bytes(digests: &Digests) -> JsValue {
    Uint8Array::from(digests.to_bytes().as_slice()).into()
}

fn post(t: &str, id: u64, rest: &[(&str, JsValue)]) {
    let message = object(&[("t", t.into()), ("id", number(id))]);
    for (name, value) in rest {
        set(&message, name, value);
    }
    // It fails only for what cannot be cloned, and these are strings, numbers and bytes.
    let _ = sys::page().post_message(&message);
}
