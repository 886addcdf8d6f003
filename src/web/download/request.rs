//! One request of a download: how it is sent, and where its body stands.

use std::cell::{Cell, RefCell};

use web_sys::{AbortSignal, Response};

use super::context::DownloadContext;
use crate::core::cause::Loss;
use crate::core::download::{BodyCursor, Step};
use crate::core::range::{ByteRange, Head};
use crate::core::retry::retry_after;
use crate::web::clock;
use crate::web::fetch::{self, AbortGuard, Outgoing};
use crate::web::headers::Pairs;
use crate::web::signal::Signal;

/// One request, and what the bytes of its body are for.
pub struct Request {
    /// Nothing once it is cancelled.
    guard: RefCell<Option<AbortGuard>>,
    /// Nothing before the machine wants the body.
    cursor: Cell<Option<BodyCursor>>,
    bulk: Cell<bool>,
    /// The cursor was changed, or never will be.
    changed: Signal,
}

impl Request {
    /// Makes a request of which `guard` holds the signal.
    pub fn new(guard: AbortGuard) -> Request {
        let (cursor, bulk, changed) = (Cell::new(None), Cell::new(false), Signal::default());
        Request { guard: RefCell::new(Some(guard)), cursor, bulk, changed }
    }

    /// Has the body read by `cursor`; in bulk, if that is said before it is begun.
    pub fn receive(&self, cursor: BodyCursor, bulk: bool) {
        self.cursor.set(Some(cursor));
        self.bulk.set(bulk);
        self.changed.raise();
    }

    /// Stops the writing at `end`.
    pub fn limit(&self, end: u64) {
        self.cursor.set(self.cursor.get().map(|cursor| BodyCursor { limit: Some(end), ..cursor }));
        self.changed.raise();
    }

    /// Passes over the first of `len` more bytes that are for one purpose, and returns it; nothing before the machine wants
    /// the body.
    pub fn take(&self, len: u64) -> Option<Step> {
        let mut cursor = self.cursor.get()?;
        let step = cursor.take(len);
        self.cursor.set(Some(cursor));
        Some(step)
    }

    /// Returns the cursor of a body that is read in bulk.
    pub fn bulk(&self) -> Option<BodyCursor> {
        self.cursor.get().filter(|_| self.bulk.get())
    }

    /// Waits until the machine says something else of the body.
    pub async fn changed(&self) {
        self.changed.wait().await;
    }

    /// Tells whether nothing is wanted of it any more.
    pub fn is_cancelled(&self) -> bool {
        self.guard.borrow().is_none()
    }

    /// Ends the request.
    pub fn cancel(&self) {
        self.guard.take();
        self.changed.raise();
    }
}

/// Sends a request, with headers that were asked for `fresh` if there are any.
pub async fn send(
    context: &DownloadContext,
    range: Option<ByteRange>,
    if_match: Option<String>,
    fresh: Option<Pairs>,
    signal: &AbortSignal,
) -> Result<Response, Loss> {
    let mut headers = context.headers.get(fresh).await?;
    headers.extend(range.map(|range| ("Range".to_owned(), range.text())));
    headers.extend(if_match.map(|tag| ("If-Match".to_owned(), tag)));
    let (method, url, credentials) = ("GET", context.url.borrow().clone(), context.credentials);
    // Chromium's cache can hand out a 206 that is shorter than its own Content-Length (crbug 390229583).
    let outgoing = Outgoing { method, url, headers, credentials, body: None, no_store: true };
    context.inquiry.send(outgoing, signal).await
}

/// Reads the head of an answer.
pub fn head(response: &Response) -> Head {
    let headers = fetch::headers(response);
    let wait = headers.get("Retry-After");
    let last_modified = headers.get("Last-Modified");
    Head {
        status: response.status(),
        accept_ranges: headers.get("Accept-Ranges"),
        content_encoding: headers.get("Content-Encoding"),
        content_length: headers.get("Content-Length"),
        content_range: headers.get("Content-Range"),
        content_type: headers.get("Content-Type"),
        etag: headers.get("ETag"),
        modified_at: last_modified.as_deref().and_then(clock::parse_date),
        last_modified,
        repr_digest: headers.get("Repr-Digest"),
        redirected: fetch::redirected(response),
        retry_after: wait.and_then(|value| retry_after(&value, clock::unix_now(), clock::parse_date)),
    }
}
