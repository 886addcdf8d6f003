//! What the core has in Rust's types as JavaScript values, and back: answers of the server, and what the journal keeps.
//!
//! By hand: serde would cost 30 KB of wasm to read and 3 KB to write, most of it to describe what it did not expect,
//! and here that is simply nothing.

pub mod digests;
pub mod download_record;
pub mod envelope;
pub mod list;
pub mod upload_record;
