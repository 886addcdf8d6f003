//! Reads answers and records out of JavaScript values. By hand: the reading half of serde costs 30 KB of wasm, most of
//! it to describe what it did not expect, and here that is simply nothing.

use js_sys::{Array, JsString, Uint8Array};
use wasm_bindgen::prelude::*;

use super::object::{get, get_as, get_string, get_u64, to_u64};
use super::sys;
use crate::core::download;
use crate::core::journal::{self, UploadRecord};
use crate::core::plan::Cut;
use crate::core::protocol::wire::{self, Accepts, Answer, Envelope, MOST_PARALLEL};
use crate::core::range::Validators;
use crate::core::upload::{Naming, Restored};

#[wasm_bindgen]
extern "C" {
    // js_sys's takes a Rust string: each chunk's answer, of perhaps ten thousand ids, would be copied here and back.
    #[wasm_bindgen(js_namespace = JSON, catch)]
    fn parse(text: &JsString) -> Result<JsValue, JsValue>;
}

/// Reads the protocol's envelope from an answer's text.
pub fn envelope(text: &JsString) -> Option<Envelope<Answer>> {
    let value = parse(text).ok()?;
    let (code, said) = code(&get(&value, "code")?)?;
    let data = match get(&value, "data") {
        None => None,
        Some(data) => match data.as_string() {
            Some(url) => Some(Answer::Url(url)),
            None => match strings(&data) {
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

/// Reads a code: a number, or one in quotes. One that is no count, such as -1, is a failure like any other, and is said.
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
        None => Some((u32::MAX, Some(format!("the server answered code {}", sys::number_text(number))))),
    }
}

/// Reads what a server says that it accepts; nonsense counts as not said.
fn accepts(value: &JsValue) -> Accepts {
    let parallel = get_u64(value, "parallel").and_then(|parallel| usize::try_from(parallel).ok());
    let parallel = parallel.filter(|parallel| (1..=MOST_PARALLEL).contains(parallel)).unwrap_or(1);
    let repeats = get(value, "repeats").is_some_and(|repeats| repeats == JsValue::TRUE);
    Accepts { parallel, repeats }
}

fn naming(record: &JsValue, name: &str) -> Option<Naming> {
    Naming::from_name(&get_string(record, name)?)
}

/// Reads a record of the journal.
pub fn upload_record(value: &JsValue) -> Option<UploadRecord> {
    Some(UploadRecord {
        version: u32::try_from(get_u64(value, "version")?).ok()?,
        name: get_string(value, "name")?,
        size: get_u64(value, "size")?,
        last_modified: get_u64(value, "lastModified"),
        endpoint: get_string(value, "endpoint")?,
        ext: get_string(value, "ext")?,
        chunk: get_u64(value, "chunk")?,
        asked_chunk: get_u64(value, "askedChunk"),
        asked_naming: naming(value, "askedNaming"),
        announced: naming(value, "announced"),
        file_id: get_string(value, "fileId")?,
        chunk_ids: strings(&get(value, "chunkIds")?)?,
        confirmed: get_u64(value, "confirmed")?,
        updated_at: get_u64(value, "updatedAt")?,
    })
}

/// Reads what is remembered of the digests of a file that is cut like this.
pub fn restored(value: &JsValue, cut: Cut) -> Restored {
    let bytes = |name: &str| get_as::<Uint8Array>(value, name).map(|bytes| bytes.to_vec());
    let (digests, state) = (bytes("digests"), bytes("state"));
    journal::restored(digests.as_deref(), state.as_deref(), cut)
}

/// Reads a record of a download.
pub fn download_record(value: &JsValue) -> Option<download::Record> {
    let validators = get(value, "validators")?;
    let mut seams = Vec::new();
    for at in get(value, "seams")?.dyn_ref::<Array>()?.iter() {
        seams.push(to_u64(at.as_f64()?)?);
    }
    Some(download::Record {
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
    .filter(download::Record::is_sound)
}

/// Reads an array of strings; nothing if anything else is in it.
pub fn strings(value: &JsValue) -> Option<Vec<String>> {
    let mut strings = Vec::new();
    for entry in value.dyn_ref::<Array>()?.iter() {
        strings.push(entry.as_string()?);
    }
    Some(strings)
}
