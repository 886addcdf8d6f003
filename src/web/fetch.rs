//! One request and its answer; dropping its guard aborts it.

use gloo_net::http::Headers;
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, Response};

use super::headers::Pairs;
use super::object::object;
use super::sys;
use super::task::promised;
use crate::core::text::text;

/// A request to be sent.
pub struct Outgoing {
    /// The method.
    pub method: &'static str,
    /// The URL, absolute or relative to the page.
    pub url: String,
    /// The headers.
    pub headers: Pairs,
    /// Whether cookies go along, in the words of fetch.
    pub credentials: &'static str,
    /// The body: a string, bytes or a blob.
    pub body: Option<JsValue>,
    /// Keep the browser's cache out of it.
    pub no_store: bool,
}

/// Owns the abort signal of one request. It aborts without a reason: the page's own reason never reaches the fetch.
#[derive(Debug)]
pub struct AbortGuard(AbortController);

impl AbortGuard {
    /// Makes a guard, unless the browser cannot.
    pub fn new() -> Result<AbortGuard, String> {
        AbortController::new().map(AbortGuard).map_err(|error| sys::describe(&error))
    }

    /// Returns the signal that [`send`] takes.
    pub fn signal(&self) -> web_sys::AbortSignal {
        self.0.signal()
    }
}

impl Drop for AbortGuard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Sends a request and resolves when the answer's head is there. Fails with the browser's words.
pub async fn send(outgoing: Outgoing, signal: &web_sys::AbortSignal) -> Result<Response, String> {
    if signal.aborted() {
        return Err("aborted".to_owned());
    }
    let Outgoing { method, url, headers, credentials, body, no_store } = outgoing;
    let init = object(&[
        ("method", method.into()),
        ("headers", checked(&headers)?.into()),
        ("credentials", credentials.into()),
        ("cache", if no_store { "no-store" } else { "default" }.into()),
        ("signal", signal.into()),
        ("body", body.unwrap_or(JsValue::UNDEFINED)),
    ]);
    let request = web_sys::Request::new_with_str_and_init(&url, init.unchecked_ref());
    let request = request.map_err(|error| sys::describe(&error))?;
    let response = promised(sys::fetch(&request)).await?;
    response.dyn_into().map_err(|_| "fetch gave no response".to_owned())
}

/// Returns the headers of an answer.
pub fn headers(response: &Response) -> Headers {
    Headers::from_raw(response.headers())
}

/// Makes the browser's headers, whose setter throws for what cannot be sent, such as Chinese text.
fn checked(pairs: &Pairs) -> Result<web_sys::Headers, String> {
    let headers = web_sys::Headers::new().map_err(|error| sys::describe(&error))?;
    for (name, value) in pairs {
        let set = headers.set(name, value);
        set.map_err(|error| text!("the header “", name, "” cannot be sent (", sys::describe(&error), ")"))?;
    }
    Ok(headers)
}
