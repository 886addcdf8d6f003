//! Effects on the browser, one place for each; nothing is decided here.

pub mod blob;
pub mod clock;
pub mod download;
pub mod drive;
pub mod fetch;
pub mod frame;
pub mod hasher;
pub mod hashing;
pub mod headers;
pub mod listener;
pub mod memory;
pub mod object;
pub mod read;
pub mod serial;
pub mod signal;
pub mod sink;
pub mod store;
pub mod sys;
pub mod task;
pub mod timer;
pub mod upload;
pub mod worker;
pub mod write;
