//! Tabs that say nothing: one that has the turn and stands still, one whose timers are held back, and one that holds an
//! older version of the journal open.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::api_page::{ApiPage, Told};
use e2e::browser::{Browser, WindowHandle};
use e2e::engine::Engine;
use e2e::files::{self, MIB, TestFile};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);
const SIZE: u64 = 17 * MIB;

/// Starts the upload of a file in one tab, after `change` was made to its page, and of the same in another one, in which
/// it goes on.
async fn both(
    stage: &Stage,
    setting: &Setting,
    browser: &Browser,
    change: &str,
) -> Result<(TestFile, WindowHandle)> {
    let file = files::random(&stage.folder("files")?, "both.bin", 72, SIZE)?;
    // Slow, so that there is something left when somebody takes over.
    setting.wire.rate(Some(400_000));
    let options = json!({ "chunkSize": MIB, "concurrency": 1 });
    let url = setting.wire.url("/e2e/script.html");
    let page = ApiPage::open(browser, &url).await?;
    browser.run::<()>(change, json!(null)).await?;
    page.upload("u", &file, options.clone()).await?;
    page.reaches("u", "transferring", MINUTE).await?;
    let first = browser.new_tab().await?;
    let page = ApiPage::open(browser, &url).await?;
    page.upload("u", &file, options).await?;
    Ok((file, first))
}

fn sent(told: &Told) -> u64 {
    told.progress.get("sent").and_then(Value::as_u64).unwrap_or(0)
}

fn reason(told: &Told) -> Option<&str> {
    told.progress.pointer("/waitingFor/reason").and_then(Value::as_str)
}

async fn done(page: &ApiPage<'_>, file: &TestFile) -> Result<()> {
    let told = page.settled("u", MINUTE).await?;
    ensure!(told.ok && !told.went_back, "{told:?}");
    ensure!(told.result.get("fileId") == Some(&json!(file.md5()?)), "{told:?}");
    Ok(())
}

/// Who has the turn and says nothing loses it, and waits when it wakes up.
async fn one_stands_still(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    // Tabs of one origin share a thread in some engines: there the tab only does not speak.
    let stands = stage.engine == Engine::Chromium;
    let change = if stands {
        "window.standStill = (ms) => setTimeout(() => {
            const end = performance.now() + ms;
            while (performance.now() < end);
         }, 1000)"
    } else {
        "BroadcastChannel.prototype.postMessage = () => {}"
    };
    let (file, first) = both(stage, &setting, &browser, change).await?;
    let page = ApiPage::at(&browser);
    if stands {
        let second = browser.switch(&first).await?;
        browser.run::<()>("standStill(25_000)", json!(null)).await?;
        browser.switch(&second).await?;
    }
    let start = Instant::now();
    let mut waited_for_tab = false;
    let took = loop {
        let told = page.tell("u").await?;
        ensure!(!told.settled, "it has settled: {told:?}");
        waited_for_tab |= reason(&told) == Some("another-tab");
        if sent(&told) > 0 {
            break start.elapsed();
        }
        ensure!(start.elapsed() < Duration::from_secs(25), "nothing was taken over: {told:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    stage.tell(format_args!("taken over after {:.1} s", took.as_secs_f64()));
    ensure!(waited_for_tab, "it did not say what it waited for");
    ensure!(took > Duration::from_secs(8), "that was no silence: {took:?}");
    if stands {
        // Let it wake up while the other one works, and see what that makes of it.
        let left = Duration::from_secs(27).saturating_sub(start.elapsed());
        tokio::time::sleep(left).await;
        let told = page.tell("u").await?;
        ensure!(!told.settled, "too late to see whether they fight: {told:?}");
    }
    setting.wire.rate(None);
    done(&page, &file).await?;
    browser.switch(&first).await?;
    done(&page, &file).await?;
    let ratio = setting.wire.ledger().chunk_bytes(0) as f64 / file.size as f64;
    stage.tell(format_args!("sent ÷ needed = {ratio:.3}"));
    // What was under way when it was taken over, and when the other one woke up.
    ensure!(ratio < 1.01 + 3.0 / 17.0, "the file was sent {ratio:.3} times");
    no_errors(&browser).await
}

/// A tab whose timers come once a minute, as hidden ones' do, is alive: messages come all the same.
async fn one_is_held_back(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let change =
        "const real = setTimeout; window.setTimeout = (run, ms, ...rest) => real(run, ms + 60_000, ...rest)";
    let (file, first) = both(stage, &setting, &browser, change).await?;
    let page = ApiPage::at(&browser);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        let told = page.tell("u").await?;
        ensure!(!told.settled && sent(&told) == 0, "taken over after {:?}: {told:?}", start.elapsed());
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let second = browser.switch(&first).await?;
    page.act("u", "abort").await?;
    browser.switch(&second).await?;
    setting.wire.rate(None);
    done(&page, &file).await
}

/// A tab that holds an older version of the journal open keeps everybody else from theirs: they go on without it, and use
/// it again when it answers.
async fn one_has_an_older_journal(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let url = setting.wire.url("/e2e/odd.html");
    browser.open(&url).await?;
    let hold = "const request = indexedDB.open('xuchuan', 1);
        window.held = await new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        })";
    browser.run::<()>(hold, json!(null)).await?;
    let first = browser.new_tab().await?;
    browser.open(&url).await?;
    let upload = "const bytes = odd.trial.randomBytes(args);
        const start = performance.now();
        const { environment } = await odd.trial.there(odd.trial.fileOf(bytes), bytes);
        const uploaded = performance.now() - start;
        const pending = await xuchuan.pending();
        return { journal: environment.journal, uploaded, all: performance.now() - start, pending: pending.length }";
    let told: Value = browser.run(upload, json!(SIZE)).await?;
    stage.tell(&told);
    let number = |name: &str| told.get(name).and_then(Value::as_f64).unwrap_or(f64::MAX);
    ensure!(told.pointer("/journal/kind") == Some(&json!("none")), "{told}");
    // About a second each, and one of the second is enough.
    ensure!(number("uploaded") < 6000.0 && number("all") - number("uploaded") < 2500.0, "{told}");

    let second = browser.switch(&first).await?;
    browser.run::<()>("held.close()", json!(null)).await?;
    browser.switch(&second).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let told: Value = browser.run(upload, json!(SIZE)).await?;
    ensure!(told.pointer("/journal/kind") == Some(&json!("indexeddb")), "it answers again: {told}");
    no_errors(&browser).await
}

scenario!(one_stands_still, 120, waits: Chromium, Firefox, WebKit);
scenario!(one_is_held_back, 120, waits: Chromium);
scenario!(one_has_an_older_journal, 60, waits: Chromium, Firefox, WebKit);
