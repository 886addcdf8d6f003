//! One request of an upload, and its answer.

use js_sys::{Array, JsString, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{AbortSignal, Blob};

use super::Job;
use crate::core::clock::Millis;
use crate::core::retry::retry_after;
use crate::core::text::{parts, text, without_end};
use crate::core::upload::{Body, InTurn, Input, Request, RequestId, Response};
use crate::core::wire::{Accepts, Answer, Envelope};
use crate::web::drive::Driver;
use crate::web::fetch::{self, AbortGuard, Outgoing, send};
use crate::web::headers::{self, Pairs};
use crate::web::task::{first, promised};
use crate::web::turn::turn;
use crate::web::{blob, clock, read, sys, timer, write};

/// How much of an answer that is not the protocol's is kept for the error, in characters.
const START: u32 = 200;
/// How long the question what an endpoint accepts may take, in ms.
const QUESTION: Millis = 10_000;
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
            let value = write::handshake(&handshake);
            let text = js_sys::JSON::stringify(&value).map_err(|error| sys::describe(&error))?;
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
            (handshake_url(&job.endpoint), text.into())
        }
        Request::Chunk { bytes: range, chunk_id, file_id, from_memory, .. } => {
            let (boundary, head, tail) = form(&chunk_id, &file_id);
            headers.push(("Content-Type".to_owned(), text!("multipart/form-data; boundary=", boundary)));
            let is_small = range.end - range.start <= SMALL;
            let bytes: JsValue = if is_small || from_memory {
                blob::Read::start(&job.file, &range)?.bytes().await?.into()
            } else {
                blob::slice(&job.file, &range)?.into()
            };
            let body = if is_small {
                joined(head, bytes.unchecked_ref(), &tail).into()
            } else {
                let parts = Array::of3(&head.into(), &bytes, &tail.into());
                Blob::new_with_blob_sequence(&parts).map_err(|error| sys::describe(&error))?.into()
            };
            (job.endpoint.clone(), body)
        }
    };
    let credentials = job.credentials;
    let outgoing = Outgoing {
        method: "POST",
        url: url.clone(),
        headers,
        credentials,
        body: Some(body),
        no_store: false,
    };
    let response = send(outgoing, signal).await?;
    driver.tell(Input::Headed(id));
    receive(response, &url).await
}

/// Asks the endpoint what it accepts, by a handshake that changes nothing since it names no file: the protocol answers it
/// with 403. Whatever else comes, or nothing for [`QUESTION`], accepts what every server does.
pub async fn question(job: &Job) -> Accepts {
    let ask = async {
        let headers = job.headers.get(job.headers.fresh()).await.ok()?;
        let headers = [headers, vec![("Content-Type".to_owned(), "application/json".to_owned())]].concat();
        let (url, body) =
            (handshake_url(&job.endpoint), Some(JsValue::from_str(r#"{"ext":"","chunkIds":[]}"#)));
        let credentials = job.credentials;
        let outgoing =
            Outgoing { method: "POST", url: url.clone(), headers, credentials, body, no_store: false };
        let guard = AbortGuard::new().ok()?;
        let response = send(outgoing, &guard.signal()).await.ok()?;
        receive(response, &url).await.ok()?.accepts()
    };
    let mut accepts = None;
    first(async { accepts = ask.await }, timer::sleep(QUESTION)).await;
    accepts.unwrap_or_default()
}

/// Returns what stands between the parts of a chunk's form (RFC 7578), before the bytes, and behind them: the ids come
/// first, so that a server knows what it gets while it reads. A browser's own `FormData` would be a blob to Chromium.
fn form(chunk_id: &str, file_id: &str) -> (String, String, String) {
    // No file can be made to contain it.
    let boundary = text!("xuchuan-", sys::random());
    let part = text!("--", boundary, "\r\nContent-Disposition: form-data; name=\"");
    let id = |name: &str, id: &str| text!(part, name, "Id\"\r\n\r\n", id, "\r\n");
    let kind = "\"\r\nContent-Type: application/octet-stream\r\n\r\n";
    let head = text!(id("file", file_id), id("chunk", chunk_id), part, "file\"; filename=\"", chunk_id, kind);
    let tail = text!("\r\n--", boundary, "--\r\n");
    (boundary, head, tail)
}

/// Puts a few bytes between two texts.
fn joined(head: String, bytes: &Uint8Array, tail: &str) -> Uint8Array {
    let mut all = head.into_bytes();
    all.extend(bytes.to_vec());
    all.extend(tail.as_bytes());
    Uint8Array::from(all.as_slice())
}

/// Puts `/handshake` behind the endpoint's path, before its query.
fn handshake_url(endpoint: &str) -> String {
    let path = parts(endpoint, b'?').next().and_then(|path| parts(path, b'#').next()).unwrap_or_default();
    let rest = endpoint.strip_prefix(path).unwrap_or_default();
    text!(without_end(path, '/'), "/handshake", rest)
}

/// Reads the answer to a request to `asked`; the URL that it may name is relative to that, or to where it was redirected.
async fn receive(response: web_sys::Response, asked: &str) -> Result<Response, String> {
    let base = if response.url().is_empty() { asked.to_owned() } else { response.url() };
    let status = response.status();
    let asked: Option<Millis> = fetch::headers(&response)
        .get("Retry-After")
        .and_then(|value| retry_after(&value, clock::unix_now(), clock::parse_date));
    let text = promised(response.text().map_err(|error| sys::describe(&error))?).await?;
    let text: JsString = text.unchecked_into();
    let body = match read::envelope(&text) {
        Some(Envelope { data: Some(Answer::Url(url)), code, msg, accepts }) => {
            let data = Some(Answer::Url(if url.is_empty() { url } else { sys::resolve(&url, &base) }));
            Body::Envelope(Envelope { code, msg, data, accepts })
        }
        Some(envelope) => Body::Envelope(envelope),
        None => Body::Other(text.slice(0, START).as_string().unwrap_or_default()),
    };
    Ok(Response { status, retry_after: asked, body })
}
