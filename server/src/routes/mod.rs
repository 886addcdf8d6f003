//! The router: which path is answered by what.

mod chunk;
mod download;
mod handshake;
mod ids;
mod pieces;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::routing::{get, post};

use crate::config::{Config, SetupError};
use crate::failure::Failure;
use crate::{access, cors, store};

/// Makes the router: `POST /api/upload/handshake`, `POST /api/upload`, `GET` and `HEAD` of `/files/{name}` and
/// `/files/{name}/pieces` (a name has no slash, so that no file is in the way), with CORS.
/// Other paths are left to the application that it is merged into or nested in; if that is below a path, set
/// [`Config::public_url`].
///
/// Removes what a crash left half written, and starts a task on the current tokio runtime that sweeps unfinished
/// uploads for as long as the router lives.
///
/// # Errors
///
/// If the store can't be read, or an origin is none.
pub async fn router(config: Config) -> Result<Router, SetupError> {
    let cors = cors::layer(&config.origins)?;
    let store = Arc::new(store::open(config).await?);
    Ok(Router::new()
        .route("/api/upload/handshake", post(handshake::handshake))
        .route("/api/upload", post(chunk::chunk))
        .route("/files/{name}", get(download::download))
        .route("/files/{name}/pieces", get(pieces::pieces))
        .method_not_allowed_fallback(async || {
            Failure::new(StatusCode::METHOD_NOT_ALLOWED, "uploads take POST, files GET and HEAD")
        })
        .layer(cors)
        .with_state(store))
}

/// Adds a log line for each request to `router`, through `tracing`, with method, path, status, bytes and milliseconds.
pub fn log_requests(router: Router) -> Router {
    router.layer(from_fn(access::log))
}
