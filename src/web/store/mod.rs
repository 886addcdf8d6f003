//! The journal in IndexedDB: records of unfinished transfers, the pieces of downloads and the digests of files.
//! Everything here may fail (private windows, a full disk) or never answer (a tab that holds an older version open),
//! and then a transfer goes on without it.

mod database;
mod tables;

use std::cell::RefCell;

pub use database::condition;
pub use tables::{
    all, count_pieces, digests, expire_digests, get, keys_of_pieces, mark_pieces, piece, piece_indexes,
    pieces, put, put_digests, put_piece, remove, remove_pieces,
};

thread_local! {
    static CLAIMED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
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
