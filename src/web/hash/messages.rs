//! What a page and its workers tell each other of hashing.
//!
//! | from | message | of |
//! | --- | --- | --- |
//! | page | `{ t: "hash", id, blob, chunk, state }` | a file to be hashed |
//! | page | `{ t: "batch", id, blobs, chunks }` | many small files |
//! | page | `{ t: "hold", id, held }` | a file that waits, or goes on |
//! | page | `{ t: "stop", id }` | a file that is not wanted any more |
//! | worker | `{ t: "hashing", id, at }` | how far a file is, 20 times a second |
//! | worker | `{ t: "repeats", id }` | that two chunks of a file are the same, once |
//! | worker | `{ t: "saved", id, state }` | where it could go on, now and then |
//! | worker | `{ t: "hashed", id, digests }` | a file's end |
//! | worker | `{ t: "unreadable", id, at, name, why }` | the same, where it cannot be read |
//! | worker | `{ t: "batched", id, results }` | the end of many; a result is `digests`, or `{ at, name, why }` |
//!
//! Without `chunk` the digest of the whole is wanted alone; with `state` the hashing begins where an earlier one was.
//! States and digests are bytes, as `core::md5` writes them.

use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use super::reader::Unreadable;
use super::task::{HashEnd, HashTask, Priority};
use crate::core::md5::{Digests, Snapshot, WHOLE};
use crate::core::thrown::Thrown;
use crate::web::object::{get_as, get_string, get_u64, number};
use crate::web::workers::message;

pub const HASH: &str = "hash";
pub const BATCH: &str = "batch";
pub const HOLD: &str = "hold";
pub const STOP: &str = "stop";
pub const HASHING: &str = "hashing";
pub const REPEATS: &str = "repeats";
pub const SAVED: &str = "saved";
pub const HASHED: &str = "hashed";
pub const UNREADABLE: &str = "unreadable";
pub const BATCHED: &str = "batched";

/// Writes the order to do some tasks: one, or a batch of small ones.
pub fn order(id: u64, tasks: &[Rc<HashTask>]) -> JsValue {
    let chunk = |task: &HashTask| if task.chunk == WHOLE { JsValue::UNDEFINED } else { number(task.chunk) };
    match tasks {
        [task] if task.priority != Priority::Batch => {
            let state = task.start().map_or(JsValue::UNDEFINED, |snapshot| state(&snapshot));
            message(HASH, id, &[("blob", (&task.blob).into()), ("chunk", chunk(task)), ("state", state)])
        }
        tasks => {
            let (blobs, chunks) = (Array::new(), Array::new());
            for task in tasks {
                blobs.push(&task.blob);
                chunks.push(&chunk(task));
            }
            message(BATCH, id, &[("blobs", blobs.into()), ("chunks", chunks.into())])
        }
    }
}

/// Writes where a hashing could go on.
pub fn state(snapshot: &Snapshot) -> JsValue {
    Uint8Array::from(snapshot.to_bytes().as_slice()).into()
}

/// Reads where a hashing could go on, from the field `state`.
pub fn read_state(fields: &JsValue) -> Option<Snapshot> {
    Snapshot::from_bytes(&get_as::<Uint8Array>(fields, "state")?.to_vec())
}

/// Writes digests.
pub fn digests(digests: &Digests) -> JsValue {
    Uint8Array::from(digests.to_bytes().as_slice()).into()
}

/// Writes why a file cannot be read, as fields.
pub fn unreadable(Unreadable { at, why }: &Unreadable) -> [(&'static str, JsValue); 3] {
    [("at", number(*at)), ("name", why.name().into()), ("why", why.message().into())]
}

/// Reads how a task ended: digests, or where and why the file cannot be read.
pub fn read_end(result: &JsValue) -> Option<HashEnd> {
    match result.dyn_ref::<Uint8Array>() {
        Some(digests) => Digests::from_bytes(&digests.to_vec()).map(HashEnd::Hashed),
        None => {
            let why = get_string(result, "why")?;
            let why = Thrown::new(&get_string(result, "name").unwrap_or_default(), &why);
            Some(HashEnd::Unreadable(Unreadable { at: get_u64(result, "at").unwrap_or(0), why }))
        }
    }
}
