//! A network that goes away: saying so, and silently.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::api_page::ApiPage;
use e2e::demo::Demo;
use e2e::files::{self, MIB};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use e2e::wire::{Exchange, Weather};
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);

async fn network_cut(stage: &Stage) -> Result<()> {
    let file = files::random(&stage.folder("files")?, "cut.bin", 21, 40 * MIB)?;
    let setting = Setting::start(stage).await?;
    setting.wire.rate(Some(24_000_000));
    let browser = stage.browser().await?;
    let demo = Demo::open(&browser, &setting.wire.url("/")).await?;
    demo.upload(&[&file]).await?;
    setting.wire.ledger().until("a third", MINUTE, third).await?;
    setting.wire.weather(Weather::Refuse);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let card = demo.card("upload", None).await?.context("no card")?;
    let refused = setting.wire.ledger().all().iter().filter(|one| !one.complete).count();
    setting.wire.weather(Weather::Clear);
    demo.reaches("upload", None, "done", MINUTE).await?;
    setting.nothing_again()?;
    stage.tell(format_args!(
        "refused for 3 s (the page said {}), {refused} requests were cut; went on by itself, sent ÷ needed = {:.4}",
        card.state,
        setting.wire.ledger().chunk_bytes(0) as f64 / file.size as f64
    ));
    no_errors(&browser).await
}

async fn black_hole(stage: &Stage) -> Result<()> {
    let file = files::random(&stage.folder("files")?, "hole.bin", 22, 40 * MIB)?;
    let setting = Setting::start(stage).await?;
    setting.wire.rate(Some(24_000_000));
    let browser = stage.browser().await?;
    let page = ApiPage::open(&browser, &setting.wire.url("/e2e/script.html")).await?;
    page.upload("u", &file, json!({ "stallTimeout": 1500 })).await?;
    setting.wire.ledger().until("a third", MINUTE, third).await?;
    setting.wire.weather(Weather::BlackHole);
    let before = setting.wire.ledger().now();
    tokio::time::sleep(Duration::from_secs(6)).await;
    let told = page.tell("u").await?;
    setting.wire.weather(Weather::Clear);
    let tried = setting.wire.ledger().now() - before;
    ensure!(!told.settled, "it gave up: {told:?}");
    let noticed = told.states.iter().any(|state| state == "waiting") || tried > 0;
    ensure!(noticed, "6 s of silence passed unnoticed: {told:?}");
    let told = page.settled("u", MINUTE).await?;
    ensure!(told.ok, "it failed: {told:?}");
    ensure!(!told.went_back, "confirmed went back");
    setting.nothing_again()?;
    stage.tell(format_args!(
        "6 s of silence with a stall timeout of 1.5 s: {tried} new tries meanwhile; went on, sent ÷ needed = {:.4}",
        setting.wire.ledger().chunk_bytes(0) as f64 / file.size as f64
    ));
    no_errors(&browser).await
}

/// Some chunks are through, and others are on their way.
fn third(all: &[Exchange]) -> bool {
    let chunks = || all.iter().filter(|one| one.is_chunk());
    chunks().filter(|one| one.acknowledged()).count() >= 3
        && chunks().any(|one| !one.complete && one.up > MIB)
}

scenario!(network_cut, 150, waits: Chromium, Firefox, WebKit);
scenario!(black_hole, 150, waits: Chromium, Firefox, WebKit);
