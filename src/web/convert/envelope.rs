//! The protocol's envelope, read from an answer's text.

use js_sys::JsString;
use wasm_bindgen::JsValue;

use super::list;
use crate::core::protocol::wire::{self, Accepts, Answer, Envelope, MOST_PARALLEL};
use crate::web::object::{get, get_string, get_u64, to_u64};
use crate::web::sys::{number_text, parse_json};

/// Reads an envelope; nothing if the text is none.
pub fn read(text: &JsString) -> Option<Envelope<Answer>> {
    let value = parse_json(text).ok()?;
    let (code, said) = code(&get(&value, "code")?)?;
    let data = match get(&value, "data") {
        None => None,
        Some(data) => match data.as_string() {
            Some(url) => Some(Answer::Url(url)),
            None => match list::read(&data) {
                Some(ids) => Some(Answer::Needed(ids)),
                // What a failure brings besides is nobody's concern.
                None if code != wire::OK => None,
                None => return None,
            },
        },
    };
    let msg =
        ["msg", "message"].iter().find_map(|name| get_string(&value, name)).or(said).unwrap_or_default();
    Some(Envelope { code, msg, data, accepts: get(&value, "accepts").map(|said| accepts(&said)) })
}

/// Reads a code: a number, or one in quotes. One that is no count, such as -1, is a failure like any other, and is
/// said.
fn code(value: &JsValue) -> Option<(u32, Option<String>)> {
    let number = match value.as_string() {
        // JavaScript takes nothing for 0.
        Some(text) if text.trim_ascii().is_empty() => return None,
        Some(_) => value.unchecked_into_f64(),
        None => value.as_f64()?,
    };
    if number.is_nan() {
        return None;
    }
    match to_u64(number).and_then(|code| u32::try_from(code).ok()) {
        Some(code) => Some((code, None)),
        None => Some((u32::MAX, Some(format!("the server answered code {}", number_text(number))))),
    }
}

/// Reads what a server says that it accepts; nonsense counts as not said.
fn accepts(value: &JsValue) -> Accepts {
    let parallel = get_u64(value, "parallel").and_then(|parallel| usize::try_from(parallel).ok());
    let parallel = parallel.filter(|parallel| (1..=MOST_PARALLEL).contains(parallel)).unwrap_or(1);
    let repeats = get(value, "repeats").is_some_and(|repeats| repeats == JsValue::TRUE);
    Accepts { parallel, repeats }
}
