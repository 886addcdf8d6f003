//! One request and its answer; dropping its guard aborts it.
//!
//! The page's `fetch` may be a function of its own, that traces or adds a token: `(url, options) => …`. So it gets an
//! address and a plain object, with its headers in one, which such functions spread into objects of theirs. What stands
//! on a `Request` they lose.

use gloo_net::http::Headers;
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, AbortSignal, Response};

use super::headers::Pairs;
use super::object::{call, get, get_as, get_string, get_value, is_a, object, set};
use super::sys;
use super::task::promised;
use crate::core::address::without_secrets;
use crate::core::cause::{Cause, Loss};
use crate::core::thrown::Thrown;

/// The headers of answers that are read.
const READ: [&str; 9] = [
    "Accept-Ranges",
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "ETag",
    "Last-Modified",
    "Repr-Digest",
    "Retry-After",
];

thread_local! {
    static SIGNALS: bool = takes_signals();
}

/// A request to be sent.
pub struct Outgoing {
    /// The method.
    pub method: &'static str,
    /// The URL, absolute or relative to the page.
    pub url: String,
    /// The headers; of two with the same name the later one counts.
    pub headers: Pairs,
    /// Whether cookies go along, in the words of fetch.
    pub credentials: &'static str,
    /// The body: a string, bytes, a blob or a form.
    pub body: Option<JsValue>,
    /// Keep the browser's cache out of it.
    pub no_store: bool,
}

/// Owns the abort signal of one request. It aborts without a reason: the page's own reason never reaches the fetch.
#[derive(Debug)]
pub struct AbortGuard(AbortController);

impl AbortGuard {
    /// Makes a guard, unless the browser cannot.
    pub fn new() -> Result<AbortGuard, Thrown> {
        Ok(AbortGuard(AbortController::new()?))
    }

    /// Returns the signal that [`send`] takes.
    pub fn signal(&self) -> AbortSignal {
        self.0.signal()
    }
}

impl Drop for AbortGuard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Tells whether the page has put a function of its own in the place of `fetch`. One that shows no source is taken for
/// the browser's.
pub fn is_replaced() -> bool {
    let fetch = get_value(&js_sys::global(), "fetch");
    sys::source_of(&fetch).is_ok_and(|source| !source.split('[').any(|part| part.starts_with("native code]")))
}

/// Sends a request and resolves when the answer's head is there. Fails with the browser's words, and tells a request
/// that could not be made from one that got no answer.
pub async fn send(outgoing: Outgoing, signal: &AbortSignal) -> Result<Response, Loss> {
    if signal.aborted() {
        return Err("aborted".into());
    }
    let Outgoing { method, url, headers, credentials, body, no_store } = outgoing;
    let init = object(&[
        ("method", method.into()),
        ("headers", checked(&headers)?),
        ("credentials", credentials.into()),
        ("cache", if no_store { "no-store" } else { "default" }.into()),
    ]);
    if SIGNALS.with(|takes| *takes) {
        set(&init, "signal", signal);
    }
    if let Some(body) = body {
        set(&init, "body", &body);
    }
    let answer = sys::fetch(&url, &init)?;
    let answer = promised(Promise::resolve(&answer)).await?;
    // Of another frame's, or a function's that only looks like it: what is used of it is what counts.
    let is_response = get(&answer, "status").is_some_and(|status| status.as_f64().is_some())
        && get(&answer, "headers").is_some_and(|headers| get_as::<Function>(&headers, "get").is_some());
    if !is_response {
        return Err("fetch gave no response".into());
    }
    Ok(answer.unchecked_into())
}

/// Returns the headers of an answer.
pub fn headers(response: &Response) -> Headers {
    let given = response.headers();
    if is_a(&given, "Headers") {
        return Headers::from_raw(given);
    }
    let headers = Headers::new();
    for name in READ {
        let value = call(&given, "get", &[name.into()]).ok().and_then(|value| value.as_string());
        if let Some(value) = value.filter(|value| value.chars().all(|c| matches!(c, '\t' | ' '..='\u{ff}'))) {
            headers.set(name, &value);
        }
    }
    headers
}

/// Fails for a URL that `fetch` refuses before it asks anybody: one that can't be read, or has a user's name or
/// password.
pub fn check_url(url: &str) -> Result<(), Loss> {
    let init = web_sys::RequestInit::new();
    // The browser's words may hold the password.
    web_sys::Request::new_with_str_and_init(url, &init).map(drop).map_err(|_| {
        Loss::new(Cause::Unsendable, "the URL can't be read, or it carries a user name or a password")
    })
}

/// Makes an object of headers, each name once: of two with one name the last one counts. Those that cannot be sent,
/// such as Chinese text, fail here: what a page's own function would make of them nobody knows.
fn checked(pairs: &Pairs) -> Result<JsValue, Loss> {
    let headers = web_sys::Headers::new()?;
    let object = object(&[]);
    for (at, (name, value)) in pairs.iter().enumerate() {
        // The browser's words may hold the value, which may be a token.
        headers.set(name, value).map_err(|_| {
            let what =
                format!("the header “{name}” can't be sent: its name or value is not what HTTP allows");
            Loss::new(Cause::Unsendable, what)
        })?;
        let is_last = pairs.iter().skip(at + 1).all(|(later, _)| !later.eq_ignore_ascii_case(name));
        if is_last {
            set(&object, name, &value.as_str().into());
        }
    }
    Ok(object)
}

/// Tells whether the browser's functions take this page's abort signals. A page may have an `AbortController` of its
/// own, and `fetch` refuses to work with what that makes; without a signal a request that nobody wants goes on to its
/// end.
fn takes_signals() -> bool {
    let (Ok(controller), Ok(target)) = (AbortController::new(), web_sys::EventTarget::new()) else {
        return false;
    };
    let options = object(&[("signal", controller.signal().into())]);
    call(&target, "addEventListener", &["abort".into(), JsValue::NULL, options]).is_ok()
}

/// Returns where an answer came from, if that is not where it was asked.
pub fn redirected(response: &Response) -> Option<String> {
    // Read by name: a page's own function may give what only looks like an answer.
    let redirected = get(response, "redirected").is_some_and(|it| it.is_truthy());
    get_string(response, "url").filter(|_| redirected).map(|url| without_secrets(&url))
}
