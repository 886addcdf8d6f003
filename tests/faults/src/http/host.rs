//! A tiny server whose answers are a function: for pages of our own, and for servers that behave oddly.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::framing::Framing;
use super::head::Head;
use super::source::Source;

/// A request, wholly read.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its first lines.
    pub head: Head,
    /// Its body.
    pub body: Vec<u8>,
}

/// What to answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside `Content-Length`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer of `status` with a body of the type `kind`.
    pub fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Answer {
        Answer { status, headers: vec![("Content-Type".into(), kind.into())], body: body.into() }
    }

    /// An answer of JSON.
    pub fn json(status: u16, body: &serde_json::Value) -> Answer {
        Answer::new(status, "application/json", body.to_string())
    }

    /// Adds a header.
    pub fn with(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.into(), value.into()));
        self
    }
}

type Handler = dyn Fn(&Asked) -> Answer + Send + Sync;

/// A running server on a free port; dropping it stops it.
#[derive(Debug)]
pub struct Host {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Asked>>>,
    _tasks: JoinSet<()>,
}

impl Host {
    /// Answers every request with `handler`.
    pub async fn start(handler: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Result<Host> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let handler: Arc<Handler> = Arc::new(handler);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (handler, log) = (Arc::clone(&handler), Arc::clone(&log));
                connections.spawn(async move {
                    // A browser that closes its connection is no event.
                    let _ = serve(stream, &*handler, &log).await;
                });
            }
        });
        Ok(Host { address, seen, _tasks: tasks })
    }

    /// Returns the URL of `path` on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns the requests so far, in the order of their arrival.
    pub fn seen(&self) -> Vec<Asked> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(mut stream: TcpStream, handler: &Handler, log: &Mutex<Vec<Asked>>) -> Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.split();
    let mut source = Source::new(reader);
    while let Some(raw) = source.take_through(b"\r\n\r\n").await? {
        let head = Head::request(raw)?;
        let mut left = match head.request_framing() {
            Framing::Length(length) => length,
            Framing::Chunked | Framing::UntilClose => anyhow::bail!("browsers state the length of a body"),
        };
        let mut body = Vec::new();
        while left > 0 {
            let some = source.some(left).await?;
            anyhow::ensure!(!some.is_empty(), "the request was cut off");
            body.extend_from_slice(some);
            let length = some.len();
            source.consume(length);
            left -= length as u64;
        }
        let asked = Asked { head, body };
        log.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
        let answer = handler(&asked);
        let mut out = format!("HTTP/1.1 {} x\r\nContent-Length: {}\r\n", answer.status, answer.body.len());
        for (name, value) in &answer.headers {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        out.push_str("\r\n");
        writer.write_all(out.as_bytes()).await?;
        if asked.head.method != "HEAD" {
            writer.write_all(&answer.body).await?;
        }
    }
    Ok(())
}
