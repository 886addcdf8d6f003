//! Pause, resume and abort: what the wire sees of them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::api_page::ApiPage;
use e2e::files::{self, MIB};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);

async fn pause_and_abort(stage: &Stage) -> Result<()> {
    let file = files::random(&stage.folder("files")?, "held.bin", 41, 48 * MIB)?;
    let setting = Setting::start(stage).await?;
    setting.wire.rate(Some(16_000_000));
    let ledger = setting.wire.ledger();
    let browser = stage.browser().await?;
    let page = ApiPage::open(&browser, &setting.wire.url("/e2e/script.html")).await?;
    page.upload("u", &file, json!({})).await?;
    count(&setting, 3).await?;

    page.act("u", "pause").await?;
    page.reaches("u", "paused", Duration::from_secs(5)).await?;
    setting.quiet(Duration::from_secs(5)).await.context("after pause")?;
    let held = (ledger.now(), ledger.chunk_bytes(0));
    tokio::time::sleep(Duration::from_secs(2)).await;
    ensure!((ledger.now(), ledger.chunk_bytes(0)) == held, "something was sent while paused");

    page.act("u", "resume").await?;
    let so_far = ledger.acknowledged();
    count(&setting, so_far + 2).await.context("after resume")?;
    setting.nothing_again()?;

    page.act("u", "abort").await?;
    setting.quiet(Duration::from_secs(1)).await.context("after abort")?;
    let end = ledger.now();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    ensure!(ledger.now() == end && ledger.open() == 0, "something was sent after abort");
    let told = page.settled("u", Duration::from_secs(5)).await?;
    let error = told.error.context("an aborted upload succeeded")?;
    ensure!(error.code.as_deref() == Some("aborted") && error.typed, "{error:?}");
    ensure!(told.state == "aborted", "state {}", told.state);

    page.upload("again", &file, json!({})).await?;
    let told = page.settled("again", MINUTE).await?;
    ensure!(told.ok, "the upload after an abort failed: {told:?}");
    setting.nothing_again()?;
    stage.tell(format_args!(
        "pause held, abort left nothing in flight, then done; sent ÷ needed = {:.4}",
        ledger.chunk_bytes(0) as f64 / file.size as f64
    ));
    no_errors(&browser).await
}

async fn count(setting: &Setting, chunks: usize) -> Result<()> {
    let enough = |all: &[e2e::wire::Exchange]| {
        all.iter().filter(|one| one.is_chunk() && one.acknowledged()).count() >= chunks
    };
    setting.wire.ledger().until(&format!("{chunks} acknowledged chunks"), MINUTE, enough).await
}

scenario!(pause_and_abort, 120, waits: Chromium, Firefox, WebKit);
