//! Pieces of downloads: Blobs, by the transfer's key and the piece's index.

use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::database::{Mode, PATIENCE, Table, ask, is_silent, key_range};
use crate::core::clock::Millis;
use crate::core::thrown::Thrown;
use crate::web::blob;
use crate::web::object::is_a;

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
