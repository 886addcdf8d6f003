//! What arrived: a line for each request's body and each answer, in a file that outlives the process.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::middleware::Next;
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};

/// Something that happened to a request below `/api/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Event {
    /// Its body has been read, or as much of it as came.
    Body {
        /// Its path.
        path: String,
        /// The bytes that were read, a form's own lines included.
        bytes: u64,
        /// How many requests were being served when it came, itself included.
        at_once: u64,
    },
    /// It has been answered.
    Answer {
        /// Its path.
        path: String,
        /// The HTTP status.
        status: u16,
    },
}

/// Returns what the server that works in `folder` has noted so far, over all its starts.
pub fn read(folder: &Path) -> Result<Vec<Event>> {
    let path = file(folder);
    let text = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    text.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

fn file(folder: &Path) -> PathBuf {
    folder.join("account.jsonl")
}

#[derive(Debug)]
pub(crate) struct Account {
    file: std::fs::File,
    open: AtomicU64,
}

impl Account {
    pub fn open(folder: &Path) -> Result<Account> {
        let file = std::fs::File::options().create(true).append(true).open(file(folder))?;
        Ok(Account { file, open: AtomicU64::new(0) })
    }

    fn note(&self, event: &Event) {
        // In one write, so that lines stay whole. An account that can't be kept shows when it is read.
        if let Ok(mut line) = serde_json::to_string(event) {
            line.push('\n');
            let _ = (&self.file).write_all(line.as_bytes());
        }
    }
}

/// Counts the body of a request below `/api/` as it is read, and notes its answer.
pub(crate) async fn count(
    State(account): State<Arc<Account>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let path = request.uri().path().to_owned();
    if request.method() != axum::http::Method::POST || !path.starts_with("/api/") {
        return next.run(request).await;
    }
    let at_once = account.open.fetch_add(1, Ordering::Relaxed) + 1;
    let open = Open(Arc::clone(&account));
    let mut counted = Counted { account: Arc::clone(&account), path: path.clone(), bytes: 0, at_once };
    let request = request.map(|body| {
        Body::from_stream(body.into_data_stream().inspect_ok(move |bytes| counted.add(bytes.len())))
    });
    let response = next.run(request).await;
    drop(open);
    account.note(&Event::Answer { path, status: response.status().as_u16() });
    response
}

/// A request that is being served, also if its client goes away meanwhile.
struct Open(Arc<Account>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The count of a body, noted when nobody reads it any more: before the request is acted on, so that it is known of a
/// process that ends by it.
struct Counted {
    account: Arc<Account>,
    path: String,
    bytes: u64,
    at_once: u64,
}

impl Counted {
    fn add(&mut self, length: usize) {
        self.bytes += length as u64;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let path = std::mem::take(&mut self.path);
        self.account.note(&Event::Body { path, bytes: self.bytes, at_once: self.at_once });
    }
}
