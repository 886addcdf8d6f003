//! The life of a download's file: opened or found again, its pieces made safe one by one, closed as the result; and what
//! is left of files that nobody goes on with.
//!
//! A file has a name that no other ever had, for a result stays the page's until that is closed, whatever is downloaded
//! meanwhile. Whoever uses it holds the lock of that name. What is neither in the journal nor locked is removed.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::{File, FilePropertyBag};

use super::bytes::{check_len, store_failure};
use super::context::{DownloadContext, file_of};
use super::disk::{self, Disk};
use super::file::{FileSink, OnDisk, Place};
use super::pieces::{Pieces, Whole};
use super::sink::Sink;
use crate::core::clock::Millis;
use crate::core::download::{Download, Input, Record, Restored, StoreFailure};
use crate::core::plan::Cut;
use crate::core::thrown::Thrown;
use crate::web::lock::{self, Held};
use crate::web::object::get_u64;
use crate::web::task::{ask_of, spawn};
use crate::web::transfer::TransferDriver;
use crate::web::{page, store, sys, time};

/// What every file's name begins with.
const PREFIX: &str = "file-";
/// The most bytes that are on their way to where they are kept.
const WINDOW: u64 = 16 << 20;
/// How long the browser may take to say how much room there is, in ms.
const PATIENCE: Millis = 1_000;

thread_local! {
    /// The locks of this page's results.
    static RESULTS: RefCell<Vec<Held>> = const { RefCell::new(Vec::new()) };
}

fn lock_of(name: &str) -> String {
    format!("xuchuan {name}")
}

fn new_name() -> String {
    format!("{PREFIX}{:014x}{:014x}", sys::random(), sys::random())
}

impl DownloadContext {
    /// Tells whether the bytes go where the end takes a while.
    pub fn closes(&self) -> bool {
        matches!(&*self.sink.borrow(), Sink::File(_) | Sink::Stream(_))
    }

    /// Tells whether the bytes go to a file.
    pub fn is_file(&self) -> bool {
        self.sink.borrow_mut().file().is_some()
    }

    fn with_file<T>(&self, look: impl FnOnce(&mut FileSink) -> T) -> Option<T> {
        self.sink.borrow_mut().file().map(look)
    }

    /// Opens the file that an earlier visit left, else a new one. Returns what is stored.
    pub async fn open_file(&self) -> Option<Restored> {
        sweep();
        let found = self.journal.find_record().await;
        if let Some((record, name)) = found {
            if let Some(name) = name
                && let Some(restored) = self.open_again(&record, name).await
            {
                return Some(restored);
            }
            self.open_new(record.piece).await;
            return Some(record.restore([]));
        }
        let piece = self.with_file(|file| file.piece())?;
        self.open_new(piece).await;
        None
    }

    async fn take_name(&self, name: String) {
        let held = lock::hold(&lock_of(&name)).await;
        self.filing.held.replace(held);
        self.filing.name.replace(name);
    }

    async fn open_new(&self, piece: u64) {
        let name = new_name();
        self.take_name(name.clone()).await;
        let place = match Disk::open(&name).await {
            Ok((disk, _)) => Place::Disk(OnDisk::new(disk)),
            Err(_) => Place::Pieces(Pieces::new(piece)),
        };
        self.with_file(|file| file.open(place, piece));
    }

    /// Opens a file again that `record` is of; nothing if nothing of it is there.
    async fn open_again(&self, record: &Record, name: String) -> Option<Restored> {
        self.take_name(name.clone()).await;
        let cut = Cut::new(record.total.unwrap_or(u64::MAX), record.piece);
        let blobs = store::pieces(&name).await.ok()?;
        if !blobs.is_empty() {
            let stored = blobs.iter().map(|(index, piece)| (*index as usize, piece.size() as u64));
            let restored = record.clone().restore(stored);
            self.with_file(|file| {
                file.open(Place::Pieces(Pieces::new(record.piece)), record.piece);
                for (index, piece) in blobs.into_iter().filter(|(index, _)| restored.has(*index as usize)) {
                    file.restored(piece.size() as u64);
                    file.restore(index, piece);
                }
            });
            return Some(restored);
        }
        let (disk, size) = Disk::open(&name).await.ok()?;
        let marked = store::piece_indexes(&name).await.into_iter().map(|index| index as usize);
        // A file that is shorter than it was has lost what was at its end.
        let there = marked.filter(|index| cut.range(*index).end <= size);
        let stored: Vec<(usize, u64)> = there.map(|index| (index, cut.len(index))).collect();
        let bytes = stored.iter().map(|(_, len)| len).sum();
        self.with_file(|file| {
            file.open(Place::Disk(OnDisk::new(disk)), record.piece);
            file.restored(bytes);
        });
        Some(record.clone().restore(stored))
    }

    /// Makes room for `total` bytes; fails where the browser says beforehand that there is not that much.
    pub async fn make_room(&self, total: Option<u64>, exact: bool) -> Result<(), StoreFailure> {
        self.sink.borrow_mut().prepare(total, exact)?;
        let stored = self.with_file(|file| file.stored()).unwrap_or(0);
        let missing = total.unwrap_or(0).saturating_sub(stored);
        match free_space().await {
            Some(free) if free < missing => Err(StoreFailure::Quota),
            _ => Ok(()),
        }
    }

    /// Sees to it that what was just written is kept: `whole` are the pieces that this made whole.
    pub fn keep(self: &Rc<Self>, whole: Whole, driver: &TransferDriver<Download>) {
        let window = self.with_file(|file| file.window.clone());
        for (len, receipt) in self.sink.borrow_mut().take_asked() {
            let (window, driver) = (window.clone(), driver.clone());
            spawn(async move {
                let written = receipt.await;
                if let Some(window) = window {
                    window.remove(len);
                }
                if let Err(why) = written {
                    driver.tell(Input::StoreFailed(store_failure(why)));
                }
            });
        }
        if window.is_none() {
            return self.journal.save_pieces(whole);
        }
        for (index, piece) in whole {
            self.keep_piece(index, piece, driver);
        }
        if !self.filing.flushing.replace(true) {
            let context = self.clone();
            spawn(async move {
                context.flush().await;
                context.filing.flushing.set(false);
            });
        }
    }

    /// Bytes, then flush, then journal: only pieces that survive a power cut are written down.
    async fn flush(&self) {
        loop {
            let version = self.with_file(|file| file.version());
            let Some((whole, flushed)) = self.with_file(FileSink::flush).flatten() else { return };
            if flushed.await.is_ok() && self.with_file(|file| file.version()) == version {
                let name = self.filing.name();
                self.journal.writes().run(async move { drop(store::mark_pieces(&name, &whole).await) });
            }
        }
    }

    /// Has the database take a piece, and lets go of the bytes in memory. One that it does not take stays there.
    fn keep_piece(self: &Rc<Self>, index: u32, piece: web_sys::Blob, driver: &TransferDriver<Download>) {
        let (context, driver, name) = (self.clone(), driver.clone(), self.filing.name());
        let (len, version) = (piece.size() as u64, self.with_file(|file| file.version()));
        self.with_file(|file| file.window.add(len));
        self.journal.writes().run(async move {
            let stored = store::put_piece(&name, index, &piece).await;
            let kept = if stored.is_ok() { store::piece(&name, index).await } else { None };
            context.with_file(|file| {
                file.window.remove(len);
                if let Some(kept) = kept.filter(|_| Some(file.version()) == version) {
                    file.restore(index, kept);
                }
            });
            if let Err(why) = stored
                && why.is_quota()
            {
                driver.tell(Input::StoreFailed(StoreFailure::Quota));
            }
        });
    }

    /// Waits while too much is on its way to the disk, or while the page's stream takes no more.
    pub async fn not_too_far_ahead(&self, driver: &TransferDriver<Download>) {
        let window = self.with_file(|file| file.window.clone()).filter(|window| window.is_above(WINDOW));
        let ready = match &*self.sink.borrow() {
            Sink::Stream(stream) => stream.ready(),
            _ => None,
        };
        if window.is_none() && ready.is_none() {
            return;
        }
        self.waiting.set(self.waiting.get() + 1);
        if self.waiting.get() == 1 {
            driver.tell(Input::Full(true));
        }
        if let Some(window) = window {
            window.until(WINDOW).await;
        }
        if let Some(ready) = ready {
            // A stream that fails says so by its writes.
            drop(ready.await);
        }
        self.waiting.set(self.waiting.get() - 1);
        if self.waiting.get() == 0 {
            driver.tell(Input::Full(false));
        }
    }

    /// Throws away what is stored.
    pub fn discard(&self) {
        self.sink.borrow_mut().discard();
        if self.is_file() {
            let name = self.filing.name();
            self.journal.writes().run(async move { drop(store::remove_pieces(&name).await) });
        } else {
            self.journal.remove_pieces();
        }
    }

    /// Ends a file or a stream; returns the result.
    pub async fn close(&self, total: u64, content_type: &str) -> Result<JsValue, StoreFailure> {
        let closed = match &*self.sink.borrow() {
            Sink::Stream(stream) => Some(stream.close()),
            _ => None,
        };
        match closed {
            Some(closed) => closed.await.map(|_| JsValue::NULL).map_err(store_failure),
            None => self.finish_file(total, content_type).await,
        }
    }

    async fn finish_file(&self, total: u64, content_type: &str) -> Result<JsValue, StoreFailure> {
        let disk = self.with_file(|file| file.disk()).flatten();
        let Some(disk) = disk else {
            self.journal.writes().idle().await;
            let joined = self.with_file(|file| match &mut file.place {
                Place::Pieces(pieces) => pieces.finish(total, content_type),
                _ => Err(StoreFailure::Other("the file is not open".into())),
            });
            let joined = joined.ok_or_else(|| StoreFailure::Other("there is no file".into()))??;
            return self.named(&joined, content_type).map_err(StoreFailure::Other);
        };
        disk.close(Some(total)).await.map_err(store_failure)?;
        let file = disk.file().await.map_err(StoreFailure::Other)?;
        check_len(file.size() as u64, total)?;
        self.named(&file, content_type).map_err(StoreFailure::Other)
    }

    /// Gives the result its name and type. No byte is copied.
    fn named(&self, blob: &JsValue, content_type: &str) -> Result<JsValue, Thrown> {
        let options = FilePropertyBag::new();
        options.set_type(content_type);
        let (parts, title) = (Array::of1(blob), &self.filing.title);
        let title = if title.is_empty() { "download" } else { title };
        Ok(File::new_with_blob_sequence_and_options(&parts, title, &options)?.into())
    }

    /// Leaves the file to the page, for as long as that is there.
    pub fn hand_out(&self) {
        if let Some(held) = self.filing.held.take() {
            RESULTS.with_borrow_mut(|results| results.push(held));
        }
        self.with_file(|file| file.place = Place::None);
    }

    /// Closes the file of a download that failed. What the journal has of it stays; of others nothing does.
    pub fn put_away(self: &Rc<Self>) {
        if !self.is_file() {
            return;
        }
        let context = self.clone();
        self.journal.writes().run(async move {
            let name = context.filing.name();
            if let Some((whole, flushed)) = context.with_file(FileSink::flush).flatten()
                && flushed.await.is_ok()
            {
                drop(store::mark_pieces(&name, &whole).await);
            }
            if let Some(disk) = context.with_file(|file| file.disk()).flatten() {
                drop(disk.close(None).await);
            }
            context.with_file(|file| file.place = Place::None);
            if !context.journal.is_kept() {
                remove_file(&name).await;
            }
            context.filing.held.take();
        });
    }
}

/// Returns how many bytes the site may still store, where the browser says so.
async fn free_space() -> Option<u64> {
    let storage = page::navigator("storage")?;
    let estimate = time::within(PATIENCE, ask_of(&storage, "estimate", &[])).await.ok()?;
    get_u64(&estimate, "quota")?.checked_sub(get_u64(&estimate, "usage")?)
}

async fn remove_file(name: &str) {
    // Where it is not, there is nothing to remove.
    drop(disk::remove(name).await);
    drop(store::remove_pieces(name).await);
}

/// Removes the files that nobody uses and nobody will go on with.
pub fn sweep() {
    spawn(async {
        let mut names = disk::names().await;
        for key in store::keys_of_pieces().await {
            if key.starts_with(PREFIX) && !names.contains(&key) {
                names.push(key);
            }
        }
        for name in names {
            let lock = lock_of(&name);
            lock::if_free(&lock, async move {
                // Asked now: whoever used it until a moment ago has written down by now what is to stay.
                if let Ok(records) = store::all().await
                    && !records.iter().any(|(_, value)| file_of(value).as_deref() == Some(&*name))
                {
                    remove_file(&name).await;
                }
            });
        }
    });
}
