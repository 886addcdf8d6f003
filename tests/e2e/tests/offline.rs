//! A network that is away for long: the upload waits, and goes on at once when it is back.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::api_page::ApiPage;
use e2e::files::{self, MIB};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::soak::Soak;
use e2e::stage::Stage;
use e2e::wire::{Exchange, Weather};
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);
/// From the network's return to the next request.
const SOON: Duration = Duration::from_secs(2);

async fn offline(stage: &Stage) -> Result<()> {
    let Some(span) = Soak::read()?.offline else {
        stage.tell("skipped: `cargo xtask soak` asks for it");
        return Ok(());
    };
    let file = files::random(&stage.folder("files")?, "away.bin", 61, 48 * MIB)?;
    let setting = Setting::start(stage).await?;
    setting.wire.rate(Some(12_000_000));
    let ledger = setting.wire.ledger();
    let browser = stage.browser().await?;
    let page = ApiPage::open(&browser, &setting.wire.url("/e2e/script.html")).await?;
    page.upload("u", &file, json!({})).await?;
    let third = |all: &[Exchange]| all.iter().filter(|one| one.is_chunk() && one.acknowledged()).count() >= 3;
    ledger.until("three chunks", MINUTE, third).await?;
    // Connections are reset, and new ones as soon as they are there; the browser says nothing of it.
    setting.wire.weather(Weather::Refuse);
    tokio::time::sleep(span).await;
    let told = page.tell("u").await?;
    ensure!(!told.settled, "it gave up: {told:?}");
    let before = ledger.now();
    let back = Instant::now();
    setting.wire.weather(Weather::Clear);
    ledger.until("a request", MINUTE, |all| all.len() > before).await?;
    let heard = back.elapsed();
    let told_of = format!(
        "state {}, waiting for {}",
        told.state,
        told.progress.get("waitingFor").unwrap_or(&json!(null))
    );
    let told = page.settled("u", MINUTE).await?;
    ensure!(told.ok, "it failed: {told:?}");
    setting.nothing_again()?;
    stage.tell(format_args!(
        "{span:?} without a network ({told_of}); the next request came {:.1} s after its return, sent ÷ needed = {:.4}",
        heard.as_secs_f64(),
        ledger.chunk_bytes(0) as f64 / file.size as f64
    ));
    ensure!(heard <= SOON, "it went on only {heard:?} after the network was back");
    no_errors(&browser).await
}

scenario!(offline, 600: Chromium, Firefox, WebKit);
