//! The server: the reference server's router, plain handlers to compare it with, and the page.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use futures_util::StreamExt;
use serde_json::Value;
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tower_http::services::ServeDir;
use xuchuan_server::Config;

use crate::options::Options;
use crate::sink;

/// The endpoint of a server that keeps nothing.
pub const SINK: &str = "/sink";

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

/// A server that is answering, on the runtime it was started on.
#[derive(Debug)]
pub struct Stand {
    pub address: SocketAddr,
    data: PathBuf,
    /// Where a plain upload is written.
    plain: PathBuf,
    waiting: Waiting,
}

impl Stand {
    /// Starts it with empty data folders.
    pub async fn start(options: &Options, specimens: &Path) -> Result<Stand> {
        let data = options.out.join("data");
        let plain = options.out.join("plain.bin");
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        let uploads = xuchuan_server::router(Config::folder(&data)).await?;
        let waiting = Waiting::default();
        let oracle = std::fs::read(&options.oracle)?;
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let router = Router::new()
            .route("/plain/disk", post(to_disk).with_state(plain.clone()))
            .route("/plain/sink", post(to_nowhere))
            .route("/kernel.wasm", get(async || wasm(xuchuan::core::md5::assembly::module())))
            .route("/oracle.wasm", get(async || wasm(oracle)))
            .route("/report", post(report).with_state(waiting.clone()))
            .nest_service("/plain/files", ServeDir::new(specimens))
            .nest_service("/pkg", ServeDir::new(&options.pkg))
            .nest_service("/before", ServeDir::new(options.before.as_ref().unwrap_or(&options.pkg)))
            .nest_service("/peers", ServeDir::new(&options.peers))
            // The same, by a server that takes two chunks at once.
            .nest("/limited", limited(uploads.clone()))
            // The same, by a server that does not say what it accepts, as most don't.
            .nest("/silent", uploads.clone().layer(map_response(without_accepts)))
            // The protocol, with nothing kept.
            .nest(SINK, sink::router())
            // The same files, by a server that announces no digest.
            .nest("/bare", uploads.clone().layer(map_response(without_digest)))
            .merge(uploads)
            .fallback_service(ServeDir::new(here.join("page")))
            .layer(DefaultBodyLimit::disable());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        // As the reference server's program does it.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Stand { address, data, plain, waiting })
    }

    /// Waits for the page's report `id`.
    pub fn expect(&self, id: u64) -> oneshot::Receiver<Value> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sender);
        receiver
    }

    /// Removes the bytes of an upload. The server still believes that it has them: nobody asks for them again.
    pub fn remove(&self, file_id: &str) -> Result<()> {
        Ok(std::fs::remove_dir_all(self.data.join("files").join(file_id))?)
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.data);
        let _ = std::fs::remove_file(&self.plain);
    }
}

/// What a plain upload handler does: the body goes to a file as it comes, which is synced once. Answers the bytes.
async fn to_disk(State(path): State<PathBuf>, body: Body) -> Result<String, StatusCode> {
    let written = async {
        let mut file = BufWriter::with_capacity(1 << 20, tokio::fs::File::create(path).await?);
        let mut stream = body.into_data_stream();
        let mut sum = 0;
        while let Some(bytes) = stream.next().await {
            let bytes = bytes.map_err(std::io::Error::other)?;
            sum += bytes.len();
            file.write_all(&bytes).await?;
        }
        file.flush().await?;
        file.into_inner().sync_all().await?;
        Ok::<_, std::io::Error>(sum.to_string())
    };
    written.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

fn wasm(module: Vec<u8>) -> Response {
    ([("content-type", "application/wasm")], module).into_response()
}

/// Throws the body away. Answers its bytes.
async fn to_nowhere(body: Body) -> Result<String, StatusCode> {
    let mut stream = body.into_data_stream();
    let mut sum = 0;
    while let Some(bytes) = stream.next().await {
        sum += bytes.map_err(|_| StatusCode::BAD_REQUEST)?.len();
    }
    Ok(sum.to_string())
}

async fn report(State(waiting): State<Waiting>, body: String) -> StatusCode {
    let Ok(answer) = serde_json::from_str::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    let id = answer.get("id").and_then(Value::as_u64).unwrap_or(0);
    let sender = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    match sender.map(|sender| sender.send(answer)) {
        Some(Ok(())) => StatusCode::NO_CONTENT,
        _ => StatusCode::GONE,
    }
}

/// Answers 429 to more than two chunks at once.
fn limited(uploads: Router) -> Router {
    let places = Arc::new(Semaphore::new(2));
    uploads.layer(from_fn(move |request: Request, next: Next| {
        let places = places.clone();
        async move {
            if request.uri().path().ends_with("/handshake") {
                return next.run(request).await;
            }
            match places.try_acquire() {
                Ok(_place) => next.run(request).await,
                Err(_) => {
                    // What is not read would be answered with a reset, and the browser would not see the status.
                    let mut rest = request.into_body().into_data_stream();
                    tokio::spawn(async move { while let Some(Ok(_)) = rest.next().await {} });
                    StatusCode::TOO_MANY_REQUESTS.into_response()
                }
            }
        }
    }))
}

/// Takes `accepts` out of an answer of the protocol.
async fn without_accepts(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    // The answers of these routes are some KB of JSON, but for files, which are not uploaded to be read here.
    let Ok(bytes) = axum::body::to_bytes(body, 64 << 20).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Ok(Value::Object(mut envelope)) = serde_json::from_slice(&bytes) else {
        return Response::from_parts(parts, bytes.into());
    };
    envelope.remove("accepts");
    parts.headers.remove("content-length");
    Response::from_parts(parts, Value::Object(envelope).to_string().into())
}

async fn without_digest(mut response: Response) -> Response {
    response.headers_mut().remove("repr-digest");
    response
}
