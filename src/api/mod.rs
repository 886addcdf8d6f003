//! What JavaScript sees of the engine; the npm shell in `www/npm` puts its handles and errors on top.

mod digest;
mod download;
mod error;
mod options;
mod pending;
mod settled;
mod transfer;
mod upload;
mod worker;

pub use digest::digest;
pub use download::start_download;
pub use pending::{forget_pending, pending, start_pending};
pub use transfer::EngineTransfer;
pub use upload::start_upload;
pub use worker::{serve_worker, set_worker_source};

use wasm_bindgen::prelude::*;

// The reviewed types of the whole package; `cargo xtask build` ships the same file.
#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");
