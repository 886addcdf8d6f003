//! The digest of a download's bytes, hashed while the rest of them comes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Array;
use web_sys::Blob;

use super::bytes::join;
use crate::core::download::{Download, Input, StoreFailure};
use crate::core::md5::{Snapshot, WHOLE};
use crate::web::hash::{self, HashControl, Watcher};
use crate::web::task::spawn;
use crate::web::transfer::TransferDriver;

/// The bytes from the start of one download, as far as they are there, and their hashing.
#[derive(Default)]
pub struct HashAhead {
    parts: Array,
    /// Where the bytes end.
    end: Cell<u64>,
    /// Somebody is hashing.
    busy: Cell<bool>,
    /// How far.
    state: RefCell<Option<Snapshot>>,
    control: Rc<HashControl>,
    /// Who wants the digest, once all is there.
    waiting: RefCell<Option<TransferDriver<Download>>>,
}

impl Watcher for HashAhead {
    fn hashed(&self, _at: u64) {}

    fn saved(&self, snapshot: Snapshot) {
        *self.state.borrow_mut() = Some(snapshot);
    }
}

impl HashAhead {
    /// Returns where the bytes end that it has.
    pub fn end(&self) -> u64 {
        self.end.get()
    }

    /// Takes the bytes that follow, and has them hashed. With the last of them comes who wants to know the digest, or
    /// why there is none; after [`HashAhead::stop`] nobody learns anything.
    pub fn take(self: &Rc<HashAhead>, part: &Blob, waiting: Option<TransferDriver<Download>>) {
        self.parts.push(part);
        self.end.set(self.end.get() + part.size() as u64);
        *self.waiting.borrow_mut() = waiting;
        if !self.busy.replace(true) {
            spawn(self.clone().hash());
        }
    }

    async fn hash(self: Rc<HashAhead>) {
        loop {
            let count = self.parts.length();
            let digest = match join(&self.parts, "") {
                Err(failure) => Err(failure),
                Ok(blob) => {
                    let state = self.state.borrow().clone();
                    match hash::hash(blob, WHOLE, state, self.control.clone(), self.clone()).await {
                        Some(digests) => {
                            digests.map(|it| Some(it.file)).map_err(|it| StoreFailure::Other(it.why))
                        }
                        None => return,
                    }
                }
            };
            if self.parts.length() == count {
                self.busy.set(false);
                // What fails before the end fails again there.
                if let Some(driver) = self.waiting.take() {
                    driver.tell(Input::Finished(digest));
                }
                return;
            }
        }
    }

    /// Ends the hashing.
    pub fn stop(&self) {
        self.control.stop();
    }
}
