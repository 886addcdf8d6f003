//! One request at a time: every server keeps the protocol, in its own words.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wild::Manner;
use wild::account::Event;

use crate::server::{Sample, Server, told};

#[tokio::test]
async fn every_server_is_right_one_chunk_at_a_time() {
    for manner in Manner::ALL {
        let server = Server::start(manner).await;
        let sample = Sample::new('a', 5, 200_000);
        let url = server.upload(&sample).await;
        assert_eq!(url, format!("/files/{}.bin", sample.id), "{manner}");
        assert_eq!(server.fetch(&url).await, (200, sample.bytes()), "{manner}");
        let (_, again) = server.chunk(&sample, 2).await;
        assert_eq!(again["data"], json!([]), "{manner}: a chunk that is there is not needed");
    }
}

#[tokio::test]
async fn what_is_missing_is_named() {
    for manner in Manner::ALL {
        let server = Server::start(manner).await;
        let known = Sample::new('b', 2, 10);
        server.shake_hands(&known.handshake()).await;
        let failure = |msg: &str| {
            let status = if manner == Manner::AlwaysOk { 200 } else { 403 };
            (status, json!({ "code": 403, "msg": msg, "data": null }))
        };
        let shake_hands = async |body: Value| server.shake_hands(&body).await;
        let chunk = async |file: &str, id: &str| told(server.send(file, id, b"x").await.unwrap()).await;
        let ids = json!(["c"]);
        assert_eq!(shake_hands(json!({ "ext": "", "chunkIds": ids })).await, failure("请携带文件编号"));
        assert_eq!(
            shake_hands(json!({ "fileId": "a", "chunkIds": ids })).await,
            failure("请携带文件后缀，例如 .mp4")
        );
        assert_eq!(
            shake_hands(json!({ "fileId": "a", "ext": "" })).await,
            failure("请按顺序设置文件的分片编号数组")
        );
        assert_eq!(chunk("", "c").await, failure("请携带文件编号"));
        assert_eq!(chunk(&known.id, "").await, failure("请携带分片编号"));
        assert_eq!(chunk("unknown", "c").await, failure("请先提交文件分片信息"));
        assert_eq!(chunk(&known.id, "c").await, failure("该文件没有此分片信息"));
        assert_eq!(chunk("../up", "c").await, failure("请携带文件编号"), "no name leads out of the folder");
    }
}

#[tokio::test]
async fn no_server_says_what_it_accepts() {
    for manner in Manner::ALL {
        let server = Server::start(manner).await;
        let sample = Sample::new('c', 1, 10);
        let mut answers = vec![server.shake_hands(&json!({})).await.1];
        answers.push(server.shake_hands(&sample.handshake()).await.1);
        answers.push(server.chunk(&sample, 0).await.1);
        for answer in answers {
            // In whichever order serde_json keeps them: that depends on what else is built.
            let members: BTreeSet<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(members, BTreeSet::from(["code", "data", "msg"]), "{manner}");
        }
    }
}

#[tokio::test]
async fn success_has_a_code_of_its_own() {
    for manner in Manner::ALL {
        let server = Server::start(manner).await;
        let (_, answer) = server.shake_hands(&Sample::new('d', 1, 10).handshake()).await;
        let expected = if manner == Manner::CodeOk { (200, "success") } else { (0, "") };
        assert_eq!((&answer["code"], &answer["msg"]), (&json!(expected.0), &json!(expected.1)), "{manner}");
    }
}

#[tokio::test]
async fn an_empty_file_is_there_after_its_handshake() {
    for manner in Manner::ALL {
        let server = Server::start(manner).await;
        let (_, answer) = server.shake_hands(&Sample::new('e', 0, 0).handshake()).await;
        let url = answer["data"].as_str().unwrap();
        assert_eq!(server.fetch(url).await, (200, Vec::new()), "{manner}");
    }
}

#[tokio::test]
async fn only_records_in_memory_are_gone_after_a_restart() {
    for manner in [Manner::Racy, Manner::Crashing, Manner::Database, Manner::Memory] {
        let mut server = Server::start(manner).await;
        let sample = Sample::new('f', 2, 10);
        server.shake_hands(&sample.handshake()).await;
        server.chunk(&sample, 0).await;
        server.restart().await;
        let (_, answer) = server.chunk(&sample, 1).await;
        if manner == Manner::Memory {
            assert_eq!(answer["msg"], "请先提交文件分片信息");
        } else {
            assert_eq!(answer["data"], json!([]), "{manner}");
        }
    }
}

/// Zeros: the same id in two places. The chunk is deleted when it was joined for the first of them.
#[tokio::test]
async fn an_id_that_stands_twice_breaks_the_file() {
    for manner in [Manner::Racy, Manner::Crashing, Manner::Database] {
        let server = Server::start(manner).await;
        let mut sample = Sample::new('1', 3, 1000);
        sample.chunks[2] = sample.chunks[0].clone();
        server.shake_hands(&sample.handshake()).await;
        assert_eq!(server.chunk(&sample, 0).await.1["data"], json!([sample.chunks[1].0]));
        let (status, answer) = server.chunk(&sample, 1).await;
        assert_eq!(status, 500);
        assert!(answer["msg"].as_str().unwrap().starts_with("ENOENT"), "{answer}");
        let (_, answer) = server.shake_hands(&sample.handshake()).await;
        let (status, bytes) = server.fetch(answer["data"].as_str().unwrap()).await;
        assert_eq!((status, bytes.len()), (200, 2000), "{manner}: it calls a file done that is cut short");
    }
}

#[tokio::test]
async fn the_account_counts_bodies_over_restarts() {
    let mut server = Server::start(Manner::Memory).await;
    let sample = Sample::new('2', 1, 50_000);
    server.upload(&sample).await;
    server.restart().await;
    server.shake_hands(&json!({})).await;
    let account = server.account();
    let answers: Vec<u16> = account
        .iter()
        .filter_map(|event| if let Event::Answer { status, .. } = event { Some(*status) } else { None })
        .collect();
    assert_eq!(answers, [200, 200, 200, 403]);
    let chunk = account.iter().find_map(|event| match event {
        Event::Body { path, bytes, at_once } if path == "/api/upload" => Some((*bytes, *at_once)),
        _ => None,
    });
    let (bytes, at_once) = chunk.unwrap();
    assert!((50_000..51_000).contains(&bytes), "{bytes}");
    assert_eq!(at_once, 1);
}
