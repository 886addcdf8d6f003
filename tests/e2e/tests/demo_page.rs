//! The demo page as a person meets it: keys pressed too often, a wrong file, another language, thousands of files.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::browser::{Browser, Key};
use e2e::demo::Demo;
use e2e::files::{self, MIB};
use e2e::http::Host;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use e2e::wait::until;
use e2e::{built, fake, scenario, watch};
use serde::Deserialize;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);
const MINUTE: Duration = Duration::from_secs(60);
/// What the demo needs of its site.
const CSP: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self'";

/// Opens the page with the scenarios' own functions in it.
async fn open<'a>(browser: &'a Browser, url: &str) -> Result<Demo<'a>> {
    let demo = Demo::open(browser, url).await?;
    load(browser).await?;
    demo.speak("en").await?;
    Ok(demo)
}

async fn load(browser: &Browser) -> Result<()> {
    let script = "
        const script = document.createElement('script');
        script.src = '/e2e/demo.js';
        await new Promise((go) => { script.onload = go; document.head.append(script); });";
    browser.run(script, json!(null)).await
}

/// Waits until a script gives something true.
async fn holds(browser: &Browser, what: &str, limit: Duration, script: &str) -> Result<()> {
    let script = format!("return Boolean({script})");
    until(what, limit, async || Ok(browser.run::<bool>(&script, json!(null)).await?.then_some(()))).await
}

/// Enter pressed again and again on "Pause", and on "Stop", destroys nothing.
async fn enter_thrice(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    setting.wire.rate(Some(8_000_000));
    let browser = stage.browser().await?;
    let demo = open(&browser, &setting.wire.url("/")).await?;
    // Several, so that the one that goes on has to wait in the queue.
    browser.run::<()>("demoPage.choose('#files', 4, args)", json!(12 * MIB)).await?;
    let name = Some("file-0000.bin");
    demo.reaches("upload", name, "transferring", SOON).await?;
    for control in ["pause", "abort"] {
        let focus = "document.querySelector(`[data-name='file-0000.bin'] [data-testid=${args}]`).focus()";
        browser.run::<()>(focus, json!(control)).await?;
        for _ in 0..3 {
            browser.press(Key::Enter).await?;
            tokio::time::sleep(Duration::from_millis(400)).await;
            let card = demo.card("upload", name).await?.context("the card is gone")?;
            ensure!(card.state != "aborted", "Enter on \"{control}\" three times has stopped the upload");
            let lost: bool =
                browser.run("return document.activeElement === document.body", json!(null)).await?;
            ensure!(!lost, "the focus is lost after Enter on \"{control}\"");
        }
    }
    // Who means it can stop it.
    browser
        .run::<()>(
            "document.querySelector(`[data-name='file-0000.bin'] [data-testid=keep]`).click()",
            json!(null),
        )
        .await?;
    demo.press("upload", name, "abort").await?;
    demo.press("upload", name, "stop").await?;
    let stopped = "document.querySelector(`[data-name='file-0000.bin']`).dataset.state === 'aborted'";
    holds(&browser, "the upload to be stopped", SOON, stopped).await?;
    setting.wire.rate(None);
    demo.press("upload", name, "retry").await?;
    demo.reaches("upload", name, "done", MINUTE).await?;
    no_errors(&browser).await
}

/// Another file picked for an unfinished upload never goes up under that one's name, whatever is pressed then.
async fn wrong_file(stage: &Stage) -> Result<()> {
    let folder = stage.folder("files")?;
    let right = files::random(&folder, "right.bin", 81, 40 * MIB)?;
    let wrong = files::random(&folder, "wrong.bin", 82, 40 * MIB)?;
    let setting = Setting::start(stage).await?;
    setting.wire.rate(Some(12_000_000));
    let browser = stage.browser().await?;
    let demo = open(&browser, &setting.wire.url("/")).await?;
    demo.upload(&[&right]).await?;
    let some = |all: &[e2e::wire::Exchange]| {
        all.iter().filter(|one| one.is_chunk() && one.acknowledged()).count() >= 3
    };
    setting.wire.ledger().until("some chunks", MINUTE, some).await?;
    demo.reload().await?;
    setting.wire.rate(None);
    demo.go_on("right.bin", Some(&wrong)).await?;
    let listed = "
        const item = document.querySelector('[data-testid=pending-item][data-name=\"right.bin\"] [data-testid=pending-file]');
        const failed = document.querySelector('.card[data-name=\"right.bin\"][data-state=failed]');
        return item || failed ? true : null;";
    until("the page to notice", MINUTE, async || browser.run::<Option<bool>>(listed, json!(null)).await)
        .await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    // A person would press it, if it were offered.
    browser
        .run::<()>("document.querySelector('[data-testid=retry]:not([hidden])')?.click()", json!(null))
        .await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    if let Some(card) = demo.card("upload", Some("right.bin")).await? {
        ensure!(card.state != "done", "wrong.bin went up as right.bin: {card:?}");
    }
    let said: String = browser
        .run("return document.querySelector('[data-testid=missed]')?.textContent ?? ''", json!(null))
        .await?;
    ensure!(said.contains("wrong.bin"), "the page does not say that another file was picked, but {said:?}");
    demo.go_on("right.bin", Some(&right)).await?;
    let card = demo.reaches("upload", Some("right.bin"), "done", MINUTE).await?;
    let link = card.link.context("no link")?;
    let path = link.strip_prefix(&setting.wire.url("")).context(link.clone())?;
    ensure!(files::md5_of(&setting.server.fetch(path).await?) == right.md5()?, "the stored bytes differ");
    setting.nothing_again()?;
    no_errors(&browser).await
}

/// In each language every landmark has a name of its own, and the drop zone's words stay clear of its tiles.
async fn languages(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let demo = open(&browser, &setting.wire.url("/")).await?;
    browser.run::<()>("demoPage.choose('#files', 1, 1000)", json!(null)).await?;
    let link = demo.reaches("upload", None, "done", SOON).await?.link.context("no link")?;
    demo.download(&link).await?;
    demo.reaches("download", None, "done", SOON).await?;
    for language in ["en", "zh"] {
        demo.speak(language).await?;
        let names: Vec<String> = browser.run("return demoPage.landmarks()", json!(null)).await?;
        let mut once = names.clone();
        once.sort();
        once.dedup();
        ensure!(
            names.len() >= 5 && once.len() == names.len(),
            "{language}: landmarks of one name: {names:?}"
        );
        let skip: String =
            browser.run("return document.querySelector('.skip').textContent", json!(null)).await?;
        ensure!(skip.is_ascii() == (language == "en"), "{language}: the skip link says {skip}");
        let clear: f64 = browser.run("return demoPage.clearance()", json!(null)).await?;
        ensure!(
            clear >= 42.0,
            "{language}: the drop zone's words come within {clear} px of its edge, over its tiles"
        );
    }
    no_errors(&browser).await
}

#[derive(Debug, Deserialize)]
struct Colours {
    page: String,
    bar: Vec<String>,
    tiles: Vec<String>,
    edge: Edge,
}

#[derive(Debug, Deserialize)]
struct Edge {
    width: String,
    color: String,
    drop: String,
}

/// In forced colours the bar, the legend and the cards' edges can be seen.
async fn forced_colours(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let demo = open(&browser, &setting.wire.url("/")).await?;
    browser.run::<()>("demoPage.choose('#files', 1, 1000)", json!(null)).await?;
    demo.reaches("upload", None, "done", SOON).await?;
    browser.emulate_media("forced-colors", "active").await?;
    let seen: Colours = browser.run("return demoPage.colours()", json!(null)).await?;
    ensure!(seen.bar.first() != seen.bar.last(), "what is confirmed of the bar can't be seen: {seen:?}");
    let mut tiles = seen.tiles.clone();
    tiles.sort();
    tiles.dedup();
    ensure!(tiles.len() == 4, "the legend's tiles look alike: {seen:?}");
    ensure!(!seen.tiles.contains(&seen.page), "a tile of the legend can't be seen: {seen:?}");
    ensure!(seen.edge.width == "1px" && seen.edge.drop == "1px", "no edge: {seen:?}");
    ensure!(seen.edge.color != seen.page, "a card's edge can't be seen: {seen:?}");
    browser.screenshot("demo-forced").await?;
    no_errors(&browser).await
}

/// While a file is read, the figure says how much of it was.
async fn reading_shows(stage: &Stage) -> Result<()> {
    let file = files::random(&stage.folder("files")?, "long.bin", 83, 400 * MIB)?;
    let host = in_memory(stage).await?;
    let browser = stage.browser().await?;
    let demo = open(&browser, &host.url("/index.html")).await?;
    browser.run::<()>("demoPage.film()", json!(null)).await?;
    demo.upload(&[&file]).await?;
    let beyond = "demoPage.seen.some(([state]) => !['queued', 'hashing'].includes(state))";
    holds(&browser, "the file to be read", MINUTE, beyond).await?;
    let seen: Vec<(String, String)> = browser.run("return demoPage.seen", json!(null)).await?;
    let read =
        seen.iter().filter(|(state, percent)| state == "hashing" && !percent.is_empty() && percent != "0%");
    ensure!(read.count() >= 2, "the figure stood still while the file was read: {seen:?}");
    no_errors(&browser).await
}

/// When the last transfer is cleared away, the page says again what there is to try, and the focus is somewhere.
async fn cleared(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let demo = open(&browser, &setting.wire.url("/")).await?;
    let empty = "!document.getElementById('empty').hidden";
    for control in ["clear", "remove"] {
        browser.run::<()>("demoPage.choose('#files', 1, 1000)", json!(null)).await?;
        demo.reaches("upload", None, "done", SOON).await?;
        holds(&browser, "the hints to go", SOON, "document.getElementById('empty').hidden").await?;
        let button = format!("#uploads [data-testid={control}]:not([hidden])");
        let there = format!("document.querySelector('{button}')");
        holds(&browser, "the button", SOON, &there).await?;
        browser.click(&button).await?;
        holds(&browser, "the hints to come back", SOON, empty).await.with_context(|| control.to_owned())?;
        holds(&browser, "the focus", SOON, "document.activeElement !== document.body").await?;
    }
    no_errors(&browser).await
}

/// All files are handed to the engine at once, whose queue the page shows; they can be paused together and removed.
async fn queue_of_the_engine(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    setting.wire.rate(Some(6_000_000));
    let browser = stage.browser().await?;
    open(&browser, &setting.wire.url("/")).await?;
    browser.run::<()>("demoPage.countUploads(); demoPage.choose('#files', 8, args)", json!(6 * MIB)).await?;
    holds(&browser, "all files to be handed over", SOON, "xuchuan.calls === 8").await?;
    let queued = "document.querySelector('.card[data-state=queued]') && document.querySelector('.card[data-state=transferring]')";
    holds(&browser, "one to wait while another goes", SOON, queued).await?;

    browser.click("#uploads [data-testid=pause-all]").await?;
    let paused = "[...document.querySelectorAll('.card')].every((card) => ['paused', 'done'].includes(card.dataset.state))";
    holds(&browser, "all to be paused", SOON, paused).await?;
    setting.quiet(SOON).await?;
    let overall: Value = browser
        .run(
            "const bar = document.querySelector('#uploads .overall [role=progressbar]');
              return { hidden: bar.closest('[hidden]') !== null, now: bar.getAttribute('aria-valuenow') };",
            json!(null),
        )
        .await?;
    ensure!(overall.get("hidden") == Some(&json!(false)), "no bar for all: {overall}");
    // What has not begun goes at once; what has, asks, and can be removed when it is stopped.
    let remove = "
        const card = document.querySelector('.card[data-name=\"file-0007.bin\"]');
        const press = (control) => card.querySelector(`[data-testid=${control}]:not([hidden])`)?.click();
        press('remove');
        press('abort');
        press('stop');
        await new Promise((go) => setTimeout(go, 500));
        press('remove');
        return !card.isConnected;";
    ensure!(browser.run::<bool>(remove, json!(null)).await?, "it was not removed");
    setting.wire.rate(None);
    browser.click("#uploads [data-testid=resume-all]").await?;
    let rest = "[...document.querySelectorAll('.card')].filter((card) => card.dataset.state === 'done').length === 7";
    holds(&browser, "the others to be done", MINUTE, rest).await?;
    no_errors(&browser).await
}

/// A server of the protocol in memory, since it is the page that is measured.
async fn in_memory(stage: &Stage) -> Result<Host> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    Host::start(fake::with_api(fake::site(www, CSP), fake::protocol())).await
}

/// Hundreds of files from a folder, or 2,000 when `E2E_BIG` asks for them: the page makes cards for those alone that can be seen.
async fn folder_of_many(stage: &Stage) -> Result<()> {
    let count = if std::env::var_os("E2E_BIG").is_some() { 2_000 } else { 400 };
    let host = in_memory(stage).await?;
    let browser = stage.browser().await?;
    let demo = open(&browser, &host.url("/index.html")).await?;
    browser.run::<()>("demoPage.fill('[data-testid=folder-input]', args, 4096)", json!(count)).await?;
    watch::begin(&browser).await?;
    let began = Instant::now();
    let choose = "document.querySelector('[data-testid=folder-input]').dispatchEvent(new Event('change'))";
    browser.run::<()>(choose, json!(null)).await?;
    let done = format!("document.querySelectorAll('#uploads li[data-group=done]').length === {count}");
    holds(&browser, "all files", Duration::from_secs(160), &done).await?;
    let cards: usize = browser
        .run("return document.querySelectorAll('[data-testid=upload-card]').length", json!(null))
        .await?;
    let seen = watch::read(&browser).await?;
    let took = began.elapsed().as_secs_f64();
    stage.tell(format_args!(
        "{count} files of 4 KiB in {took:.1} s; {cards} cards were made; {} tasks over 50 ms (longest {:.0} ms), JS heap {:.0} MiB",
        seen.long, seen.longest, seen.heap / MIB as f64
    ));
    ensure!(cards < 150, "{cards} cards for {count} files");
    let overall = "document.querySelector('#uploads .overall [role=progressbar]').getAttribute('aria-valuenow') === '100'";
    holds(&browser, "the bar of all to say so", SOON, overall).await?;
    // A row that comes into sight becomes a card that can be worked.
    let last = "document.querySelector('#uploads li:last-child').scrollIntoView(); ";
    browser.run::<()>(last, json!(null)).await?;
    let name = format!("file-{:04}.bin", count - 1);
    let made = format!(
        "document.querySelector('[data-testid=upload-card][data-name=\"{name}\"]')?.dataset.state === 'done'"
    );
    holds(&browser, "the last row to become a card", SOON, &made).await?;
    browser.run::<()>("document.querySelector('[data-testid=show-done]').click()", json!(null)).await?;
    demo.press("upload", Some(&name), "remove").await?;
    holds(
        &browser,
        "it to be removed",
        SOON,
        &format!("document.querySelectorAll('#uploads li').length === {}", count - 1),
    )
    .await?;
    no_errors(&browser).await
}

/// A folder is chosen by a button, which the keyboard reaches; where the browser gives handles, by those.
async fn folder_by_keyboard(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let demo = open(&browser, &setting.wire.url("/")).await?;
    let prepare = "
        globalThis.showDirectoryPicker = async () => {
          const root = await navigator.storage.getDirectory();
          const below = await (await root.getDirectoryHandle('album', { create: true })).getDirectoryHandle('2026', { create: true });
          const out = await (await below.getFileHandle('one.txt', { create: true })).createWritable();
          await out.write('one');
          await out.close();
          return root.getDirectoryHandle('album');
        };
        document.getElementById('files').focus();";
    browser.run::<()>(prepare, json!(null)).await?;
    browser.press(Key::Tab).await?;
    let focused: String =
        browser.run("return document.activeElement.dataset.testid ?? ''", json!(null)).await?;
    ensure!(focused == "folder", "Tab leads from the files to {focused:?}, not to the folder");
    browser.press(Key::Enter).await?;
    demo.reaches("upload", Some("album/2026/one.txt"), "done", SOON).await?;
    let focused: String =
        browser.run("return document.activeElement.dataset.testid ?? ''", json!(null)).await?;
    ensure!(focused == "folder", "the focus went to {focused:?}");
    no_errors(&browser).await
}

/// The page says what it is, which version, and how to get it.
async fn home_page(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let demo = open(&browser, &setting.wire.url("/")).await?;
    let manifest: Value = serde_json::from_slice(&setting.server.fetch("/pkg/package.json").await?)?;
    let version = manifest.get("version").and_then(Value::as_str).context("no version")?;
    let shown = format!("document.querySelector('[data-testid=version]').textContent === 'v{version}'");
    holds(&browser, "the version", SOON, &shown).await?;
    for (language, words) in [("en", "Copied"), ("zh", "已复制")] {
        demo.speak(language).await?;
        for button in ["copy-npm", "copy-script"] {
            browser.click(&format!("[data-testid={button}]")).await?;
            let copied =
                format!("document.querySelector('[data-testid={button}]').textContent === '{words}'");
            holds(&browser, "the snippet to be copied", SOON, &copied).await?;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    no_errors(&browser).await
}

/// Runs axe in the page as it is; holds if it finds nothing.
async fn axe(browser: &Browser, source: &str, state: &str) -> Result<()> {
    browser.run::<()>("if (!globalThis.axe) (0, eval)(args)", json!(source)).await?;
    let found: Vec<String> = browser
        .run(
            "const { violations } = await axe.run(document, { resultTypes: ['violations'] });
             return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);",
            json!(null),
        )
        .await?;
    ensure!(found.is_empty(), "axe, {state}: {found:#?}");
    Ok(())
}

/// axe finds nothing in any state of the page, in either language, in light, dark and forced colours.
async fn accessible(stage: &Stage) -> Result<()> {
    let Some(path) = std::env::var_os("XUCHUAN_AXE") else {
        stage.tell("skipped: XUCHUAN_AXE is to name axe-core's axe.min.js, as `cargo xtask test` does");
        return Ok(());
    };
    let source = std::fs::read_to_string(path)?;
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let demo = open(&browser, &setting.wire.url("/")).await?;
    let look = async |state: &str| -> Result<()> {
        for language in ["en", "zh"] {
            demo.speak(language).await?;
            let views = [
                ("prefers-color-scheme", "light"),
                ("prefers-color-scheme", "dark"),
                ("forced-colors", "active"),
            ];
            for (name, value) in views {
                browser.emulate_media(name, value).await?;
                axe(&browser, &source, &format!("{state}, {language}, {value}")).await?;
            }
        }
        Ok(())
    };
    look("empty").await?;
    browser.run::<()>("demoPage.choose('#files', 1, 1000)", json!(null)).await?;
    let link = demo.reaches("upload", None, "done", SOON).await?.link.context("no link")?;
    demo.download(&link).await?;
    demo.reaches("download", None, "done", SOON).await?;
    look("done, downloaded").await?;
    // Slow, so that they are still under way when the page has been looked at.
    setting.wire.rate(Some(500_000));
    let name = Some("file-0000.bin");
    browser.run::<()>("demoPage.choose('#files', 3, args)", json!(20 * MIB)).await?;
    demo.reaches("upload", name, "transferring", MINUTE).await?;
    look("transferring").await?;
    demo.press("upload", name, "pause").await?;
    demo.press("upload", name, "abort").await?;
    look("paused, asking").await?;
    demo.press("upload", name, "stop").await?;
    demo.download(&setting.wire.url("/files/none")).await?;
    let failed = "document.querySelector('[data-testid=download-card][data-state=failed]')";
    holds(&browser, "a failure", MINUTE, failed).await?;
    look("stopped, failed").await?;
    browser.run::<()>("demoPage.choose('#files', 30, args)", json!(MIB)).await?;
    look("many").await?;
    demo.reload().await?;
    load(&browser).await?;
    holds(&browser, "the unfinished ones", SOON, "document.querySelector('[data-testid=pending-item]')")
        .await?;
    look("unfinished from earlier").await?;
    no_errors(&browser).await
}

scenario!(accessible, 240: Chromium);
scenario!(enter_thrice, 120: Chromium, Firefox, WebKit);
scenario!(wrong_file, 150: Chromium, Firefox, WebKit);
scenario!(languages, 90: Chromium, Firefox, WebKit);
scenario!(forced_colours, 60: Chromium);
scenario!(reading_shows, 120: Chromium, Firefox, WebKit);
scenario!(cleared, 60: Chromium, Firefox, WebKit);
scenario!(queue_of_the_engine, 120: Chromium, Firefox, WebKit);
scenario!(folder_of_many, 240: Chromium, Firefox, WebKit);
scenario!(folder_by_keyboard, 60: Chromium);
scenario!(home_page, 60: Chromium, Firefox, WebKit);
