//! Hashing: a file's digests, from a worker where one can be had, or on the page's own thread. While some of a file is
//! hashed, the next is read.

mod byte_stream;
mod control;
mod hasher;
mod here;
mod kernel;
mod messages;
mod pool;
mod queue;
pub mod reader;
mod run;
mod task;
mod unreadable;
mod worker;

pub use control::{RunControl, Unwatched, Watcher};
pub use hasher::{HashControl, digest, hash};
pub use pool::{Condition, condition, set_worker_source};
pub use run::{Thread, run};
pub use unreadable::Unreadable;
pub use worker::serve;
