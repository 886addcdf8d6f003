//! A server that speaks the protocol and keeps nothing: what an upload costs a page, with no disk that is written to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use futures_util::StreamExt;
use xuchuan::core::protocol::wire::{Accepts, Answer, Envelope, Handshake};

/// Bytes of a form in which its ids are looked for: they stand before the file.
const HEAD: usize = 1024;

/// The ids of the chunks of each file that have not come.
type Missing = Arc<Mutex<HashMap<String, Vec<String>>>>;

/// Makes the router: `POST /handshake` and `POST /`.
pub fn router() -> Router {
    Router::new().route("/handshake", post(handshake)).route("/", post(chunk)).with_state(Missing::default())
}

async fn handshake(State(missing): State<Missing>, body: Bytes) -> Result<String, StatusCode> {
    let asked: Handshake = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let mut missing = missing.lock().unwrap_or_else(PoisonError::into_inner);
    let left = missing.entry(asked.file_id.clone()).or_insert(asked.chunk_ids).clone();
    let url = format!("/nowhere/{}", asked.file_id);
    answer(if left.is_empty() { Answer::Url(url) } else { Answer::Needed(left) })
}

async fn chunk(State(missing): State<Missing>, body: Body) -> Result<String, StatusCode> {
    let mut head = Vec::new();
    let mut stream = body.into_data_stream();
    while let Some(bytes) = stream.next().await {
        let bytes = bytes.map_err(|_| StatusCode::BAD_REQUEST)?;
        head.extend(bytes.iter().take(HEAD.saturating_sub(head.len())));
    }
    let head = String::from_utf8_lossy(&head);
    let file = field(&head, "fileId").ok_or(StatusCode::BAD_REQUEST)?;
    let id = field(&head, "chunkId").ok_or(StatusCode::BAD_REQUEST)?;
    let mut missing = missing.lock().unwrap_or_else(PoisonError::into_inner);
    let left = missing.get_mut(file).ok_or(StatusCode::NOT_FOUND)?;
    left.retain(|missing| missing != id);
    answer(Answer::Needed(left.clone()))
}

fn answer(data: Answer) -> Result<String, StatusCode> {
    let envelope =
        Envelope { accepts: Some(Accepts { parallel: 6, repeats: true }), ..Envelope::success(data) };
    serde_json::to_string(&envelope).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// Finds the value of a form's text field.
fn field<'a>(form: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = form.split_once(&format!("name=\"{name}\"\r\n\r\n"))?;
    rest.split_once("\r\n").map(|(value, _)| value)
}
