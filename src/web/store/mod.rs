//! The journal in IndexedDB: records of unfinished transfers, the pieces of downloads and the digests of files.
//! Everything here may fail (private windows, a full disk) or never answer (a tab that holds an older version open),
//! and then a transfer goes on without it.

mod answer;
mod claim;
mod database;
mod digests;
mod pieces;
mod transfers;

pub use claim::{Claim, is_claimed};
pub use database::condition;
pub use digests::{digests, expire_digests, put_digests};
pub use pieces::{count_pieces, pieces, put_piece, remove_pieces};
pub use transfers::{all, get, put, remove};
