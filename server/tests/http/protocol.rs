//! Every message and status of the protocol.

use crate::common::{Api, File, Random, Said, Server, form, md5};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use xuchuan_server::Limits;

const ID: &str = "900150983cd24fb0d6963f7d28e17f72";

async fn fixture() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    (folder, server)
}

#[tokio::test]
async fn handshakes_without_a_field() {
    let (_folder, server) = fixture().await;
    let api = server.api();
    let full = json!({ "fileId": ID, "ext": ".txt", "chunkIds": [ID] });
    for (field, msg) in [
        ("fileId", "请携带文件编号"),
        ("ext", "请携带文件后缀，例如 .mp4"),
        ("chunkIds", "请按顺序设置文件的分片编号数组"),
    ] {
        let mut body = full.clone();
        body.as_object_mut().unwrap().remove(field);
        assert_eq!(api.post_json(&body).await.refusal(403), msg);
        body[field] = Value::Null;
        assert_eq!(api.post_json(&body).await.refusal(403), msg);
    }
    assert_eq!(api.post_json(&json!({})).await.refusal(403), "请携带文件编号");
    let empty = json!({ "fileId": "", "ext": "", "chunkIds": [] });
    assert_eq!(api.post_json(&empty).await.refusal(403), "请携带文件编号");
    assert_eq!(api.post_json(&full).await.needed(), [ID]);
}

#[tokio::test]
async fn handshakes_with_a_wrong_field() {
    let (folder, server) = fixture().await;
    let api = server.api();
    let long = format!(".{}", "a".repeat(32));
    for (field, value, part) in [
        ("fileId", json!(1), "fileId"),
        ("fileId", json!("../../../../../../../etc/passwd"), "fileId"),
        ("fileId", json!(format!("{ID}-1")), "fileId"),
        ("ext", json!(1), "ext"),
        ("ext", json!("txt"), "ext"),
        ("ext", json!("./../../x"), "ext"),
        ("ext", json!(".a\\b"), "ext"),
        ("ext", json!(".a\u{0}"), "ext"),
        ("ext", json!(".."), "ext"),
        ("ext", json!(long), "ext"),
        ("chunkIds", json!(ID), "chunkIds"),
        ("chunkIds", json!([1]), "chunkIds"),
        ("chunkIds", json!(["../x"]), "chunk"),
        ("chunkIds", json!([format!("{ID}/1")]), "chunk"),
        ("chunkIds", json!([format!("{ID}{}", "0".repeat(12))]), "chunk"),
    ] {
        let mut body = json!({ "fileId": ID, "ext": ".txt", "chunkIds": [ID] });
        body[field] = value;
        let said = api.post_json(&body).await;
        assert!(said.refusal(400).contains(part), "{body}: {said:?}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was stored");
}

#[tokio::test]
async fn handshakes_in_another_form() {
    let (_folder, server) = fixture().await;
    let url = format!("{}/api/upload/handshake", server.url);
    let post = |kind: &'static str, body: &'static str| {
        let request = server.client.post(&url).header("content-type", kind).body(body);
        async { Said::of(request.send().await.unwrap()).await }
    };
    for body in ["", "{", "[]", "\"x\"", "{\"fileId\":", "\u{feff}{}", "null"] {
        assert!(post("application/json", body).await.refusal(400).contains("JSON"), "{body}");
    }
    assert!(post("text/plain", "{}").await.refusal(415).contains("application/json"));
    assert!(post("multipart/form-data; boundary=x", "--x--").await.refusal(415).contains("application/json"));
    assert_eq!(post("Application/JSON; charset=utf-8", "{}").await.refusal(403), "请携带文件编号");
    let get = Said::of(server.client.get(&url).send().await.unwrap()).await;
    assert!(get.refusal(405).contains("POST"));
}

#[tokio::test]
async fn chunks_without_a_field() {
    let (_folder, server) = fixture().await;
    let api = server.api();
    let file = || Part::bytes(b"abc".to_vec()).file_name("blob");
    let form = || Form::new().part("file", file());
    assert_eq!(api.form(form()).await.refusal(403), "请携带文件编号");
    assert_eq!(api.form(form().text("chunkId", ID)).await.refusal(403), "请携带文件编号");
    assert_eq!(api.form(form().text("fileId", "")).await.refusal(403), "请携带文件编号");
    assert_eq!(api.form(form().text("fileId", ID)).await.refusal(403), "请携带分片编号");
    assert_eq!(api.form(form().text("fileId", ID).text("chunkId", "")).await.refusal(403), "请携带分片编号");
    // An unknown file, with the fields in either order and without bytes.
    let ids = || Form::new().text("fileId", ID).text("chunkId", ID);
    assert_eq!(api.form(ids()).await.refusal(403), "请先提交文件分片信息");
    assert_eq!(api.form(ids().part("file", file())).await.refusal(403), "请先提交文件分片信息");
    assert_eq!(
        api.form(form().text("fileId", ID).text("chunkId", ID)).await.refusal(403),
        "请先提交文件分片信息"
    );
    api.post_json(&json!({ "fileId": ID, "ext": "", "chunkIds": [ID] })).await.needed();
    assert_eq!(api.chunk(ID, &md5(b"x"), b"x").await.refusal(403), "该文件没有此分片信息");
    assert!(api.form(ids()).await.refusal(400).contains("`file`"));
    assert!(api.form(ids().part("file", file()).part("file", file())).await.refusal(400).contains("two"));
    assert!(api.chunk("x", ID, b"").await.refusal(400).contains("fileId"));
    assert!(api.chunk(ID, "../x", b"").await.refusal(400).contains("chunk"));
    assert!(api.chunk(ID, &"a".repeat(9999), b"").await.refusal(400).contains("chunkId"));
    // The right one, with the bytes first and a field that means nothing.
    let form = form().text("chunkId", ID).text("fileId", ID).text("extra", "x");
    assert_eq!(api.form(form).await.needed(), [] as [&str; 0]);
}

#[tokio::test]
async fn chunks_in_another_form() {
    let (_folder, server) = fixture().await;
    let url = format!("{}/api/upload", server.url);
    let post = |kind: &'static str, body: &'static str| {
        let request = server.client.post(&url).header("content-type", kind).body(body);
        async { Said::of(request.send().await.unwrap()).await }
    };
    assert!(post("application/json", "{}").await.refusal(415).contains("multipart/form-data"));
    assert!(post("multipart/form-data", "x").await.refusal(415).contains("multipart/form-data"));
    assert!(post("multipart/form-data; boundary=x", "rubbish").await.refusal(400).contains("form"));
    let cut = "--x\r\nContent-Disposition: form-data; name=\"fileId\"\r\n\r\n9001";
    assert!(post("multipart/form-data; boundary=x", cut).await.refusal(400).contains("form"));
}

#[tokio::test]
async fn limits_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        chunk_bytes: 100_000,
        chunks: 4,
        file_bytes: Some(250_000),
        disk_bytes: Some(390_000),
        sessions: 3,
        ..Limits::default()
    };
    let server = Server::limited(folder.path(), limits).await;
    let api = server.api();
    let mut random = Random(1);
    let many = json!({ "fileId": ID, "ext": "", "chunkIds": [ID, ID, ID, ID, ID] });
    assert!(api.post_json(&many).await.refusal(413).contains("at most 4 chunks"));
    let long = json!({ "fileId": ID, "ext": "", "chunkIds": [], "padding": "x".repeat(6000) });
    assert!(api.post_json(&long).await.refusal(413).contains("larger chunks"));

    // Bytes of a chunk: just right, one more, and far more than that.
    let file = File::cut(random.bytes(100_001), 100_001);
    api.handshake(&file, "").await.needed();
    for (bytes, msg) in [(file.bytes.clone(), "at most 100000 bytes"), (vec![0; 1 << 20], "chunk")] {
        for form in [
            form(&file.id, &file.ids[0], &bytes),
            Form::new().part("file", Part::bytes(bytes.clone())).text("fileId", "x"),
        ] {
            match bytes.len() {
                // Here the server may stop reading, and the client may see only that.
                1_048_576 => {
                    let url = format!("{}/api/upload", api.url);
                    if let Ok(response) = api.client.post(url).multipart(form).send().await {
                        assert!(Said::of(response).await.refusal(413).contains(msg));
                    }
                }
                _ => assert!(api.form(form).await.refusal(413).contains(msg)),
            }
        }
    }

    // Bytes of a file: repeated chunks count at each of their places.
    let bytes = random.bytes(90_000);
    let file = File::cut(bytes.repeat(3), 90_000);
    assert_eq!(api.handshake(&file, "").await.needed().len(), 1);
    let said = api.chunk(&file.id, &file.ids[0], &bytes).await;
    assert!(said.refusal(413).contains("at most 250000 bytes"));

    // Bytes in all.
    let file = File::cut(random.bytes(200_000), 100_000);
    api.upload(&file, "").await;
    let file = File::cut(random.bytes(200_000), 100_000);
    let ids = api.handshake(&file, "").await.needed();
    api.chunk(&file.id, &ids[0], file.chunk(&ids[0])).await.needed();
    let said = api.chunk(&file.id, &ids[1], file.chunk(&ids[1])).await;
    assert!(said.refusal(507).contains("full"), "{said:?}");
    assert_eq!(api.handshake(&file, "").await.needed(), ids[1..]);

    // Sessions: three are open.
    let said = api.post_json(&json!({ "fileId": ID, "ext": "", "chunkIds": [ID] })).await;
    assert!(said.refusal(503).contains("too many"));
}

#[tokio::test]
async fn wrong_bytes_are_not_stored() {
    let (folder, server) = fixture().await;
    let api = server.api();
    let file = File::cut(Random(2).bytes(30_000), 10_000);
    api.handshake(&file, "").await.needed();
    for wrong in [&b""[..], b"x", &file.bytes[..9_999], &file.bytes[1..10_001], &file.bytes[..10_001]] {
        let said = api.chunk(&file.id, &file.ids[0], wrong).await;
        assert!(said.refusal(422).contains(&md5(wrong)), "{said:?}");
        let staged = Form::new().part("file", Part::bytes(wrong.to_vec()));
        let staged = staged.text("fileId", file.id.clone()).text("chunkId", file.ids[0].clone());
        api.form(staged).await.refusal(422);
    }
    assert_eq!(api.handshake(&file, "").await.needed(), file.ids);
    assert!(!folder.path().join("files").join(&file.id).join("chunks").exists());
    assert_eq!(std::fs::read_dir(folder.path().join("incoming")).map_or(0, Iterator::count), 0);
    let url = api.upload(&file, "").await;
    assert_eq!(api.bytes(&url).await, file.bytes);
}

#[tokio::test]
async fn ids_that_contradict_each_other() {
    let (_folder, server) = fixture().await;
    let api = server.api();
    let right = File::cut(Random(3).bytes(50_000), 10_000);
    let mut wrong = right.clone();
    wrong.ids.swap(0, 1);
    for id in api.handshake(&wrong, ".bin").await.needed() {
        api.chunk(&wrong.id, &id, wrong.chunk(&id)).await.needed();
    }
    for _ in 0..3 {
        let said = api.handshake(&wrong, ".bin").await;
        assert!(said.refusal(422).contains("contradict"), "{said:?}");
    }
    missing(&api, &format!("/files/{}.bin", wrong.id)).await;
    // What was right is kept: the right order asks for nothing.
    let url = api.handshake(&right, ".bin").await.url().to_owned();
    assert_eq!(api.bytes(&url).await, right.bytes);
    // An empty list for a file that isn't empty.
    let said = api.post_json(&json!({ "fileId": ID, "ext": "", "chunkIds": [] })).await;
    assert!(said.refusal(422).contains("contradict"));
}

#[tokio::test]
async fn names_that_lead_elsewhere() {
    let (folder, server) = fixture().await;
    let api = server.api();
    std::fs::write(folder.path().join("secret.txt"), "secret").unwrap();
    let url = api.upload(&File::cut(b"abc".to_vec(), 3), ".txt").await;
    for path in [
        "/files/secret.txt",
        "/files/..%2fsecret.txt",
        "/files/..%2f..%2f..%2fetc%2fpasswd",
        "/files/%2e%2e/secret.txt",
        "/files/%00",
        "/files/%ff",
        &url.replace(".txt", ""),
        &url.replace(".txt", ".html"),
        &url.replace(".txt", ".txt%2f..%2f..%2fsecret.txt"),
        &url.replace(".txt", "/whole.json"),
        &url.replace(".txt", "%2fwhole.json"),
        &url.replace("/900", "/800"),
        &url.to_uppercase().replace("/FILES", "/files"),
    ] {
        let status = api.get(path, &[]).await.status();
        assert!(status.is_client_error(), "{path}: {status}");
    }
    missing(&api, "/files/x").await;
}

async fn missing(api: &Api, path: &str) {
    let said = Said::of(api.get(path, &[]).await).await;
    assert!(said.refusal(404).contains("no such file"));
}

#[tokio::test]
async fn preflights() {
    let (_folder, server) = fixture().await;
    for path in ["/api/upload", "/api/upload/handshake", "/files/x"] {
        let request = server.client.request("OPTIONS".parse().unwrap(), format!("{}{path}", server.url));
        let response = request
            .header("origin", "https://page.example")
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type,if-match,if-range,range,x-own",
            )
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        let headers = response.headers();
        assert_eq!(headers["access-control-allow-origin"], "*");
        assert_eq!(headers["access-control-max-age"], "7200");
        assert!(!headers.contains_key("access-control-allow-credentials"));
        let allowed = headers["access-control-allow-headers"].to_str().unwrap();
        for name in ["authorization", "content-type", "if-match", "if-range", "range", "x-own"] {
            assert!(allowed.contains(name), "{allowed}");
        }
        for name in ["GET", "HEAD", "POST"] {
            assert!(headers["access-control-allow-methods"].to_str().unwrap().contains(name));
        }
    }
    // A refusal can be read too, and so can what a download needs.
    let url = format!("{}/api/upload/handshake", server.url);
    let request = server.client.post(url).header("origin", "https://page.example").body("");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 415);
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    let exposed = response.headers()["access-control-expose-headers"].to_str().unwrap().to_lowercase();
    for name in [
        "content-range",
        "accept-ranges",
        "etag",
        "content-length",
        "content-disposition",
        "repr-digest",
        "retry-after",
        "last-modified",
    ] {
        assert!(exposed.split(',').any(|other| other.trim() == name), "{name} of {exposed}");
    }
}

#[tokio::test]
async fn listed_origins_only() {
    let folder = tempfile::tempdir().unwrap();
    let origins =
        |list: &[&str]| xuchuan_server::Origins::List(list.iter().map(|o| (*o).to_owned()).collect());
    let config = xuchuan_server::Config {
        origins: origins(&["https://a.example"]),
        ..xuchuan_server::Config::folder(folder.path())
    };
    let server = Server::with(config.clone()).await;
    for (origin, allowed) in [("https://a.example", true), ("https://b.example", false)] {
        let response = server.api().get("/files/x", &[("origin", origin)]).await;
        assert_eq!(response.headers().contains_key("access-control-allow-origin"), allowed);
    }
    for bad in ["*", "a.example", "https://a.example/", "https://a\n"] {
        let config = xuchuan_server::Config { origins: origins(&[bad]), ..config.clone() };
        assert!(xuchuan_server::router(config).await.is_err(), "{bad}");
    }
}

#[tokio::test]
async fn nested_in_an_application() {
    let folder = tempfile::tempdir().unwrap();
    let config = xuchuan_server::Config {
        public_url: "/store/files/".into(),
        ..xuchuan_server::Config::folder(folder.path())
    };
    let uploads = xuchuan_server::router(config).await.unwrap();
    let app = axum::Router::new().nest("/store", uploads).fallback(async || "the application's own");
    let server = Server::serve(app).await;
    let file = File::cut(b"abc".to_vec(), 2);
    let api = Api { url: format!("{}/store", server.url), ..server.api() };
    let url = api.upload(&file, ".txt").await;
    assert_eq!(url, format!("/store/files/{}.txt", file.id));
    assert_eq!(server.api().bytes(&url).await, b"abc");
    assert_eq!(server.api().bytes("/else").await, b"the application's own");
}
