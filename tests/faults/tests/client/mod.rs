//! A raw client: it sends exactly what it is told and tells exactly how a connection ends.
// Each test binary uses a part of it.
#![allow(dead_code)]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use faults::digest::md5_of;
use faults::http::head::Head;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Closed,
    Reset,
    /// It is open, and nothing comes.
    Silent,
}

pub struct Client {
    stream: TcpStream,
    pub sent: u64,
    pub received: u64,
    over: bool,
}

#[derive(Debug)]
pub struct Reply {
    head: Head,
    pub status: u16,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Client {
    pub async fn connect(to: SocketAddr) -> std::io::Result<Client> {
        Ok(Client { stream: TcpStream::connect(to).await?, sent: 0, received: 0, over: false })
    }

    pub fn is_over(&self) -> bool {
        self.over
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.sent += bytes.len() as u64;
        // A peer that has reset the connection is noticed when reading.
        let _ = self.stream.write_all(bytes).await;
    }

    async fn byte(&mut self, limit: Duration) -> Result<u8, End> {
        let end = match tokio::time::timeout(limit, self.stream.read_u8()).await {
            Ok(Ok(byte)) => {
                self.received += 1;
                return Ok(byte);
            }
            Ok(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => End::Closed,
            Ok(Err(_)) => End::Reset,
            Err(_) => End::Silent,
        };
        self.over = end != End::Silent;
        Err(end)
    }

    /// Reads one answer that states its length.
    pub async fn answer(&mut self) -> Result<Reply, End> {
        let limit = Duration::from_secs(5);
        let mut raw = Vec::new();
        while !raw.ends_with(b"\r\n\r\n") {
            raw.push(self.byte(limit).await?);
        }
        let head = Head::response(raw).unwrap();
        let length = head.header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = Vec::new();
        while body.len() < length {
            body.push(self.byte(limit).await?);
        }
        Ok(Reply { status: head.status, head, body })
    }

    /// Reads until the connection ends or nothing comes for `quiet`.
    pub async fn everything(&mut self, quiet: Duration) -> (Vec<u8>, End) {
        let mut raw = Vec::new();
        loop {
            match self.byte(quiet).await {
                Ok(byte) => raw.push(byte),
                Err(end) => return (raw, end),
            }
        }
    }

    pub async fn post(&mut self, path: &str, headers: &str, body: &[u8]) -> Result<Reply, End> {
        let head = format!("POST {path} HTTP/1.1\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
        self.send(&[head.as_bytes(), body].concat()).await;
        self.answer().await
    }

    pub async fn json(&mut self, path: &str, body: &[u8]) -> Result<(u16, Value), End> {
        let reply = self.post(path, "", body).await?;
        Ok((reply.status, reply.json()))
    }

    pub async fn get(&mut self, path: &str, headers: &str) -> Result<Reply, End> {
        self.send(format!("GET {path} HTTP/1.1\r\n{headers}\r\n").as_bytes()).await;
        self.answer().await
    }
}

pub fn ids(file: &[u8], chunk: usize) -> Vec<String> {
    file.chunks(chunk).map(md5_of).collect()
}

pub fn handshake_body(file: &[u8], chunk: usize) -> Vec<u8> {
    let body = json!({ "fileId": md5_of(file), "ext": ".bin", "chunkIds": ids(file, chunk) });
    body.to_string().into_bytes()
}

pub fn chunk_body(file: &[u8], bytes: &[u8]) -> Vec<u8> {
    let field = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let mut body = field("fileId", &md5_of(file)) + &field("chunkId", &md5_of(bytes));
    body.push_str("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n");
    [body.as_bytes(), bytes, b"\r\n--b--\r\n"].concat()
}
