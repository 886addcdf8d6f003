//! What tabs tell each other, as JavaScript values: null asks whether somebody is there who has the turn, an object says how
//! far that one is. Moments go by the wall clock, since each tab's own begins at another time.

use wasm_bindgen::JsValue;

use super::object::{get, get_string, get_u64, number, object};
use super::time::unix_now;
use crate::core::cause::Cause;
use crate::core::clock::Instant;
use crate::core::error::Kind;
use crate::core::progress::{State, TabProgress, Trouble, Wait};
use crate::core::scheduler::Message;

/// Writes a message at `now`.
pub fn write(message: &Message, now: Instant) -> JsValue {
    let Message::Progress(progress) = message else { return JsValue::NULL };
    let waiting_for = progress.waiting_for.map_or(JsValue::NULL, |wait| match wait {
        Wait::Network => object(&[("reason", "offline".into())]),
        Wait::OtherTab => object(&[("reason", "another-tab".into())]),
        Wait::Backoff { until } => {
            object(&[("reason", "backoff".into()), ("until", number(unix_now() + until.since(now)))])
        }
    });
    let trouble = progress.trouble.as_ref().map_or(JsValue::NULL, |trouble| {
        object(&[
            ("code", trouble.kind.code().into()),
            ("reason", trouble.cause.map_or(JsValue::NULL, |cause| cause.name().into())),
            ("status", trouble.status.map_or(JsValue::NULL, JsValue::from)),
            ("message", trouble.message.as_str().into()),
        ])
    });
    object(&[
        ("state", progress.state.name().into()),
        ("hashed", number(progress.hashed)),
        ("confirmed", number(progress.confirmed)),
        ("speed", progress.speed.into()),
        ("eta", progress.eta.map_or(JsValue::NULL, JsValue::from)),
        ("waitingFor", waiting_for),
        ("trouble", trouble),
    ])
}

/// Reads a message at `now`; nothing for what another version of this package may have said.
pub fn read(value: &JsValue, now: Instant) -> Option<Message> {
    if value.is_null() {
        return Some(Message::Ask);
    }
    let waiting_for = get(value, "waitingFor").and_then(|wait| {
        Some(match get_string(&wait, "reason")?.as_str() {
            "offline" => Wait::Network,
            "another-tab" => Wait::OtherTab,
            _ => Wait::Backoff { until: now + get_u64(&wait, "until")?.saturating_sub(unix_now()) },
        })
    });
    let trouble = get(value, "trouble").and_then(|trouble| {
        Some(Trouble {
            kind: Kind::from_code(&get_string(&trouble, "code")?)?,
            cause: get_string(&trouble, "reason").and_then(|name| Cause::from_name(&name)),
            status: get_u64(&trouble, "status").and_then(|status| u16::try_from(status).ok()),
            message: get_string(&trouble, "message")?,
        })
    });
    Some(Message::Progress(TabProgress {
        state: State::from_name(&get_string(value, "state")?)?,
        hashed: get_u64(value, "hashed")?,
        confirmed: get_u64(value, "confirmed")?,
        speed: get(value, "speed")?.as_f64()?,
        eta: get(value, "eta").and_then(|eta| eta.as_f64()),
        waiting_for,
        trouble,
    }))
}
