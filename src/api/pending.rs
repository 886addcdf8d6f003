//! `pending`: what earlier visits left unfinished.

use std::cell::RefCell;

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::error;
use super::options::Options;
use super::transfer::EngineTransfer;
use super::{download, upload};
use crate::core::download::Record as DownloadRecord;
use crate::core::error::{Error, Kind};
use crate::core::flat_map::FlatMap;
use crate::core::journal::UploadRecord;
use crate::web::convert::{download_record, upload_record};
use crate::web::object::{get, get_u64, number, object};
use crate::web::store;
use crate::web::sys::Observer;
use crate::web::task::promise;

thread_local! {
    /// What was listed, so that going on with it needs no second look.
    static LISTED: RefCell<FlatMap<String, Listed>> = const { RefCell::new(FlatMap::new()) };
}

/// An unfinished transfer.
#[derive(Clone)]
enum Listed {
    Upload(UploadRecord),
    Download(DownloadRecord),
}

/// Lists what earlier visits left unfinished, the latest first; what this page is doing now is not among it. Nothing
/// is listed where nothing can be remembered.
#[wasm_bindgen(skip_typescript)]
pub fn pending() -> Promise {
    promise(async {
        let mut shapes: Vec<(u64, JsValue)> = Vec::new();
        for (key, value) in store::all().await.unwrap_or_default() {
            if store::is_claimed(&key) {
                continue;
            }
            let updated_at = get_u64(&value, "updatedAt").unwrap_or(0);
            if let Some(listed) = read_listed(&value) {
                let at = shapes.iter().position(|(time, _)| *time < updated_at).unwrap_or(shapes.len());
                shapes
                    .insert(at, (updated_at, shape(&key, updated_at, &listed, get(&value, "handle")).await));
                LISTED.with_borrow_mut(|map| map.insert(key, listed));
            }
        }
        let list = Array::new();
        for (_, shape) in &shapes {
            list.push(shape);
        }
        Ok(list.into())
    })
}

fn read_listed(value: &JsValue) -> Option<Listed> {
    let upload = upload_record::read(value).filter(|record| record.cut().is_some()).map(Listed::Upload);
    upload.or_else(|| download_record::read(value).map(Listed::Download))
}

/// Shows what is listed; of an upload whose file can be found by its `handle`, that too.
async fn shape(key: &str, updated_at: u64, listed: &Listed, handle: Option<JsValue>) -> JsValue {
    let (kind, name, size, done) = match listed {
        Listed::Upload(record) => ("upload", &record.name, record.size, record.confirmed),
        Listed::Download(record) => {
            let size = record.total.unwrap_or(0);
            let stored = store::count_pieces(key).await.saturating_mul(record.piece);
            ("download", &record.name, size, stored.min(size))
        }
    };
    object(&[
        ("key", key.into()),
        ("kind", kind.into()),
        ("name", name.as_str().into()),
        ("size", number(size)),
        ("done", number(done)),
        ("updatedAt", number(updated_at)),
        ("needsFile", (matches!(listed, Listed::Upload(_)) && handle.is_none()).into()),
        ("handle", handle.unwrap_or_default()),
    ])
}

/// Goes on with a listed transfer; throws an error's shape if it is no longer known or the file is another one.
#[wasm_bindgen(js_name = startPending, skip_typescript)]
pub fn start_pending(
    key: &str,
    file: Option<Blob>,
    options: JsValue,
    observer: Observer,
) -> Result<EngineTransfer, JsValue> {
    let refuse = |kind, detail: String| {
        Err(error::into_js(&Error::new(kind, "going on with an earlier transfer", detail)))
    };
    let options = Options(options);
    let listed = LISTED.with_borrow(|map| map.get(&key.to_owned()).cloned());
    match (listed, file) {
        (Some(Listed::Upload(record)), Some(file)) => {
            // Cut as it was, whatever the options say: only so its digests are still good.
            let chosen = UploadRecord { chunk: record.chunk, ..upload::describe(&file, &options) };
            if chosen.size != record.size {
                let detail =
                    format!("{} has {} bytes, the chosen file {}", record.name, record.size, chosen.size);
                return refuse(Kind::FileChanged, detail);
            }
            Ok(upload::start(file, &options, chosen, Some(record), observer))
        }
        (Some(Listed::Upload(_)), None) => {
            refuse(Kind::FileUnreadable, "the file has to be chosen again".to_owned())
        }
        (Some(Listed::Download(record)), _) => Ok(download::start(record.url, true, &options, observer)),
        (None, _) => refuse(Kind::Unsupported, "it is no longer known; ask pending() again".to_owned()),
    }
}

/// Forgets a listed transfer and what is stored of it.
#[wasm_bindgen(js_name = forgetPending, skip_typescript)]
pub fn forget_pending(key: String) -> Promise {
    promise(async move {
        LISTED.with_borrow_mut(|map| drop(map.remove(&key)));
        let removed = store::remove(&key).await;
        removed.map_err(|why| {
            error::into_js(&Error::thrown(Kind::Quota, "forgetting an earlier transfer", why))
        })?;
        Ok(JsValue::UNDEFINED)
    })
}
