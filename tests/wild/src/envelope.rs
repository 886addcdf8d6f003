//! The envelope of every answer: `code`, `msg`, `data`.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use serde_json::{Value, json};

use crate::manner::Manner;

/// A refusal in the protocol's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal(pub &'static str);

/// What is missing, in the order that it is looked for.
pub(crate) const NO_FILE_ID: Refusal = Refusal("请携带文件编号");
pub(crate) const NO_EXT: Refusal = Refusal("请携带文件后缀，例如 .mp4");
pub(crate) const NO_CHUNK_IDS: Refusal = Refusal("请按顺序设置文件的分片编号数组");
pub(crate) const NO_CHUNK_ID: Refusal = Refusal("请携带分片编号");
pub(crate) const UNKNOWN_FILE: Refusal = Refusal("请先提交文件分片信息");
pub(crate) const UNKNOWN_CHUNK: Refusal = Refusal("该文件没有此分片信息");

/// Why a request got no data.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It was refused: code 403.
    Refused(Refusal),
    /// It broke: code 500.
    Broken(anyhow::Error),
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Trouble {
        Trouble::Refused(refusal)
    }
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Trouble {
        Trouble::Broken(error)
    }
}

/// Writes the answer as servers of this manner do.
pub(crate) fn answer(manner: Manner, outcome: Result<Value, Trouble>) -> Response<Body> {
    let (status, envelope) = match outcome {
        Ok(data) if manner == Manner::CodeOk => (200, json!({ "code": 200, "msg": "success", "data": data })),
        Ok(data) => (200, json!({ "code": 0, "msg": "", "data": data })),
        Err(Trouble::Refused(Refusal(msg))) => (403, json!({ "code": 403, "msg": msg, "data": null })),
        Err(Trouble::Broken(error)) => {
            eprintln!("Error: {error:#}");
            (500, json!({ "code": 500, "msg": format!("{error:#}"), "data": null }))
        }
    };
    let status = if manner == Manner::AlwaysOk { 200 } else { status };
    let mut response = Response::new(Body::from(envelope.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let json = header::HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
