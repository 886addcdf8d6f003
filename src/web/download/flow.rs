//! One request of a download, and the bytes of its answer.

use std::cell::{Cell, RefCell};

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{AbortSignal, Blob, ReadableStreamDefaultReader, Response};

use super::Job;
use super::sink::{Stored, next_bytes};
use crate::core::cause::{Cause, Loss};
use crate::core::download::{Download, Input, RequestId};
use crate::core::range::{ByteRange, Head};
use crate::core::retry::retry_after;
use crate::core::thrown::Thrown;
use crate::web::blob::in_this_realm;
use crate::web::clock;
use crate::web::drive::Driver;
use crate::web::fetch::{self, AbortGuard, Outgoing};
use crate::web::headers::Pairs;
use crate::web::object::{call, get_value};
use crate::web::serial::Serial;
use crate::web::signal::Signal;
use crate::web::store;
use crate::web::task::promised;

/// One request and its body.
pub struct Flow {
    guard: RefCell<Option<AbortGuard>>,
    order: Cell<Option<Order>>,
    /// There is a new order, or none will come.
    changed: Signal,
}

/// What to do with the next bytes of a body.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// So many bytes are of no use.
    pub skip: u64,
    /// So many after them must be the ones that are there.
    pub compare: u64,
    /// Where the rest goes.
    pub at: u64,
    /// Where it ends.
    pub limit: Option<u64>,
    /// All is taken as one Blob.
    pub at_once: bool,
}

impl Flow {
    /// Makes a flow without an order; `guard` holds its request.
    pub fn new(guard: AbortGuard) -> Flow {
        Flow { guard: RefCell::new(Some(guard)), order: Cell::new(None), changed: Signal::default() }
    }

    /// Gives or changes the order.
    pub fn order(&self, change: impl FnOnce(Option<Order>) -> Option<Order>) {
        self.order.set(change(self.order.get()));
        self.changed.raise();
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

/// Sends the request, with headers that were asked for `fresh` if there are any.
pub async fn request(
    job: &Job,
    range: Option<ByteRange>,
    if_match: Option<String>,
    fresh: Option<Pairs>,
    signal: &AbortSignal,
) -> Result<Response, Loss> {
    let mut headers = job.headers.get(fresh).await?;
    headers.extend(range.map(|range| ("Range".to_owned(), range.text())));
    headers.extend(if_match.map(|tag| ("If-Match".to_owned(), tag)));
    let (method, url, credentials) = ("GET", job.url.borrow().clone(), job.credentials);
    // Chromium's cache can hand out a 206 that is shorter than its own Content-Length (crbug 390229583).
    let outgoing = Outgoing { method, url, headers, credentials, body: None, no_store: true };
    job.inquiry.send(outgoing, signal).await
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

/// Reads a body as its orders say; returns how it ended.
pub async fn receive(
    id: RequestId,
    flow: &Flow,
    response: Response,
    job: &Job,
    driver: &Driver<Download>,
    writes: &Serial,
) -> Input {
    if let Some(order) = flow.order.get().filter(|order| order.at_once) {
        // The browser makes a Blob of it, and no byte comes here.
        return match blob_of(&response).await {
            Err(why) => Input::Lost(id, Loss::thrown(Cause::Cut, why)),
            Ok(body) => {
                if !flow.is_cancelled() {
                    let taken = job.sink.borrow_mut().take(order.at, &body, order.limit);
                    keep(job, writes, taken.1);
                    driver.tell(Input::Data(id, taken.0));
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
        while rest.length() > 0 && !flow.is_cancelled() {
            let Some(order) = flow.order.get() else {
                flow.changed.wait().await;
                continue;
            };
            let len = u64::from(rest.length());
            let (take, next) = if order.skip > 0 {
                let take = len.min(order.skip);
                (take, Order { skip: order.skip - take, ..order })
            } else if order.compare > 0 {
                let take = len.min(order.compare);
                let from = order.at - order.compare;
                let stored = job.sink.borrow().read(from..from + take);
                if !is_equal(stored, &rest.subarray(0, take as u32)).await {
                    return Input::Differs(id);
                }
                if flow.is_cancelled() {
                    break;
                }
                // A limit may have come meanwhile.
                let order = flow.order.get().unwrap_or(order);
                (take, Order { compare: order.compare - take, ..order })
            } else {
                let take = order.limit.map_or(len, |limit| len.min(limit.saturating_sub(order.at)));
                if take == 0 {
                    driver.tell(Input::Excess(id));
                    // A new order may have come of it already.
                    if !flow.is_cancelled() {
                        flow.changed.wait().await;
                    }
                    continue;
                }
                let written = job.sink.borrow_mut().write(order.at, &rest.subarray(0, take as u32));
                match written {
                    Ok(pieces) => keep(job, writes, pieces),
                    Err(failure) => {
                        driver.tell(Input::StoreFailed(failure));
                        return Input::Lost(id, Loss::new(Cause::Cut, "the bytes could not be kept"));
                    }
                }
                (take, Order { at: order.at + take, ..order })
            };
            flow.order.set(Some(next));
            rest = rest.subarray(take as u32, rest.length());
            driver.tell(Input::Data(id, take));
        }
        if flow.is_cancelled() {
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

async fn is_equal(stored: Result<Stored, Thrown>, seen: &Uint8Array) -> bool {
    match stored {
        Ok(stored) => stored.bytes().await.is_ok_and(|bytes| bytes == seen.to_vec()),
        Err(_) => false,
    }
}

/// Stores pieces for a later visit. A store that fails costs that, and never the download.
fn keep(job: &Job, writes: &Serial, pieces: Vec<(u32, Blob)>) {
    let Some(claim) = &job.journal else { return };
    for (index, piece) in pieces {
        let key = claim.key().to_owned();
        writes.run(async move { drop(store::put_piece(&key, index, &piece).await) });
    }
}
