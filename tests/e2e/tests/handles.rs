//! Uploads of file handles: after a reload they go on without their file being chosen again.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::api_page::ApiPage;
use e2e::browser::Browser;
use e2e::demo::Demo;
use e2e::engine::Engine;
use e2e::files::MIB;
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use serde::Deserialize;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WentOn {
    took: f64,
    needs_file: bool,
}

#[derive(Debug, Deserialize)]
struct Failure {
    name: String,
    code: String,
    message: String,
}

async fn going_on(stage: &Stage) -> Result<()> {
    // How long it took is told, not judged: machines that test are busy.
    run(stage, 64 * MIB, 32_000_000).await.map(drop)
}

/// The same with 1 GiB, when `E2E_BIG` asks for it: a measurement, of which 300 ms are wanted.
async fn going_on_big(stage: &Stage) -> Result<()> {
    if std::env::var_os("E2E_BIG").is_none() {
        stage.tell("skipped: E2E_BIG=1 asks for it");
        return Ok(());
    }
    let took = run(stage, 1024 * MIB, 120_000_000).await?;
    ensure!(took < 300.0, "the first chunk went out after {took:.0} ms");
    Ok(())
}

/// Returns how many ms it took from `resume()` to the first chunk.
async fn run(stage: &Stage, size: u64, rate: u64) -> Result<f64> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let page = ApiPage::open(&browser, &setting.wire.url("/e2e/script.html")).await?;
    browser.run::<()>("await handles.make('big.bin', args)", json!(size)).await?;
    setting.wire.rate(Some(rate));
    half_done(&setting, &browser, "big.bin", size).await?;

    browser.reload().await?;
    refused(&browser, "handles.deny()", "handles.allow()").await.context("permission denied")?;
    let before = setting.wire.ledger().now();
    let went_on: WentOn = browser.run("return await handles.goOn('again')", json!(null)).await?;
    ensure!(!went_on.needs_file, "the file was to be chosen again");
    let told = page.settled("again", 2 * MINUTE).await?;
    ensure!(told.ok, "{told:?}");
    ensure!(!told.states.iter().any(|state| state == "hashing"), "it was hashed again: {:?}", told.states);
    setting.nothing_again()?;
    let ledger = setting.wire.ledger();
    stage.tell(format_args!(
        "{} MiB half done, reloaded: {:.0} ms from resume() to the first chunk; sent ÷ needed = {:.4} in both visits",
        size / MIB,
        went_on.took,
        ledger.chunk_bytes(0) as f64 / size as f64
    ));
    ensure!(ledger.chunk_bytes(before) < size * 6 / 10, "more than the other half was sent");
    no_errors(&browser).await?;
    Ok(went_on.took)
}

/// Uploads half of a file, by its handle.
async fn half_done(setting: &Setting, browser: &Browser, name: &str, size: u64) -> Result<()> {
    let from = setting.wire.ledger().acknowledged();
    let begin = "e2e.follow('u', xuchuan.upload(await handles.open(args)))";
    browser.run::<()>(begin, json!(name)).await?;
    let half = from + usize::try_from(size.div_ceil(8 * MIB))?;
    let enough = |all: &[e2e::wire::Exchange]| {
        all.iter().filter(|one| one.is_chunk() && one.acknowledged()).count() >= half
    };
    setting.wire.ledger().until("half of the chunks", 2 * MINUTE, enough).await
}

/// Holds when going on fails as it has to between `make` and `mend`, and nothing is lost by it.
async fn refused(browser: &Browser, make: &str, mend: &str) -> Result<()> {
    let listed = "const { done, updatedAt, needsFile } = await handles.pending(); return { done, updatedAt, needsFile }";
    let before: Value = browser.run(listed, json!(null)).await?;
    let script = format!(
        "{make};
         const failure = await handles.failure((await handles.pending()).resume());
         {mend};
         return failure;"
    );
    let failure: Option<Failure> = browser.run(&script, json!(null)).await?;
    let failure = failure.context("it went on")?;
    ensure!(failure.name == "TransferError" && failure.code == "file-unreadable", "{failure:?}");
    ensure!(failure.message.contains("Choose the file again"), "{failure:?}");
    let after: Value = browser.run(listed, json!(null)).await?;
    ensure!(before == after && !after.is_null(), "something is lost: {before}, then {after}");
    Ok(())
}

async fn gone_and_changed(stage: &Stage) -> Result<()> {
    let size = 24 * MIB;
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let page = ApiPage::open(&browser, &setting.wire.url("/e2e/script.html")).await?;
    browser.run::<()>("await handles.make('gone.bin', args)", json!(size)).await?;
    setting.wire.rate(Some(12_000_000));
    half_done(&setting, &browser, "gone.bin", size).await?;
    browser.reload().await?;
    setting.wire.rate(None);
    refused(&browser, "await (await handles.root()).removeEntry('gone.bin')", "").await.context("gone")?;

    browser.run::<()>("await handles.make('gone.bin', args, 9)", json!(size)).await?;
    browser.run::<()>("e2e.follow('other', (await handles.pending()).resume())", json!(null)).await?;
    let told = page.settled("other", MINUTE).await?;
    let error = told.error.context("another file went on as the old one")?;
    ensure!(error.code.as_deref() == Some("file-changed"), "{error:?}");

    // A handle's digest is its file's, and a page that may not read it hears so.
    let script = "
        const handle = await handles.open('gone.bin');
        const [one, other] = [await xuchuan.digest(handle), await xuchuan.digest(await handle.getFile())];
        handles.deny();
        const refused = await handles.failure({ done: xuchuan.digest(handle) });
        const failed = await handles.failure(xuchuan.upload(handle));
        handles.allow();
        return [one.fileId === other.fileId && one.size === args, refused.code, failed.code];";
    let seen: Value = browser.run(script, json!(size)).await?;
    ensure!(seen == json!([true, "file-unreadable", "file-unreadable"]), "{seen}");
    no_errors(&browser).await
}

/// The demo page: its picker gives a handle, and the list of unfinished uploads goes on with one click.
async fn on_the_page(stage: &Stage) -> Result<()> {
    let size = 48 * MIB;
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let url = setting.wire.url("/");
    ApiPage::open(&browser, &setting.wire.url("/e2e/script.html")).await?;
    browser.run::<()>("await handles.make('clip.bin', args)", json!(size)).await?;
    let demo = Demo::open(&browser, &url).await?;
    setting.wire.rate(Some(16_000_000));
    let pick = "
        window.showOpenFilePicker = async () => [await (await navigator.storage.getDirectory()).getFileHandle('clip.bin')];";
    browser.run::<()>(pick, json!(null)).await?;
    browser.click("[data-testid=drop-zone]").await?;
    let some = |all: &[e2e::wire::Exchange]| {
        all.iter().filter(|one| one.is_chunk() && one.acknowledged()).count() >= 3
    };
    setting.wire.ledger().until("some chunks", MINUTE, some).await?;
    demo.reload().await?;
    demo.go_on("clip.bin", None).await?;
    demo.reaches("upload", Some("clip.bin"), "done", MINUTE).await?;
    setting.nothing_again()?;
    no_errors(&browser).await
}

/// What was dropped is walked to its end, whatever the browser gives of it.
async fn dropped(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    ApiPage::open(&browser, &setting.wire.url("/e2e/script.html")).await?;
    let script = "
        const { file, fileEntry, folderEntry, dropped, walk } = handles;
        const many = Array.from({ length: 250 }, (_, i) => fileEntry(`${i}.txt`));
        const broken = { name: 'broken', isDirectory: false, file: (_, reject) => reject(new Error('no such file')) };
        const deep = folderEntry('a', [folderEntry('b', [broken, folderEntry('c', many)]), folderEntry('empty', [])]);
        const whole = await walk(dropped([{ entry: deep }, { plain: file('plain.txt') }, { entry: fileEntry('last.txt'), handle: null }]));
        const nothing = await walk(null);
        const text = await walk({ items: [{ kind: 'string' }] });
        return { whole, nothing: nothing.paths.length + text.paths.length };";
    let seen: Value = browser.run(script, json!(null)).await?;
    let whole = seen.get("whole").context("no walk")?;
    let paths: Vec<String> = serde_json::from_value(whole.get("paths").cloned().unwrap_or_default())?;
    ensure!(paths.len() == 252, "{} paths", paths.len());
    ensure!(paths.first().is_some_and(|path| path == "a/b/c/0.txt"), "{paths:?}");
    ensure!(paths.get(250..) == Some(&["plain.txt".to_owned(), "last.txt".to_owned()]), "{paths:?}");
    ensure!(whole.get("code") == Some(&json!("file-unreadable")), "what can't be read was not told: {whole}");
    let message = whole.get("message").and_then(Value::as_str).unwrap_or_default();
    ensure!(message.contains("a/b/broken") && message.contains("no such file"), "{message}");
    ensure!(seen.get("nothing") == Some(&json!(0)), "{seen}");
    if stage.engine == Engine::Chromium {
        let script = "
            const folder = await (await handles.root()).getDirectoryHandle('dir', { create: true });
            const below = await folder.getDirectoryHandle('below', { create: true });
            for (let i = 0; i < 3; i += 1) await below.getFileHandle(`${i}`, { create: true });
            const { file, dropped, walk } = handles;
            const { paths, kinds } = await walk(dropped([{ plain: file('dir'), handle: folder }]));
            return { paths: paths.sort(), kinds };";
        let seen: Value = browser.run(script, json!(null)).await?;
        let paths = json!(["dir/below/0", "dir/below/1", "dir/below/2"]);
        ensure!(seen.get("paths") == Some(&paths), "{seen}");
        ensure!(seen.get("kinds") == Some(&json!(["FileSystemFileHandle"])), "{seen}");
    }
    no_errors(&browser).await
}

scenario!(dropped, 60: Chromium, Firefox, WebKit);
scenario!(going_on, 120: Chromium);
scenario!(going_on_big, 600: Chromium);
scenario!(gone_and_changed, 120: Chromium);
scenario!(on_the_page, 120: Chromium);
