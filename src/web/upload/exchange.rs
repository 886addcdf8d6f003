//! One request of an upload, and its answer.

use js_sys::{JsString, Promise};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

use super::Job;
use super::form::{Fields, Form};
use crate::core::cause::{Cause, Loss};
use crate::core::clock::Millis;
use crate::core::protocol::json;
use crate::core::protocol::wire::{Accepts, Answer, Envelope};
use crate::core::retry::retry_after;
use crate::core::upload::{Body, InTurn, Input, Request, RequestId, Response};
use crate::web::convert::envelope;
use crate::web::drive::Driver;
use crate::web::fetch::{self, AbortGuard, Outgoing, send};
use crate::web::headers::Pairs;
use crate::web::task::{first, promised};
use crate::web::yield_now::yield_now;
use crate::web::{blob, clock, object, timer, url};

/// How much of an answer that is not the protocol's is kept for the error, in characters.
const START: u32 = 200;
/// How long the question what an endpoint accepts may take, in ms.
const QUESTION: Millis = 10_000;
/// A chunk of at most so many bytes is read and sent as bytes: for a blob Chromium's page waits for another process.
const SMALL: u64 = 64 << 10;

/// Sends a request, with headers that were asked for `fresh` if there are any and with the form that was `prepared`, and
/// reads the answer.
pub async fn exchange(
    job: &Job,
    request: Request,
    fresh: Option<Pairs>,
    prepared: Option<Form>,
    signal: &AbortSignal,
    driver: &Driver<InTurn>,
    id: RequestId,
) -> Result<Response, Loss> {
    let mut headers = job.headers.get(fresh).await?;
    let form = match prepared {
        Some(form) => form,
        None => {
            // Slicing and sending a chunk wait for the browser's own process: with six in one task the page would stand
            // still.
            yield_now().await;
            form_of(job, &request).await?
        }
    };
    let url = match request {
        Request::Handshake(_) => handshake_url(&job.endpoint),
        Request::Chunk { .. } => job.endpoint.clone(),
    };
    headers.extend(form.content_type.map(|it| ("Content-Type".to_owned(), it)));
    let body = form.body;
    let credentials = job.credentials;
    let outgoing = Outgoing {
        method: "POST",
        url: url.clone(),
        headers,
        credentials,
        body: Some(body),
        no_store: false,
    };
    let response = job.inquiry.send(outgoing, signal).await?;
    driver.tell(Input::Headed(id));
    receive(response, &url).await
}

/// Makes the body of a request.
pub async fn form_of(job: &Job, request: &Request) -> Result<Form, Loss> {
    let (range, chunk_id, file_id, from_memory) = match request {
        Request::Handshake(handshake) => {
            let content_type = Some("application/json".to_owned());
            return Ok(Form { body: json::handshake(handshake).into(), content_type });
        }
        Request::Chunk { bytes, chunk_id, file_id, from_memory, .. } => {
            (bytes, chunk_id, file_id, *from_memory)
        }
    };
    let is_small = range.end - range.start <= SMALL;
    let bytes: JsValue = if is_small || from_memory {
        let bytes = async { blob::Read::start(&job.file, range)?.bytes().await }.await;
        bytes.map_err(|why| Loss::thrown(Cause::Unreadable, why))?.into()
    } else {
        blob::slice(&job.file, range)?.into()
    };
    let fields = Fields { chunk_id, file_id };
    Ok(if fetch::is_replaced() {
        fields.for_a_page(&bytes)?
    } else if is_small {
        fields.around_bytes(bytes.unchecked_ref())
    } else {
        fields.around_blob(&bytes)?
    })
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

/// Puts `/handshake` behind the endpoint's path, before its query.
fn handshake_url(endpoint: &str) -> String {
    let path = endpoint.split(['?', '#']).next().unwrap_or_default();
    let rest = endpoint.strip_prefix(path).unwrap_or_default();
    format!("{}/handshake{rest}", path.trim_end_matches('/'))
}

/// Reads the answer to a request to `asked`; the URL that it may name is relative to that, or to where it was redirected.
async fn receive(response: web_sys::Response, asked: &str) -> Result<Response, Loss> {
    // A page's own `fetch` may not say.
    let base = object::get_string(&response, "url").filter(|url| !url.is_empty());
    let base = base.unwrap_or_else(|| asked.to_owned());
    let (status, redirected) = (response.status(), fetch::redirected(&response));
    let asked: Option<Millis> = fetch::headers(&response)
        .get("Retry-After")
        .and_then(|value| retry_after(&value, clock::unix_now(), clock::parse_date));
    let text = object::call(&response, "text", &[])?;
    let text = promised(Promise::resolve(&text)).await.map_err(|why| Loss::thrown(Cause::Cut, why))?;
    let text: JsString = text.dyn_into().map_err(|_| Loss::from("the answer has no text"))?;
    let body = match envelope::read(&text) {
        Some(Envelope { data: Some(Answer::Url(url)), code, msg, accepts }) => {
            let data = Some(Answer::Url(if url.is_empty() { url } else { url::resolve(&url, &base) }));
            Body::Envelope(Envelope { code, msg, data, accepts })
        }
        Some(envelope) => Body::Envelope(envelope),
        None => Body::Other(text.slice(0, START).as_string().unwrap_or_default()),
    };
    Ok(Response { status, retry_after: asked, body, redirected })
}
