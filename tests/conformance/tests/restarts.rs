//! An example backend that is killed in the middle of an upload keeps every chunk that it acknowledged.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use conformance::backend::Backend;
use conformance::left_out;
use md5::{Digest, Md5};
use reqwest::Client;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

const CHUNKS: usize = 32;
const SIZE: usize = 200_000;

struct Upload {
    client: Client,
    file_id: String,
    chunks: Vec<(String, Vec<u8>)>,
}

impl Upload {
    /// A file of random bytes; `seed` tells one from another.
    fn new(seed: u64) -> Upload {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        };
        let chunks: Vec<Vec<u8>> =
            (0..CHUNKS).map(|_| (0..SIZE / 8).flat_map(|_| random()).collect()).collect();
        let file_id = hex(&chunks.concat());
        let chunks = chunks.into_iter().map(|bytes| (hex(&bytes), bytes)).collect();
        Upload { client: Client::new(), file_id, chunks }
    }

    async fn handshake(&self, endpoint: &str) -> Result<Value> {
        let ids: Vec<&String> = self.chunks.iter().map(|(id, _)| id).collect();
        let body = json!({ "fileId": self.file_id, "ext": ".bin", "chunkIds": ids });
        let answer = self.client.post(format!("{endpoint}/handshake")).json(&body).send().await?;
        data(answer.json().await?)
    }

    async fn send(&self, endpoint: &str, index: usize) -> Result<()> {
        let (id, bytes) = self.chunks.get(index).context("no such chunk")?;
        let file = Part::bytes(bytes.clone()).file_name("chunk");
        let form =
            Form::new().text("fileId", self.file_id.clone()).text("chunkId", id.clone()).part("file", file);
        let answer = self.client.post(endpoint).multipart(form).send().await?;
        data(answer.json().await?).map(drop)
    }
}

fn data(mut envelope: Value) -> Result<Value> {
    ensure!(envelope.get("code") == Some(&json!(0)), "{envelope}");
    envelope.get_mut("data").map(Value::take).context("no data")
}

fn hex(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn killed_and_restarted(backend: Backend, seed: u64) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let running = backend.start(&data, "")?;
    let endpoint = running.endpoint();
    let upload = Arc::new(Upload::new(seed));
    ensure!(upload.handshake(&endpoint).await?.as_array().map(Vec::len) == Some(CHUNKS));

    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let next = Arc::new(Mutex::new(0..CHUNKS));
    let senders: Vec<_> = (0..4)
        .map(|_| {
            let (upload, endpoint) = (upload.clone(), endpoint.clone());
            let (acknowledged, next) = (acknowledged.clone(), next.clone());
            tokio::spawn(async move {
                loop {
                    let Some(index) = next.lock().ok().and_then(|mut next| next.next()) else { return };
                    if upload.send(&endpoint, index).await.is_err() {
                        return;
                    }
                    if let Ok(mut acknowledged) = acknowledged.lock() {
                        acknowledged.insert(index);
                    }
                }
            })
        })
        .collect();
    let count = || acknowledged.lock().map(|set| set.len()).map_err(|_| anyhow!("a sender panicked"));
    while count()? < CHUNKS / 3 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        ensure!(senders.iter().any(|sender| !sender.is_finished()), "the senders ended early");
    }
    drop(running);
    for sender in senders {
        sender.await?;
    }
    let kept = acknowledged.lock().map_err(|_| anyhow!("a sender panicked"))?.clone();
    ensure!(kept.len() < CHUNKS, "all were sent before it was killed");

    let running = backend.start(&data, "")?;
    let endpoint = running.endpoint();
    let needed = upload.handshake(&endpoint).await?;
    let needed: Vec<&str> = needed.as_array().context("no list")?.iter().filter_map(Value::as_str).collect();
    for (index, (id, _)) in upload.chunks.iter().enumerate() {
        if kept.contains(&index) {
            ensure!(!needed.contains(&id.as_str()), "chunk {index} was acknowledged, and is asked for again");
        } else if needed.contains(&id.as_str()) {
            upload.send(&endpoint, index).await?;
        }
    }
    let url = upload.handshake(&endpoint).await?;
    let url = format!("{}{}", running.url(), url.as_str().context("no URL")?);
    let served = upload.client.get(url).send().await?.error_for_status()?.bytes().await?;
    ensure!(hex(&served) == upload.file_id, "other bytes are served");
    // Nothing half written is left of the finished file.
    let left: Vec<_> = std::fs::read_dir(data.join("parts"))?.collect();
    ensure!(left.is_empty(), "{left:?}");
    Ok(())
}

#[test]
fn what_was_acknowledged_survives_a_kill() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    for (seed, backend) in (1..).zip(Backend::ALL) {
        match backend.lacks() {
            Some(reason) => left_out(backend.name(), reason),
            None => runtime.block_on(killed_and_restarted(backend, seed)).context(backend.name())?,
        }
    }
    Ok(())
}
