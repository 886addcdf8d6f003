//! `digest`: what the handshake of a file would send.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::error;
use super::options::Options;
use super::settled;
use crate::core::clock::Instant;
use crate::core::error::{Error, Kind};
use crate::core::md5::Snapshot;
use crate::core::plan;
use crate::core::progress::{Progress, State};
use crate::web::convert::write_list;
use crate::web::hash::{self, HashControl, Watcher};
use crate::web::listener::Listener;
use crate::web::object::{get, number, object};
use crate::web::task::promise;
use crate::web::time::Throttle;

/// Hashes `source`, off the page's thread where a worker can be had. Resolves with
/// `{ fileId, chunkIds, chunkSize, size }`; rejects with an error's shape.
#[wasm_bindgen(skip_typescript)]
pub fn digest(source: Blob, options: JsValue) -> Promise {
    promise(async move {
        let size = source.size() as u64;
        let on_progress: Option<Function> = get(&options, "onProgress").and_then(|f| f.dyn_into().ok());
        let signal = get(&options, "signal");
        let options = Options(options);
        let chunk = options.bytes("chunkSize").unwrap_or_else(|| plan::chunk_size(size));
        let control = Rc::new(HashControl::default());
        let _abort = signal.as_ref().map(|signal| {
            if get(signal, "aborted").is_some_and(|aborted| aborted.is_truthy()) {
                control.stop();
            }
            let control = control.clone();
            Listener::new(signal, "abort", move |_| control.stop())
        });
        let done = Rc::new(Cell::new(0));
        let telling = on_progress.map(|on_progress| {
            let done = done.clone();
            Throttle::new(move || {
                // A callback that throws is the page's own affair.
                let _ = on_progress.call1(&JsValue::UNDEFINED, &hashing(done.get(), size));
            })
        });
        let watcher = Rc::new(Progressing { done, telling });
        let digests = match hash::hash(source, chunk, None, control, watcher).await {
            Some(Ok(digests)) => digests,
            Some(Err(unreadable)) => {
                return Err(error::into_js(&unreadable.into_error("hashing the file", 0)));
            }
            None => {
                let aborted = Error::new(Kind::Aborted, "hashing the file", "the page aborted it");
                return Err(error::into_js(&aborted));
            }
        };
        let ids = write_list(&options.naming().unwrap_or_default().ids(&digests.chunks));
        Ok(object(&[
            ("fileId", digests.file.to_hex().into()),
            ("chunkIds", ids),
            ("chunkSize", number(chunk)),
            ("size", number(size)),
        ]))
    })
}

/// Who shows a hashing to the page.
struct Progressing {
    done: Rc<Cell<u64>>,
    telling: Option<Throttle>,
}

impl Watcher for Progressing {
    fn hashed(&self, at: u64) {
        self.done.set(at);
        if let Some(telling) = &self.telling {
            telling.ask();
        }
    }

    fn saved(&self, _snapshot: Snapshot) {}
}

/// Makes the page's `Progress` of a hashing.
fn hashing(hashed: u64, total: u64) -> JsValue {
    let progress = Progress {
        state: State::Hashing,
        total: Some(total),
        hashed,
        sent: 0,
        confirmed: 0,
        reused: 0,
        speed: 0.0,
        eta: None,
        waiting_for: None,
        trouble: None,
    };
    settled::progress(&progress, Instant::default())
}
