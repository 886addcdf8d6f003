//! Downloads to a file on disk: the result, and what is asked for again after a reload, a crash, and in another tab.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::api_page::{ApiPage, Told};
use e2e::browser::Browser;
use e2e::engine::Engine;
use e2e::files::{self, MIB, TestFile};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use e2e::wait::until;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);
const RATE: u64 = 12_000_000;
/// What may have been on its way and is not stored whole: a piece of each of four requests.
const UNDER_WAY: u64 = 4 * 4 * MIB;

/// What sockets hold when a request is cut short, since another one takes its second half. WebKit's network process reads on
/// until then, whatever the page takes.
fn cut(stage: &Stage) -> u64 {
    if stage.engine == Engine::WebKit { 8 * MIB } else { 2 * MIB }
}

/// One file on the server, and its address.
struct Far {
    setting: Setting,
    file: TestFile,
    page: String,
    url: String,
}

impl Far {
    async fn new(stage: &Stage, browser: &Browser, size: u64) -> Result<Far> {
        let file = files::random(&stage.folder("files")?, "film.bin", 61, size)?;
        let setting = Setting::start(stage).await?;
        let address = setting.wire.url("/e2e/script.html");
        let page = ApiPage::open(browser, &address).await?;
        page.upload("stored", &file, json!({ "resume": false })).await?;
        let told = page.settled("stored", MINUTE).await?;
        let url = told.result.get("url").and_then(Value::as_str).with_context(|| format!("{told:?}"))?;
        let path = url.find("/files/").and_then(|at| url.get(at..)).context("no path")?;
        let url = setting.wire.url(path);
        Ok(Far { setting, file, page: address, url })
    }

    /// Begins the download slowly, and waits until half of it has come.
    async fn half(&self, page: &ApiPage<'_>) -> Result<()> {
        self.setting.wire.rate(Some(RATE));
        let from = self.setting.wire.ledger().now();
        page.download("d", &self.url, json!({ "to": "file" })).await?;
        let size = self.file.size;
        let half =
            |all: &[e2e::wire::Exchange]| all.iter().skip(from).map(|one| one.down).sum::<u64>() >= size / 2;
        self.setting.wire.ledger().until("half of the download", MINUTE, half).await
    }

    async fn done(&self, page: &ApiPage<'_>) -> Result<Told> {
        let told = page.settled("d", MINUTE).await?;
        ensure!(told.ok, "it failed: {told:?}");
        ensure!(!told.went_back, "confirmed went back");
        let received = page.received("d").await?;
        ensure!(received.kind == "file" && received.size == self.file.size, "{received:?}");
        ensure!(received.fingerprint == self.file.fingerprint()?, "the bytes differ");
        Ok(told)
    }

    /// Goes on with what is pending, and judges what came over the wire for it.
    async fn go_on(&self, stage: &Stage, page: &ApiPage<'_>, what: &str) -> Result<()> {
        let pending = page.pending().await?;
        ensure!(pending.len() == 1, "pending {what}: {pending:?}");
        let count =
            |name: &str| pending.first().and_then(|it| it.get(name)).and_then(Value::as_u64).unwrap_or(0);
        let (done, size) = (count("done"), count("size"));
        ensure!(
            size == self.file.size && done + UNDER_WAY >= size / 2,
            "{what} {done} bytes were left: {pending:?}"
        );
        let from = self.setting.wire.ledger().now();
        page.resume("d", "download", json!({})).await?;
        let told = self.done(page).await?;
        let down = self.setting.wire.ledger().down_bytes(from, "/files/");
        let missing = size - done;
        stage.tell(format_args!(
            "{what}: {:.0} % were stored, received ÷ missing = {:.4}",
            100.0 * done as f64 / size as f64,
            down as f64 / missing as f64
        ));
        ensure!(
            down <= missing * 102 / 100 + cut(stage),
            "{down} bytes came for {missing} that were missing"
        );
        ensure!(told.progress.get("reused") == Some(&json!(done)), "{told:?} reused, {done} were stored");
        ensure!(page.pending().await?.is_empty(), "still pending after it is done");
        Ok(())
    }
}

async fn to_a_file(stage: &Stage) -> Result<()> {
    let browser = stage.browser().await?;
    let far = Far::new(stage, &browser, 24 * MIB + 5).await?;
    let page = ApiPage::at(&browser);
    for (name, options) in [
        ("parallel", json!({ "to": "file", "concurrency": 4 })),
        ("checked", json!({ "to": "file", "md5": far.file.md5()? })),
        ("small pieces", json!({ "to": "file", "pieceSize": MIB / 2 + 3, "resume": false })),
    ] {
        page.download(name, &far.url, options).await?;
        let told = page.settled(name, MINUTE).await?;
        ensure!(told.ok, "{name}: {told:?}");
        ensure!(page.pending().await?.is_empty(), "{name}: still pending");
    }
    let private = page.private_files().await?;
    stage.tell(format_args!("private files: {private:?}"));
    ensure!(private.is_none_or(|names| names.len() == 3), "one file a result");
    // Each result stays what it was.
    for name in ["parallel", "checked", "small pieces"] {
        let received = page.received(name).await?;
        ensure!(received.kind == "file" && received.name.ends_with(".bin"), "{name}: {received:?}");
        ensure!(received.fingerprint == far.file.fingerprint()?, "{name}: the bytes differ");
    }
    no_errors(&browser).await?;
    // Nobody has them any more after that.
    let page = ApiPage::open(&browser, &far.page).await?;
    until("the results of the page before to be removed", MINUTE, async || {
        page.pending().await?;
        Ok(page.private_files().await?.is_none_or(|names| names.is_empty()).then_some(()))
    })
    .await?;
    no_errors(&browser).await
}

async fn over_a_reload(stage: &Stage) -> Result<()> {
    let browser = stage.browser().await?;
    let far = Far::new(stage, &browser, 48 * MIB).await?;
    far.half(&ApiPage::at(&browser)).await?;
    let page = ApiPage::open(&browser, &far.page).await?;
    far.go_on(stage, &page, "reloaded").await?;
    no_errors(&browser).await
}

async fn what_is_forgotten_is_removed(stage: &Stage) -> Result<()> {
    let browser = stage.browser().await?;
    let far = Far::new(stage, &browser, 32 * MIB).await?;
    far.half(&ApiPage::at(&browser)).await?;
    let page = ApiPage::open(&browser, &far.page).await?;
    ensure!(page.pending().await?.len() == 1, "it is pending");
    browser.run::<()>("for (const one of await xuchuan.pending()) await one.forget()", json!(null)).await?;
    ensure!(page.pending().await?.is_empty(), "it is forgotten");
    until("its file to be removed", MINUTE, async || {
        Ok(page.private_files().await?.is_none_or(|names| names.is_empty()).then_some(()))
    })
    .await?;
    no_errors(&browser).await
}

async fn in_a_second_tab(stage: &Stage) -> Result<()> {
    let browser = stage.browser().await?;
    let far = Far::new(stage, &browser, 48 * MIB).await?;
    far.half(&ApiPage::at(&browser)).await?;
    // A new tab takes its time.
    far.setting.wire.rate(Some(RATE / 6));
    let first = browser.new_tab().await?;
    let page = ApiPage::open(&browser, &far.page).await?;
    let pending = page.pending().await?;
    ensure!(pending.is_empty(), "what another tab is at is no unfinished business: {pending:?}");
    let before = far.setting.wire.ledger().now();
    page.download("d", &far.url, json!({ "to": "file" })).await?;
    until("it shows the other tab's progress", MINUTE, async || {
        let told = page.tell("d").await?;
        ensure!(!told.settled, "it has settled: {told:?}");
        Ok((told.progress.pointer("/waitingFor/reason") == Some(&json!("another-tab"))).then_some(()))
    })
    .await?;
    let asked = far.setting.wire.ledger().since(before, "/files/").len();
    let second = browser.switch(&first).await?;
    let from = far.setting.wire.ledger().now();
    browser.close_tab(&second).await?;
    far.setting.wire.rate(Some(RATE));
    let told = far.done(&page).await?;
    let reused = told.progress.get("reused").and_then(Value::as_u64).unwrap_or(0);
    let down = far.setting.wire.ledger().down_bytes(from, "/files/");
    stage.tell(format_args!(
        "closed: {asked} requests while the other tab had it; {reused} of {} reused, {down} came then",
        far.file.size
    ));
    ensure!(reused + UNDER_WAY >= far.file.size / 2, "{reused} reused");
    ensure!(
        down <= (far.file.size - reused) * 102 / 100 + cut(stage),
        "{down} bytes came, {reused} were stored"
    );
    no_errors(&browser).await
}

async fn after_a_kill(stage: &Stage) -> Result<()> {
    let browser = stage.browser().await?;
    let far = Far::new(stage, &browser, 64 * MIB).await?;
    far.half(&ApiPage::at(&browser)).await?;
    browser.kill();
    let browser = stage.browser().await?;
    let page = ApiPage::open(&browser, &far.page).await?;
    far.go_on(stage, &page, "killed").await?;
    no_errors(&browser).await
}

/// What the journal says is believed as far as the file is that long.
async fn a_file_that_lost_its_end(stage: &Stage) -> Result<()> {
    let browser = stage.browser().await?;
    let far = Far::new(stage, &browser, 48 * MIB).await?;
    far.half(&ApiPage::at(&browser)).await?;
    let page = ApiPage::open(&browser, &far.page).await?;
    let cut = "const root = await navigator.storage.getDirectory();
               const folder = await root.getDirectoryHandle('xuchuan downloads');
               const name = (await Array.fromAsync(folder.keys())).at(0);
               const file = await folder.getFileHandle(name);
               for (let tries = 0; ; tries += 1) {
                   try {
                       const writable = await file.createWritable({ keepExistingData: true });
                       await writable.truncate(args);
                       return await writable.close();
                   } catch (error) {
                       if (tries === 50) throw error;
                       await new Promise((go) => setTimeout(go, 100));
                   }
               }";
    browser.run::<()>(cut, json!(4 * MIB + 1)).await?;
    page.resume("d", "download", json!({})).await?;
    let told = far.done(&page).await?;
    ensure!(told.progress.get("reused") == Some(&json!(4 * MIB)), "{told:?}");
    no_errors(&browser).await
}

/// At a full quota it fails as such, keeps what is there, and goes on with that when there is room again.
async fn a_full_disk(stage: &Stage) -> Result<()> {
    let browser = stage.browser().await?;
    let far = Far::new(stage, &browser, 48 * MIB).await?;
    let page = ApiPage::at(&browser);
    // The browser knows beforehand.
    browser.limit_storage(&far.page, Some(20 * MIB)).await?;
    let from = far.setting.wire.ledger().now();
    far.setting.wire.rate(Some(RATE));
    page.download("early", &far.url, json!({ "to": "file" })).await?;
    let told = page.settled("early", MINUTE).await?;
    let code = told.error.as_ref().and_then(|error| error.code.clone());
    ensure!(code.as_deref() == Some("quota"), "{told:?}");
    far.setting.quiet(MINUTE).await?;
    let down = far.setting.wire.ledger().down_bytes(from, "/files/");
    ensure!(down < 8 * MIB, "{down} bytes came for a file that there is no room for");
    // It says that there is room, and there is not.
    browser
        .run::<()>("navigator.storage.estimate = async () => ({ quota: 2 ** 40, usage: 0 })", json!(null))
        .await?;
    // In order: Chromium counts the file's length, which a piece of its end makes at once.
    page.download("full", &far.url, json!({ "to": "file", "concurrency": 1 })).await?;
    let told = page.settled("full", MINUTE).await?;
    let code = told.error.as_ref().and_then(|error| error.code.clone());
    ensure!(code.as_deref() == Some("quota"), "{told:?}");
    let pending = page.pending().await?;
    let done = pending.first().and_then(|it| it.get("done")).and_then(Value::as_u64).unwrap_or(0);
    stage.tell(format_args!("asked beforehand: {down} bytes came; full at 20 MiB: {done} bytes are kept"));
    ensure!(pending.len() == 1 && done >= 12 * MIB, "{pending:?}");
    browser.limit_storage(&far.page, None).await?;
    page.download("d", &far.url, json!({ "to": "file" })).await?;
    let told = far.done(&page).await?;
    ensure!(told.progress.get("reused") == Some(&json!(done)), "{told:?}");
    no_errors(&browser).await
}

scenario!(to_a_file, 120, waits: Chromium, Firefox, WebKit);
scenario!(over_a_reload, 120, waits: Chromium, Firefox, WebKit);
scenario!(what_is_forgotten_is_removed, 120, waits: Chromium, Firefox, WebKit);
scenario!(in_a_second_tab, 120, waits: Chromium, Firefox, WebKit);
// WebKit's session under automation leaves nothing behind.
scenario!(after_a_kill, 120, waits: Chromium, Firefox);
// WebKitGTK has no private files.
scenario!(a_file_that_lost_its_end, 120: Chromium, Firefox);
// Only there a quota can be set.
scenario!(a_full_disk, 120: Chromium);
