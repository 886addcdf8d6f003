//! One request of a download, and the bytes of its answer: each is dropped, compared or written, as the cursor says.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{AbortSignal, Blob, ReadableStreamDefaultReader, Response};

use super::bytes::StoredBytes;
use super::context::DownloadContext;
use crate::core::cause::{Cause, Loss};
use crate::core::download::{BodyCursor, Download, Input, RequestId, Step};
use crate::core::range::{ByteRange, Head};
use crate::core::retry::retry_after;
use crate::core::thrown::Thrown;
use crate::web::blob::in_this_realm;
use crate::web::fetch::{self, AbortGuard, Outgoing};
use crate::web::headers::Pairs;
use crate::web::object::{self, call, get_value};
use crate::web::task::{Signal, promised};
use crate::web::time;
use crate::web::transfer::TransferDriver;

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

    /// Passes over the first of `len` more bytes that are for one purpose, and returns it; nothing before the machine
    /// wants the body.
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
        modified_at: last_modified.as_deref().and_then(time::parse_date),
        last_modified,
        repr_digest: headers.get("Repr-Digest"),
        redirected: fetch::redirected(response),
        retry_after: wait.and_then(|value| retry_after(&value, time::unix_now(), time::parse_date)),
    }
}

/// Reads a body as its cursor says; returns how it ended.
pub async fn receive(
    id: RequestId,
    request: &Request,
    response: Response,
    context: &Rc<DownloadContext>,
    driver: &TransferDriver<Download>,
) -> Input {
    if let Some(cursor) = request.bulk() {
        // The browser makes a Blob of it, and no byte comes here.
        return match blob_of(&response).await {
            Err(why) => Input::Lost(id, Loss::thrown(Cause::Cut, why)),
            Ok(body) => {
                if !request.is_cancelled() {
                    let (len, pieces) = context.sink.borrow_mut().take(cursor.at, &body, cursor.limit);
                    context.keep(pieces, driver);
                    driver.tell(Input::Data(id, len));
                    context.not_too_far_ahead(driver).await;
                }
                Input::End(id)
            }
        };
    }
    let reader = match reader_of(&response).await {
        Ok(Some(reader)) => reader,
        Ok(None) => return Input::End(id),
        Err(why) => return Input::Lost(id, why.into()),
    };
    loop {
        let mut rest = match next_bytes(&reader).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Input::End(id),
            Err(why) => return Input::Lost(id, Loss::thrown(Cause::Cut, why)),
        };
        let mut wrote = false;
        while rest.length() > 0 && !request.is_cancelled() {
            let Some(step) = request.take(u64::from(rest.length())) else {
                request.changed().await;
                continue;
            };
            let bytes = rest.subarray(0, step.len() as u32);
            match step {
                Step::Skip(_) => {}
                Step::Compare { from, len } => {
                    let stored = context.sink.borrow().read(from..from + len);
                    if !is_equal(stored, &bytes).await {
                        return Input::Differs(id);
                    }
                    if request.is_cancelled() {
                        break;
                    }
                }
                Step::Write { at, .. } => {
                    let written = context.sink.borrow_mut().write(at, &bytes);
                    match written {
                        Ok(pieces) => {
                            wrote = true;
                            context.keep(pieces, driver);
                        }
                        Err(failure) => {
                            driver.tell(Input::StoreFailed(failure));
                            return Input::Lost(id, Loss::new(Cause::Cut, "the bytes could not be kept"));
                        }
                    }
                }
                Step::Excess => {
                    driver.tell(Input::Excess(id));
                    // Another limit may have come of it already.
                    if !request.is_cancelled() {
                        request.changed().await;
                    }
                    continue;
                }
            }
            rest = rest.subarray(step.len() as u32, rest.length());
            driver.tell(Input::Data(id, step.len()));
        }
        if wrote {
            context.not_too_far_ahead(driver).await;
        }
        if request.is_cancelled() {
            return Input::End(id);
        }
    }
}

/// Returns what reads the body of an answer; nothing if it has none.
async fn reader_of(response: &Response) -> Result<Option<ReadableStreamDefaultReader>, Thrown> {
    let mut body = get_value(response, "body");
    if body.is_null() {
        return Ok(None);
    }
    if body.is_undefined() {
        // A page's own `fetch`, on top of XMLHttpRequest, has no streams.
        let whole = blob_of(response).await?;
        body = call(&whole, "stream", &[])?;
    }
    // It fails where the page's own `fetch` has begun to read it.
    let reader = call(&body, "getReader", &[])?;
    Ok(Some(reader.unchecked_into()))
}

/// Waits for the whole body of an answer.
async fn blob_of(response: &Response) -> Result<Blob, Thrown> {
    let body = call(response, "blob", &[])?;
    in_this_realm(promised(Promise::resolve(&body)).await?)
}

/// Waits for the next bytes of a body; nothing at its end.
async fn next_bytes(reader: &ReadableStreamDefaultReader) -> Result<Option<Uint8Array>, Thrown> {
    let read = promised(reader.read()).await?;
    if object::get(&read, "done").is_some_and(|done| done.is_truthy()) {
        return Ok(None);
    }
    let bytes = object::get(&read, "value").as_ref().and_then(object::bytes);
    bytes.map(Some).ok_or_else(|| "the body gave something else than bytes".into())
}

async fn is_equal(stored: Result<StoredBytes, Thrown>, seen: &Uint8Array) -> bool {
    match stored {
        Ok(stored) => stored.bytes().await.is_ok_and(|bytes| bytes == seen.to_vec()),
        Err(_) => false,
    }
}
