//! `pending`: what earlier visits left unfinished.

use std::cell::RefCell;
use std::collections::HashMap;

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;
use web_sys::Blob;

use super::error;
use super::options::Options;
use super::transfer::{EngineTransfer, Observer};
use super::upload;
use crate::core::error::{Error, Kind};
use crate::core::journal::UploadRecord;
use crate::web::object::object;
use crate::web::store;

thread_local! {
    /// The uploads that were listed, so that going on with one needs no second look.
    static LISTED: RefCell<HashMap<String, UploadRecord>> = RefCell::default();
}

/// Lists what earlier visits left unfinished, the latest first. Nothing is listed where nothing can be remembered.
#[wasm_bindgen(skip_typescript)]
pub fn pending() -> Promise {
    future_to_promise(async {
        let records = store::all().await.unwrap_or_default();
        let mut listed: Vec<(u64, JsValue)> =
            records.into_iter().filter_map(|(key, record)| upload_shape(&key, record)).collect();
        listed.sort_by_key(|(updated_at, _)| std::cmp::Reverse(*updated_at));
        Ok(listed.into_iter().map(|(_, shape)| shape).collect::<Array>().into())
    })
}

fn upload_shape(key: &str, record: JsValue) -> Option<(u64, JsValue)> {
    let record: UploadRecord = serde_wasm_bindgen::from_value(record).ok()?;
    record.cut()?;
    let shape = object([
        ("key", key.into()),
        ("kind", "upload".into()),
        ("name", record.name.as_str().into()),
        ("size", (record.size as f64).into()),
        ("done", (record.confirmed as f64).into()),
        ("updatedAt", (record.updated_at as f64).into()),
        ("needsFile", true.into()),
    ]);
    LISTED.with_borrow_mut(|listed| listed.insert(key.to_owned(), record.clone()));
    Some((record.updated_at, shape))
}

/// Goes on with a listed transfer; throws an error's shape if it is no longer known or the file is another one.
#[wasm_bindgen(js_name = startPending, skip_typescript)]
pub fn start_pending(
    key: &str,
    file: Option<Blob>,
    options: JsValue,
    observer: Observer,
) -> Result<EngineTransfer, JsValue> {
    let doing = "going on with an earlier transfer";
    let record = LISTED.with_borrow(|listed| listed.get(key).cloned());
    let Some(record) = record else {
        let detail = "it is no longer known; ask pending() again";
        return Err(error::into_js(&Error::new(Kind::Unsupported, doing, detail)));
    };
    let Some(file) = file else {
        let detail = "the file has to be chosen again";
        return Err(error::into_js(&Error::new(Kind::FileUnreadable, doing, detail)));
    };
    let options = Options(options);
    let chosen = upload::describe(&file, &options);
    if chosen.size != record.size {
        let detail =
            format!("{} has {} bytes, and the file chosen now has {}", record.name, record.size, chosen.size);
        return Err(error::into_js(&Error::new(Kind::FileChanged, doing, detail)));
    }
    Ok(upload::start(file, &options, record, observer))
}

/// Forgets a listed transfer and what is stored of it.
#[wasm_bindgen(js_name = forgetPending, skip_typescript)]
pub fn forget_pending(key: String) -> Promise {
    future_to_promise(async move {
        LISTED.with_borrow_mut(|listed| listed.remove(&key));
        store::remove(&key).await.map_err(|detail| {
            error::into_js(&Error::new(Kind::Quota, "forgetting an earlier transfer", detail))
        })?;
        Ok(JsValue::UNDEFINED)
    })
}
