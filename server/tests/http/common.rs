//! A server on loopback and a client that speaks the protocol by hand.

use std::path::Path;

use reqwest::multipart::{Form, Part};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use xuchuan_server::{Config, Limits, log_requests, router};

/// A server in this process, and where it keeps its files.
pub struct Server {
    pub url: String,
    pub client: Client,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn start(folder: &Path) -> Self {
        Self::with(Config::folder(folder)).await
    }

    pub async fn limited(folder: &Path, limits: Limits) -> Self {
        Self::with(Config { limits, ..Config::folder(folder) }).await
    }

    pub async fn with(config: Config) -> Self {
        Self::serve(router(config).await.unwrap()).await
    }

    pub async fn serve(router: axum::Router) -> Self {
        let app = log_requests(router);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, client: Client::new(), task }
    }

    pub fn api(&self) -> Api {
        Api { url: self.url.clone(), client: self.client.clone() }
    }
}

/// Requests to a server, wherever it runs.
#[derive(Clone)]
pub struct Api {
    pub url: String,
    pub client: Client,
}

/// An answer's status and envelope.
#[derive(Debug, PartialEq)]
pub struct Said {
    pub status: u16,
    pub code: u64,
    pub msg: String,
    pub data: Value,
    pub accepts: Option<Value>,
}

impl Said {
    pub async fn of(response: Response) -> Self {
        let status = response.status().as_u16();
        assert_eq!(response.headers()["content-type"], "application/json", "status {status}");
        let body: Value = response.json().await.unwrap();
        let accepts = body.get("accepts").cloned();
        assert_eq!(body.as_object().unwrap().len(), 3 + usize::from(accepts.is_some()), "{body}");
        Self {
            status,
            accepts,
            code: body["code"].as_u64().unwrap(),
            msg: body["msg"].as_str().unwrap().to_owned(),
            data: body["data"].clone(),
        }
    }

    /// The ids still needed.
    pub fn needed(&self) -> Vec<String> {
        assert_eq!((self.status, self.code, self.msg.as_str()), (200, 0, ""), "{self:?}");
        serde_json::from_value(self.data.clone()).unwrap_or_else(|_| panic!("no list: {self:?}"))
    }

    /// The file's URL.
    pub fn url(&self) -> &str {
        assert_eq!((self.status, self.code, self.msg.as_str()), (200, 0, ""), "{self:?}");
        self.data.as_str().unwrap_or_else(|| panic!("no URL: {self:?}"))
    }

    /// The message of a failure, after a look at the rest.
    pub fn refusal(&self, status: u16) -> &str {
        assert_eq!(
            (self.status, self.code, &self.data),
            (status, u64::from(status), &Value::Null),
            "{self:?}"
        );
        &self.msg
    }
}

impl Api {
    pub async fn post_json(&self, body: &Value) -> Said {
        let url = format!("{}/api/upload/handshake", self.url);
        Said::of(self.client.post(url).json(body).send().await.unwrap()).await
    }

    pub async fn handshake(&self, file: &File, ext: &str) -> Said {
        self.post_json(&json!({ "fileId": file.id, "ext": ext, "chunkIds": file.ids })).await
    }

    pub async fn form(&self, form: Form) -> Said {
        let url = format!("{}/api/upload", self.url);
        Said::of(self.client.post(url).multipart(form).send().await.unwrap()).await
    }

    pub async fn chunk(&self, file_id: &str, chunk_id: &str, bytes: &[u8]) -> Said {
        self.form(form(file_id, chunk_id, bytes)).await
    }

    /// Sends what is asked for, one after the other, and gives the file's URL.
    pub async fn upload(&self, file: &File, ext: &str) -> String {
        let said = self.handshake(file, ext).await;
        if said.data.is_array() {
            for id in said.needed() {
                self.chunk(&file.id, &id, file.chunk(&id)).await.needed();
            }
        }
        self.handshake(file, ext).await.url().to_owned()
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = self.client.get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    pub async fn bytes(&self, path: &str) -> Vec<u8> {
        let response = self.get(path, &[]).await;
        assert_eq!(response.status(), 200, "{path}");
        response.bytes().await.unwrap().to_vec()
    }
}

pub fn form(file_id: &str, chunk_id: &str, bytes: &[u8]) -> Form {
    Form::new()
        .text("fileId", file_id.to_owned())
        .text("chunkId", chunk_id.to_owned())
        .part("file", Part::bytes(bytes.to_vec()).file_name("blob"))
}

/// A file and one way to cut it.
#[derive(Clone)]
pub struct File {
    pub id: String,
    pub ids: Vec<String>,
    pub bytes: Vec<u8>,
    chunks: Vec<(String, std::ops::Range<usize>)>,
}

impl File {
    /// Cuts `bytes` into chunks of `size`.
    pub fn cut(bytes: Vec<u8>, size: usize) -> Self {
        let lens = vec![size; bytes.len().div_ceil(size)];
        Self::odd(bytes, &lens)
    }

    /// Cuts `bytes` into chunks of these lengths; the last may be shorter.
    pub fn odd(bytes: Vec<u8>, lens: &[usize]) -> Self {
        let mut at = 0;
        let mut chunks = Vec::new();
        for len in lens {
            let end = (at + len).min(bytes.len());
            chunks.push((md5(&bytes[at..end]), at..end));
            at = end;
        }
        assert_eq!(at, bytes.len());
        let ids = chunks.iter().map(|(id, _)| id.clone()).collect();
        Self { id: md5(&bytes), ids, bytes, chunks }
    }

    /// The same, with each chunk's index behind its id.
    pub fn indexed(self) -> Self {
        self.named(|md5, index| format!("{md5}{index}"))
    }

    /// The same, with other ids for the chunks.
    pub fn named(mut self, name: impl Fn(&str, usize) -> String) -> Self {
        for (index, (id, _)) in self.chunks.iter_mut().enumerate() {
            *id = name(id, index);
        }
        self.ids = self.chunks.iter().map(|(id, _)| id.clone()).collect();
        self
    }

    pub fn chunk(&self, id: &str) -> &[u8] {
        let (_, range) = self.chunks.iter().find(|(other, _)| other == id).expect("an id of the file");
        &self.bytes[range.clone()]
    }
}

pub fn md5(bytes: &[u8]) -> String {
    use md5::Digest;
    md5::Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Numbers that look random and are the same each time (xorshift64*).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len + 8);
        while bytes.len() < len {
            bytes.extend(self.next().to_le_bytes());
        }
        bytes.truncate(len);
        bytes
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}
