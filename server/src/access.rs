//! The log's line for each request.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use headers::{ContentLength, HeaderMapExt};
use http_body::{Body as HttpBody, Frame, SizeHint};

/// Writes one line for each request when its answer has been sent, or given up.
pub async fn log(request: Request, next: Next) -> Response {
    let line = Line {
        method: request.method().clone(),
        uri: request.uri().clone(),
        received: request.headers().typed_get::<ContentLength>().map_or(0, |length| length.0),
        start: Instant::now(),
        status: StatusCode::OK,
        sent: 0,
    };
    let response = next.run(request).await;
    let line = Line { status: response.status(), ..line };
    response.map(|body| Body::new(Logged { body, line: OnDrop(line) }))
}

struct Line {
    method: Method,
    uri: Uri,
    status: StatusCode,
    received: u64,
    sent: u64,
    start: Instant,
}

struct OnDrop(Line);

impl Drop for OnDrop {
    fn drop(&mut self) {
        let Line { method, uri, status, received, sent, start } = &self.0;
        tracing::info!(
            %method,
            path = uri.path(),
            status = status.as_u16(),
            received,
            sent,
            ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            "request"
        );
    }
}

/// A body that counts its bytes.
struct Logged {
    body: Body,
    line: OnDrop,
}

impl HttpBody for Logged {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(bytes) = frame.data_ref()
        {
            self.line.0.sent += bytes.len() as u64;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
