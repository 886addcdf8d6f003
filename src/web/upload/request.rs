//! One request of an upload, and its answer.

use js_sys::{JsString, Promise};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

use super::context::UploadContext;
use super::form::{Fields, Form};
use crate::core::cause::{Cause, Loss};
use crate::core::clock::Millis;
use crate::core::protocol::wire::{Accepts, Answer, Envelope};
use crate::core::protocol::{handshake_url, json};
use crate::core::retry::retry_after;
use crate::core::upload::{Body, Input, Request, RequestId, Response, Upload};
use crate::web::convert::read_envelope;
use crate::web::fetch::{self, AbortGuard, Outgoing};
use crate::web::headers::Pairs;
use crate::web::task::{first, promised};
use crate::web::time::{self, yield_now};
use crate::web::transfer::TransferDriver;
use crate::web::{blob, object, url};

/// How much of an answer that is not the protocol's is kept for the error, in characters.
const START: u32 = 200;
/// How long the question what an endpoint accepts may take, in ms.
const QUESTION: Millis = 10_000;
/// A chunk of at most so many bytes is read and sent as bytes: for a blob Chromium's page waits for another process.
const SMALL: u64 = 64 << 10;

/// Sends a request, with headers that were asked for `fresh` if there are any and with the form that was `prepared`, and
/// reads the answer.
pub async fn send(
    context: &UploadContext,
    request: Request,
    fresh: Option<Pairs>,
    prepared: Option<Form>,
    signal: &AbortSignal,
    driver: &TransferDriver<Upload>,
    id: RequestId,
) -> Result<Response, Loss> {
    let mut headers = context.headers.get(fresh).await?;
    let form = match prepared {
        Some(form) => form,
        None => {
            // Slicing and sending a chunk wait for the browser's own process: with six in one task the page would stand
            // still.
            yield_now().await;
            form_of(context, &request).await?
        }
    };
    let url = request.url(&context.endpoint);
    headers.extend(form.content_type.map(|it| ("Content-Type".to_owned(), it)));
    let body = form.body;
    let credentials = context.credentials;
    let outgoing = Outgoing {
        method: "POST",
        url: url.clone(),
        headers,
        credentials,
        body: Some(body),
        no_store: false,
    };
    let response = context.inquiry.send(outgoing, signal).await?;
    driver.tell(Input::Headed(id));
    receive(response, &url).await
}

/// Makes the body of a request.
pub async fn form_of(context: &UploadContext, request: &Request) -> Result<Form, Loss> {
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
        let bytes = async { blob::Read::start(&context.file, range)?.bytes().await }.await;
        bytes.map_err(|why| Loss::thrown(Cause::Unreadable, why))?.into()
    } else {
        blob::slice(&context.file, range)?.into()
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
pub async fn question(context: &UploadContext) -> Accepts {
    let ask = async {
        let headers = context.headers.get(context.headers.fresh()).await.ok()?;
        let headers = [headers, vec![("Content-Type".to_owned(), "application/json".to_owned())]].concat();
        let (url, body) = (handshake_url(&context.endpoint), Some(JsValue::from_str(json::QUESTION)));
        let credentials = context.credentials;
        let outgoing =
            Outgoing { method: "POST", url: url.clone(), headers, credentials, body, no_store: false };
        let guard = AbortGuard::new().ok()?;
        let response = fetch::send(outgoing, &guard.signal()).await.ok()?;
        receive(response, &url).await.ok()?.accepts()
    };
    let mut accepts = None;
    first(async { accepts = ask.await }, time::sleep(QUESTION)).await;
    accepts.unwrap_or_default()
}

/// Reads the answer to a request to `asked`; the URL that it may name is relative to that, or to where it was redirected.
async fn receive(response: web_sys::Response, asked: &str) -> Result<Response, Loss> {
    // A page's own `fetch` may not say.
    let base = object::get_string(&response, "url").filter(|url| !url.is_empty());
    let base = base.unwrap_or_else(|| asked.to_owned());
    let (status, redirected) = (response.status(), fetch::redirected(&response));
    let asked: Option<Millis> = fetch::headers(&response)
        .get("Retry-After")
        .and_then(|value| retry_after(&value, time::unix_now(), time::parse_date));
    let text = object::call(&response, "text", &[])?;
    let text = promised(Promise::resolve(&text)).await.map_err(|why| Loss::thrown(Cause::Cut, why))?;
    let text: JsString = text.dyn_into().map_err(|_| Loss::from("the answer has no text"))?;
    let body = match read_envelope(&text) {
        Some(Envelope { data: Some(Answer::Url(url)), code, msg, accepts }) => {
            let data = Some(Answer::Url(if url.is_empty() { url } else { url::resolve(&url, &base) }));
            Body::Envelope(Envelope { code, msg, data, accepts })
        }
        Some(envelope) => Body::Envelope(envelope),
        None => Body::Other(text.slice(0, START).as_string().unwrap_or_default()),
    };
    Ok(Response { status, retry_after: asked, body, redirected })
}
