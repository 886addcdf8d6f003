//! The body of an answer: each of its bytes is dropped, compared or written, as the request's cursor says.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, ReadableStreamDefaultReader, Response};

use super::bytes::StoredBytes;
use super::context::DownloadContext;
use super::request::Request;
use crate::core::cause::{Cause, Loss};
use crate::core::download::{Download, Input, RequestId, Step};
use crate::core::thrown::Thrown;
use crate::web::blob::in_this_realm;
use crate::web::object::{self, call, get_value};
use crate::web::task::promised;
use crate::web::transfer::TransferDriver;

/// Reads a body as its cursor says; returns how it ended.
pub async fn receive(
    id: RequestId,
    request: &Request,
    response: Response,
    context: &DownloadContext,
    driver: &TransferDriver<Download>,
) -> Input {
    if let Some(cursor) = request.bulk() {
        // The browser makes a Blob of it, and no byte comes here.
        return match blob_of(&response).await {
            Err(why) => Input::Lost(id, Loss::thrown(Cause::Cut, why)),
            Ok(body) => {
                if !request.is_cancelled() {
                    let (len, pieces) = context.sink.borrow_mut().take(cursor.at, &body, cursor.limit);
                    context.journal.save_pieces(pieces);
                    driver.tell(Input::Data(id, len));
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
                        Ok(pieces) => context.journal.save_pieces(pieces),
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
