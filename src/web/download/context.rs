//! What a download works with, its place in the journal among it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::JsValue;
use web_sys::Blob;

use super::sink::Sink;
use crate::core::download::{Record, Restored};
use crate::web::convert::{read_download_record, write_download_record};
use crate::web::headers::Headers;
use crate::web::inquiry::Inquiry;
use crate::web::lock::Held;
use crate::web::object::{get_string, set};
use crate::web::store::{self, Claim};
use crate::web::task::Serial;
use crate::web::time;

/// What a record's file is called in the journal.
const FILE: &str = "file";

/// Reads the name of the file that a record in the journal is of, if it is of one.
pub fn file_of(value: &JsValue) -> Option<String> {
    get_string(value, FILE)
}

/// What a download works with.
pub struct DownloadContext {
    /// Where it comes from; changes when the page gives a new URL.
    pub url: RefCell<String>,
    /// The page's function for a new URL.
    pub refresh_url: Option<Function>,
    /// The page's headers.
    pub headers: Headers,
    /// Sends its requests.
    pub inquiry: Inquiry,
    /// Whether cookies go along.
    pub credentials: &'static str,
    /// Where the bytes go.
    pub sink: RefCell<Sink>,
    /// Where it is remembered.
    pub journal: DownloadJournal,
    /// Where its file is, if it is one.
    pub filing: Filing,
    /// How many bodies wait for the sink.
    pub waiting: Cell<u32>,
}

impl DownloadContext {
    /// Puts what an earlier visit stored into the sink, as far as it counts, and returns what that is.
    pub async fn restore(&self) -> Option<Restored> {
        if self.is_file() {
            return self.open_file().await;
        }
        let (record, pieces) = self.journal.find().await?;
        let stored = pieces.iter().map(|(index, piece)| (*index as usize, piece.size() as u64));
        let restored = record.restore(stored);
        let mut sink = self.sink.borrow_mut();
        sink.start_again(restored.record.piece);
        for (index, piece) in pieces.into_iter().filter(|(index, _)| restored.has(*index as usize)) {
            sink.restore(index, piece);
        }
        drop(sink);
        Some(restored)
    }
}

/// A download's place in the journal. A journal that fails costs the next visit what this one brought, and never the
/// download.
pub struct DownloadJournal {
    /// Nothing if the download is not to be remembered.
    claim: Option<Rc<Claim>>,
    /// In order: a piece never outlives the record it belongs to.
    writes: Serial,
    /// There may be a record.
    kept: Cell<bool>,
}

impl DownloadJournal {
    /// Makes a journal in the place that was claimed; one that remembers nothing where there is none.
    pub fn new(claim: Option<Claim>) -> DownloadJournal {
        DownloadJournal { claim: claim.map(Rc::new), writes: Serial::default(), kept: Cell::new(false) }
    }

    /// Returns what is being written, one after the other.
    pub fn writes(&self) -> &Serial {
        &self.writes
    }

    /// Tells whether there may be a record.
    pub fn is_kept(&self) -> bool {
        self.kept.get()
    }

    /// Finds the record that an earlier visit left, and the name of the file that it is of, if it is of one.
    pub async fn find_record(&self) -> Option<(Record, Option<String>)> {
        let value = store::get(self.claim.as_ref()?.key()).await?;
        let found = (read_download_record(&value)?, file_of(&value));
        self.kept.set(true);
        Some(found)
    }

    /// Finds what an earlier visit stored: the record, and the pieces with their indexes.
    pub async fn find(&self) -> Option<(Record, Vec<(u32, Blob)>)> {
        let key = self.claim.as_ref()?.key();
        let record = read_download_record(&store::get(key).await?)?;
        Some((record, store::pieces(key).await.ok()?))
    }

    fn key(&self) -> Option<String> {
        Some(self.claim.as_ref()?.key().to_owned())
    }

    /// Saves the record, with the name of the `file` that it is of, if it is of one.
    pub fn save(&self, record: &Record, file: Option<&str>) {
        if let Some(key) = self.key() {
            let value = write_download_record(record, time::unix_now());
            if let Some(file) = file {
                set(&value, FILE, &file.into());
            }
            self.kept.set(true);
            self.writes.run(async move { drop(store::put(&key, &value).await) });
        }
    }

    /// Saves pieces.
    pub fn save_pieces(&self, pieces: Vec<(u32, Blob)>) {
        for (index, piece) in pieces {
            if let Some(key) = self.key() {
                self.writes.run(async move { drop(store::put_piece(&key, index, &piece).await) });
            }
        }
    }

    /// Removes the pieces.
    pub fn remove_pieces(&self) {
        if let Some(key) = self.key() {
            self.writes.run(async move { drop(store::remove_pieces(&key).await) });
        }
    }

    /// Removes the record and the pieces. The claim is held until then: what is done is not to be found as unfinished
    /// meanwhile.
    pub fn forget(&self) {
        self.kept.set(false);
        if let Some(claim) = self.claim.clone() {
            self.writes.run(async move { drop(store::remove(claim.key()).await) });
        }
    }
}

/// Where a download's file is.
#[derive(Default)]
pub struct Filing {
    /// What the result is called.
    pub title: String,
    /// What it is called in the store.
    pub(super) name: RefCell<String>,
    /// Its lock.
    pub(super) held: RefCell<Option<Held>>,
    /// The disk is being asked to flush.
    pub(super) flushing: Cell<bool>,
}

impl Filing {
    /// Makes the place of a file that the page will know as `title`.
    pub fn new(title: String) -> Filing {
        Filing { title, ..Filing::default() }
    }

    /// Returns what it is called in the store.
    pub fn name(&self) -> String {
        self.name.borrow().clone()
    }
}
