//! Records of transfers, by key. What their shape is, is not looked at here.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use super::database::{Mode, PATIENCE, Table, ask, finish, open_table};
use super::pieces::remove_pieces;
use crate::core::thrown::Thrown;
use crate::web::object::call;

/// Writes a record.
pub async fn put(key: &str, value: &JsValue) -> Result<(), Thrown> {
    ask(Table::Transfers, Mode::Write, "put", [value.clone(), key.into()], PATIENCE).await.map(drop)
}

/// Reads a record; undefined if there is none, and nothing if the database fails.
pub async fn get(key: &str) -> Option<JsValue> {
    ask(Table::Transfers, Mode::Read, "get", [key.into()], PATIENCE).await.ok()
}

/// Reads all records with their keys.
pub async fn all() -> Result<Vec<(String, JsValue)>, Thrown> {
    let table = open_table(Table::Transfers, Mode::Read).await?;
    let (keys, values) = (call(&table, "getAllKeys", &[]), call(&table, "getAll", &[]));
    let keys: Array = finish(keys, PATIENCE).await?.unchecked_into();
    let values: Array = finish(values, PATIENCE).await?.unchecked_into();
    let mut all = Vec::new();
    for (key, value) in keys.iter().zip(values.iter()) {
        all.extend(key.as_string().map(|key| (key, value)));
    }
    Ok(all)
}

/// Removes a record and its pieces.
pub async fn remove(key: &str) -> Result<(), Thrown> {
    ask(Table::Transfers, Mode::Write, "delete", [key.into()], PATIENCE).await?;
    remove_pieces(key).await
}
