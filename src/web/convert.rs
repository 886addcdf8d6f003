//! What the core has in Rust's types as JavaScript values, and back: answers of the server, and what the journal keeps.
//!
//! By hand: serde would cost 30 KB of wasm to read and 3 KB to write, most of it to describe what it did not expect,
//! and here that is simply nothing.

use js_sys::{Array, JsString, Uint8Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::object::{get, get_as, get_string, get_u64, number, object, to_u64};
use super::sys::{number_text, parse_json};
use crate::core::download::Record as DownloadRecord;
use crate::core::journal::{self, UploadRecord};
use crate::core::plan::Cut;
use crate::core::protocol::wire::{self, Accepts, Answer, Envelope, MOST_PARALLEL};
use crate::core::range::Validators;
use crate::core::upload::{Naming, Restored};

// ---- lists of texts

/// Reads an array of strings; nothing if anything else is in it.
pub fn read_list(value: &JsValue) -> Option<Vec<String>> {
    let mut strings = Vec::new();
    for entry in value.dyn_ref::<Array>()?.iter() {
        strings.push(entry.as_string()?);
    }
    Some(strings)
}

/// Writes texts, or what is written as one.
pub fn write_list(entries: &[impl Serialize]) -> JsValue {
    // Texts always have a JavaScript value.
    serde_wasm_bindgen::to_value(entries).unwrap_or(JsValue::UNDEFINED)
}

// ---- the protocol's envelope, read from an answer's text

/// Reads an envelope; nothing if the text is none.
pub fn read_envelope(text: &JsString) -> Option<Envelope<Answer>> {
    let value = parse_json(text).ok()?;
    let (code, said) = code(&get(&value, "code")?)?;
    let data = match get(&value, "data") {
        None => None,
        Some(data) => match data.as_string() {
            Some(url) => Some(Answer::Url(url)),
            None => match read_list(&data) {
                Some(ids) => Some(Answer::Needed(ids)),
                // What a failure brings besides is nobody's concern.
                None if code != wire::OK => None,
                None => return None,
            },
        },
    };
    let msg =
        ["msg", "message"].iter().find_map(|name| get_string(&value, name)).or(said).unwrap_or_default();
    Some(Envelope { code, msg, data, accepts: get(&value, "accepts").map(|said| accepts(&said)) })
}

/// Reads a code: a number, or one in quotes. One that is no count, such as -1, is a failure like any other, and is
/// said.
fn code(value: &JsValue) -> Option<(u32, Option<String>)> {
    let number = match value.as_string() {
        // JavaScript takes nothing for 0.
        Some(text) if text.trim_ascii().is_empty() => return None,
        Some(_) => value.unchecked_into_f64(),
        None => value.as_f64()?,
    };
    if number.is_nan() {
        return None;
    }
    match to_u64(number).and_then(|code| u32::try_from(code).ok()) {
        Some(code) => Some((code, None)),
        None => Some((u32::MAX, Some(format!("the server answered code {}", number_text(number))))),
    }
}

/// Reads what a server says that it accepts; nonsense counts as not said.
fn accepts(value: &JsValue) -> Accepts {
    let parallel = get_u64(value, "parallel").and_then(|parallel| usize::try_from(parallel).ok());
    let parallel = parallel.filter(|parallel| (1..=MOST_PARALLEL).contains(parallel)).unwrap_or(1);
    let repeats = get(value, "repeats").is_some_and(|repeats| repeats == JsValue::TRUE);
    Accepts { parallel, repeats }
}

// ---- transfers' records in the journal

/// Reads an upload's record; nothing if the value is none.
pub fn read_upload_record(value: &JsValue) -> Option<UploadRecord> {
    let naming = |name: &str| Naming::from_name(&get_string(value, name)?);
    Some(UploadRecord {
        version: u32::try_from(get_u64(value, "version")?).ok()?,
        name: get_string(value, "name")?,
        size: get_u64(value, "size")?,
        last_modified: get_u64(value, "lastModified"),
        endpoint: get_string(value, "endpoint")?,
        ext: get_string(value, "ext")?,
        chunk: get_u64(value, "chunk")?,
        asked_chunk: get_u64(value, "askedChunk"),
        asked_naming: naming("askedNaming"),
        announced: naming("announced"),
        file_id: get_string(value, "fileId")?,
        chunk_ids: read_list(&get(value, "chunkIds")?)?,
        confirmed: get_u64(value, "confirmed")?,
        updated_at: get_u64(value, "updatedAt")?,
    })
}

/// Writes an upload's record.
pub fn write_upload_record(record: &UploadRecord) -> JsValue {
    let naming = |naming: Option<Naming>| naming.map_or(JsValue::NULL, |naming| naming.name().into());
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
        ("chunkIds", write_list(&record.chunk_ids)),
        ("confirmed", number(record.confirmed)),
        ("updatedAt", number(record.updated_at)),
    ])
}

/// Reads a download's record; nothing if the value is none, or not a sound one.
pub fn read_download_record(value: &JsValue) -> Option<DownloadRecord> {
    let validators = get(value, "validators")?;
    let mut seams = Vec::new();
    for at in get(value, "seams")?.dyn_ref::<Array>()?.iter() {
        seams.push(to_u64(at.as_f64()?)?);
    }
    Some(DownloadRecord {
        version: u32::try_from(get_u64(value, "version")?).ok()?,
        url: get_string(value, "url")?,
        name: get_string(value, "name")?,
        piece: get_u64(value, "piece")?,
        total: get_u64(value, "total"),
        end_proven: get(value, "endProven")?.is_truthy(),
        validators: Validators {
            etag: get_string(&validators, "etag"),
            last_modified: get_string(&validators, "lastModified"),
            digest: get_string(&validators, "digest"),
            settled: get(&validators, "settled").is_some_and(|settled| settled.is_truthy()),
        },
        content_type: get_string(value, "contentType"),
        seams,
    })
    .filter(DownloadRecord::is_sound)
}

/// Writes a download's record that was last changed at `updated_at`, in ms since 1970.
pub fn write_download_record(record: &DownloadRecord, updated_at: u64) -> JsValue {
    let text = |text: &Option<String>| text.as_deref().map_or(JsValue::NULL, JsValue::from);
    let seams: Array = record.seams.iter().map(|at| number(*at)).collect();
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

// ---- what is remembered of a file's digests

/// Reads what is remembered of the digests of a file that is cut like this: all of them, from `digests`, or where their
/// hashing is, from `state`.
pub fn read_digests(value: &JsValue, cut: Cut) -> Restored {
    let bytes = |name: &str| get_as::<Uint8Array>(value, name).map(|bytes| bytes.to_vec());
    let (digests, state) = (bytes("digests"), bytes("state"));
    journal::restored(digests.as_deref(), state.as_deref(), cut)
}

/// Writes digests as `digests`, or where their hashing is as `state`, used at `used_at`, in ms since 1970.
pub fn write_digests(name: &str, bytes: &[u8], used_at: u64) -> JsValue {
    object(&[(name, Uint8Array::from(bytes).into()), ("usedAt", number(used_at))])
}
