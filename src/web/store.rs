//! The journal in IndexedDB: records of unfinished transfers, and the pieces of downloads. Everything here may fail
//! (private windows, a full disk), and then a transfer goes on without it.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use js_sys::{Array, ArrayBuffer, Object};
use wasm_bindgen::prelude::*;
use web_sys::{
    Blob, IdbDatabase, IdbKeyRange, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransactionMode,
};

use super::listener::Listener;
use super::task::spawn;
use super::{blob, sys};

const NAME: &str = "xuchuan";
const VERSION: u32 = 2;
/// Records of transfers, by key.
const TRANSFERS: &str = "transfers";
/// Blobs, by the transfer's key and the piece's index.
const PIECES: &str = "pieces";
/// Digests of files, by what tells the file.
const DIGESTS: &str = "digests";
/// The index of digests by when they were last used, in ms since 1970; the name of that property, too.
const USED_AT: &str = "usedAt";

thread_local! {
    static CLAIMED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static DATABASE: RefCell<Option<Database>> = const { RefCell::new(None) };
}

/// The open database; closed when somebody wants to delete it, who would wait for it otherwise.
struct Database {
    handle: IdbDatabase,
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
    let store = store(TRANSFERS, IdbTransactionMode::Readwrite).await?;
    done(store.put_with_key(value, &key.into())).await.map(drop)
}

/// Reads a record, of whatever shape; nothing if there is none.
pub async fn get(key: &str) -> Option<JsValue> {
    let store = store(TRANSFERS, IdbTransactionMode::Readonly).await.ok()?;
    done(store.get(&key.into())).await.ok()
}

/// Reads all records with their keys, of whatever shape.
pub async fn all() -> Result<Vec<(String, JsValue)>, String> {
    let store = store(TRANSFERS, IdbTransactionMode::Readonly).await?;
    let (keys, values) = (store.get_all_keys(), store.get_all());
    let keys: Array = done(keys).await?.unchecked_into();
    let values: Array = done(values).await?.unchecked_into();
    Ok(keys.iter().filter_map(|key| key.as_string()).zip(values.iter()).collect())
}

/// Removes a record and its pieces.
pub async fn remove(key: &str) -> Result<(), String> {
    let transfers = store(TRANSFERS, IdbTransactionMode::Readwrite).await?;
    done(transfers.delete(&key.into())).await?;
    remove_pieces(key).await
}

/// Writes one piece.
pub async fn put_piece(key: &str, index: u32, piece: &Blob) -> Result<(), String> {
    if put_value(key, index, piece).await.is_ok() {
        return Ok(());
    }
    // WebKit takes no Blobs in a session that leaves no traces; plain bytes it does.
    let bytes = blob::Read::start(piece, &(0..piece.size() as u64))?.bytes().await?;
    put_value(key, index, &bytes.buffer()).await
}

async fn put_value(key: &str, index: u32, value: &JsValue) -> Result<(), String> {
    let store = store(PIECES, IdbTransactionMode::Readwrite).await?;
    done(store.put_with_key(value, &piece_key(key, index))).await.map(drop)
}

/// Reads all pieces of a transfer with their indexes, one after the other: some browsers keep them as plain bytes.
pub async fn pieces(key: &str) -> Result<Vec<(u32, Blob)>, String> {
    let range = piece_range(key)?;
    let keys = store(PIECES, IdbTransactionMode::Readonly).await?.get_all_keys_with_key(&range);
    let keys: Array = done(keys).await?.unchecked_into();
    let mut pieces = Vec::new();
    for key in keys.iter() {
        let value = store(PIECES, IdbTransactionMode::Readonly).await?.get(&key);
        let piece = to_piece(done(value).await?);
        let index = key.dyn_into::<Array>().ok().and_then(|key| key.get(1).as_f64());
        pieces.extend(index.map(|index| index as u32).zip(piece));
    }
    Ok(pieces)
}

fn to_piece(value: JsValue) -> Option<Blob> {
    match value.dyn_into::<Blob>() {
        Ok(blob) => Some(blob),
        Err(bytes) => {
            let bytes: ArrayBuffer = bytes.dyn_into().ok()?;
            Blob::new_with_buffer_source_sequence(&Array::of1(&bytes)).ok()
        }
    }
}

/// Returns how many pieces of a transfer are stored.
pub async fn count_pieces(key: &str) -> u64 {
    let Ok(store) = store(PIECES, IdbTransactionMode::Readonly).await else { return 0 };
    let Ok(range) = piece_range(key) else { return 0 };
    let count = done(store.count_with_key(&range)).await.ok().and_then(|count| count.as_f64());
    count.map_or(0, |count| count as u64)
}

/// Removes all pieces of a transfer.
pub async fn remove_pieces(key: &str) -> Result<(), String> {
    let store = store(PIECES, IdbTransactionMode::Readwrite).await?;
    let range: JsValue = piece_range(key)?.into();
    done(store.delete(&range)).await.map(drop)
}

/// Writes digests, or where their hashing is.
pub async fn put_digests(key: &str, value: &JsValue) -> Result<(), String> {
    let store = store(DIGESTS, IdbTransactionMode::Readwrite).await?;
    done(store.put_with_key(value, &key.into())).await.map(drop)
}

/// Reads digests, of whatever shape; nothing if there are none.
pub async fn digests(key: &str) -> Option<JsValue> {
    let store = store(DIGESTS, IdbTransactionMode::Readonly).await.ok()?;
    done(store.get(&key.into())).await.ok()
}

/// Forgets the digests that were last used before `oldest`, and of more than `most` those that were used least lately.
pub async fn expire_digests(oldest: u64, most: u32) -> Result<(), String> {
    let store = store(DIGESTS, IdbTransactionMode::Readwrite).await?;
    let index = store.index(USED_AT).map_err(|error| sys::describe(&error))?;
    let old = IdbKeyRange::upper_bound(&(oldest as f64).into()).map_err(|error| sys::describe(&error))?;
    let (old, all) = (index.get_all_keys_with_key(&old), index.get_all_keys());
    let old: Array = done(old).await?.unchecked_into();
    let all: Array = done(all).await?.unchecked_into();
    let surplus = old.length().max(all.length().saturating_sub(most));
    for key in all.slice(0, surplus).iter() {
        done(store.delete(&key)).await?;
    }
    Ok(())
}

fn piece_key(key: &str, index: u32) -> JsValue {
    Array::of2(&key.into(), &index.into()).into()
}

fn piece_range(key: &str) -> Result<IdbKeyRange, String> {
    IdbKeyRange::bound(&piece_key(key, 0), &piece_key(key, u32::MAX)).map_err(|error| sys::describe(&error))
}

async fn store(name: &str, mode: IdbTransactionMode) -> Result<IdbObjectStore, String> {
    let open = |database: IdbDatabase| {
        let transaction = database.transaction_with_str_and_mode(name, mode);
        transaction.and_then(|transaction| transaction.object_store(name))
    };
    if let Ok(store) = open(database().await?) {
        return Ok(store);
    }
    // It was closed under us (storage cleared, another version): it is opened anew.
    DATABASE.take();
    open(database().await?).map_err(|error| sys::describe(&error))
}

async fn database() -> Result<IdbDatabase, String> {
    let known = || DATABASE.with_borrow(|database| database.as_ref().map(|database| database.handle.clone()));
    if let Some(handle) = known() {
        return Ok(handle);
    }
    let factory = sys::global().indexed_db().ok().flatten().ok_or("this page has no IndexedDB")?;
    let request = factory.open_with_u32(NAME, VERSION).map_err(|error| sys::describe(&error))?;
    let upgrade = Closure::once({
        let request = request.clone();
        move || create(&request)
    });
    request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
    let handle: IdbDatabase = done(Ok(request.into())).await?.unchecked_into();
    if let Some(other) = known() {
        // Somebody else was opening it too.
        handle.close();
        return Ok(other);
    }
    let version_change = Listener::new(&handle, "versionchange", |_| close());
    DATABASE.set(Some(Database { handle: handle.clone(), _version_change: version_change }));
    Ok(handle)
}

fn close() {
    if let Some(database) = DATABASE.take() {
        database.handle.close();
        // This runs inside the listener that it owns; it is dropped when that has returned.
        spawn(async move { drop(database) });
    }
}

fn create(request: &IdbOpenDbRequest) {
    let Ok(database) = request.result() else { return };
    let database: IdbDatabase = database.unchecked_into();
    // A store that cannot be made shows when it is used.
    let _ = database.create_object_store(TRANSFERS);
    let _ = database.create_object_store(PIECES);
    if let Ok(digests) = database.create_object_store(DIGESTS) {
        let _ = digests.create_index_with_str(USED_AT, USED_AT);
    }
}

/// Waits for a request of the database.
async fn done(request: Result<IdbRequest, JsValue>) -> Result<JsValue, String> {
    let request = request.map_err(|error| sys::describe(&error))?;
    let outcome: Rc<RefCell<(Option<bool>, Option<Waker>)>> = Rc::default();
    let settle = |good: bool| {
        let outcome = outcome.clone();
        Closure::<dyn FnMut()>::new(move || {
            let mut outcome = outcome.borrow_mut();
            outcome.0 = Some(good);
            if let Some(waker) = outcome.1.take() {
                waker.wake();
            }
        })
    };
    let (succeed, fail) = (settle(true), settle(false));
    request.set_onsuccess(Some(succeed.as_ref().unchecked_ref()));
    request.set_onerror(Some(fail.as_ref().unchecked_ref()));
    let good = poll_fn(|context| {
        let mut outcome = outcome.borrow_mut();
        match outcome.0 {
            Some(good) => Poll::Ready(good),
            None => {
                outcome.1 = Some(context.waker().clone());
                Poll::Pending
            }
        }
    })
    .await;
    request.set_onsuccess(None);
    request.set_onerror(None);
    if good {
        request.result().map_err(|error| sys::describe(&error))
    } else {
        let error = request.error().ok().flatten().map(Object::from);
        Err(error.map_or_else(|| "the database failed".to_owned(), |error| sys::describe(&error)))
    }
}
