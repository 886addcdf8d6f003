//! Digests of files, or where their hashing is, by what tells the file. What their shape is, is not looked at here.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use super::database::{Mode, PATIENCE, Table, USED_AT, ask, finish, key_range, open_table};
use crate::core::thrown::Thrown;
use crate::web::object::call;

/// Writes digests, or where their hashing is.
pub async fn put_digests(key: &str, value: &JsValue) -> Result<(), Thrown> {
    ask(Table::Digests, Mode::Write, "put", [value.clone(), key.into()], PATIENCE).await.map(drop)
}

/// Reads digests; undefined if there are none, and nothing if the database fails.
pub async fn digests(key: &str) -> Option<JsValue> {
    ask(Table::Digests, Mode::Read, "get", [key.into()], PATIENCE).await.ok()
}

/// Forgets the digests that were last used before `oldest`, and of more than `most` those that were used least lately.
pub async fn expire_digests(oldest: u64, most: u32) -> Result<(), Thrown> {
    let table = open_table(Table::Digests, Mode::Write).await?;
    let index = call(&table, "index", &[USED_AT.into()])?;
    let old = key_range("upperBound", &[(oldest as f64).into()])?;
    let (old, all) = (call(&index, "getAllKeys", &[old]), call(&index, "getAllKeys", &[]));
    let old: Array = finish(old, PATIENCE).await?.unchecked_into();
    let all: Array = finish(all, PATIENCE).await?.unchecked_into();
    let surplus = old.length().max(all.length().saturating_sub(most));
    for key in all.slice(0, surplus).iter() {
        finish(call(&table, "delete", &[key]), PATIENCE).await?;
    }
    Ok(())
}
