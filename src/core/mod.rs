//! The pure part: no JavaScript, no clock, no randomness, no I/O.

pub mod clock;
pub mod error;
pub mod journal;
pub mod md5;
pub mod pace;
pub mod plan;
pub mod progress;
pub mod retry;
pub mod upload;
pub mod wire;
