//! What JavaScript sees of the engine; the npm shell in `www/npm` puts its handles and errors on top.
//!
//! The features `upload` and `download` say which verbs an engine has. Without its verb, the linker leaves out what only
//! that needs.

mod error;
pub mod options;
mod pending;
mod scheduler;
pub mod settled;
mod transfer;
mod worker;

#[cfg(feature = "upload")]
mod digest;
#[cfg(feature = "download")]
mod download;
#[cfg(feature = "upload")]
mod upload;

#[cfg(feature = "upload")]
pub use digest::digest;
#[cfg(feature = "download")]
pub use download::start_download;
pub use pending::{forget_pending, pending, start_pending};
pub use scheduler::{knock, set_scheduler_host, turn_event, withdraw};
pub use transfer::EngineTransfer;
#[cfg(feature = "upload")]
pub use upload::start_upload;
pub use worker::{serve_worker, set_worker_source};

use wasm_bindgen::prelude::*;

// The reviewed types of the whole package; `cargo xtask build` ships the same file.
#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");
