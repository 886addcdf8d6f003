//! One request of an upload, and its answer.

use js_sys::{JsString, Promise};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

use super::Job;
use super::form::Fields;
use crate::core::clock::Millis;
use crate::core::json;
use crate::core::retry::retry_after;
use crate::core::text::{parts, text, without_end};
use crate::core::upload::{Body, InTurn, Input, Request, RequestId, Response};
use crate::web::drive::Driver;
use crate::web::fetch::{self, Outgoing, send};
use crate::web::headers::{self, Pairs};
use crate::web::task::promised;
use crate::web::turn::turn;
use crate::web::{blob, clock, object, read, sys};

/// How much of an answer that is not the protocol's is kept for the error, in characters.
const START: u32 = 200;
/// A chunk of at most so many bytes is read and sent as bytes: for a blob Chromium's page waits for another process.
const SMALL: u64 = 64 << 10;

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
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
            (handshake_url(&job.endpoint), json::handshake(&handshake).into())
        }
        Request::Chunk { index, chunk_id, file_id, from_memory } => {
            let range = job.cut.range(index);
            let is_small = range.end - range.start <= SMALL;
            let bytes: JsValue = if is_small || from_memory {
                blob::Read::start(&job.file, &range)?.bytes().await?.into()
            } else {
                blob::slice(&job.file, &range)?.into()
            };
            let fields = Fields { chunk_id: &chunk_id, file_id: &file_id };
            let form = if fetch::is_replaced() {
                fields.for_a_page(&bytes)?
            } else if is_small {
                fields.around_bytes(bytes.unchecked_ref())
            } else {
                fields.around_blob(&bytes)?
            };
            headers.extend(form.content_type.map(|it| ("Content-Type".to_owned(), it)));
            (job.endpoint.clone(), form.body)
        }
    };
    let credentials = job.credentials;
    let outgoing = Outgoing { method: "POST", url, headers, credentials, body: Some(body), no_store: false };
    let response = send(outgoing, signal).await?;
    driver.tell(Input::Headed(id));
    receive(response).await
}

/// Puts `/handshake` behind the endpoint's path, before its query.
fn handshake_url(endpoint: &str) -> String {
    let path = parts(endpoint, b'?').next().and_then(|path| parts(path, b'#').next()).unwrap_or_default();
    let rest = endpoint.strip_prefix(path).unwrap_or_default();
    text!(without_end(path, '/'), "/handshake", rest)
}

async fn receive(response: web_sys::Response) -> Result<Response, String> {
    let status = response.status();
    let asked: Option<Millis> = fetch::headers(&response)
        .get("Retry-After")
        .and_then(|value| retry_after(&value, clock::unix_now(), clock::parse_date));
    let text = object::call(&response, "text", &[]).map_err(|error| sys::describe(&error))?;
    let text = promised(Promise::resolve(&text)).await?;
    let text: JsString = text.dyn_into().map_err(|_| "the answer has no text".to_owned())?;
    let body = match read::envelope(&text) {
        Some(envelope) => Body::Envelope(envelope),
        None => Body::Other(text.slice(0, START).as_string().unwrap_or_default()),
    };
    Ok(Response { status, retry_after: asked, body })
}
