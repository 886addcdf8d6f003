//! Bodies that are too large for what stands in front, and files that are cut anew because of it.

use serde_json::json;
use wild::Manner;
use wild::account::Event;

use crate::server::{Sample, Server};

const LIMITED: [Manner; 2] = [Manner::SmallBodies, Manner::SmallBodiesOldCut];

#[tokio::test]
async fn a_large_body_gets_a_page_without_cors_and_a_closed_connection() {
    for manner in LIMITED {
        let server = Server::start(manner).await;
        let sample = Sample::new('a', 1, 4 << 20);
        let greeting = server.post("/api/upload/handshake").json(&sample.handshake()).send().await.unwrap();
        assert_eq!(greeting.headers().get("access-control-allow-origin").unwrap(), "*");
        let (id, bytes) = &sample.chunks[0];
        let refusal = server.send(&sample.id, id, bytes).await.unwrap();
        assert_eq!(refusal.status(), 413);
        assert_eq!(refusal.headers().get("content-type").unwrap(), "text/html");
        assert_eq!(refusal.headers().get("connection").unwrap(), "close");
        assert!(refusal.headers().get("access-control-allow-origin").is_none());
        assert!(refusal.text().await.unwrap().contains("413 Request Entity Too Large"));
        assert!(server.account().iter().any(|event| matches!(event, Event::Answer { status: 413, .. })));
    }
}

#[tokio::test]
async fn the_limit_is_of_the_body_with_its_form() {
    let server = Server::start(Manner::SmallBodies).await;
    for (size, status) in [(1 << 20, 413), ((1 << 20) - 4096, 200)] {
        let sample = Sample::new(if status == 200 { 'b' } else { 'c' }, 1, size);
        server.shake_hands(&sample.handshake()).await;
        let answer = server.send(&sample.id, &sample.chunks[0].0, &sample.chunks[0].1).await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
    }
}

#[tokio::test]
async fn another_cut_is_taken_or_not() {
    for manner in Manner::ALL {
        let server = Server::start(manner).await;
        let (large, mut small) = (Sample::new('d', 1, 1000), Sample::new('d', 5, 200));
        for (index, (id, _)) in small.chunks.iter_mut().enumerate() {
            *id = format!("e{index:031}");
        }
        server.shake_hands(&large.handshake()).await;
        let (_, answer) = server.shake_hands(&small.handshake()).await;
        let expected = if manner == Manner::SmallBodies { small.ids() } else { large.ids() };
        assert_eq!(answer["data"], json!(expected), "{manner}");
        if manner == Manner::SmallBodies {
            let url = server.upload(&small).await;
            assert_eq!(server.fetch(&url).await.1, small.bytes());
        }
    }
}
