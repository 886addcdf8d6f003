//! Downloads from another origin, to a buffer and to a blob, and over a reload.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::api_page::ApiPage;
use e2e::engine::Engine;
use e2e::files::{self, MIB, TestFile};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use e2e::wire::Wire;
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);
const RATE: u64 = 24_000_000;

/// Uploads `file` from the page and returns its path on the server.
async fn stored(page: &ApiPage<'_>, file: &TestFile) -> Result<String> {
    page.upload("stored", file, json!({})).await?;
    let told = page.settled("stored", MINUTE).await?;
    let url = told.result.get("url").and_then(|url| url.as_str()).with_context(|| format!("{told:?}"))?;
    Ok(url.find("/files/").and_then(|at| url.get(at..)).context("no path")?.to_owned())
}

async fn cross_origin(stage: &Stage) -> Result<()> {
    let file = files::random(&stage.folder("files")?, "far.bin", 51, 24 * MIB + 5)?;
    let setting = Setting::start(stage).await?;
    let other = Wire::start(setting.server.address()).await?;
    let browser = stage.browser().await?;
    let page = ApiPage::open(&browser, &setting.wire.url("/e2e/script.html")).await?;
    let path = stored(&page, &file).await?;
    // First as fast as it goes, when sockets hold megabytes that nobody may want any more: told, not judged. Then at
    // the speed of a good line.
    for (to, rate) in [("buffer", None), ("blob", None), ("buffer", Some(RATE)), ("blob", Some(RATE))] {
        other.rate(rate);
        let from = other.ledger().now();
        page.download(to, &other.url(&path), json!({ "to": to, "md5": file.md5()? })).await?;
        let told = page.settled(to, MINUTE).await?;
        ensure!(told.ok, "to a {to}: {told:?}");
        let received = page.received(to).await?;
        ensure!(received.kind == to && received.size == file.size, "{received:?}");
        ensure!(received.fingerprint == file.fingerprint()?, "to a {to}: the bytes differ");
        ensure!(told.result.get("verified") == Some(&json!("md5")), "not verified: {:?}", told.result);
        let all = other.ledger().since(from, "/files/");
        let preflights = all.iter().filter(|one| one.method == "OPTIONS").count();
        let down = other.ledger().down_bytes(from, "/files/");
        stage.tell(format_args!(
            "to a {to} at {rate:?} bytes/s: {} requests of which {preflights} OPTIONS, mode {}, received ÷ needed = {:.4}",
            all.len(),
            told.result.get("mode").unwrap_or(&json!(null)),
            down as f64 / file.size as f64
        ));
        let pieces: Vec<_> = all.iter().map(|one| (&one.range, one.status, one.down, one.complete)).collect();
        let allowed = file.size * 102 / 100 + MIB;
        ensure!(rate.is_none() || down <= allowed, "{down} bytes came down for {}: {pieces:?}", file.size);
    }
    no_errors(&browser).await
}

async fn reload_midway(stage: &Stage) -> Result<()> {
    let file = files::random(&stage.folder("files")?, "mid.bin", 52, 48 * MIB)?;
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let url = setting.wire.url("/e2e/script.html");
    let page = ApiPage::open(&browser, &url).await?;
    let path = stored(&page, &file).await?;
    setting.wire.rate(Some(16_000_000));
    let from = setting.wire.ledger().now();
    page.download("d", &setting.wire.url(&path), json!({ "to": "blob" })).await?;
    page.reaches("d", "transferring", Duration::from_secs(10)).await?;
    let half =
        |all: &[e2e::wire::Exchange]| all.iter().skip(from).map(|one| one.down).sum::<u64>() >= file.size / 2;
    setting.wire.ledger().until("half of the download", MINUTE, half).await?;
    let page = ApiPage::open(&browser, &url).await?;
    let at_reload = setting.wire.ledger().down_bytes(from, "/files/");
    let pending = page.pending().await?;
    if stage.engine == Engine::WebKit && pending.is_empty() {
        stage.tell("nothing pending after the reload: WebKitGTK has no OPFS to keep pieces in");
        return Ok(());
    }
    ensure!(pending.len() == 1, "pending: {pending:?}");
    page.resume("d", "download", json!({ "to": "blob" })).await?;
    let told = page.settled("d", MINUTE).await?;
    ensure!(told.ok, "it failed: {told:?}");
    ensure!(page.received("d").await?.fingerprint == file.fingerprint()?, "the bytes differ");
    let down = setting.wire.ledger().down_bytes(from, "/files/");
    stage.tell(format_args!(
        "reloaded after {:.0} %, pending {}: received ÷ needed = {:.4} in all, reused {}",
        100.0 * at_reload as f64 / file.size as f64,
        pending.first().unwrap_or(&json!(null)),
        down as f64 / file.size as f64,
        told.progress.get("reused").unwrap_or(&json!(null))
    ));
    ensure!(page.pending().await?.is_empty(), "still pending after it is done");
    if stage.engine != Engine::WebKit {
        let allowed = file.size * 102 / 100 + 24 * MIB / 2;
        ensure!(down <= allowed, "{down} bytes came down for {}", file.size);
    }
    no_errors(&browser).await
}

scenario!(cross_origin, 120: Chromium, Firefox, WebKit);
scenario!(reload_midway, 120: Chromium, Firefox, WebKit);
