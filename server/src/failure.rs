//! A refusal or a breakdown, as the protocol's envelope with the HTTP status that fits.

use std::error::Error;
use std::io;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use xuchuan::core::protocol::wire::{Accepts, Envelope, OK, REFUSED, msg};

/// An answer that is not a success. Its code is the HTTP status' number, which for the protocol's own messages is 403.
#[derive(Debug, Clone)]
pub struct Failure {
    status: StatusCode,
    msg: String,
    retry_after: Option<u32>,
    accepts: Option<Accepts>,
}

impl Failure {
    /// Refuses with `status`; `msg` says what to do.
    pub fn new(status: StatusCode, msg: impl Into<String>) -> Self {
        Self { status, msg: msg.into(), retry_after: None, accepts: None }
    }

    /// Refuses with one of the protocol's own messages, whose code is 403.
    pub fn refused(msg: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, msg)
    }

    /// Refuses a chunk of a file that no handshake announced.
    pub fn unknown_file() -> Self {
        Self::refused(msg::UNKNOWN_FILE)
    }

    /// Refuses a request that is not in the protocol's form.
    pub fn bad_request(msg: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, msg)
    }

    /// Refuses what exceeds a limit; `msg` names it.
    pub fn too_large(msg: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, msg)
    }

    /// Asks to come again after `seconds`.
    pub fn busy(seconds: u32, msg: impl Into<String>) -> Self {
        Self { retry_after: Some(seconds), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, msg) }
    }

    /// Says what the server accepts, in the answer to a handshake.
    pub fn with_accepts(self, accepts: Accepts) -> Self {
        Self { accepts: Some(accepts), ..self }
    }

    /// Reports a fault of the server; the details go to the log.
    pub fn internal(error: &dyn Error) -> Self {
        tracing::error!(error = chain(error), "internal error");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the server could not do this; its log says why. Try again",
        )
    }

    /// Reports that the disk is full, or that the limit on stored bytes is reached.
    pub fn full() -> Self {
        Self::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "the server's disk is full; what was acknowledged is kept. Go on when there is room",
        )
    }
}

impl From<object_store::Error> for Failure {
    fn from(error: object_store::Error) -> Self {
        if is_full(&error) {
            tracing::error!(error = chain(&error), "disk full");
            return Self::full();
        }
        Self::internal(&error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if is_full(&error) { Self::full() } else { Self::internal(&error) }
    }
}

impl From<tokio::task::JoinError> for Failure {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let code = u32::from(self.status.as_u16());
        debug_assert!(code != OK && (self.status != StatusCode::FORBIDDEN || code == REFUSED));
        let mut response = envelope::<()>(
            self.status,
            &Envelope { accepts: self.accepts, ..Envelope::failure(code, self.msg) },
        );
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Answers `status` with an envelope.
pub fn envelope<T: serde::Serialize>(status: StatusCode, body: &Envelope<T>) -> Response {
    json(status, body)
}

/// Answers `status` with `body` as JSON, never to be cached: the same request gets another answer as chunks arrive.
pub fn json(status: StatusCode, body: &impl serde::Serialize) -> Response {
    let (status, bytes) = match serde_json::to_vec(body) {
        Ok(bytes) => (status, bytes),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, Vec::new()),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, bytes).into_response()
}

/// Writes an error and its sources on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

/// Tells whether a full disk or quota is at the bottom of `error`.
fn is_full(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>()
            && matches!(io.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        {
            return true;
        }
        // `io::Error::source` skips the error it wraps, so that is looked at by itself.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_found_below_other_errors() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let wrapped = object_store::Error::Generic { store: "x", source: Box::new(io::Error::other(full())) };
        assert_eq!(Failure::from(wrapped).status, StatusCode::INSUFFICIENT_STORAGE);
        assert_eq!(Failure::from(full()).status, StatusCode::INSUFFICIENT_STORAGE);
        let other = object_store::Error::Generic { store: "x", source: "broken".into() };
        assert_eq!(Failure::from(other).status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}
