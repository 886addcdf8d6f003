//! `POST /api/upload/handshake`: what a file consists of, and what of it is still needed.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use bytes::BytesMut;
use futures_util::TryStreamExt;
use serde::Deserialize;
use serde_json::Value;
use xuchuan::core::protocol::wire::{Accepts, Answer, Envelope, Handshake, is_ext, msg};

use super::ids::{self, chunk_id};
use crate::failure::{Failure, envelope};
use crate::store::Store;

/// Bytes of JSON allowed for each chunk: its id (at most 43), quotes, comma and some white space.
const JSON_PER_CHUNK: usize = 64;
/// Bytes of JSON allowed for the rest.
const JSON_REST: usize = 4096;

/// What this server accepts: a chunk's place is its MD5, so that equal ones are one, and chunks are written side by side.
/// Browsers open no more than six connections to an origin.
const ACCEPTS: Accepts = Accepts { parallel: 6, repeats: true };

/// Answers a handshake, and says what the server accepts, whatever the answer.
pub async fn handshake(State(store): State<Arc<Store>>, request: Request) -> Result<Response, Failure> {
    let answer = answer_to(&store, request).await.map_err(|failure| failure.with_accepts(ACCEPTS))?;
    Ok(envelope(StatusCode::OK, &Envelope { accepts: Some(ACCEPTS), ..Envelope::success(answer) }))
}

async fn answer_to(store: &Store, request: Request) -> Result<Answer, Failure> {
    let chunks = store.limits().chunks;
    let (parts, body) = request.into_parts();
    let body = collect(body, chunks.saturating_mul(JSON_PER_CHUNK).saturating_add(JSON_REST)).await?;
    if !is_json(&parts.headers) {
        return Err(Failure::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send the handshake as JSON with `Content-Type: application/json`",
        ));
    }
    store.handshake(read(&body, chunks)?).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    file_id: Option<Value>,
    ext: Option<Value>,
    chunk_ids: Option<Value>,
}

fn read(body: &[u8], limit: usize) -> Result<Handshake, Failure> {
    let fields: Fields = serde_json::from_slice(body).map_err(|error| {
        Failure::bad_request(format!("the body must be a JSON object with fileId, ext and chunkIds: {error}"))
    })?;
    let file_id = text(fields.file_id, "fileId")?.filter(|id| !id.is_empty());
    let file_id = file_id.ok_or_else(|| Failure::refused(msg::NO_FILE_ID))?;
    let ext = text(fields.ext, "ext")?.ok_or_else(|| Failure::refused(msg::NO_EXT))?;
    let chunk_ids = match fields.chunk_ids {
        None => return Err(Failure::refused(msg::NO_CHUNK_IDS)),
        Some(Value::Array(ids)) => ids,
        Some(_) => return Err(Failure::bad_request("chunkIds must be an array of strings")),
    };
    let file_id = ids::file_id(&file_id)?;
    if !is_ext(&ext) {
        return Err(Failure::bad_request(
            "ext must be empty, or a dot and at most 31 of the characters A-Z a-z 0-9 . _ - without `..`",
        ));
    }
    if chunk_ids.len() > limit {
        return Err(Failure::too_large(format!(
            "a file may have at most {limit} chunks, not {}; use larger ones",
            chunk_ids.len()
        )));
    }
    let chunk_ids = chunk_ids
        .into_iter()
        .map(|id| match id {
            Value::String(id) => chunk_id(&id).map(|()| id),
            _ => Err(Failure::bad_request("chunkIds must be an array of strings")),
        })
        .collect::<Result<_, _>>()?;
    Ok(Handshake { file_id, ext, chunk_ids })
}

fn text(value: Option<Value>, name: &str) -> Result<Option<String>, Failure> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Failure::bad_request(format!("{name} must be a string"))),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(header::CONTENT_TYPE).map(|value| value.to_str()) else { return false };
    value.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads a body of at most `limit` bytes. What exceeds it by less than as much again is read and dropped, since most
/// clients don't see an answer that comes before they have sent everything.
async fn collect(body: Body, limit: usize) -> Result<BytesMut, Failure> {
    let mut stream = body.into_data_stream();
    let mut bytes = BytesMut::new();
    let mut excess = 0;
    while let Some(next) =
        stream.try_next().await.map_err(|_| Failure::bad_request("the body ended early"))?
    {
        if excess > 0 || bytes.len() + next.len() > limit {
            excess += next.len();
            if excess > limit {
                break;
            }
        } else {
            bytes.extend_from_slice(&next);
        }
    }
    if excess > 0 {
        return Err(Failure::too_large(format!(
            "a handshake may have at most {limit} bytes; use larger chunks"
        )));
    }
    Ok(bytes)
}
