//! Servers that behave oddly, and the pages that talk to them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use faults::digest::md5_of;
use faults::multipart::part;
use serde_json::{Value, json};

use crate::http::{Answer, Asked};

/// What a page needs of its site to use the package (packaging.md, "CSP that pages need").
pub const STRICT_CSP: &str =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";
/// What the drop-in script needs if its worker comes from a blob.
pub const BLOB_CSP: &str =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src 'self'";
/// The same where no file of the site may be a worker.
pub const BLOB_ONLY_CSP: &str =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src blob:; connect-src 'self'";
/// A site that allows no worker at all.
pub const NO_WORKER_CSP: &str =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'; connect-src 'self'";
/// A site whose pages may call servers of other origins.
pub const ANY_SERVER_CSP: &str =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src *";

/// Serves the files below `folder`, every page under the Content-Security-Policy `csp`.
pub fn site(folder: PathBuf, csp: &str) -> impl Fn(&Asked) -> Answer + Send + Sync + 'static {
    site_with_workers(folder, csp, csp)
}

/// The same, with another policy for the workers' own script: of what they may load and start.
pub fn site_with_workers(
    folder: PathBuf,
    csp: &str,
    workers: &str,
) -> impl Fn(&Asked) -> Answer + Send + Sync + 'static {
    let (csp, workers) = (csp.to_owned(), workers.to_owned());
    move |asked| {
        let path = folder.join(asked.head.path().trim_start_matches('/'));
        let csp = if path.ends_with("worker.js") { &workers } else { &csp };
        match std::fs::read(&path) {
            Ok(body) => Answer::new(200, kind(&path), body).with("Content-Security-Policy", csp),
            Err(_) => Answer::new(404, "text/plain", "not found"),
        }
    }
}

fn kind(path: &Path) -> &'static str {
    match path.extension().and_then(|ext| ext.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// Lets `api` answer what begins with `/api/`, and `site` the rest.
pub fn with_api(
    site: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    api: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> impl Fn(&Asked) -> Answer + Send + Sync + 'static {
    move |asked| if asked.head.path().starts_with("/api/") { api(asked) } else { site(asked) }
}

/// The same for pages of other origins.
pub fn for_all(
    api: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> impl Fn(&Asked) -> Answer + Send + Sync + 'static {
    move |asked| {
        let answer =
            if asked.head.method == "OPTIONS" { Answer::new(204, "text/plain", "") } else { api(asked) };
        answer.with("Access-Control-Allow-Origin", "*").with("Access-Control-Allow-Headers", "*")
    }
}

/// Answers a page to what `site` does not have, as servers of single-page applications do.
pub fn with_page_for_all(
    page: Vec<u8>,
    site: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> impl Fn(&Asked) -> Answer + Send + Sync + 'static {
    move |asked| match site(asked) {
        Answer { status: 404, .. } => Answer::new(200, "text/html; charset=utf-8", page.clone()),
        answer => answer,
    }
}

/// A server of the protocol that says no with HTTP 200 and a `code` of its own.
pub fn refuses(code: i64, msg: &'static str) -> impl Fn(&Asked) -> Answer + Send + Sync + 'static {
    move |_| Answer::json(200, &json!({ "code": code, "msg": msg, "data": null }))
}

/// Something before the server that answers a page of HTML.
pub fn html(status: u16, words: &'static str) -> impl Fn(&Asked) -> Answer + Send + Sync + 'static {
    move |_| Answer::new(status, "text/html", format!("<html><body><h1>{words}</h1></body></html>"))
}

/// Lets requests with the bearer token `token` through to `api`, and answers 401 to all others.
pub fn guarded(
    token: &'static str,
    api: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> impl Fn(&Asked) -> Answer + Send + Sync + 'static {
    let wanted = format!("Bearer {token}");
    move |asked| match asked.head.header("authorization") {
        Some(given) if given == wanted => api(asked),
        _ => Answer::json(401, &json!({ "code": 401, "msg": "the token has expired", "data": null })),
    }
}

/// A server of the protocol, in memory, that always answers HTTP 200 as many do.
pub fn protocol() -> impl Fn(&Asked) -> Answer + Send + Sync + 'static {
    let missing: Mutex<BTreeMap<String, BTreeSet<String>>> = Mutex::default();
    move |asked| {
        let mut missing = missing.lock().unwrap_or_else(PoisonError::into_inner);
        let data = if asked.head.path().ends_with("/handshake") {
            shake_hands(&asked.body, &mut missing)
        } else {
            take_chunk(&asked.body, &mut missing)
        };
        Answer::json(
            200,
            &match data {
                Some(data) => json!({ "code": 0, "msg": "", "data": data }),
                None => json!({ "code": 403, "msg": "请先提交文件分片信息", "data": null }),
            },
        )
    }
}

fn shake_hands(body: &[u8], missing: &mut BTreeMap<String, BTreeSet<String>>) -> Option<Value> {
    let asked: Value = serde_json::from_slice(body).ok()?;
    let file = asked.get("fileId")?.as_str()?.to_owned();
    let ids =
        asked.get("chunkIds")?.as_array()?.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect();
    let left = missing.entry(file.clone()).or_insert(ids);
    Some(if left.is_empty() { json!(format!("/files/{file}")) } else { json!(left) })
}

fn take_chunk(body: &[u8], missing: &mut BTreeMap<String, BTreeSet<String>>) -> Option<Value> {
    let left = missing.get_mut(&String::from_utf8(part(body, "fileId")?.to_vec()).ok()?)?;
    let id = String::from_utf8(part(body, "chunkId")?.to_vec()).ok()?;
    // The MD5 may have the chunk's index behind it.
    if Some(md5_of(part(body, "file")?).as_str()) == id.get(..32) {
        left.remove(&id);
    }
    Some(json!(left))
}
