//! Servers that say no in their own ways: the page gets one clear `TransferError`.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::api_page::{ApiPage, Failure};
use e2e::files::{self, MIB};
use e2e::http::{Answer, Asked, Host};
use e2e::setting::no_errors;
use e2e::stage::Stage;
use e2e::{built, fake, scenario};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);

type Api = Box<dyn Fn(&Asked) -> Answer + Send + Sync>;

async fn odd_servers(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let file = files::random(&stage.folder("files")?, "odd.bin", 31, MIB)?;
    let browser = stage.browser().await?;
    let cases: Vec<(&str, Api, &str, Option<u16>, &str)> = vec![
        ("HTTP 200 with code 403", Box::new(fake::refuses(403, "请先登录")), "rejected", None, "请先登录"),
        (
            "HTML with 404",
            Box::new(fake::html(404, "Not Found here")),
            "rejected",
            Some(404),
            "Not Found here",
        ),
        ("HTML with 502", Box::new(fake::html(502, "Bad Gateway")), "server", Some(502), "Bad Gateway"),
        ("HTML with 200", Box::new(fake::html(200, "Welcome")), "server", Some(200), "Welcome"),
        ("an empty body", Box::new(|_| Answer::new(200, "text/plain", "")), "server", Some(200), "200"),
    ];
    for (what, api, code, status, words) in cases {
        let host = Host::start(fake::with_api(fake::site(www.clone(), fake::BLOB_CSP), api)).await?;
        let page = ApiPage::open(&browser, &host.url("/e2e/script.html")).await?;
        page.upload("u", &file, json!({ "retry": { "budget": 1500, "base": 50, "cap": 200 } })).await?;
        let told = page.settled("u", SOON).await.context(what)?;
        let Failure { name, code: got, status: shown, message, typed, retryable } =
            told.error.with_context(|| format!("{what}: no error, {:?}", told.result))?;
        let asked = host.seen().iter().filter(|one| one.head.path().starts_with("/api/")).count();
        stage.tell(format_args!(
            "{what}: {got:?} {shown:?} retryable {retryable:?} after {asked} requests: {message}"
        ));
        ensure!(typed && name == "TransferError", "{what}: a {name}");
        ensure!(got.as_deref() == Some(code), "{what}: code {got:?}, not {code}");
        ensure!(status.is_none() || shown == status, "{what}: status {shown:?}");
        ensure!(message.contains(words), "{what}: the message does not say {words}: {message}");
        ensure!(told.state == "failed", "{what}: state {}", told.state);
    }
    no_errors(&browser).await
}

async fn expired_token(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let file = files::random(&stage.folder("files")?, "token.bin", 32, 10 * MIB)?;
    let api = fake::guarded("new", fake::protocol());
    let host = Host::start(fake::with_api(fake::site(www, fake::BLOB_CSP), api)).await?;
    let browser = stage.browser().await?;
    let page = ApiPage::open(&browser, &host.url("/e2e/script.html")).await?;
    page.upload("u", &file, json!({ "token": ["old", "new"] })).await?;
    let told = page.settled("u", SOON).await?;
    ensure!(told.ok, "it failed: {told:?}");
    let refused =
        host.seen().iter().filter(|one| one.head.header("authorization") == Some("Bearer old")).count();
    ensure!(refused == 1, "{refused} requests with the old token");
    page.upload("never", &file, json!({ "headers": { "Authorization": "Bearer wrong" } })).await?;
    let told = page.settled("never", SOON).await?;
    let error = told.error.context("a wrong token was let through")?;
    ensure!(error.status == Some(401), "status {:?}", error.status);
    stage.tell(format_args!(
        "401 once, then the new token: done; always 401: {:?}: {}",
        error.code, error.message
    ));
    no_errors(&browser).await
}

/// What a server accepts is asked once a page, and only for a file in which chunks repeat.
async fn the_question(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let folder = stage.folder("files")?;
    let host = Host::start(fake::with_api(fake::site(www, fake::BLOB_CSP), fake::protocol())).await?;
    let browser = stage.browser().await?;
    let handshakes = || -> Vec<Value> {
        let seen = host.seen();
        let bodies = seen.iter().filter(|one| one.head.path().ends_with("/handshake"));
        bodies.filter_map(|one| serde_json::from_slice(&one.body).ok()).collect()
    };
    let questions = || handshakes().iter().filter(|body| body.get("fileId").is_none()).count();
    for (name, file, expected) in [
        ("different", files::random(&folder, "different.bin", 33, 40 * MIB)?, 0),
        // On another page, which has not heard from this server yet.
        ("zeros", files::zeros(&folder, "zeros.bin", 64 * MIB)?, 1),
        ("more zeros", files::zeros(&folder, "more.bin", 80 * MIB)?, 1),
    ] {
        if name != "more zeros" {
            ApiPage::open(&browser, &host.url("/e2e/script.html")).await?;
        }
        let page = ApiPage::at(&browser);
        page.upload(name, &file, json!({})).await?;
        let told = page.settled(name, SOON).await?;
        ensure!(told.ok, "{name}: {told:?}");
        ensure!(questions() == expected, "{name}: {} questions", questions());
        let all = handshakes();
        let ids = all.iter().rev().find_map(|body| body.get("chunkIds")?.as_array()).context("no ids")?;
        let unique: BTreeSet<_> = ids.iter().filter_map(Value::as_str).collect();
        ensure!(
            unique.len() == ids.len(),
            "{name}: an id twice to a server that does not say that it takes that"
        );
    }
    no_errors(&browser).await
}

scenario!(the_question, 90: Chromium, Firefox, WebKit);
scenario!(odd_servers, 120: Chromium, Firefox, WebKit);
scenario!(expired_token, 60: Chromium, Firefox, WebKit);
