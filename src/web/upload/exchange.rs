//! One request of an upload, and its answer.

use wasm_bindgen::prelude::*;
use web_sys::{AbortSignal, Blob, FormData};

use super::Job;
use crate::core::clock::Millis;
use crate::core::retry::retry_after;
use crate::core::text::{text, without_end};
use crate::core::upload::{Body, InTurn, Input, Request, RequestId, Response};
use crate::web::drive::Driver;
use crate::web::fetch::{self, Outgoing, send};
use crate::web::headers::{self, Pairs};
use crate::web::task::promised;
use crate::web::turn::turn;
use crate::web::{blob, clock, read, sys, write};

/// How much of an answer that is not the protocol's is kept for the error, in characters.
const START: usize = 200;

/// Sends a request, with headers that were asked for `fresh` if there are any, and reads the answer.
pub async fn exchange(
    job: &Job,
    request: Request,
    fresh: Option<Pairs>,
    signal: &AbortSignal,
    driver: &Driver<InTurn>,
    id: RequestId,
) -> Result<Response, String> {
    let mut headers = job.headers.get(fresh).await.map_err(headers::failed)?;
    // Slicing and sending a chunk wait for the browser's own process: with six in one task the page would stand still.
    turn().await;
    let (url, body) = match request {
        Request::Handshake(handshake) => {
            let value = write::handshake(&handshake);
            let text = js_sys::JSON::stringify(&value).map_err(|error| sys::describe(&error))?;
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
            (handshake_url(&job.endpoint), text.into())
        }
        Request::Chunk { index, chunk_id, file_id, from_memory } => {
            let range = job.cut.range(index);
            let slice = if from_memory {
                let bytes = blob::Read::start(&job.file, &range)?.bytes().await?;
                Blob::new_with_buffer_source_sequence(&js_sys::Array::of1(&bytes))
                    .map_err(|error| sys::describe(&error))?
            } else {
                blob::slice(&job.file, &range)?
            };
            let form = form(&slice, &chunk_id, &file_id).map_err(|error| sys::describe(&error))?;
            (job.endpoint.clone(), form.into())
        }
    };
    let credentials = job.credentials;
    let outgoing = Outgoing { method: "POST", url, headers, credentials, body: Some(body), no_store: false };
    let response = send(outgoing, signal).await?;
    driver.tell(Input::Headed(id));
    receive(response).await
}

/// Puts the ids before the bytes, so that a server knows what it gets while it reads.
fn form(slice: &Blob, chunk_id: &str, file_id: &str) -> Result<FormData, JsValue> {
    let form = FormData::new()?;
    form.append_with_str("fileId", file_id)?;
    form.append_with_str("chunkId", chunk_id)?;
    form.append_with_blob_and_filename("file", slice, chunk_id)?;
    Ok(form)
}

/// Puts `/handshake` behind the endpoint's path, before its query.
fn handshake_url(endpoint: &str) -> String {
    let path = endpoint.split('?').next().and_then(|path| path.split('#').next()).unwrap_or_default();
    let rest = endpoint.strip_prefix(path).unwrap_or_default();
    text!(without_end(path, '/'), "/handshake", rest)
}

async fn receive(response: web_sys::Response) -> Result<Response, String> {
    let status = response.status();
    let asked: Option<Millis> = fetch::headers(&response)
        .get("Retry-After")
        .and_then(|value| retry_after(&value, clock::unix_now(), clock::parse_date));
    let text = promised(response.text().map_err(|error| sys::describe(&error))?).await?;
    let text = text.as_string().unwrap_or_default();
    let body = match read::envelope(&text) {
        Some(envelope) => Body::Envelope(envelope),
        None => Body::Other(text.chars().take(START).collect()),
    };
    Ok(Response { status, retry_after: asked, body })
}
