//! Progress and outcomes as JavaScript values.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::core::clock::Instant;
use crate::core::progress::{Progress, Trouble, Wait};
use crate::core::report::Event;
use crate::core::upload::{self, Upload};
use crate::web::object::{number, object};
use crate::web::{fetch, hash, store, time};

/// Makes the page's `Progress`.
pub fn progress(progress: &Progress, now: Instant) -> JsValue {
    let cause = || progress.trouble.as_ref().map_or(JsValue::NULL, trouble);
    let wait = match progress.waiting_for {
        None => JsValue::NULL,
        Some(Wait::Network) => {
            object(&[("reason", "offline".into()), ("until", JsValue::NULL), ("cause", cause())])
        }
        Some(Wait::OtherTab) => {
            object(&[("reason", "another-tab".into()), ("until", JsValue::NULL), ("cause", cause())])
        }
        Some(Wait::Backoff { until }) => {
            let at = time::unix_now() + until.since(now);
            object(&[("reason", "backoff".into()), ("until", number(at)), ("cause", cause())])
        }
    };
    object(&[
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

/// Makes the page's `Trouble`.
fn trouble(trouble: &Trouble) -> JsValue {
    object(&[
        ("code", trouble.kind.code().into()),
        ("reason", trouble.cause.map_or(JsValue::NULL, |cause| cause.name().into())),
        ("status", trouble.status.map_or(JsValue::NULL, JsValue::from)),
        ("message", trouble.message.as_str().into()),
    ])
}

/// Makes what a report says of the page: what it gave the engine to work with, and why not more. `turn` is how the turn
/// among tabs is kept: by a lock, or without one for some reason; nothing for what needs none.
pub fn environment(turn: Option<Option<&str>>) -> JsValue {
    let part = |kind: &str, why: Option<String>| {
        object(&[("kind", kind.into()), ("why", why.map_or(JsValue::NULL, JsValue::from))])
    };
    let hashing = match hash::condition() {
        hash::Condition::Idle => JsValue::NULL,
        hash::Condition::Workers => part("worker", None),
        hash::Condition::Page(why) => part("page", Some(why)),
    };
    let journal = match store::condition() {
        None => JsValue::NULL,
        Some(Ok(())) => part("indexeddb", None),
        Some(Err(why)) => part("none", Some(why.to_string())),
    };
    let tabs = match turn {
        None => JsValue::NULL,
        Some(None) => part("locks", None),
        Some(Some(why)) => part("none", Some(why.to_owned())),
    };
    let fetch = if fetch::is_replaced() { "page" } else { "browser" };
    object(&[("hashing", hashing), ("journal", journal), ("fetch", part(fetch, None)), ("tabs", tabs)])
}

/// Makes the events of a report.
pub fn events(events: &[Event]) -> JsValue {
    let list = Array::new();
    for event in events {
        list.push(&object(&[
            ("at", number(event.at.0)),
            ("doing", event.doing.as_str().into()),
            ("what", event.what.as_str().into()),
        ]));
    }
    list.into()
}

/// Makes the chunks of a report.
pub fn chunks(upload: &Upload) -> JsValue {
    let chunks = Array::new();
    upload.chunk_reports(&mut |chunk| {
        chunks.push(&object(&[
            ("index", number(chunk.index as u64)),
            ("tries", chunk.tries.into()),
            ("sent", number(chunk.sent.0)),
            ("confirmed", chunk.confirmed.map_or(JsValue::NULL, |at| number(at.0))),
            ("failure", chunk.failure.as_deref().map_or(JsValue::NULL, JsValue::from)),
        ]));
    });
    chunks.into()
}

/// Makes the page's `UploadResult`.
pub fn upload_result(outcome: upload::Outcome) -> JsValue {
    let upload::Outcome { url, file_id, size, instant, reused } = outcome;
    object(&[
        ("url", url.into()),
        ("fileId", file_id.to_hex().into()),
        ("size", number(size)),
        ("instant", instant.into()),
        ("reused", number(reused)),
    ])
}
