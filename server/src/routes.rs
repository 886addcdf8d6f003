//! The router: which path is answered by what.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;

use crate::config::{Config, SetupError, Storage};
use crate::failure::Failure;
use crate::vault::{Vault, prepare, sweep_while_used};
use crate::{access, chunk, cors, download, handshake};

/// What the handlers share.
pub type Shared = Arc<Vault>;

/// Makes the router: `POST /api/upload/handshake`, `POST /api/upload`, `GET` and `HEAD` of `/files/{name}`, with CORS.
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
    let store: Arc<dyn ObjectStore> = match config.storage {
        Storage::Objects(store) => store,
        Storage::Folder(folder) => {
            let prepared = folder.clone();
            let result = tokio::task::spawn_blocking(move || prepare(&prepared)).await;
            let result = result.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked)));
            result.map_err(|error| SetupError::Folder(folder.clone(), error))?;
            // Without `with_fsync` a chunk that was acknowledged could be lost with the machine's power.
            Arc::new(LocalFileSystem::new_with_prefix(folder).map_err(SetupError::Store)?.with_fsync(true))
        }
    };
    store.list_with_delimiter(Some(&Path::default())).await.map_err(SetupError::Store)?;
    let age = config.limits.session_age;
    let vault = Arc::new(Vault::new(store, config.limits, config.public_url));
    if let Err(failure) = vault.sweep().await {
        tracing::warn!(?failure, "the first sweep was interrupted");
    }
    tokio::spawn(sweep_while_used(Arc::downgrade(&vault), age));
    Ok(Router::new()
        .route("/api/upload/handshake", post(handshake::handshake))
        .route("/api/upload", post(chunk::chunk))
        .route("/files/{name}", get(download::download))
        .method_not_allowed_fallback(async || {
            Failure::new(StatusCode::METHOD_NOT_ALLOWED, "uploads take POST, files GET and HEAD")
        })
        .layer(cors)
        .with_state(vault))
}

/// Adds a log line for each request to `router`, through `tracing`, with method, path, status, bytes and milliseconds.
pub fn log_requests(router: Router) -> Router {
    router.layer(from_fn(access::log))
}
