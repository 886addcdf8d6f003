//! A running server and a client that sends what it is told to.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use wild::Manner;
use wild::account::{self, Event};

/// A server with a folder that goes away.
pub struct Server {
    manner: Manner,
    pub url: String,
    folder: TempDir,
    program: Child,
    client: Client,
}

/// A file that a test made up.
pub struct Sample {
    pub id: String,
    pub chunks: Vec<(String, Vec<u8>)>,
}

/// An HTTP status and the envelope with it.
pub type Told = (u16, Value);

impl Server {
    pub async fn start(manner: Manner) -> Server {
        let folder = TempDir::new().unwrap();
        let (program, url) = launch(manner, &folder).await;
        Server { manner, url, folder, program, client: Client::new() }
    }

    /// Ends it and starts it again in the same folder.
    pub async fn restart(&mut self) {
        self.program.kill().await.unwrap();
        (self.program, self.url) = launch(self.manner, &self.folder).await;
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        self.program.wait().await.unwrap()
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url))
    }

    pub async fn shake_hands(&self, body: &Value) -> Told {
        told(self.post("/api/upload/handshake").json(body).send().await.unwrap()).await
    }

    pub async fn send(&self, file: &str, chunk: &str, bytes: &[u8]) -> reqwest::Result<Response> {
        let part = Part::bytes(bytes.to_vec()).file_name("blob");
        let form = Form::new().text("fileId", file.to_owned()).text("chunkId", chunk.to_owned());
        self.post("/api/upload").multipart(form.part("file", part)).send().await
    }

    /// Sends a sample's chunk.
    pub async fn chunk(&self, sample: &Sample, index: usize) -> Told {
        let (id, bytes) = &sample.chunks[index];
        told(self.send(&sample.id, id, bytes).await.unwrap()).await
    }

    /// Sends everything, one after the other; returns the URL.
    pub async fn upload(&self, sample: &Sample) -> String {
        let (status, answer) = self.shake_hands(&sample.handshake()).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["data"], json!(sample.ids()));
        for index in 0..sample.chunks.len() {
            let (status, answer) = self.chunk(sample, index).await;
            assert_eq!(status, 200, "{answer}");
            assert_eq!(answer["data"], json!(sample.ids()[index + 1..]));
        }
        let (_, answer) = self.shake_hands(&sample.handshake()).await;
        answer["data"].as_str().unwrap().to_owned()
    }

    pub async fn fetch(&self, url: &str) -> (u16, Vec<u8>) {
        let answer = self.client.get(format!("{}{url}", self.url)).send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    }

    pub fn account(&self) -> Vec<Event> {
        account::read(self.folder.path()).unwrap()
    }
}

async fn launch(manner: Manner, folder: &TempDir) -> (Child, String) {
    let mut program = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_wild")))
        .args(["--manner", manner.name(), "--port", "0", "--cors", "--dir"])
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    let url = line.trim_end().strip_prefix("listening on ").unwrap().to_owned();
    (program, url)
}

pub async fn told(response: Response) -> Told {
    (response.status().as_u16(), response.json().await.unwrap())
}

impl Sample {
    /// `count` chunks of `size` bytes with names of their own.
    pub fn new(name: char, count: u8, size: usize) -> Sample {
        let chunks = (0..count).map(|index| (format!("{name}{index:031}"), vec![index; size])).collect();
        Sample { id: name.to_string().repeat(32), chunks }
    }

    pub fn ids(&self) -> Vec<String> {
        self.chunks.iter().map(|(id, _)| id.clone()).collect()
    }

    pub fn handshake(&self) -> Value {
        json!({ "fileId": self.id, "ext": ".bin", "chunkIds": self.ids() })
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.chunks.iter().flat_map(|(_, bytes)| bytes.clone()).collect()
    }
}
