//! The pure part: no JavaScript, no clock, no randomness, no I/O.

pub mod wire;
