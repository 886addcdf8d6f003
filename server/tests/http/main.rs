//! The server over real HTTP on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
mod downloads;
mod program;
mod protocol;
mod uploads;
