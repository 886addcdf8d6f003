//! Resumable uploads and downloads for web pages.
//!
//! An upload and a download are state machines in [`core`], pure Rust without a browser, a clock or randomness:
//! inputs come in with the time, effects come out. On wasm, `web` carries the effects out (fetch, blobs, workers,
//! storage) and feeds the outcomes back, and `api` is what JavaScript sees. Natively the crate is the core alone,
//! which the reference server shares for its wire types and the tests for their simulations.

#![warn(missing_docs)]

pub mod core;

#[cfg(target_arch = "wasm32")]
pub mod api;
#[cfg(target_arch = "wasm32")]
pub mod web;
