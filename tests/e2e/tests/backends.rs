//! The example backends take a file from a page of another origin, with the client's defaults, and serve it whole.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use conformance::backend::Backend;
use e2e::api_page::ApiPage;
use e2e::files::{self, CHUNK, MIB, TestFile, md5_of};
use e2e::http::Host;
use e2e::setting::no_errors;
use e2e::stage::Stage;
use e2e::{built, fake, scenario};
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);

async fn upload(stage: &Stage, backend: Backend) -> Result<()> {
    let name = backend.name();
    if let Some(reason) = backend.lacks() {
        stage.tell(format_args!("left out: {reason}"));
        return Ok(());
    }
    let www = stage.folder("www")?;
    built::www(&www)?;
    let host = Host::start(fake::site(www, "connect-src *")).await?;
    let site = host.url("");
    let file = repetitive(stage)?;
    let running = backend.start(&stage.folder(name)?.join("data"), site.trim_end_matches('/'))?;

    let browser = stage.browser().await?;
    let page = ApiPage::open(&browser, &host.url("/e2e/script.html")).await?;
    page.upload("u", &file, json!({ "endpoint": running.endpoint() })).await?;
    let told = page.settled("u", MINUTE).await?;
    ensure!(told.ok && !told.went_back, "{told:?}");
    let expected = file.md5()?;
    ensure!(told.result.get("fileId") == Some(&json!(expected)), "{:?}", told.result);
    ensure!(told.result.get("instant") == Some(&json!(false)), "{:?}", told.result);

    let url = told.result.get("url").and_then(|url| url.as_str()).context("no url")?;
    let url = reqwest::Url::parse(&running.endpoint())?.join(url)?;
    let served = reqwest::get(url.clone()).await?.error_for_status()?.bytes().await?;
    ensure!(served.len() as u64 == file.size, "{} bytes are served", served.len());
    ensure!(md5_of(&served) == expected, "other bytes are served");

    // And down again, by ranges: what that needs can be read from another origin.
    page.download("d", url.as_str(), json!({ "pieceSize": 4 * MIB, "md5": expected })).await?;
    let down = page.settled("d", MINUTE).await?;
    ensure!(down.ok && down.result.get("mode") == Some(&json!("parallel")), "{down:?}");

    page.upload("again", &file, json!({ "endpoint": running.endpoint() })).await?;
    let again = page.settled("again", MINUTE).await?;
    ensure!(again.ok && again.result.get("instant") == Some(&json!(true)), "{again:?}");
    stage.tell(format_args!("{} MiB up, down and at once: {url}", file.size / MIB));
    no_errors(&browser).await
}

/// 24 MiB in six chunks, of which the third and the last are the first again.
fn repetitive(stage: &Stage) -> Result<TestFile> {
    let file = files::random(&stage.folder("files")?, "repeats.mp4", 81, 24 * MIB)?;
    let mut disk = File::options().read(true).write(true).open(&file.path)?;
    let mut first = vec![0; usize::try_from(CHUNK)?];
    disk.read_exact(&mut first)?;
    for place in [2, 5] {
        disk.seek(SeekFrom::Start(place * CHUNK))?;
        disk.write_all(&first)?;
    }
    Ok(file)
}

async fn node(stage: &Stage) -> Result<()> {
    upload(stage, Backend::Node).await
}

async fn express(stage: &Stage) -> Result<()> {
    upload(stage, Backend::Express).await
}

async fn fastapi(stage: &Stage) -> Result<()> {
    upload(stage, Backend::FastApi).await
}

async fn go(stage: &Stage) -> Result<()> {
    upload(stage, Backend::Go).await
}

async fn java(stage: &Stage) -> Result<()> {
    upload(stage, Backend::Java).await
}

async fn php(stage: &Stage) -> Result<()> {
    upload(stage, Backend::Php).await
}

scenario!(node, 120: Chromium, Firefox, WebKit);
scenario!(express, 120: Chromium);
scenario!(fastapi, 120: Chromium);
scenario!(go, 120: Chromium);
scenario!(java, 120: Chromium);
scenario!(php, 120: Chromium);
