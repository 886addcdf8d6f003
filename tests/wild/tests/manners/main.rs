//! The servers are what they claim to be: right one chunk at a time, and each wrong in its own way.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod alone;
mod limits;
mod parallel;
mod server;
