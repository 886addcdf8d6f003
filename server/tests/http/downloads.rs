//! Downloads are plain HTTP: ranges, conditions, names.

use serde_json::{Value, json};

use crate::common::{Api, File, Random, Said, Server, md5};

struct Fixture {
    _folder: tempfile::TempDir,
    _server: Server,
    api: Api,
    file: File,
    url: String,
}

async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let api = server.api();
    // Chunks larger than a read, and a last one that is shorter.
    let file = File::cut(Random(20).bytes(3_000_000), 1_100_000);
    let url = api.upload(&file, ".mp4").await;
    Fixture { _folder: folder, _server: server, api, file, url }
}

#[tokio::test]
async fn the_whole_and_its_headers() {
    let Fixture { api, file, url, .. } = &fixture().await;
    let response = api.get(url, &[]).await;
    let head =
        api.client.head(format!("{}{url}", api.url)).header("range", "bytes=0-4").send().await.unwrap();
    let digest = format!("md5=:{}:", base64(&file.id));
    for response in [&response, &head] {
        assert_eq!(response.status(), 200);
        for (name, value) in [
            ("content-length", "3000000"),
            ("content-type", "video/mp4"),
            ("accept-ranges", "bytes"),
            ("etag", &format!("\"{}\"", file.id)),
            ("repr-digest", &digest),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "sandbox"),
        ] {
            assert_eq!(response.headers()[name], value);
        }
        assert!(response.headers().contains_key("last-modified"));
        assert!(!response.headers().contains_key("content-disposition"));
        assert!(!response.headers().contains_key("content-range"));
    }
    assert!(response.bytes().await.unwrap() == file.bytes);
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn ranges() {
    let Fixture { api, file, url, .. } = &fixture().await;
    let n = file.bytes.len();
    for (range, part) in [
        ("bytes=0-0", 0..1),
        ("bytes=0-5000", 0..5001),
        ("bytes=0-", 0..n),
        ("bytes=1099999-1100000", 1_099_999..1_100_001),
        ("bytes=500000-2999999", 500_000..n),
        ("bytes=2999999-", n - 1..n),
        ("bytes=2999990-9999999", n - 10..n),
        ("bytes=-1", n - 1..n),
        ("bytes=-1000000", n - 1_000_000..n),
        ("bytes=-9999999", 0..n),
    ] {
        let response = api.get(url, &[("range", range)]).await;
        assert_eq!(response.status(), 206, "{range}");
        let content_range = format!("bytes {}-{}/{n}", part.start, part.end - 1);
        assert_eq!(response.headers()["content-range"], content_range.as_str());
        assert_eq!(response.headers()["content-length"], part.len().to_string().as_str());
        assert_eq!(response.headers()["etag"], format!("\"{}\"", file.id).as_str());
        assert!(response.bytes().await.unwrap() == file.bytes[part], "{range}");
    }
    for range in ["bytes=3000000-", "bytes=3000000-3000001", "bytes=-0"] {
        let response = api.get(url, &[("range", range)]).await;
        assert_eq!(response.status(), 416, "{range}");
        assert_eq!(response.headers()["content-range"], "bytes */3000000");
    }
    for range in ["bytes=0-1,5-6", "bytes=5-4", "bytes=x-", "lines=0-1", "bytes"] {
        let response = api.get(url, &[("range", range)]).await;
        assert_eq!(response.status(), 200, "{range}");
        assert!(response.bytes().await.unwrap() == file.bytes, "{range}");
    }
}

#[tokio::test]
async fn an_empty_file() {
    let Fixture { api, .. } = &fixture().await;
    let url = api.upload(&File::cut(vec![], 1), "").await;
    assert_eq!(api.bytes(&url).await, b"");
    let response = api.get(&url, &[("range", "bytes=0-")]).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-range"]),
        (416, &"bytes */0".parse().unwrap())
    );
}

#[tokio::test]
async fn conditions() {
    let Fixture { api, file, url, .. } = &fixture().await;
    let tag = format!("\"{}\"", file.id);
    let weak = format!("W/{tag}");
    let modified = api.get(url, &[]).await.headers()["last-modified"].to_str().unwrap().to_owned();
    let old = "Sun, 06 Nov 1994 08:49:37 GMT";
    let range = ("range", "bytes=0-9");
    let table: &[(&[(&str, &str)], u16)] = &[
        (&[range, ("if-match", &tag)], 206),
        (&[range, ("if-match", "*")], 206),
        (&[range, ("if-match", "\"x\"")], 412),
        (&[range, ("if-match", &weak)], 412),
        (&[range, ("if-unmodified-since", &modified)], 206),
        (&[range, ("if-unmodified-since", old)], 412),
        (&[range, ("if-range", &tag)], 206),
        (&[range, ("if-range", &modified)], 206),
        (&[range, ("if-range", "\"x\"")], 200),
        (&[range, ("if-range", &weak)], 200),
        (&[range, ("if-range", old)], 200),
        (&[("range", "bytes=9999999-"), ("if-range", "\"x\"")], 200),
        (&[range, ("if-none-match", &tag)], 304),
        (&[("if-none-match", &weak)], 304),
        (&[("if-none-match", "\"x\"")], 200),
        (&[("if-modified-since", &modified)], 304),
        (&[("if-modified-since", old)], 200),
        (&[("if-none-match", "\"x\""), ("if-modified-since", &modified)], 200),
    ];
    for (headers, status) in table {
        let response = api.get(url, headers).await;
        assert_eq!(response.status().as_u16(), *status, "{headers:?}");
        assert_eq!(response.headers()["etag"], tag.as_str(), "{headers:?}");
        let body = response.bytes().await.unwrap();
        match status {
            200 => assert!(body == file.bytes, "{headers:?}"),
            206 => assert!(body == file.bytes[..10], "{headers:?}"),
            304 => assert!(body.is_empty(), "{headers:?}"),
            _ => assert!(body.starts_with(b"{\"code\":412,"), "{headers:?}"),
        }
    }
}

#[tokio::test]
async fn pieces() {
    let Fixture { api, file, url, .. } = &fixture().await;
    let told = async |url: &str| api.get(&format!("{url}/pieces"), &[("origin", "http://a.example")]).await;
    let response = told(url).await;
    assert_eq!(response.status(), 200);
    for (name, value) in [("content-type", "application/json"), ("access-control-allow-origin", "*")] {
        assert_eq!(response.headers()[name], value);
    }
    let body: Value = response.json().await.unwrap();
    let digests: Vec<_> = file.bytes.chunks(1_100_000).map(md5).collect();
    assert_eq!(body, json!({ "size": 1_100_000, "md5": digests }));
    // What a range of that size brings has that digest.
    let last = api.get(url, &[("range", "bytes=2200000-")]).await.bytes().await.unwrap();
    assert_eq!(body["md5"][2], md5(&last).as_str());

    // Ids with an index behind the digest, chunks that repeat, a single one, none.
    let indexed = api.upload(&File::cut(vec![7; 40], 10).indexed(), ".i").await;
    let digest = md5(&[7; 10]);
    assert_eq!(
        told(&indexed).await.json::<Value>().await.unwrap(),
        json!({ "size": 10, "md5": vec![digest; 4] })
    );
    let small = File::cut(vec![9], 4096);
    let url = api.upload(&small, "").await;
    assert_eq!(told(&url).await.json::<Value>().await.unwrap(), json!({ "size": 1, "md5": [small.id] }));
    let url = api.upload(&File::cut(vec![], 1), "").await;
    assert_eq!(told(&url).await.json::<Value>().await.unwrap(), json!({ "size": 1, "md5": [] }));

    // No pieces, and no file.
    let uneven = api.upload(&File::odd(Random(21).bytes(100), &[30, 40, 30]), ".u").await;
    assert!(Said::of(told(&uneven).await).await.refusal(404).contains("unequal size"));
    let missing = format!("/files/{}", md5(b"nothing"));
    for path in [missing.as_str(), "/files/x", &format!("{uneven}x")] {
        assert_eq!(Said::of(told(path).await).await.refusal(404), "there is no such file", "{path}");
    }
}

#[tokio::test]
async fn names_to_save_under() {
    let Fixture { api, url, .. } = &fixture().await;
    for (query, expected) in [
        ("?download=a%20b.mp4", "attachment; filename=\"a b.mp4\""),
        ("?download=%E7%BB%AD%0d%0a.mp4", "attachment; filename=\"_.mp4\"; filename*=UTF-8''%E7%BB%AD.mp4"),
        ("?download", "attachment"),
    ] {
        let response = api.get(&format!("{url}{query}"), &[("range", "bytes=0-0")]).await;
        assert_eq!(response.status(), 206);
        assert_eq!(response.headers()["content-disposition"], expected);
    }
}

#[tokio::test]
async fn kinds_by_extension() {
    let Fixture { api, .. } = &fixture().await;
    for (ext, kind) in [
        ("", "application/octet-stream"),
        (".html", "text/html"),
        (".JPG", "image/jpeg"),
        (".tar.gz", "application/gzip"),
        (".nonsense", "application/octet-stream"),
    ] {
        let url = api.upload(&File::cut(format!("bytes of {ext}").into_bytes(), 8), ext).await;
        let response = api.get(&url, &[]).await;
        assert_eq!(response.headers()["content-type"], kind, "{ext}");
        assert_eq!(response.headers()["content-security-policy"], "sandbox", "{ext}");
    }
}

/// The oracle of `Repr-Digest`, by the table's definition: six bits a letter.
fn base64(hex: &str) -> String {
    let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let number = u128::from_str_radix(hex, 16).unwrap();
    let mut text: String =
        (0..21).map(|i| letters[usize::try_from(number >> (122 - 6 * i) & 63).unwrap()]).collect();
    text.push(letters[usize::try_from((number & 3) << 4).unwrap()]);
    text + "=="
}
