//! A body limit as a proxy in front sets it: an HTML page instead of an answer, before the body is read.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::middleware::Next;
use futures_util::StreamExt;

/// nginx's `client_max_body_size`, unless it is set.
const MOST: u64 = 1 << 20;

const PAGE: &str = "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n\
    <center><h1>413 Request Entity Too Large</h1></center>\r\n<hr><center>proxy</center>\r\n</body>\r\n</html>\r\n";

/// Refuses bodies above 1 MB by their `Content-Length`. Like nginx's lingering close it still reads, and throws away,
/// what the client sends on: a connection closed on unread bytes would be reset, and most clients would lose the page.
pub(crate) async fn refuse_large(request: Request, next: Next) -> Response<Body> {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if length.and_then(|text| text.parse::<u64>().ok()).is_none_or(|length| length <= MOST) {
        return next.run(request).await;
    }
    let mut body = request.into_body().into_data_stream();
    tokio::spawn(async move { while let Some(Ok(_)) = body.next().await {} });
    let mut response = Response::new(Body::from(PAGE));
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
