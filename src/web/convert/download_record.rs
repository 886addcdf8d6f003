//! A download's record in the journal.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::core::download::Record;
use crate::core::range::Validators;
use crate::web::object::{get, get_string, get_u64, number, object, to_u64};

/// Reads a record; nothing if the value is none, or not a sound one.
pub fn read(value: &JsValue) -> Option<Record> {
    let validators = get(value, "validators")?;
    let mut seams = Vec::new();
    for at in get(value, "seams")?.dyn_ref::<Array>()?.iter() {
        seams.push(to_u64(at.as_f64()?)?);
    }
    Some(Record {
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
    .filter(Record::is_sound)
}

/// Writes a record that was last changed at `updated_at`, in ms since 1970.
pub fn write(record: &Record, updated_at: u64) -> JsValue {
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
