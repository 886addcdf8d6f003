//! The servers are what they claim to be: right one chunk at a time, and each wrong in its own way.

#![cfg(not(target_arch = "wasm32"))]

mod alone;
mod limits;
mod parallel;
mod server;
