//! Progress and outcomes as JavaScript values.

use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::core::clock::Instant;
use crate::core::progress::{Progress, Wait};
use crate::core::upload;
use crate::web::clock;
use crate::web::object::object;

/// Makes the page's `Progress`.
pub fn progress(progress: &Progress, now: Instant) -> JsValue {
    let number = |bytes: u64| JsValue::from(bytes as f64);
    let wait = match progress.waiting_for {
        None => JsValue::NULL,
        Some(Wait::Network) => object([("reason", "offline".into()), ("until", JsValue::NULL)]),
        Some(Wait::Backoff { until }) => {
            let at = clock::unix_now() + until.since(now);
            object([("reason", "backoff".into()), ("until", number(at))])
        }
    };
    object([
        ("state", progress.state.name().into()),
        ("total", number(progress.total.unwrap_or(0))),
        ("hashed", number(progress.hashed)),
        ("sent", number(progress.sent)),
        ("confirmed", number(progress.confirmed)),
        ("reused", number(progress.reused)),
        ("speed", progress.speed.into()),
        ("eta", progress.eta.map_or(JsValue::NULL, JsValue::from)),
        ("waitingFor", wait),
    ])
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UploadResult {
    url: String,
    file_id: String,
    size: u64,
    instant: bool,
    reused: u64,
}

/// Makes the page's `UploadResult`.
pub fn upload_result(outcome: upload::Outcome) -> JsValue {
    let upload::Outcome { url, file_id, size, instant, reused } = outcome;
    let result = UploadResult { url, file_id: file_id.to_string(), size, instant, reused };
    // Strings, flags and safe integers always have a JavaScript value.
    serde_wasm_bindgen::to_value(&result).unwrap_or(JsValue::UNDEFINED)
}
