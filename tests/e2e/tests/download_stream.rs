//! Downloads that are read in order while they come, and such that go to a stream or a handle of the page's.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::api_page::ApiPage;
use e2e::browser::Browser;
use e2e::engine::Engine;
use e2e::files::{self, MIB, TestFile};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use e2e::wait::until;
use e2e::wire::{Cut, Side};
use serde::Deserialize;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);
/// What the stream and the engine hold of a body that nobody reads; what browsers and sockets hold is their affair.
const AHEAD: u64 = 2 * MIB;
/// What sockets hold when two connections are reset.
const CUT: u64 = 2 * MIB;

#[derive(Debug, Deserialize)]
struct Had {
    size: u64,
    fingerprint: String,
    #[serde(default)]
    closed: bool,
    #[serde(default)]
    same: bool,
    #[serde(default)]
    verified: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Failed {
    name: String,
    code: Option<String>,
    message: String,
    state: String,
}

struct Far {
    setting: Setting,
    file: TestFile,
    url: String,
}

async fn far(stage: &Stage, browser: &Browser, size: u64) -> Result<Far> {
    let file = files::random(&stage.folder("files")?, "film.bin", 62, size)?;
    let setting = Setting::start(stage).await?;
    let page = ApiPage::open(browser, &setting.wire.url("/e2e/script.html")).await?;
    page.upload("stored", &file, json!({ "resume": false })).await?;
    let told = page.settled("stored", MINUTE).await?;
    let url = told.result.get("url").and_then(Value::as_str).with_context(|| format!("{told:?}"))?;
    let path = url.find("/files/").and_then(|at| url.get(at..)).context("no path")?;
    let url = setting.wire.url(path);
    Ok(Far { setting, file, url })
}

impl Far {
    fn is_right(&self, had: &Had) -> Result<()> {
        ensure!(had.size == self.file.size, "{had:?}");
        ensure!(had.fingerprint == self.file.fingerprint()?, "the bytes differ");
        Ok(())
    }

    /// Cuts the next two bodies in the middle.
    fn cut(&self) {
        for after in [3 * MIB + 7, 5 * MIB] {
            let target = "/files/".to_owned();
            self.setting.wire.cut(Cut { method: "GET", target, side: Side::Down, after });
        }
    }
}

async fn read_while_it_comes(stage: &Stage) -> Result<()> {
    let browser = stage.browser().await?;
    let far = far(stage, &browser, 64 * MIB + 3).await?;
    let from = far.setting.wire.ledger().now();
    // Longer than a request may show no sign of life: that nobody reads is no fault of the server's.
    let begin = "window.reading = streams.read(args, { after: 4 << 20, pause: 8000, options: { stallTimeout: 2000 } });
                 window.reading.catch(() => {})";
    browser.run::<()>(begin, json!(far.url)).await?;
    let paused = until("the reader to pause", MINUTE, async || {
        browser.run::<Option<u64>>("return window.pausedAt ?? null", json!(null)).await
    })
    .await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let ledger = far.setting.wire.ledger();
    let (down, requests) = (ledger.down_bytes(from, "/files/"), ledger.since(from, "/files/").len());
    let taken: u64 = browser.run("return window.taken()", json!(null)).await?;
    stage.tell(format_args!("{paused} bytes read, {taken} taken, {down} came down, {requests} requests"));
    // WebKit gives in one read whatever has come meanwhile.
    ensure!(
        stage.engine == Engine::WebKit || taken <= paused + AHEAD,
        "{taken} bytes were taken for a reader at {paused}"
    );
    ensure!(requests == 1, "{requests} requests while nobody read");
    let had: Had = browser.run("return await window.reading", json!(null)).await?;
    far.is_right(&had)?;
    let down = ledger.down_bytes(from, "/files/");
    ensure!(down <= far.file.size * 102 / 100, "{down} bytes came down");
    no_errors(&browser).await
}

async fn cut_off_it_goes_on(stage: &Stage) -> Result<()> {
    let browser = stage.browser().await?;
    let far = far(stage, &browser, 16 * MIB + 3).await?;
    // What sockets hold is lost when a connection is reset: little at this speed.
    far.setting.wire.rate(Some(16_000_000));
    for how in ["read", "write"] {
        far.cut();
        let from = far.setting.wire.ledger().now();
        let had: Had = browser.run(&format!("return await streams.{how}(args)"), json!(far.url)).await?;
        far.is_right(&had)?;
        ensure!(had.closed == (how == "write"), "{had:?}");
        ensure!(far.setting.wire.cuts_left() == 0, "it was not cut");
        let down = far.setting.wire.ledger().down_bytes(from, "/files/");
        stage.tell(format_args!("{how}: received ÷ needed = {:.4}", down as f64 / far.file.size as f64));
        ensure!(down <= far.file.size + CUT, "{down} bytes came down");
    }
    no_errors(&browser).await
}

async fn ends_of_streams(stage: &Stage) -> Result<()> {
    let browser = stage.browser().await?;
    let far = far(stage, &browser, 16 * MIB).await?;
    let failed: Failed = browser.run("return await streams.fails(args)", json!(far.url)).await?;
    ensure!(failed.name == "TransferError" && failed.state == "failed", "{failed:?}");
    ensure!(failed.message.contains("no more"), "{failed:?}");
    let left: Failed = browser.run("return await streams.cancels(args)", json!(far.url)).await?;
    ensure!(left.code.as_deref() == Some("aborted") && left.state == "aborted", "{left:?}");
    far.setting.quiet(Duration::from_secs(10)).await?;
    no_errors(&browser).await
}

async fn to_a_handle(stage: &Stage) -> Result<()> {
    let browser = stage.browser().await?;
    let far = far(stage, &browser, 16 * MIB + 3).await?;
    let options = json!({ "md5": far.file.md5()?, "pieceSize": MIB });
    let args = json!({ "url": far.url, "options": options });
    let had: Option<Had> = browser.run("return await streams.toHandle(args.url, args.options)", args).await?;
    let Some(had) = had else {
        stage.tell("no handles that could be written to");
        return Ok(());
    };
    far.is_right(&had)?;
    ensure!(had.same && had.verified.as_deref() == Some("md5"), "{had:?}");
    ensure!(ApiPage::at(&browser).pending().await?.is_empty(), "still pending");
    no_errors(&browser).await
}

scenario!(read_while_it_comes, 120: Chromium, Firefox, WebKit);
scenario!(cut_off_it_goes_on, 120: Chromium, Firefox, WebKit);
scenario!(ends_of_streams, 120: Chromium, Firefox, WebKit);
scenario!(to_a_handle, 120: Chromium, Firefox, WebKit);
