//! What is remembered of a file's digests: all of them as `digests`, or where their hashing is as `state`, and
//! `usedAt`.

use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use crate::core::journal;
use crate::core::plan::Cut;
use crate::core::upload::Restored;
use crate::web::object::{get_as, number, object};

/// Reads what is remembered of the digests of a file that is cut like this.
pub fn read(value: &JsValue, cut: Cut) -> Restored {
    let bytes = |name: &str| get_as::<Uint8Array>(value, name).map(|bytes| bytes.to_vec());
    let (digests, state) = (bytes("digests"), bytes("state"));
    journal::restored(digests.as_deref(), state.as_deref(), cut)
}

/// Writes digests as `digests`, or where their hashing is as `state`, used at `used_at`, in ms since 1970.
pub fn write(name: &str, bytes: &[u8], used_at: u64) -> JsValue {
    object(&[(name, Uint8Array::from(bytes).into()), ("usedAt", number(used_at))])
}
