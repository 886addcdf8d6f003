//! `pending`: what earlier visits left unfinished.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::error;
use super::options::Options;
use super::transfer::EngineTransfer;
use crate::core::error::{Error, Kind};
use crate::core::flat_map::FlatMap;
use crate::web::object::{get, get_u64, number, object};
use crate::web::store;
use crate::web::sys::Observer;
use crate::web::task::promise;

/// A transfer that an earlier visit left unfinished, as the journal has it.
pub trait Unfinished {
    /// Returns `upload` or `download`.
    fn kind(&self) -> &'static str;
    fn name(&self) -> &str;
    /// Returns the size of the whole in bytes, 0 if it is not known.
    fn size(&self) -> u64;
    /// Counts the bytes that are safe; `key` is the record's in the journal.
    fn done<'a>(&'a self, key: &'a str) -> Pin<Box<dyn Future<Output = u64> + 'a>>;
    /// Tells whether it goes on with a file that the page hands over.
    fn needs_file(&self) -> bool;
    /// Goes on with it.
    fn go_on(
        &self,
        file: Option<Blob>,
        options: &Options,
        observer: Observer,
    ) -> Result<EngineTransfer, Error>;
}

/// Reads a record of the journal; nothing if it is of another kind, or unsound.
type Reader = fn(&JsValue) -> Option<Rc<dyn Unfinished>>;

/// The kinds of transfer that this engine can go on with.
const READERS: &[Reader] = &[
    #[cfg(feature = "upload")]
    super::upload::unfinished,
    #[cfg(feature = "download")]
    super::download::unfinished,
];

thread_local! {
    /// What was listed, so that going on with it needs no second look.
    static LISTED: RefCell<FlatMap<String, Rc<dyn Unfinished>>> = const { RefCell::new(FlatMap::new()) };
}

/// Lists what earlier visits left unfinished, the latest first; what this page is doing now is not among it. Nothing
/// is listed where nothing can be remembered.
#[wasm_bindgen(skip_typescript)]
pub fn pending() -> Promise {
    promise(async {
        #[cfg(feature = "download")]
        crate::web::download::sweep();
        let mut shapes: Vec<(u64, JsValue)> = Vec::new();
        for (key, value) in store::all().await.unwrap_or_default() {
            if store::is_claimed(&key) {
                continue;
            }
            let updated_at = get_u64(&value, "updatedAt").unwrap_or(0);
            if let Some(listed) = READERS.iter().find_map(|read| read(&value)) {
                let at = shapes.iter().position(|(time, _)| *time < updated_at).unwrap_or(shapes.len());
                shapes
                    .insert(at, (updated_at, shape(&key, updated_at, &*listed, get(&value, "handle")).await));
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

/// Shows what is listed; of an upload whose file can be found by its `handle`, that too.
async fn shape(key: &str, updated_at: u64, listed: &dyn Unfinished, handle: Option<JsValue>) -> JsValue {
    object(&[
        ("key", key.into()),
        ("kind", listed.kind().into()),
        ("name", listed.name().into()),
        ("size", number(listed.size())),
        ("done", number(listed.done(key).await)),
        ("updatedAt", number(updated_at)),
        ("needsFile", (listed.needs_file() && handle.is_none()).into()),
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
    let listed = LISTED.with_borrow(|map| map.get(&key.to_owned()).cloned());
    let started = match listed {
        Some(listed) => listed.go_on(file, &Options(options), observer),
        None => Err(refused(Kind::Unsupported, "it is no longer known; ask pending() again".to_owned())),
    };
    started.map_err(|error| error::into_js(&error))
}

/// Makes the error of a transfer that can't go on.
pub fn refused(kind: Kind, detail: String) -> Error {
    Error::new(kind, "going on with an earlier transfer", detail)
}

/// Forgets a listed transfer and what is stored of it.
#[wasm_bindgen(js_name = forgetPending, skip_typescript)]
pub fn forget_pending(key: String) -> Promise {
    promise(async move {
        LISTED.with_borrow_mut(|map| drop(map.remove(&key)));
        let removed = store::remove(&key).await;
        #[cfg(feature = "download")]
        crate::web::download::sweep();
        removed.map_err(|why| {
            error::into_js(&Error::thrown(Kind::Quota, "forgetting an earlier transfer", why))
        })?;
        Ok(JsValue::UNDEFINED)
    })
}
