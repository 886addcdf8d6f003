//! Random SIGKILLs of the browser while a file comes down to the disk: each download goes on with what is missing.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use e2e::api_page::ApiPage;
use e2e::files::{self, MIB};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::soak::{Dice, Soak};
use e2e::stage::Stage;
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);
/// A download takes about so many seconds, whatever its size.
const DOWNLOAD: u64 = 6;
/// Bytes that a kill may cost for each connection: a piece that was not whole yet.
const PIECE: u64 = 4 * MIB;
const CONNECTIONS: u64 = 4;

async fn download_kills(stage: &Stage) -> Result<()> {
    let soak = Soak::read()?;
    let setting = Setting::start(stage).await?;
    let file = files::random(&stage.folder("files")?, "killed.bin", soak.seed, soak.size)?;
    let page_url = setting.wire.url("/e2e/script.html");
    let path = {
        let browser = stage.browser().await?;
        let page = ApiPage::open(&browser, &page_url).await?;
        page.upload("stored", &file, json!({})).await?;
        let told = page.settled("stored", 5 * MINUTE).await?;
        let url = told.result.get("url").and_then(|url| url.as_str()).with_context(|| format!("{told:?}"))?;
        let path = url.find("/files/").and_then(|at| url.get(at..)).context("no path")?.to_owned();
        browser.quit().await?;
        path
    };
    setting.wire.rate(Some(soak.size / DOWNLOAD));
    let (md5, fingerprint) = (file.md5()?, file.fingerprint()?);
    let mut dice = Dice::new(soak.seed);
    let (kills, mut most, mut empty) = (soak.kills(stage.engine), 0.0_f64, 0);
    for kill in 1..=kills {
        let from = setting.wire.ledger().now();
        let mut browser = stage.browser().await?;
        let page = ApiPage::open(&browser, &page_url).await?;
        page.download("d", &path, json!({ "to": "file", "md5": md5 })).await?;
        // Not before something came, so that each kill has something to cost.
        setting
            .wire
            .ledger()
            .until("the first bytes", MINUTE, |all| all.iter().skip(from).any(|one| one.down > 0))
            .await?;
        tokio::time::sleep(dice.within(Duration::from_secs(DOWNLOAD - 1))).await;
        browser.kill();
        browser = stage.browser().await?;
        let page = ApiPage::open(&browser, &page_url).await?;
        match page.pending().await?.as_slice() {
            // Killed before the first piece was whole.
            [] => {
                empty += 1;
                page.download("d", &path, json!({ "to": "file", "md5": md5 })).await?;
            }
            [one] => {
                ensure!(one.get("kind") == Some(&json!("download")), "this is pending: {one}");
                page.resume("d", "download", json!({ "to": "file", "md5": md5 })).await?;
            }
            more => bail!("pending() lists {more:?}"),
        }
        let told = page.settled("d", 2 * MINUTE).await?;
        ensure!(told.ok, "kill {kill}, seed {}: {told:?}", soak.seed);
        ensure!(told.result.get("verified") == Some(&json!("md5")), "not verified: {:?}", told.result);
        let received = page.received("d").await?;
        ensure!(
            received.size == file.size && received.fingerprint == fingerprint,
            "wrong bytes: {received:?}"
        );
        let down = setting.wire.ledger().down_bytes(from, "/files/");
        most = most.max(down as f64 / file.size as f64);
        let allowed = file.size * 101 / 100 + CONNECTIONS * PIECE;
        ensure!(down <= allowed, "kill {kill}: {down} bytes came down, {allowed} at most");
        no_errors(&browser).await?;
        browser.quit().await?;
    }
    stage.tell(format_args!(
        "{kills} kills, each in a download of {} MiB, seed {}: all went on and are verified; {empty} before anything was \
         stored; received ÷ needed at most {most:.4}",
        soak.size / MIB,
        soak.seed
    ));
    Ok(())
}

// WebKit's automated sessions keep nothing. Each wait within has a limit of its own; this one is for fifty kills.
scenario!(download_kills, 3600, waits: Chromium, Firefox);
