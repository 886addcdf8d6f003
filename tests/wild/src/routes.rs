//! The server of one manner: its folders, its routes, and what stands in front of them.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Method, Response, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::post;
use multer::Multipart;
use serde_json::Value;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};
use tower_http::services::ServeDir;

use crate::account::{self, Account};
use crate::chunks::Chunks;
use crate::envelope::{Trouble, answer};
use crate::limit::refuse_large;
use crate::manner::Manner;
use crate::records::{Records, Write};
use crate::upload::{Form, Upload};

/// Which server to be, and where.
#[derive(Debug, Clone)]
pub struct Setup {
    /// How it is written.
    pub manner: Manner,
    /// The folder for everything it keeps, created if it is missing.
    pub folder: PathBuf,
    /// Pages to serve at `/`.
    pub www: Option<PathBuf>,
    /// Whether pages of other origins may call it.
    pub cors: bool,
}

/// Makes the server's router.
pub fn router(setup: &Setup) -> Result<Router> {
    let folder = |name: &str| {
        let path = setup.folder.join(name);
        std::fs::create_dir_all(&path).with_context(|| format!("create {}", path.display()))?;
        Ok::<_, anyhow::Error>(path)
    };
    let chunks = Chunks { chunks: folder("chunks")?, files: folder("files")? };
    let records = match setup.manner {
        Manner::Racy => Records::disk(folder("records")?, Write::Whole),
        Manner::Crashing => Records::disk(folder("records")?, Write::Torn),
        Manner::Database => Records::database(folder("records")?),
        _ => Records::memory(),
    };
    let account = Arc::new(Account::open(&setup.folder)?);
    let files = ServeDir::new(&chunks.files);
    let upload = Arc::new(Upload { manner: setup.manner, records, chunks });
    let mut router = Router::new()
        .route("/api/upload/handshake", post(handshake))
        .route("/api/upload", post(chunk))
        .nest_service("/files", files)
        .with_state(upload);
    router = match &setup.www {
        Some(folder) => router.fallback_service(ServeDir::new(folder)),
        None => router.fallback(async || StatusCode::NOT_FOUND),
    };
    router = router.layer(DefaultBodyLimit::disable());
    if setup.cors {
        let cors = CorsLayer::new().allow_origin(Any).allow_methods([Method::GET, Method::POST]);
        router = router.layer(cors.allow_headers(AllowHeaders::mirror_request()));
    }
    // Outside of CORS, as a proxy's own answers are.
    if matches!(setup.manner, Manner::SmallBodies | Manner::SmallBodiesOldCut) {
        router = router.layer(from_fn(refuse_large));
    }
    Ok(router.layer(from_fn_with_state(account, account::count)))
}

async fn handshake(State(upload): State<Arc<Upload>>, request: Request) -> Response<Body> {
    let outcome = async {
        let bytes =
            axum::body::to_bytes(request.into_body(), usize::MAX).await.context("read a handshake")?;
        let body: Value = serde_json::from_slice(&bytes).context("parse a handshake")?;
        upload.handshake(&body).await
    };
    answer(upload.manner, outcome.await)
}

async fn chunk(State(upload): State<Arc<Upload>>, request: Request) -> Response<Body> {
    let outcome = async { upload.chunk(read_form(request).await?).await };
    answer(upload.manner, outcome.await)
}

/// Reads a chunk's form into memory, as multer does with its `memoryStorage`.
async fn read_form(request: Request) -> Result<Form, Trouble> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary =
        multer::parse_boundary(kind.unwrap_or_default()).context("Multipart: Boundary not found")?;
    let mut fields = Multipart::new(request.into_body().into_data_stream(), boundary);
    let mut form = Form::default();
    while let Some(field) = fields.next_field().await.context("Unexpected end of form")? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.context("Unexpected end of form")?;
        match name.as_str() {
            "fileId" => form.file_id = String::from_utf8(bytes.to_vec()).ok(),
            "chunkId" => form.chunk_id = String::from_utf8(bytes.to_vec()).ok(),
            "file" => form.file = Some(bytes.to_vec()),
            _ => {}
        }
    }
    Ok(form)
}
