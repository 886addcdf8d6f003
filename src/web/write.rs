//! Writes records as JavaScript values, as [`super::read`] reads them. Structures are written by hand:
//! serde-wasm-bindgen keeps the names of fields in a hash map, which is 3 KB of wasm; it writes the lists.

use js_sys::{Array, Uint8Array};
use serde::Serialize;
use wasm_bindgen::JsValue;

use super::object::{number, object};
use crate::core::download;
use crate::core::journal::UploadRecord;
use crate::core::upload::Naming;

/// Writes a record of the journal.
pub fn upload_record(record: &UploadRecord) -> JsValue {
    object(&[
        ("version", record.version.into()),
        ("name", record.name.as_str().into()),
        ("size", number(record.size)),
        ("lastModified", record.last_modified.map_or(JsValue::NULL, number)),
        ("endpoint", record.endpoint.as_str().into()),
        ("ext", record.ext.as_str().into()),
        ("chunk", number(record.chunk)),
        ("askedChunk", record.asked_chunk.map_or(JsValue::NULL, number)),
        ("askedNaming", naming(record.asked_naming)),
        ("announced", naming(record.announced)),
        ("fileId", record.file_id.as_str().into()),
        ("chunkIds", list(&record.chunk_ids)),
        ("confirmed", number(record.confirmed)),
        ("updatedAt", number(record.updated_at)),
    ])
}

fn naming(naming: Option<Naming>) -> JsValue {
    naming.map_or(JsValue::NULL, |naming| naming.name().into())
}

/// Writes digests as `digests`, or where their hashing is as `state`, used at `used_at`, in ms since 1970.
pub fn digests(name: &str, bytes: &[u8], used_at: u64) -> JsValue {
    object(&[(name, Uint8Array::from(bytes).into()), ("usedAt", number(used_at))])
}

/// Writes a record of a download, which was last changed at `updated_at`, in ms since 1970.
pub fn download_record(record: &download::Record, updated_at: u64) -> JsValue {
    let seams = Array::new();
    for at in &record.seams {
        seams.push(&number(*at));
    }
    let validators = object(&[
        ("etag", text(&record.validators.etag)),
        ("lastModified", text(&record.validators.last_modified)),
        ("digest", text(&record.validators.digest)),
        ("settled", record.validators.settled.into()),
    ]);
    object(&[
        ("version", record.version.into()),
        ("url", record.url.as_str().into()),
        ("name", record.name.as_str().into()),
        ("piece", number(record.piece)),
        ("total", record.total.map_or(JsValue::NULL, number)),
        ("endProven", record.end_proven.into()),
        ("validators", validators),
        ("contentType", text(&record.content_type)),
        ("seams", seams.into()),
        ("updatedAt", number(updated_at)),
    ])
}

/// Writes a text, or null.
pub fn text(text: &Option<String>) -> JsValue {
    text.as_deref().map_or(JsValue::NULL, JsValue::from)
}

/// Writes a list of texts, which always have a JavaScript value.
pub fn list(entries: &[impl Serialize]) -> JsValue {
    serde_wasm_bindgen::to_value(entries).unwrap_or(JsValue::UNDEFINED)
}
