//! The engine in a worker, and where workers come from.

use wasm_bindgen::prelude::*;

use crate::web::hash;

/// Makes this worker serve the page that started it.
#[wasm_bindgen(js_name = serveWorker, skip_typescript)]
pub fn serve_worker() {
    hash::serve();
    #[cfg(feature = "download")]
    crate::web::download::serve_disk();
}

/// Says where workers come from: `source` returns a promise of a worker that is ready, which fails where none can be had.
#[wasm_bindgen(js_name = setWorkerSource, skip_typescript)]
pub fn set_worker_source(source: js_sys::Function) {
    hash::set_worker_source(source);
}
