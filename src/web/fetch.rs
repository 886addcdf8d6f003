//! One request and its answer; dropping its guard aborts it.

use gloo_net::http::Headers;
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, Response};

use super::headers::Pairs;
use super::object::{get, get_string, object};
use super::sys;
use super::task::promised;
use crate::core::address::without_secrets;
use crate::core::cause::{Cause, Loss};

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

/// Sends a request and resolves when the answer's head is there. Fails with the browser's words, and tells a request that
/// could not be made from one that got no answer.
pub async fn send(outgoing: Outgoing, signal: &web_sys::AbortSignal) -> Result<Response, Loss> {
    if signal.aborted() {
        return Err("aborted".into());
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
    let request = request.map_err(|error| Loss::new(Cause::Unsendable, sys::describe(&error)))?;
    let response = promised(sys::fetch(&request)).await?;
    response.dyn_into().map_err(|_| "fetch gave no response".into())
}

/// Returns the headers of an answer.
pub fn headers(response: &Response) -> Headers {
    Headers::from_raw(response.headers())
}

/// Fails for a URL that `fetch` refuses before it asks anybody: one that can't be read, or has a user's name or password.
pub fn check_url(url: &str) -> Result<(), Loss> {
    let init = web_sys::RequestInit::new();
    // The browser's words may hold the password.
    web_sys::Request::new_with_str_and_init(url, &init).map(drop).map_err(|_| {
        Loss::new(Cause::Unsendable, "the URL can't be read, or it carries a user name or a password")
    })
}

/// Makes the browser's headers, whose setter throws for what cannot be sent, such as Chinese text; of two with one name the
/// last one counts.
fn checked(pairs: &Pairs) -> Result<web_sys::Headers, Loss> {
    let headers = web_sys::Headers::new().map_err(|error| Loss::from(sys::describe(&error)))?;
    for (name, value) in pairs {
        // The browser's words may hold the value, which may be a token.
        headers.set(name, value).map_err(|_| {
            let what =
                format!("the header “{name}” can't be sent: its name or value is not what HTTP allows");
            Loss::new(Cause::Unsendable, what)
        })?;
    }
    Ok(headers)
}

/// Returns where an answer came from, if that is not where it was asked.
pub fn redirected(response: &Response) -> Option<String> {
    // Read by name: a page's own function may give what only looks like an answer.
    let redirected = get(response, "redirected").is_some_and(|it| it.is_truthy());
    get_string(response, "url").filter(|_| redirected).map(|url| without_secrets(&url))
}
