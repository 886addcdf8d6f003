//! The database: opened once, asked in transactions of one request each, and given up where it does not answer in time.
//!
//! Its methods are called by name: as functions of their own they would be an eighth of the engine's imports.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use wasm_bindgen::prelude::*;

use crate::core::clock::Millis;
use crate::core::thrown::Thrown;
use crate::web::listener::Listener;
use crate::web::object::{call, get, get_value};
use crate::web::task::{Boxed, first, spawn};
use crate::web::time;

const NAME: &str = "xuchuan";
const VERSION: u32 = 2;
/// The index of digests by when they were last used, in ms since 1970; the name of that property, too.
pub const USED_AT: &str = "usedAt";

/// How long the database may say nothing before a transfer goes on without it, in ms.
pub const PATIENCE: Millis = 1_000;
/// A wait is counted in so many turns of the event loop: a page that stood still itself has not waited.
const TURNS: Millis = 4;

/// An object store of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Records of transfers.
    Transfers,
    /// Pieces of downloads.
    Pieces,
    /// Digests of files.
    Digests,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Table::Transfers => "transfers",
            Table::Pieces => "pieces",
            Table::Digests => "digests",
        }
    }
}

/// What a transaction may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Read.
    Read,
    /// Read and write.
    Write,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Mode::Read => "readonly",
            Mode::Write => "readwrite",
        }
    }
}

thread_local! {
    static DATABASE: RefCell<Option<Database>> = const { RefCell::new(None) };
    /// The one opening that is under way.
    static OPENING: RefCell<Option<Rc<Answer>>> = const { RefCell::new(None) };
    /// How many requests were given up and have not been answered since. While there are any, none is made.
    static UNANSWERED: Cell<u32> = const { Cell::new(0) };
    /// How the last use of it went; nothing before the first.
    static LAST: RefCell<Option<Result<(), Thrown>>> = const { RefCell::new(None) };
}

/// Returns how the last use of the database went, or why it failed; nothing before the first.
pub fn condition() -> Option<Result<(), Thrown>> {
    LAST.with_borrow(Clone::clone)
}

/// Tells whether the database owes an answer. It is not asked then.
pub fn is_silent() -> bool {
    UNANSWERED.get() > 0
}

fn silence() -> Thrown {
    "IndexedDB does not answer".into()
}

/// The open database; closed when somebody wants to delete it, who would wait for it otherwise.
struct Database {
    handle: JsValue,
    _version_change: Listener,
}

/// Calls a method of a table, in a transaction of its own, and waits for what comes of it, at most `patience` ms.
pub fn ask<const N: usize>(
    table: Table,
    mode: Mode,
    method: &'static str,
    arguments: [JsValue; N],
    patience: Millis,
) -> Boxed<Result<JsValue, Thrown>> {
    let arguments = Vec::from(arguments);
    Box::pin(async move {
        let table = open_table(table, mode).await?;
        finish(call(&table, method, &arguments), patience).await
    })
}

/// Opens a table in a new transaction, which ends when nothing is asked of it for a turn of the event loop.
pub fn open_table(table: Table, mode: Mode) -> Boxed<Result<JsValue, Thrown>> {
    Box::pin(async move {
        let open = |database: JsValue| {
            let transaction = call(&database, "transaction", &[table.name().into(), mode.name().into()])?;
            call(&transaction, "objectStore", &[table.name().into()])
        };
        if let Ok(table) = open(database().await?) {
            return Ok(table);
        }
        // It was closed under us (storage cleared, another version): it is opened anew.
        DATABASE.take();
        Ok(open(database().await?)?)
    })
}

/// Waits for a request of the database, at most `patience` ms.
pub fn finish(request: Result<JsValue, JsValue>, patience: Millis) -> Boxed<Result<JsValue, Thrown>> {
    Box::pin(async move { wait(Answer::of(&request?), patience).await })
}

/// Makes an `IDBKeyRange`.
pub fn key_range(kind: &str, bounds: &[JsValue]) -> Result<JsValue, Thrown> {
    Ok(call(&get_value(&js_sys::global(), "IDBKeyRange"), kind, bounds)?)
}

/// Waits for an answer. One that does not come in time counts as open until it does come.
async fn wait(answer: Rc<Answer>, patience: Millis) -> Result<JsValue, Thrown> {
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

fn database() -> Boxed<Result<JsValue, Thrown>> {
    Box::pin(async {
        if is_silent() {
            return Err(silence());
        }
        if let Some(handle) = known() {
            return Ok(handle);
        }
        let opening = OPENING.with_borrow(Clone::clone);
        let opening = opening.map_or_else(open, Ok);
        let opening = opening.inspect_err(|why| LAST.set(Some(Err(why.clone()))))?;
        wait(opening, PATIENCE).await
    })
}

fn known() -> Option<JsValue> {
    DATABASE.with_borrow(|database| database.as_ref().map(|database| database.handle.clone()))
}

/// Begins to open the database. What comes of it is kept, however late that is.
fn open() -> Result<Rc<Answer>, Thrown> {
    let factory = get(&js_sys::global(), "indexedDB").ok_or("this page has no IndexedDB")?;
    let request = call(&factory, "open", &[NAME.into(), VERSION.into()])?;
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

fn close() {
    if let Some(database) = DATABASE.take() {
        // To close it again does no harm.
        let _ = call(&database.handle, "close", &[]);
        // This runs inside the listener that it owns; it is dropped when that has returned.
        spawn(async move { drop(database) });
    }
}

fn create(database: &JsValue) {
    let create = |table: Table| call(database, "createObjectStore", &[table.name().into()]);
    // A table that cannot be made shows when it is used.
    let _ = create(Table::Transfers);
    let _ = create(Table::Pieces);
    if let Ok(digests) = create(Table::Digests) {
        let _ = call(&digests, "createIndex", &[USED_AT.into(), USED_AT.into()]);
    }
}

/// What comes of a request of IndexedDB, given once: for any number of waiters, who may give up.
#[derive(Default)]
struct Answer {
    outcome: RefCell<Option<Result<JsValue, Thrown>>>,
    waiting: RefCell<Vec<Waker>>,
    /// Dropped with the answer, after that was given.
    listeners: RefCell<Vec<Listener>>,
}

impl Answer {
    /// Listens to a request of the database.
    fn of(request: &JsValue) -> Rc<Answer> {
        let answer: Rc<Answer> = Rc::default();
        let on = |kind, outcome: fn(&JsValue) -> Result<JsValue, Thrown>| {
            let (answer, request) = (answer.clone(), request.clone());
            Listener::new(&request.clone(), kind, move |_| answer.give(outcome(&request)))
        };
        let listeners = vec![
            on("success", |request| Ok(get_value(request, "result"))),
            on("error", |request| {
                let error = get(request, "error");
                Err(error.map_or_else(|| "the database failed".into(), Thrown::from))
            }),
        ];
        *answer.listeners.borrow_mut() = listeners;
        answer
    }

    /// Gives it; a second one is ignored.
    fn give(&self, outcome: Result<JsValue, Thrown>) {
        self.outcome.borrow_mut().get_or_insert(outcome);
        for waker in self.waiting.take() {
            waker.wake();
        }
    }

    /// Waits for it.
    async fn wait(&self) -> Result<JsValue, Thrown> {
        let outcome = poll_fn(|context| {
            let outcome = self.outcome.borrow().clone();
            if outcome.is_none() {
                self.waiting.borrow_mut().push(context.waker().clone());
            }
            outcome.map_or(Poll::Pending, Poll::Ready)
        });
        let outcome = outcome.await;
        // They hold this answer, too.
        self.listeners.take();
        outcome
    }

    /// Waits for it, but no longer than `patience` ms; nothing if it does not come.
    async fn within(&self, patience: Millis) -> Option<Result<JsValue, Thrown>> {
        for _ in 0..TURNS {
            let answered = async { drop(self.wait().await) };
            if first(answered, time::sleep(patience / TURNS)).await {
                break;
            }
        }
        self.outcome.borrow().clone()
    }
}
