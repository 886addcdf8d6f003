//! What the journal's tables keep: records of transfers, pieces of downloads and digests of files. What the shape of
//! records and digests is, is not looked at here.

use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::database::{Mode, PATIENCE, Table, USED_AT, ask, finish, is_silent, key_range, open_table};
use crate::core::clock::Millis;
use crate::core::thrown::Thrown;
use crate::web::blob;
use crate::web::object::{call, is_a};

// ---- records of transfers, by key

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

// ---- pieces of downloads: Blobs, by the transfer's key and the piece's index

/// How long the database may say nothing to a piece, in ms: it is large, nobody waits for it, and some disks are slow.
const PATIENCE_WITH_PIECES: Millis = 10_000;

/// Writes one piece.
pub async fn put_piece(key: &str, index: u32, piece: &Blob) -> Result<(), Thrown> {
    let put =
        |value| ask(Table::Pieces, Mode::Write, "put", [value, place(key, index)], PATIENCE_WITH_PIECES);
    let stored = put(piece.into()).await;
    if stored.is_ok() || is_silent() {
        return stored.map(drop);
    }
    // WebKit takes no Blobs in a session that leaves no traces; plain bytes it does.
    let bytes = blob::Read::start(piece, &(0..piece.size() as u64))?.bytes().await?;
    put(bytes.buffer().into()).await.map(drop)
}

/// Reads all pieces of a transfer with their indexes, one after the other: some browsers keep them as plain bytes.
pub async fn pieces(key: &str) -> Result<Vec<(u32, Blob)>, Thrown> {
    let places = ask(Table::Pieces, Mode::Read, "getAllKeys", [all_of(key)?], PATIENCE).await?;
    let mut pieces = Vec::new();
    for place in places.unchecked_into::<Array>().iter() {
        let piece = to_piece(ask(Table::Pieces, Mode::Read, "get", [place.clone()], PATIENCE).await?);
        let index = place.dyn_into::<Array>().ok().and_then(|place| place.get(1).as_f64());
        pieces.extend(index.map(|index| index as u32).zip(piece));
    }
    Ok(pieces)
}

fn to_piece(value: JsValue) -> Option<Blob> {
    if is_a(&value, "Blob") {
        return Some(value.unchecked_into());
    }
    let bytes = is_a(&value, "ArrayBuffer").then(|| Array::of1(&value))?;
    Blob::new_with_buffer_source_sequence(&bytes).ok()
}

/// Reads one piece.
pub async fn piece(key: &str, index: u32) -> Option<Blob> {
    to_piece(ask(Table::Pieces, Mode::Read, "get", [place(key, index)], PATIENCE_WITH_PIECES).await.ok()?)
}

/// Notes that pieces are stored elsewhere: a mark in each one's place.
pub async fn mark_pieces(key: &str, indexes: &[u32]) -> Result<(), Thrown> {
    let table = open_table(Table::Pieces, Mode::Write).await?;
    let mut last = None;
    for index in indexes {
        last = Some(call(&table, "put", &[JsValue::TRUE, place(key, *index)]));
    }
    match last {
        Some(last) => finish(last, PATIENCE_WITH_PIECES).await.map(drop),
        None => Ok(()),
    }
}

/// Returns the indexes of the pieces of a transfer, and of the marks in the places of some.
pub async fn piece_indexes(key: &str) -> Vec<u32> {
    let Ok(range) = all_of(key) else { return Vec::new() };
    let places = ask(Table::Pieces, Mode::Read, "getAllKeys", [range], PATIENCE).await;
    let indexes = |places: JsValue| {
        let index = |place: JsValue| place.dyn_into::<Array>().ok()?.get(1).as_f64();
        places.unchecked_into::<Array>().iter().filter_map(index).map(|index| index as u32).collect()
    };
    places.map(indexes).unwrap_or_default()
}

/// Returns the keys of all transfers that have pieces.
pub async fn keys_of_pieces() -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    let places = ask(Table::Pieces, Mode::Read, "getAllKeys", [], PATIENCE).await;
    let places = places.map(JsValue::unchecked_into::<Array>).unwrap_or_default();
    for place in places.iter() {
        let key = place.dyn_into::<Array>().ok().and_then(|place| place.get(0).as_string());
        // They come in order.
        keys.extend(key.filter(|key| keys.last() != Some(key)));
    }
    keys
}

/// Returns how many pieces of a transfer are stored.
pub async fn count_pieces(key: &str) -> u64 {
    let Ok(range) = all_of(key) else { return 0 };
    let count = ask(Table::Pieces, Mode::Read, "count", [range], PATIENCE).await.ok();
    count.and_then(|count| count.as_f64()).map_or(0, |count| count as u64)
}

/// Removes all pieces of a transfer.
pub async fn remove_pieces(key: &str) -> Result<(), Thrown> {
    ask(Table::Pieces, Mode::Write, "delete", [all_of(key)?], PATIENCE).await.map(drop)
}

/// Makes the database's key of one piece.
fn place(key: &str, index: u32) -> JsValue {
    Array::of2(&key.into(), &index.into()).into()
}

/// Makes the range of the database's keys of all pieces of a transfer.
fn all_of(key: &str) -> Result<JsValue, Thrown> {
    key_range("bound", &[place(key, 0), place(key, u32::MAX)])
}

// ---- digests of files, or where their hashing is, by what tells the file

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
