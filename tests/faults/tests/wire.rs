//! Faults of the connection itself, seen by a raw TCP client: resets, silence, drips and closed ports.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod client;

use std::time::{Duration, Instant};

use client::{Client, End, chunk_body, handshake_body};
use faults::Server;
use faults::generated::Generated;
use faults::http::Answer;

const QUIET: Duration = Duration::from_millis(300);

async fn server() -> Server {
    Server::start(0, |_| Answer::new(404, "text/plain", "no site")).await.unwrap()
}

/// Sends a handshake under `faults`; returns what came of it and how it ended.
async fn shake(server: &Server, run: &str, faults: &str) -> (Vec<u8>, End, Client) {
    let mut client = Client::connect(server.main().address()).await.unwrap();
    let body = handshake_body(&Generated(1).bytes(0, 500), 100);
    let path = format!("/s/{run}/{faults}/api/upload/handshake");
    let head = format!("POST {path} HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len());
    client.send(&[head.as_bytes(), &body].concat()).await;
    let (raw, end) = client.everything(QUIET).await;
    (raw, end, client)
}

#[tokio::test]
async fn resets_come_at_their_byte() {
    let server = server().await;
    let (raw, end, _) = shake(&server, "up", "reset=request,at=50,on=handshake").await;
    assert_eq!((raw.len(), end), (0, End::Reset));
    let entry = server.log().of("up").pop().unwrap();
    assert_eq!((entry.status, entry.bytes_out, entry.complete), (0, 0, false));
    assert!(entry.ended.is_some());

    let (raw, end, _) = shake(&server, "down", "reset=answer,at=50,on=handshake").await;
    assert_eq!((raw.len(), end), (50, End::Reset));
    assert_eq!(server.log().of("down")[0].bytes_out, 50);
    let (raw, end, _) = shake(&server, "lost", "reset=answer,on=handshake").await;
    assert_eq!((raw.len(), end), (0, End::Reset));
    let (raw, _, _) = shake(&server, "lost", "reset=answer,on=handshake").await;
    assert!(raw.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn the_work_is_done_when_the_answer_is_lost() {
    let server = server().await;
    let file = Generated(1).bytes(0, 500);
    let faults = "reset=answer";
    shake(&server, "work", faults).await;
    let mut client = Client::connect(server.main().address()).await.unwrap();
    let path = format!("/s/work/{faults}/api/upload");
    assert_eq!(client.json(&path, &chunk_body(&file, &file[..100])).await.err(), Some(End::Reset));
    assert!(server.log().of("work")[1].took);
    let (raw, ..) = shake(&server, "work", faults).await;
    let answer = String::from_utf8_lossy(&raw).into_owned();
    assert!(!answer.contains(&faults::digest::md5_of(&file[..100])), "{answer}");
}

#[tokio::test]
async fn holes_swallow_and_say_nothing() {
    let server = server().await;
    for (run, fault, out) in
        [("up", "hole=request,at=20", 0), ("down", "hole=answer,at=30", 30), ("mute", "mute", 0)]
    {
        let (raw, end, client) = shake(&server, run, &format!("{fault},on=handshake")).await;
        assert_eq!((raw.len(), end), (out, End::Silent), "{fault}");
        assert_eq!(server.log().open(run), 1, "it goes on until the client gives up");
        let sent = client.sent;
        drop(client);
        server
            .log()
            .until(run, "the end", Duration::from_secs(2), |all| all[0].ended.is_some())
            .await
            .unwrap();
        assert_eq!(server.log().of(run)[0].bytes_in, sent, "what nobody read is counted all the same");
    }
}

#[tokio::test]
async fn drips_take_their_time() {
    let server = server().await;
    for (run, side) in [("up", "request"), ("down", "answer")] {
        let start = Instant::now();
        let (raw, ..) = shake(&server, run, &format!("drip={side},rate=1000,on=handshake")).await;
        // About 240 bytes go either way; `everything` waits 300 ms at the end.
        assert!(raw.starts_with(b"HTTP/1.1 200"));
        assert!(start.elapsed() > QUIET + Duration::from_millis(200), "{side}: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_half_closed_connection_still_reads() {
    let server = server().await;
    let (raw, end, mut client) = shake(&server, "half", "half-close,at=10,on=handshake").await;
    assert_eq!((raw.len(), end), (0, End::Closed));
    client.send(b"more").await;
    let sent = client.sent;
    drop(client);
    server
        .log()
        .until("half", "the end", Duration::from_secs(2), |all| all[0].ended.is_some())
        .await
        .unwrap();
    assert_eq!(server.log().of("half")[0].bytes_in, sent);
}

#[tokio::test]
async fn a_closed_port_refuses_and_comes_back() {
    let server = server().await;
    let port = server.open().await.unwrap();
    let mut idle = Client::connect(port.address()).await.unwrap();
    let mut client = Client::connect(port.address()).await.unwrap();
    client.send(b"POST /s/r/refuse=400/api/upload HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(client.everything(QUIET).await.1, End::Reset);
    assert_eq!(idle.everything(QUIET).await.1, End::Reset, "the others go as well");
    let refused = Client::connect(port.address()).await.err().map(|error| error.kind());
    // 300 ms of the 400 may have passed in waiting for ends; both are near.
    assert!(refused.is_none_or(|kind| kind == std::io::ErrorKind::ConnectionRefused));
    assert!(Client::connect(server.main().address()).await.is_ok(), "another port is open");
    tokio::time::sleep(Duration::from_millis(450)).await;
    let mut client = Client::connect(port.address()).await.unwrap();
    assert_eq!(client.get("/log/r", "").await.unwrap().status, 200);
}

#[tokio::test]
async fn connections_are_refused_while_it_lasts() {
    let server = server().await;
    let port = server.open().await.unwrap();
    let mut client = Client::connect(port.address()).await.unwrap();
    client.send(b"POST /s/r/refuse=1500/api/upload HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await;
    client.everything(Duration::from_millis(50)).await;
    let refused = Client::connect(port.address()).await.err().map(|error| error.kind());
    assert_eq!(refused, Some(std::io::ErrorKind::ConnectionRefused));
}

#[tokio::test]
async fn an_idle_connection_is_closed_when_used_again() {
    let server = server().await;
    let mut client = Client::connect(server.main().address()).await.unwrap();
    let path = "/s/idle/close-idle,on=handshake/api/upload/handshake";
    let body = handshake_body(b"x", 1);
    assert_eq!(client.json(path, &body).await.unwrap().0, 200);
    assert_eq!(client.json(path, &body).await.err(), Some(End::Reset));
    let mut client = Client::connect(server.main().address()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(client.json(path, &body).await.unwrap().0, 200);
    }
}

#[tokio::test]
async fn downloads_and_wrong_ranges() {
    let server = server().await;
    let whole = Generated(3).bytes(0, 1000);
    let get = async |fault: &str, headers: &str| {
        let mut client = Client::connect(server.main().address()).await.unwrap();
        let faults = if fault == "none" { "none".to_owned() } else { format!("range={fault}") };
        client.get(&format!("/s/{fault}/{faults}/bytes/3/1000"), headers).await.unwrap()
    };
    let answer = get("none", "").await;
    assert_eq!((answer.status, &answer.body, answer.header("accept-ranges")), (200, &whole, Some("bytes")));
    for (fault, status, says, bytes) in [
        ("none", 206, Some("bytes 10-19/1000"), &whole[10..20]),
        ("ignored", 200, None, &whole[..]),
        ("shifted", 206, Some("bytes 11-20/1000"), &whole[11..21]),
        ("lying", 206, Some("bytes 10-19/1000"), &whole[11..21]),
        ("less", 206, Some("bytes 10-14/1000"), &whole[10..15]),
        ("unsaid", 206, None, &whole[10..20]),
        ("total", 206, Some("bytes 10-19/1001"), &whole[10..20]),
        ("changed", 206, Some("bytes 10-19/1000"), &Generated(4).bytes(10, 10)),
        ("refused", 416, Some("bytes */1000"), &[]),
    ] {
        let answer = get(fault, "Range: bytes=10-19\r\n").await;
        assert_eq!((answer.status, answer.header("content-range")), (status, says), "{fault}");
        assert_eq!(answer.body, bytes, "{fault}");
    }
    assert_eq!(get("none", "Range: bytes=0-3\r\nIf-Range: \"old\"\r\n").await.status, 200);
    // Faults of the wire hold for downloads too, and a large body is made as it goes.
    let mut client = Client::connect(server.main().address()).await.unwrap();
    client.send(b"GET /s/big/reset=answer,at=100000,on=download/bytes/3/100000000000 HTTP/1.1\r\n\r\n").await;
    let (raw, end) = client.everything(QUIET).await;
    assert_eq!((raw.len(), end), (100_000, End::Reset));
}
