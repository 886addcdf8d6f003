//! The pure part: no JavaScript, no clock, no randomness, no I/O.

pub mod address;
pub mod cause;
pub mod clock;
pub mod credentials;
pub mod download;
pub mod error;
pub mod flat_map;
pub mod journal;
pub mod kind;
pub mod machine;
pub mod md5;
pub mod pace;
pub mod plan;
pub mod progress;
pub mod protocol;
pub mod range;
pub mod report;
pub mod retry;
pub mod scheduler;
pub mod thrown;
pub mod upload;
