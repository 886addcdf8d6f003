//! The worker's side: hashes files as the page's messages ask.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::messages::{self, digests, read_state, state, unreadable};
use super::run::{RunControl, Thread, Unwatched, Watcher, run};
use crate::core::flat_map::FlatMap;
use crate::core::md5::{Snapshot, WHOLE};
use crate::web::object::{get, get_as, get_u64, number, object};
use crate::web::sys;
use crate::web::task::spawn;
use crate::web::workers::{self, Message, tell_page};

type Controls = Rc<RefCell<FlatMap<u64, Rc<RunControl>>>>;

/// How often the page is told how far it is, in ms: as often as the page's code is.
const TELL_EVERY: f64 = 50.0;
/// How many small files are read at once.
const AT_ONCE: usize = 16;

/// Serves the page for as long as the worker lives; see `messages`.
pub fn serve() {
    let controls = Controls::default();
    workers::serve(move |message| handle(&controls, message));
}

fn handle(controls: &Controls, Message { kind, id, fields }: &Message) {
    match kind.as_str() {
        messages::HASH => {
            let Some(blob) = get_as(fields, "blob") else { return };
            let chunk = get_u64(fields, "chunk").unwrap_or(WHOLE);
            let (id, earlier, controls) = (*id, read_state(fields), controls.clone());
            let control = Rc::new(RunControl::default());
            controls.borrow_mut().insert(id, control.clone());
            spawn(async move {
                hash(id, blob, chunk, earlier, &control).await;
                controls.borrow_mut().remove(&id);
            });
        }
        messages::BATCH => {
            if let (Some(blobs), Some(chunks)) = (get_as(fields, "blobs"), get_as(fields, "chunks")) {
                batch(*id, &blobs, &chunks);
            }
        }
        messages::HOLD => {
            let held = get(fields, "held").is_some_and(|held| held.is_truthy());
            let control = controls.borrow().get(id).cloned();
            if let Some(control) = control {
                control.hold(held);
            }
        }
        messages::STOP => {
            let control = controls.borrow_mut().remove(id);
            if let Some(control) = control {
                control.stop();
            }
        }
        _ => {}
    }
}

async fn hash(id: u64, blob: Blob, chunk: u64, earlier: Option<Snapshot>, control: &RunControl) {
    let page = Page { id, told: Cell::new(sys::performance_now()) };
    match run(&blob, chunk, earlier, Thread::Worker, control, &page).await {
        Some(Ok(found)) => tell_page(messages::HASHED, id, &[("digests", digests(&found))]),
        Some(Err(error)) => tell_page(messages::UNREADABLE, id, &unreadable(&error)),
        None => {}
    }
}

/// Hashes many small files, several at a time, and answers once.
fn batch(id: u64, blobs: &Array, chunks: &Array) {
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
                let control = RunControl::default();
                let result = run(&blob, chunk, None, Thread::Worker, &control, &Unwatched).await;
                results.set(
                    index,
                    match result {
                        Some(Ok(found)) => digests(&found),
                        Some(Err(error)) => object(&unreadable(&error)),
                        None => JsValue::NULL,
                    },
                );
            }
            open.set(open.get() - 1);
            if open.get() == 0 {
                tell_page(messages::BATCHED, id, &[("results", results.into())]);
            }
        });
    }
}

/// The page, as a hashing sees it.
struct Page {
    id: u64,
    /// When it was told last how far the hashing is.
    told: Cell<f64>,
}

impl Watcher for Page {
    fn hashed(&self, at: u64) {
        let now = sys::performance_now();
        if now - self.told.get() >= TELL_EVERY {
            self.told.set(now);
            tell_page(messages::HASHING, self.id, &[("at", number(at))]);
        }
    }

    fn repeats(&self) {
        tell_page(messages::REPEATS, self.id, &[]);
    }

    fn saved(&self, snapshot: Snapshot) {
        tell_page(messages::SAVED, self.id, &[("state", state(&snapshot))]);
    }
}
