//! Each fault, seen by a raw TCP client: it does what it says, and the log says what it did.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod client;

use std::time::{Duration, Instant};

use client::{Client, End, chunk_body, handshake_body, ids};
use faults::generated::Generated;
use faults::http::Answer;
use faults::{Port, Server};
use serde_json::{Value, json};

const SIZE: usize = 2500;
const CHUNK: usize = 1000;

async fn server() -> Server {
    Server::start(0, |_| Answer::new(404, "text/plain", "no site")).await.unwrap()
}

fn file() -> Vec<u8> {
    Generated(5).bytes(0, SIZE)
}

/// Sends the handshake and every chunk in turn on one connection; returns what each was answered.
async fn upload(port: &Port, run: &str, faults: &str) -> Vec<Result<(u16, Value), End>> {
    let file = file();
    let mut client = Client::connect(port.address()).await.unwrap();
    let api = format!("/s/{run}/{faults}/api/upload");
    let mut answers = vec![client.json(&format!("{api}/handshake"), &handshake_body(&file, CHUNK)).await];
    for bytes in file.chunks(CHUNK) {
        if client.is_over() {
            client = Client::connect(port.address()).await.unwrap();
        }
        answers.push(client.json(&api, &chunk_body(&file, bytes)).await);
    }
    answers
}

async fn shake(port: &Port, run: &str, faults: &str) -> (u16, Value) {
    let mut client = Client::connect(port.address()).await.unwrap();
    let path = format!("/s/{run}/{faults}/api/upload/handshake");
    client.json(&path, &handshake_body(&file(), CHUNK)).await.unwrap()
}

fn data(answer: &Result<(u16, Value), End>) -> &Value {
    &answer.as_ref().unwrap().1["data"]
}

fn status(answer: &Result<(u16, Value), End>) -> u16 {
    answer.as_ref().unwrap().0
}

#[tokio::test]
async fn without_faults_it_is_the_protocol() {
    let server = server().await;
    let answers = upload(server.main(), "plain", "none").await;
    let ids = ids(&file(), CHUNK);
    assert_eq!(data(&answers[0]), &json!(ids));
    assert_eq!(data(&answers[1]), &json!(ids[1..]));
    assert_eq!(data(&answers[3]), &json!([]));
    let (code, body) = shake(server.main(), "plain", "none").await;
    let url = body["data"].as_str().unwrap();
    assert_eq!(code, 200);
    let mut client = Client::connect(server.main().address()).await.unwrap();
    assert_eq!(client.get(url, "").await.unwrap().body, file());
    let id = faults::digest::md5_of(&file());
    assert_eq!(server.run("plain").unwrap().file(&id).unwrap(), file());
    // Fields that are missing, and what nobody announced.
    let path = "/s/bare/none/api/upload";
    let (code, body) = client.json(&format!("{path}/handshake"), b"{}").await.unwrap();
    assert_eq!((code, &body["code"], body["msg"].as_str()), (403, &json!(403), Some("请携带文件编号")));
    let (code, body) = client.json(path, &chunk_body(&file(), &file()[..CHUNK])).await.unwrap();
    assert_eq!((code, body["msg"].as_str()), (404, Some("请先提交文件分片信息")));
}

#[tokio::test]
async fn the_log_counts_every_byte() {
    let server = server().await;
    let mut client = Client::connect(server.main().address()).await.unwrap();
    let body = handshake_body(&file(), CHUNK);
    client.json("/s/count/none/api/upload/handshake", &body).await.unwrap();
    let entry = server.log().of("count").pop().unwrap();
    assert_eq!((entry.bytes_in, entry.bytes_out), (client.sent, client.received));
    assert!(entry.complete && entry.ended.is_some() && entry.status == 200 && entry.injected.is_empty());
    assert_eq!((entry.method.as_str(), entry.path.as_str()), ("POST", "/api/upload/handshake"));
    let logged = client.get("/log/count", "").await.unwrap().json();
    assert_eq!(logged[0]["bytes_in"], json!(entry.bytes_in));
    assert_eq!(client.get("/log", "").await.unwrap().json().as_array().unwrap().len(), 1);
    let answer = client.get("/s/bad/mute,nht=1/api/upload", "").await.unwrap();
    assert_eq!(answer.status, 400);
    assert!(String::from_utf8_lossy(&answer.body).contains("nht"));
}

#[tokio::test]
async fn statuses_with_and_without_the_work() {
    let server = server().await;
    for (work, stays) in [("before", 3), ("after", 2)] {
        let faults = format!("status=500,work={work},body=html");
        let mut client = Client::connect(server.main().address()).await.unwrap();
        let api = format!("/s/{work}/{faults}/api/upload");
        client.json(&format!("{api}/handshake"), &handshake_body(&file(), CHUNK)).await.unwrap();
        let answer = client.post(&api, "", &chunk_body(&file(), &file()[..CHUNK])).await.unwrap();
        assert_eq!(answer.status, 500);
        assert!(answer.body.starts_with(b"<html>"));
        let (_, body) = shake(server.main(), work, &faults).await;
        assert_eq!(body["data"].as_array().unwrap().len(), stays, "{work}");
        assert_eq!(server.log().of(work)[1].injected, [faults]);
    }
    let mut client = Client::connect(server.main().address()).await.unwrap();
    let retry = "/s/r/status=503,retry-after=7,times=always+status=503,retry-date=9,on=handshake/api/upload";
    let answer = client.post(retry, "", b"").await.unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("7")));
    let answer = client.post(&format!("{retry}/handshake"), "", b"{}").await.unwrap();
    let date = httpdate::parse_http_date(answer.header("retry-after").unwrap()).unwrap();
    let wait = date.duration_since(std::time::SystemTime::now()).unwrap();
    assert!(wait > Duration::from_secs(7) && wait <= Duration::from_secs(9), "{wait:?}");
}

#[tokio::test]
async fn an_early_answer_comes_before_the_body() {
    let server = server().await;
    let mut client = Client::connect(server.main().address()).await.unwrap();
    client.send(b"POST /s/e/status=413,work=early/api/upload HTTP/1.1\r\nContent-Length: 1000\r\n\r\n").await;
    let answer = client.answer().await.unwrap();
    assert_eq!((answer.status, answer.header("connection")), (413, Some("close")));
    client.send(&[0; 1000]).await;
    assert_eq!(client.answer().await.err(), Some(End::Closed));
    assert!(server.log().of("e")[0].bytes_in > 1000);
}

#[tokio::test]
async fn codes_limits_and_tokens() {
    let server = server().await;
    let (code, body) = shake(server.main(), "code", "code=10001,on=handshake").await;
    assert_eq!((code, &body["code"], &body["data"]), (200, &json!(10001), &Value::Null));

    let faults = "limit=1,retry-after=1+slow=300";
    shake(server.main(), "limit", faults).await;
    let api = format!("/s/limit/{faults}/api/upload");
    let send = async || {
        let mut client = Client::connect(server.main().address()).await.unwrap();
        client.post(&api, "", &chunk_body(&file(), &file()[..CHUNK])).await.unwrap().status
    };
    let first = tokio::join!(send(), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        send().await
    });
    assert_eq!(first, (200, 429));
    assert_eq!(send().await, 200, "it has room again");

    let mut client = Client::connect(server.main().address()).await.unwrap();
    let path = "/s/token/token=new/api/upload/handshake";
    let body = handshake_body(&file(), CHUNK);
    for (header, status) in
        [("", 401), ("Authorization: Bearer old\r\n", 401), ("Authorization: Bearer new\r\n", 200)]
    {
        assert_eq!(client.post(path, header, &body).await.unwrap().status, status, "{header}");
    }
}

#[tokio::test]
async fn answers_that_are_not_the_protocols() {
    let server = server().await;
    let mut client = Client::connect(server.main().address()).await.unwrap();
    let body = handshake_body(&file(), CHUNK);
    for (kind, start, length) in [("html", "<html>", None), ("empty", "", Some(0)), ("cut", "{", None)] {
        let path = format!("/s/{kind}/answer={kind},on=handshake/api/upload/handshake");
        let answer = client.post(&path, "", &body).await.unwrap();
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(answer.status == 200 && text.starts_with(start), "{text}");
        assert!(length.is_none_or(|length| answer.body.len() == length));
        assert!(serde_json::from_str::<Value>(&text).is_err(), "{text}");
        let again = client.post(&path, "", &body).await.unwrap();
        assert!(again.json()["data"].is_array(), "once is once");
    }
}

#[tokio::test]
async fn lists_that_are_wrong() {
    let server = server().await;
    let ids = ids(&file(), CHUNK);
    let answers = upload(server.main(), "again", "list=again,nth=2").await;
    assert_eq!(data(&answers[2]), &json!([ids[2], ids[0]]), "the first is asked for again");
    assert_eq!(data(&answers[3]), &json!([ids[0]]), "and is gone indeed");
    let answers = upload(server.main(), "own", "list=own,nth=2").await;
    assert_eq!(data(&answers[2]), &json!([ids[2], ids[1]]));
    let answers = upload(server.main(), "unknown", "list=unknown").await;
    assert_eq!(data(&answers[0]).as_array().unwrap().len(), 4);
    upload(server.main(), "empty", "list=empty").await;
    assert_eq!(shake(server.main(), "empty", "list=empty").await.1["data"], json!([]));
    assert!(shake(server.main(), "empty", "list=empty").await.1["data"].is_string());

    // Two at once: the one that began first comes to its end last, with what was needed when it began.
    let faults = "list=stale,nth=2";
    shake(server.main(), "stale", faults).await;
    let api = format!("/s/stale/{faults}/api/upload");
    let send = async |from: usize| {
        let mut client = Client::connect(server.main().address()).await.unwrap();
        let whole = file();
        let body = chunk_body(&whole, &whole[from..(from + CHUNK).min(SIZE)]);
        client.json(&api, &body).await
    };
    let head = format!(
        "POST {api} HTTP/1.1\r\nContent-Length: {}\r\n\r\n",
        chunk_body(&file(), &file()[..CHUNK]).len()
    );
    let mut slow = Client::connect(server.main().address()).await.unwrap();
    slow.send(head.as_bytes()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(data(&send(CHUNK).await), &json!([ids[0], ids[2]]));
    slow.send(&chunk_body(&file(), &file()[..CHUNK])).await;
    let answer = slow.answer().await.unwrap().json();
    assert_eq!(answer["data"], json!([ids[1], ids[2]]), "the second has been here for long");
}

#[tokio::test]
async fn what_is_forgotten_and_what_is_corrupt() {
    let server = server().await;
    let answers = upload(server.main(), "session", "forget=session,nth=2").await;
    assert_eq!((status(&answers[1]), status(&answers[2])), (200, 404));
    assert_eq!(
        shake(server.main(), "session", "forget=session,nth=2").await.1["data"].as_array().unwrap().len(),
        2
    );
    let answers = upload(server.main(), "chunks", "forget=chunks,nth=2").await;
    assert_eq!(status(&answers[2]), 404);
    assert_eq!(
        shake(server.main(), "chunks", "forget=chunks,nth=2").await.1["data"].as_array().unwrap().len(),
        3
    );
    let answers = upload(server.main(), "corrupt", "corrupt,nth=2").await;
    assert_eq!([1, 2, 3].map(|at| status(&answers[at])), [200, 422, 200]);
    assert_eq!(data(&answers[3]), &json!([ids(&file(), CHUNK)[1]]), "it is still needed");
}

#[tokio::test]
async fn a_chunk_sent_again_is_told() {
    let server = server().await;
    upload(server.main(), "twice", "none").await;
    assert!(server.log().of("twice").iter().all(|entry| !entry.again));
    let mut client = Client::connect(server.main().address()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    client.json("/s/twice/none/api/upload", &chunk_body(&file(), &file()[..CHUNK])).await.unwrap();
    let last = server.log().of("twice").pop().unwrap();
    assert!(last.again && !last.took);
    // What the server asked for again is sent with good reason.
    upload(server.main(), "asked", "list=own,nth=1").await;
    let mut client = Client::connect(server.main().address()).await.unwrap();
    client.json("/s/asked/list=own,nth=1/api/upload", &chunk_body(&file(), &file()[..CHUNK])).await.unwrap();
    let last = server.log().of("asked").pop().unwrap();
    assert!(!last.again && last.took);
}

#[tokio::test]
async fn slow_answers_and_redirects() {
    let server = server().await;
    let start = Instant::now();
    shake(server.main(), "slow", "slow=200,on=handshake").await;
    assert!(start.elapsed() >= Duration::from_millis(200));
    let mut client = Client::connect(server.main().address()).await.unwrap();
    let path = "/s/move/redirect=307,on=handshake,times=always/api/upload/handshake";
    let answer = client.post(path, "", b"{}").await.unwrap();
    let there = "/s/move/redirect=307,on=handshake,times=always/moved/api/upload/handshake";
    assert_eq!((answer.status, answer.header("location")), (307, Some(there)));
    let (code, body) = client.json(there, &handshake_body(&file(), CHUNK)).await.unwrap();
    assert_eq!((code, body["code"].as_u64()), (200, Some(0)));
    assert_eq!(client.get(there, "").await.unwrap().status, 405);
}

#[tokio::test]
async fn bodies_that_belie_their_heads() {
    let server = server().await;
    let send = async |run: &str, fault: &str| {
        let mut client = Client::connect(server.main().address()).await.unwrap();
        let path = format!("/s/{run}/{fault},on=handshake/api/upload/handshake");
        let raw = format!("POST {path} HTTP/1.1\r\nContent-Length: 2\r\n\r\n{{}}");
        client.send(raw.as_bytes()).await;
        client.everything(Duration::from_millis(2000)).await
    };
    // Bytes, since a body may end within a character.
    let split = |raw: &[u8]| {
        let end = raw.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        (String::from_utf8_lossy(&raw[..end]).to_ascii_lowercase(), raw[end + 4..].to_vec())
    };
    let stated = |head: &str| -> usize {
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap()
    };
    let (raw, end) = send("short", "length=short").await;
    let (head, body) = split(&raw);
    assert!(body.len() == stated(&head) / 2 && end == End::Closed, "{head}, {body:?}, {end:?}");
    let (raw, end) = send("long", "length=long").await;
    let (head, body) = split(&raw);
    assert!(body.len() > stated(&head) && end == End::Silent, "{head}, {body:?}, {end:?}");
    let (raw, end) = send("garbage", "garbage").await;
    let (head, body) = split(&raw);
    assert!(head.contains("transfer-encoding: chunked") && body.starts_with(b"this is no"), "{head}");
    assert_eq!(end, End::Closed);
}

#[tokio::test]
async fn other_origins_see_more_or_less() {
    let server = server().await;
    let mut client = Client::connect(server.main().address()).await.unwrap();
    let origin = "Origin: http://other\r\n";
    let body = handshake_body(&file(), CHUNK);
    let preflight = async |client: &mut Client, path: &str| {
        let raw = format!(
            "OPTIONS {path} HTTP/1.1\r\n{origin}Access-Control-Request-Headers: content-type\r\n\r\n"
        );
        client.send(raw.as_bytes()).await;
        client.answer().await.unwrap()
    };
    let path = "/s/open/none/api/upload/handshake";
    let answer = preflight(&mut client, path).await;
    assert_eq!((answer.status, answer.header("access-control-allow-headers")), (204, Some("content-type")));
    let answer = client.post(path, origin, &body).await.unwrap();
    assert_eq!(answer.header("access-control-allow-origin"), Some("http://other"));
    assert!(answer.header("access-control-expose-headers").unwrap().contains("Retry-After"));
    let answer = client.post("/s/silent/cors=silent/api/upload/handshake", origin, &body).await.unwrap();
    assert_eq!(answer.header("access-control-allow-origin"), Some("http://other"));
    assert_eq!(answer.header("access-control-expose-headers"), None);
    let path = "/s/refused/cors=refused,for=200/api/upload/handshake";
    assert_eq!(preflight(&mut client, path).await.header("access-control-allow-origin"), None);
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert!(preflight(&mut client, path).await.header("access-control-allow-origin").is_some());
}
