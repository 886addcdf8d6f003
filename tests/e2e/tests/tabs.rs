//! One file in two tabs: one uploads it, the other shows how far that is, and goes on if the first is closed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::api_page::{ApiPage, Told};
use e2e::browser::{Browser, WindowHandle};
use e2e::files::{self, MIB, TestFile};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use e2e::wait::until;
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);
/// The bytes around a chunk's own.
const SLACK: f64 = 1.01;
/// What may be under way when a tab is closed: two chunks of 24, and what the wire counts of them.
const LOST: f64 = 2.5 / 24.0;

/// Uploads the file in two tabs; the second is the one it works in.
async fn both(stage: &Stage, setting: &Setting, browser: &Browser) -> Result<(TestFile, WindowHandle)> {
    let file = files::random(&stage.folder("files")?, "both.bin", 71, 24 * MIB)?;
    setting.wire.rate(Some(2_500_000));
    let options = json!({ "chunkSize": MIB, "concurrency": 2 });
    let url = setting.wire.url("/e2e/script.html");
    let page = ApiPage::open(browser, &url).await?;
    page.upload("u", &file, options.clone()).await?;
    page.reaches("u", "transferring", MINUTE).await?;
    let first = browser.new_tab().await?;
    let page = ApiPage::open(browser, &url).await?;
    let pending = page.pending().await?;
    ensure!(pending.is_empty(), "what another tab is at is no unfinished business: {pending:?}");
    page.upload("u", &file, options.clone()).await?;
    Ok((file, first))
}

/// Waits until the tab shows what another one has confirmed.
async fn follows(page: &ApiPage<'_>) -> Result<Told> {
    let mut last = None;
    let follows = until("the other tab's progress", Duration::from_secs(20), async || {
        let told = page.tell("u").await?;
        last = Some(told.clone());
        let count = |name: &str| told.progress.get(name).and_then(|count| count.as_f64()).unwrap_or(0.0);
        let shown = told.state == "transferring" && count("confirmed") > 0.0 && count("sent") == 0.0;
        ensure!(!told.settled, "it has settled: {told:?}");
        Ok(shown.then_some(told))
    })
    .await;
    follows.with_context(|| format!("it was last {last:?}"))
}

async fn done(page: &ApiPage<'_>, file: &TestFile) -> Result<()> {
    let told = page.settled("u", MINUTE).await?;
    ensure!(told.ok, "{told:?}");
    ensure!(!told.went_back, "`confirmed` went back: {told:?}");
    ensure!(told.result.get("fileId") == Some(&json!(file.md5()?)), "{told:?}");
    Ok(())
}

/// Holds when the file went over the wire about once.
fn once(stage: &Stage, setting: &Setting, file: &TestFile, what: &str) -> Result<()> {
    setting.nothing_again()?;
    let ratio = setting.wire.ledger().chunk_bytes(0) as f64 / file.size as f64;
    stage.tell(format_args!("{what}: sent ÷ needed = {ratio:.4}"));
    ensure!(ratio < SLACK, "the file was sent {ratio:.3} times");
    Ok(())
}

async fn one_uploads(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let (file, first) = both(stage, &setting, &browser).await?;
    let page = ApiPage::at(&browser);
    follows(&page).await?;
    setting.wire.rate(None);
    done(&page, &file).await?;
    no_errors(&browser).await?;
    browser.switch(&first).await?;
    done(&page, &file).await?;
    once(stage, &setting, &file, "two tabs")?;
    no_errors(&browser).await
}

async fn the_owner_is_closed(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let (file, first) = both(stage, &setting, &browser).await?;
    let page = ApiPage::at(&browser);
    follows(&page).await?;
    let second = browser.switch(&first).await?;
    let before = setting.wire.ledger().now();
    browser.close_tab(&second).await?;
    let start = Instant::now();
    let went_on = |all: &[e2e::wire::Exchange]| all.len() > before;
    setting.wire.ledger().until("the other tab to go on", Duration::from_secs(20), went_on).await?;
    stage
        .tell(format_args!("went on {:.0} ms after the tab was closed", start.elapsed().as_secs_f64() * 1e3));
    done(&page, &file).await?;
    setting.nothing_again()?;
    let ratio = setting.wire.ledger().chunk_bytes(0) as f64 / file.size as f64;
    stage.tell(format_args!("owner closed: sent ÷ needed = {ratio:.4}"));
    ensure!(ratio < SLACK + LOST, "the file was sent {ratio:.3} times");
    no_errors(&browser).await
}

/// Pausing and aborting speak for one's own tab: the other one goes on.
async fn each_for_itself(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let (file, first) = both(stage, &setting, &browser).await?;
    let page = ApiPage::at(&browser);
    follows(&page).await?;

    // Slow: tabs take their time to be gone to.
    setting.wire.rate(Some(1_000_000));

    // Who waits and is paused shows that, and is not asked to go on.
    page.act("u", "pause").await?;
    page.reaches("u", "paused", MINUTE).await?;
    page.act("u", "resume").await?;
    follows(&page).await?;

    // The one who uploads is paused: the other goes on, and the first shows it when it is resumed.
    let second = browser.switch(&first).await?;
    page.act("u", "pause").await?;
    page.reaches("u", "paused", MINUTE).await?;
    let so_far = setting.wire.ledger().acknowledged();
    let more = |all: &[e2e::wire::Exchange]| {
        all.iter().filter(|one| one.is_chunk() && one.acknowledged()).count() > so_far
    };
    setting.wire.ledger().until("the other tab to go on", MINUTE, more).await?;
    page.act("u", "resume").await?;
    page.reaches("u", "transferring", MINUTE).await?;
    page.act("u", "abort").await?;
    ensure!(page.settled("u", MINUTE).await?.state == "aborted");
    browser.switch(&second).await?;
    page.act("u", "pause").await?;
    page.reaches("u", "paused", MINUTE).await?;
    browser.switch(&first).await?;
    let left = page.pending().await?;
    ensure!(left.len() == 1, "the abort of a tab that waits forgot the other's upload: {left:?}");

    browser.switch(&second).await?;
    page.act("u", "resume").await?;
    setting.wire.rate(None);
    done(&page, &file).await?;
    setting.nothing_again()?;
    no_errors(&browser).await
}

/// Two uploads of a file in one page are as two tabs; where the browser lacks what that takes, each is for itself.
async fn in_one_page(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let url = setting.wire.url("/e2e/script.html");
    let folder = stage.folder("files")?;
    let options = json!({ "chunkSize": MIB });
    let lacks = [
        ("nothing", "", true),
        (
            "channels",
            "window.BroadcastChannel = class { constructor() { throw new Error('no channel') } }",
            true,
        ),
        ("locks", "Object.defineProperty(navigator, 'locks', { value: undefined })", false),
        (
            "the right to locks",
            "const request = async () => { throw new DOMException('no origin', 'SecurityError') };
             Object.defineProperty(navigator, 'locks', { value: { request } })",
            false,
        ),
    ];
    for (n, (lack, script, in_turn)) in lacks.into_iter().enumerate() {
        let file = files::random(&folder, &format!("{n}.bin"), 90 + n as u64, 17 * MIB)?;
        let page = ApiPage::open(&browser, &url).await?;
        browser.run::<()>(script, json!(null)).await?;
        page.upload("one", &file, options.clone()).await?;
        page.upload("two", &file, options.clone()).await?;
        let (one, two) = (page.settled("one", MINUTE).await?, page.settled("two", MINUTE).await?);
        ensure!(one.ok && two.ok && !one.went_back && !two.went_back, "without {lack}: {one:?} {two:?}");
        let sent = |told: &Told| told.progress.get("sent").and_then(|sent| sent.as_u64()).unwrap_or(0);
        let (sent, reused) = ((sent(&one), sent(&two)), two.result.get("instant") == Some(&json!(true)));
        ensure!(!in_turn || (sent == (file.size, 0) && reused), "without {lack}: {sent:?}, {reused}");
    }
    no_errors(&browser).await
}

scenario!(in_one_page, 120, waits: Chromium, Firefox, WebKit);
scenario!(one_uploads, 120, waits: Chromium, Firefox, WebKit);
scenario!(the_owner_is_closed, 120, waits: Chromium, Firefox, WebKit);
scenario!(each_for_itself, 120, waits: Chromium, Firefox, WebKit);
