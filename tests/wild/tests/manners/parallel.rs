//! Several requests at once: what each server loses by them.

use serde_json::json;
use tokio::task::JoinSet;
use wild::Manner;
use wild::account::Event;

use crate::server::{Sample, Server};

const AT_ONCE: u8 = 6;

/// Sends all chunks at once; returns how many were acknowledged.
async fn send_all(server: &Server, sample: &Sample) -> usize {
    let mut requests = JoinSet::new();
    for (id, bytes) in &sample.chunks {
        let part = reqwest::multipart::Part::bytes(bytes.clone()).file_name("blob");
        let form = reqwest::multipart::Form::new()
            .text("fileId", sample.id.clone())
            .text("chunkId", id.clone())
            .part("file", part);
        requests.spawn(server.post("/api/upload").multipart(form).send());
    }
    let answers = requests.join_all().await;
    answers.into_iter().filter(|answer| answer.as_ref().is_ok_and(|got| got.status() == 200)).count()
}

#[tokio::test]
async fn a_record_that_is_read_and_written_back_loses_chunks() {
    for manner in [Manner::Racy, Manner::Database] {
        let server = Server::start(manner).await;
        let sample = Sample::new('a', AT_ONCE, 1000);
        server.shake_hands(&sample.handshake()).await;
        assert_eq!(send_all(&server, &sample).await, usize::from(AT_ONCE));
        let (_, answer) = server.shake_hands(&sample.handshake()).await;
        let needed = answer["data"].as_array().unwrap_or_else(|| panic!("{manner} lost nothing"));
        assert!(!needed.is_empty(), "{manner}");
        let most = server.account().into_iter().filter_map(|event| match event {
            Event::Body { at_once, .. } => Some(at_once),
            Event::Answer { .. } => None,
        });
        assert!(most.max() > Some(1), "they were not sent at once");
    }
}

#[tokio::test]
async fn a_record_that_is_read_half_written_ends_the_process() {
    for _ in 0..5 {
        let mut server = Server::start(Manner::Crashing).await;
        let sample = Sample::new('b', AT_ONCE, 1000);
        server.shake_hands(&sample.handshake()).await;
        // Those that come while the first is being written read half a record.
        if send_all(&server, &sample).await < usize::from(AT_ONCE) {
            assert_eq!(server.ended().await.code(), Some(1));
            return;
        }
    }
    panic!("it never crashed");
}

#[tokio::test]
async fn a_record_in_memory_loses_nothing() {
    for manner in [Manner::Memory, Manner::AlwaysOk] {
        let server = Server::start(manner).await;
        let sample = Sample::new('c', AT_ONCE, 100_000);
        server.shake_hands(&sample.handshake()).await;
        assert_eq!(send_all(&server, &sample).await, usize::from(AT_ONCE));
        let (_, answer) = server.shake_hands(&sample.handshake()).await;
        assert_eq!(answer["data"], json!(format!("/files/{}.bin", sample.id)), "{manner}");
        assert_eq!(server.fetch(answer["data"].as_str().unwrap()).await.1, sample.bytes(), "{manner}");
    }
}
