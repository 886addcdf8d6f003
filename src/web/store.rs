//! The journal in IndexedDB: records of unfinished transfers, and the pieces of downloads. Everything here may fail
//! (private windows, a full disk) or never answer (a tab that holds an older version open), and then a transfer goes on
//! without it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::answer::Answer;
use super::listener::Listener;
use super::object::{call, get_value, is_a};
use super::task::{Boxed, spawn};
use super::{blob, sys};
use crate::core::clock::Millis;

// The database's methods are called by name: as functions of their own they would be an eighth of the engine's imports.

const NAME: &str = "xuchuan";
const VERSION: u32 = 2;
const READ: &str = "readonly";
const WRITE: &str = "readwrite";
/// Records of transfers, by key.
const TRANSFERS: &str = "transfers";
/// Blobs, by the transfer's key and the piece's index.
const PIECES: &str = "pieces";
/// Digests of files, by what tells the file.
const DIGESTS: &str = "digests";
/// The index of digests by when they were last used, in ms since 1970; the name of that property, too.
const USED_AT: &str = "usedAt";

/// How long the database may say nothing before a transfer goes on without it, in ms.
const PATIENCE: Millis = 1_000;
/// The same for what is large and what nobody waits for, in ms: some disks are slow.
const PATIENCE_WITH_PIECES: Millis = 10_000;

thread_local! {
    static CLAIMED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static DATABASE: RefCell<Option<Database>> = const { RefCell::new(None) };
    /// The one opening that is under way.
    static OPENING: RefCell<Option<Rc<Answer>>> = const { RefCell::new(None) };
    /// How many requests were given up and have not been answered since. While there are any, none is made.
    static UNANSWERED: Cell<u32> = const { Cell::new(0) };
    /// How the last use of it went; nothing before the first.
    static LAST: RefCell<Option<Result<(), String>>> = const { RefCell::new(None) };
}

/// Returns how the last use of the database went, or why it failed; nothing before the first.
pub fn condition() -> Option<Result<(), String>> {
    LAST.with_borrow(Clone::clone)
}

/// The open database; closed when somebody wants to delete it, who would wait for it otherwise.
struct Database {
    handle: JsValue,
    _version_change: Listener,
}

/// A transfer's place in the journal: within one page, one transfer has it.
pub struct Claim(String);

impl Claim {
    /// Takes the place, unless another transfer of this page has it.
    pub fn new(key: &str) -> Option<Claim> {
        CLAIMED.with_borrow_mut(|claimed| {
            let free = claimed.iter().all(|other| other != key);
            free.then(|| claimed.push(key.to_owned()))
        })?;
        Some(Claim(key.to_owned()))
    }

    /// Returns its key.
    pub fn key(&self) -> &str {
        &self.0
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        CLAIMED.with_borrow_mut(|claimed| claimed.retain(|key| *key != self.0));
    }
}

/// Tells whether a transfer of this page has the place.
pub fn is_claimed(key: &str) -> bool {
    CLAIMED.with_borrow(|claimed| claimed.iter().any(|other| other == key))
}

/// Writes a record.
pub async fn put(key: &str, value: &JsValue) -> Result<(), String> {
    ask(TRANSFERS, WRITE, "put", [value.clone(), key.into()], PATIENCE).await.map(drop)
}

/// Reads a record, of whatever shape; nothing if there is none.
pub async fn get(key: &str) -> Option<JsValue> {
    ask(TRANSFERS, READ, "get", [key.into()], PATIENCE).await.ok()
}

/// Reads all records with their keys, of whatever shape.
pub async fn all() -> Result<Vec<(String, JsValue)>, String> {
    let store = store(TRANSFERS, READ).await?;
    let (keys, values) = (call(&store, "getAllKeys", &[]), call(&store, "getAll", &[]));
    let keys: Array = done(keys, PATIENCE).await?.unchecked_into();
    let values: Array = done(values, PATIENCE).await?.unchecked_into();
    let mut all = Vec::new();
    for (key, value) in keys.iter().zip(values.iter()) {
        all.extend(key.as_string().map(|key| (key, value)));
    }
    Ok(all)
}

/// Removes a record and its pieces.
pub async fn remove(key: &str) -> Result<(), String> {
    ask(TRANSFERS, WRITE, "delete", [key.into()], PATIENCE).await?;
    remove_pieces(key).await
}

/// Writes one piece.
pub async fn put_piece(key: &str, index: u32, piece: &Blob) -> Result<(), String> {
    let put = |value| ask(PIECES, WRITE, "put", [value, piece_key(key, index)], PATIENCE_WITH_PIECES);
    let stored = put(piece.into()).await;
    if stored.is_ok() || UNANSWERED.get() > 0 {
        return stored.map(drop);
    }
    // WebKit takes no Blobs in a session that leaves no traces; plain bytes it does.
    let bytes = blob::Read::start(piece, &(0..piece.size() as u64))?.bytes().await?;
    put(bytes.buffer().into()).await.map(drop)
}

/// Reads all pieces of a transfer with their indexes, one after the other: some browsers keep them as plain bytes.
pub async fn pieces(key: &str) -> Result<Vec<(u32, Blob)>, String> {
    let keys = ask(PIECES, READ, "getAllKeys", [piece_range(key)?], PATIENCE).await?;
    let mut pieces = Vec::new();
    for key in keys.unchecked_into::<Array>().iter() {
        let piece = to_piece(ask(PIECES, READ, "get", [key.clone()], PATIENCE).await?);
        let index = key.dyn_into::<Array>().ok().and_then(|key| key.get(1).as_f64());
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
    let Ok(range) = piece_range(key) else { return 0 };
    let count = ask(PIECES, READ, "count", [range], PATIENCE).await.ok().and_then(|count| count.as_f64());
    count.map_or(0, |count| count as u64)
}

/// Removes all pieces of a transfer.
pub async fn remove_pieces(key: &str) -> Result<(), String> {
    ask(PIECES, WRITE, "delete", [piece_range(key)?], PATIENCE).await.map(drop)
}

/// Writes digests, or where their hashing is.
pub async fn put_digests(key: &str, value: &JsValue) -> Result<(), String> {
    ask(DIGESTS, WRITE, "put", [value.clone(), key.into()], PATIENCE).await.map(drop)
}

/// Reads digests, of whatever shape; nothing if there are none.
pub async fn digests(key: &str) -> Option<JsValue> {
    ask(DIGESTS, READ, "get", [key.into()], PATIENCE).await.ok()
}

/// Forgets the digests that were last used before `oldest`, and of more than `most` those that were used least lately.
pub async fn expire_digests(oldest: u64, most: u32) -> Result<(), String> {
    let store = store(DIGESTS, WRITE).await?;
    let index = call(&store, "index", &[USED_AT.into()]).map_err(|error| sys::describe(&error))?;
    let old = range("upperBound", &[(oldest as f64).into()])?;
    let (old, all) = (call(&index, "getAllKeys", &[old]), call(&index, "getAllKeys", &[]));
    let old: Array = done(old, PATIENCE).await?.unchecked_into();
    let all: Array = done(all, PATIENCE).await?.unchecked_into();
    let surplus = old.length().max(all.length().saturating_sub(most));
    for key in all.slice(0, surplus).iter() {
        done(call(&store, "delete", &[key]), PATIENCE).await?;
    }
    Ok(())
}

fn piece_key(key: &str, index: u32) -> JsValue {
    Array::of2(&key.into(), &index.into()).into()
}

fn piece_range(key: &str) -> Result<JsValue, String> {
    range("bound", &[piece_key(key, 0), piece_key(key, u32::MAX)])
}

/// Makes an `IDBKeyRange`.
fn range(kind: &str, bounds: &[JsValue]) -> Result<JsValue, String> {
    call(&get_value(&js_sys::global(), "IDBKeyRange"), kind, bounds).map_err(|error| sys::describe(&error))
}

/// Calls a method of a store, in a transaction of its own, and waits for what comes of it, at most so many ms.
fn ask<const N: usize>(
    name: &'static str,
    mode: &'static str,
    method: &'static str,
    arguments: [JsValue; N],
    patience: Millis,
) -> Boxed<Result<JsValue, String>> {
    let arguments = Vec::from(arguments);
    Box::pin(async move {
        let store = store(name, mode).await?;
        done(call(&store, method, &arguments), patience).await
    })
}

fn store(name: &'static str, mode: &'static str) -> Boxed<Result<JsValue, String>> {
    Box::pin(async move {
        let open = |database: JsValue| {
            let transaction = call(&database, "transaction", &[name.into(), mode.into()])?;
            call(&transaction, "objectStore", &[name.into()])
        };
        if let Ok(store) = open(database().await?) {
            return Ok(store);
        }
        // It was closed under us (storage cleared, another version): it is opened anew.
        DATABASE.take();
        open(database().await?).map_err(|error| sys::describe(&error))
    })
}

fn database() -> Boxed<Result<JsValue, String>> {
    Box::pin(async {
        if UNANSWERED.get() > 0 {
            return Err(silence());
        }
        if let Some(handle) = known() {
            return Ok(handle);
        }
        let opening = OPENING.with_borrow(Clone::clone);
        let opening = opening.map_or_else(open, Ok);
        let opening = opening.inspect_err(|why| LAST.set(Some(Err(why.clone()))))?;
        waited(opening, PATIENCE).await
    })
}

fn known() -> Option<JsValue> {
    DATABASE.with_borrow(|database| database.as_ref().map(|database| database.handle.clone()))
}

/// Begins to open the database. What comes of it is kept, however late that is.
fn open() -> Result<Rc<Answer>, String> {
    let factory = super::object::get(&js_sys::global(), "indexedDB").ok_or("this page has no IndexedDB")?;
    let request = call(&factory, "open", &[NAME.into(), VERSION.into()]);
    let request = request.map_err(|error| sys::describe(&error))?;
    let opened = request.clone();
    let upgrade = Listener::new(&request, "upgradeneeded", move |_| create(&get_value(&opened, "result")));
    let answered = Answer::of(&request);
    let opening = Rc::new(Answer::default());
    OPENING.set(Some(opening.clone()));
    spawn({
        let opening = opening.clone();
        async move {
            let outcome = answered.wait().await;
            drop(upgrade);
            OPENING.take();
            if let Ok(handle) = &outcome {
                let version_change = Listener::new(handle, "versionchange", |_| close());
                DATABASE.set(Some(Database { handle: handle.clone(), _version_change: version_change }));
            }
            opening.give(outcome);
        }
    });
    Ok(opening)
}

fn shut(handle: &JsValue) {
    // To close it again does no harm.
    let _ = call(handle, "close", &[]);
}

fn close() {
    if let Some(database) = DATABASE.take() {
        shut(&database.handle);
        // This runs inside the listener that it owns; it is dropped when that has returned.
        spawn(async move { drop(database) });
    }
}

fn create(database: &JsValue) {
    let create = |store: &str| call(database, "createObjectStore", &[store.into()]);
    // A store that cannot be made shows when it is used.
    let _ = create(TRANSFERS);
    let _ = create(PIECES);
    if let Ok(digests) = create(DIGESTS) {
        let _ = call(&digests, "createIndex", &[USED_AT.into(), USED_AT.into()]);
    }
}

/// Waits for a request of the database, at most so many ms.
fn done(request: Result<JsValue, JsValue>, patience: Millis) -> Boxed<Result<JsValue, String>> {
    Box::pin(async move {
        let request = request.map_err(|error| sys::describe(&error))?;
        waited(Answer::of(&request), patience).await
    })
}

/// Waits for an answer. One that does not come in time counts as open until it does come.
async fn waited(answer: Rc<Answer>, patience: Millis) -> Result<JsValue, String> {
    let outcome = answer.within(patience).await.unwrap_or_else(|| {
        UNANSWERED.set(UNANSWERED.get() + 1);
        spawn(async move {
            let late = answer.wait().await;
            UNANSWERED.set(UNANSWERED.get().saturating_sub(1));
            LAST.set(Some(late.map(drop)));
        });
        Err(silence())
    });
    LAST.set(Some(outcome.clone().map(drop)));
    outcome
}

fn silence() -> String {
    "IndexedDB does not answer".to_owned()
}
