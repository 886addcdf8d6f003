//! What is stored: files as their chunks and a manifest.
//!
//! A file's folder holds its chunks, each an object named by its MD5, the plans that handshakes announced, and, once
//! the whole was verified, the manifest `whole.json`, which makes the file exist. The chunks are never copied into one
//! object: so each byte is written once, finishing costs no more than the rest of a digest that ran along with the
//! upload, a repeated chunk takes its room once, every length of chunk is right, and a store such as S3, which can
//! neither append nor rename, needs nothing else.
//!
//! What a client still has to send follows from which chunk objects exist. Chunks and plans are put as a whole or not
//! at all, durably (`LocalFileSystem::with_fsync`), before they are acknowledged; the memory only repeats the store.
//!
//! Handlers know [`Store`]. It asks the `catalog`, which reads and remembers what is stored, and has `finish` verify
//! whole files; `sweep` removes what nobody finished.

mod catalog;
mod cut;
mod entry;
mod finish;
mod keys;
mod manifest;
mod open;
mod recent;
mod requests;
mod sidecar;
mod sweep;

pub use manifest::Manifest;
pub use open::open;
pub use requests::{Destination, Place, Store};
pub use sidecar::Sidecar;
