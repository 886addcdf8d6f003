//! Chromium's DevTools: garbage collection on demand, and the heaps of the page and of its workers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// No answer takes longer, but for a worker that is busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// A session with the page.
#[derive(Debug, Clone)]
pub struct DevTools {
    link: Arc<Mutex<Link>>,
    page: String,
}

#[derive(Debug)]
struct Link {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    next: u64,
    /// The sessions of the page's workers.
    workers: Vec<String>,
}

/// The bytes of one heap.
#[derive(Debug, Clone, Copy, Default)]
pub struct Heap {
    /// JavaScript's objects.
    pub objects: f64,
    /// What ArrayBuffers hold; those of wasm memories are not counted.
    pub buffers: f64,
}

impl DevTools {
    /// Connects to the browser that runs on `profile`, and to its page of the origin `host`.
    pub async fn connect(profile: &Path, host: &str) -> Result<DevTools> {
        let note = profile.join("DevToolsActivePort");
        let text = std::fs::read_to_string(&note).with_context(|| note.display().to_string())?;
        let mut lines = text.lines();
        let (port, path) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let (socket, _) = tokio_tungstenite::connect_async(format!("ws://127.0.0.1:{port}{path}")).await?;
        let mut link = Link { socket, next: 1, workers: Vec::new() };
        let targets = link.call(None, "Target.getTargets", json!({})).await?;
        let infos = targets.pointer("/targetInfos").and_then(Value::as_array);
        let is_ours = |target: &&Value| {
            text_at(target, "/type") == Some("page")
                && text_at(target, "/url").is_some_and(|url| url.contains(host))
        };
        let page =
            infos.and_then(|infos| infos.iter().find(is_ours)).context("DevTools knows no such page")?;
        let id = text_at(page, "/targetId");
        let session =
            link.call(None, "Target.attachToTarget", json!({ "targetId": id, "flatten": true })).await?;
        let page = text_at(&session, "/sessionId").context("DevTools gave no session")?.to_owned();
        Ok(DevTools { link: Arc::new(Mutex::new(link)), page })
    }

    pub async fn collect_garbage(&self) -> Result<()> {
        let mut link = self.link.lock().await;
        link.call(Some(&self.page), "HeapProfiler.collectGarbage", json!({})).await.map(drop)
    }

    /// Follows the workers that the page has and will have.
    pub async fn follow_workers(&self) -> Result<()> {
        let params = json!({ "autoAttach": true, "waitForDebuggerOnStart": false, "flatten": true });
        let mut link = self.link.lock().await;
        link.call(Some(&self.page), "Target.setAutoAttach", params).await.map(drop)
    }

    /// Measures the page's heap, and the workers' together.
    pub async fn heaps(&self) -> Result<[Heap; 2]> {
        let mut link = self.link.lock().await;
        let page = link.heap(&self.page).await?;
        let mut workers = Heap::default();
        for session in link.workers.clone() {
            // One that has just ended has no heap.
            let heap = link.heap(&session).await.unwrap_or_default();
            workers.objects += heap.objects;
            workers.buffers += heap.buffers;
        }
        Ok([page, workers])
    }
}

impl Link {
    async fn heap(&mut self, session: &str) -> Result<Heap> {
        let usage = self.call(Some(session), "Runtime.getHeapUsage", json!({})).await?;
        let number = |name: &str| {
            usage.pointer(name).and_then(Value::as_f64).with_context(|| format!("no {name} in {usage}"))
        };
        Ok(Heap { objects: number("/usedSize")?, buffers: number("/backingStorageSize")? })
    }

    async fn call(&mut self, session: Option<&str>, method: &str, params: Value) -> Result<Value> {
        let id = self.next;
        self.next += 1;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let (Some(session), Some(fields)) = (session, message.as_object_mut()) {
            fields.insert("sessionId".to_owned(), json!(session));
        }
        self.socket.send(Message::text(message.to_string())).await?;
        tokio::time::timeout(PATIENCE, self.answer(id))
            .await
            .with_context(|| format!("{method}: no answer"))?
    }

    async fn answer(&mut self, id: u64) -> Result<Value> {
        while let Some(message) = self.socket.next().await {
            let Message::Text(text) = message? else { continue };
            let mut message: Value = serde_json::from_str(&text)?;
            if message.get("id").and_then(Value::as_u64) == Some(id) {
                if let Some(error) = message.get("error") {
                    bail!("DevTools: {error}");
                }
                return Ok(message.get_mut("result").map(Value::take).unwrap_or_default());
            }
            match (text_at(&message, "/method"), text_at(&message, "/params/sessionId")) {
                (Some("Target.attachedToTarget"), Some(session)) => self.workers.push(session.to_owned()),
                (Some("Target.detachedFromTarget"), Some(session)) => {
                    self.workers.retain(|one| one != session)
                }
                _ => {}
            }
        }
        bail!("DevTools hung up")
    }
}

fn text_at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}
