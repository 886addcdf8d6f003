//! An upload's record in the journal.

use wasm_bindgen::JsValue;

use super::list;
use crate::core::journal::UploadRecord;
use crate::core::upload::Naming;
use crate::web::object::{get, get_string, get_u64, number, object};

/// Reads a record; nothing if the value is none.
pub fn read(value: &JsValue) -> Option<UploadRecord> {
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
        chunk_ids: list::read(&get(value, "chunkIds")?)?,
        confirmed: get_u64(value, "confirmed")?,
        updated_at: get_u64(value, "updatedAt")?,
    })
}

/// Writes a record.
pub fn write(record: &UploadRecord) -> JsValue {
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
        ("chunkIds", list::write(&record.chunk_ids)),
        ("confirmed", number(record.confirmed)),
        ("updatedAt", number(record.updated_at)),
    ])
}
