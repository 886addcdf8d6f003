//! Nothing is reported that is not so: no success for a file that is gone, no URL of the wrong place, no less in the list of
//! what is pending than was confirmed.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::api_page::ApiPage;
use e2e::engine::Engine;
use e2e::files::{self, MIB};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use e2e::wait::until;
use e2e::wire::Wire;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

async fn gone_files(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let folder = stage.folder("files")?;
    let page = ApiPage::open(&browser, &setting.wire.url("/e2e/script.html")).await?;
    for size in [5, MIB, 20 * MIB] {
        for what in ["deleted", "emptied"] {
            let name = format!("{what}-{size}");
            // WebKitGTK 2.50 gives zeros for what was cut off a file since it was picked, by every way to read it. Only what
            // goes out of the file itself is short: the server's check refuses it. What is sent as bytes nothing can tell.
            let reads_zeros = stage.engine == Engine::WebKit && what == "emptied";
            if reads_zeros && size < MIB {
                continue;
            }
            let file = files::random(&folder, &format!("{name}.bin"), size, size)?;
            browser.choose("#file", &[&file.path]).await?;
            // As a page does that shows it: WebKit looks at the file when its size is first asked.
            let seen: u64 =
                browser.run("return document.querySelector('#file').files[0].size", json!(null)).await?;
            ensure!(seen == size, "{name}: picked with {seen} bytes");
            match what {
                "deleted" => fs::remove_file(&file.path)?,
                _ => fs::write(&file.path, "")?,
            }
            page.begin_chosen(&name, json!({})).await?;
            let told = page.settled(&name, MINUTE).await.with_context(|| name.clone())?;
            let error =
                told.error.with_context(|| format!("{name}: a success that is none: {}", told.result))?;
            let code = error.code.as_deref().unwrap_or_default();
            if reads_zeros {
                ensure!(["file-unreadable", "rejected"].contains(&code), "{name}: {error:?}");
                continue;
            }
            ensure!(["file-unreadable", "file-changed"].contains(&code), "{name}: {error:?}");
            let digest = "return await xuchuan.digest(document.querySelector('#file').files[0]).then(
                (digest) => `a digest: ${JSON.stringify(digest)}`, (error) => error.code)";
            let digested: String = browser.run(digest, json!(null)).await?;
            ensure!(digested == "file-unreadable", "{name}: {digested}");
        }
    }
    // What was empty when it was picked is an empty file, and so is an empty Blob.
    let path = folder.join("empty.txt");
    fs::write(&path, "")?;
    browser.choose("#file", &[&path]).await?;
    page.begin_chosen("empty", json!({})).await?;
    let told = page.settled("empty", MINUTE).await?;
    ensure!(told.ok && told.result.get("size") == Some(&json!(0)), "{told:?}");
    let blob = "return (await xuchuan.upload(new Blob([]), { ext: '.none' }).done).size";
    let size: u64 = browser.run(blob, json!(null)).await?;
    ensure!(size == 0, "{size}");
    no_errors(&browser).await
}

async fn urls(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let other = Wire::start(setting.server.address()).await?;
    let browser = stage.browser().await?;
    let file = files::random(&stage.folder("files")?, "elsewhere.bin", 3, MIB)?;
    let page = ApiPage::open(&browser, &setting.wire.url("/e2e/script.html")).await?;
    page.upload("far", &file, json!({ "endpoint": other.url("/api/upload") })).await?;
    let told = page.settled("far", MINUTE).await?;
    let url = told.result.get("url").and_then(Value::as_str).with_context(|| format!("{told:?}"))?;
    ensure!(url.starts_with(&other.url("/files/")), "not of the server that was asked: {url}");
    let before = setting.wire.ledger().since(0, "/files/").len();
    page.download("back", url, json!({})).await?;
    ensure!(page.settled("back", MINUTE).await?.ok, "it can't be downloaded by that");
    ensure!(page.received("back").await?.fingerprint == file.fingerprint()?, "other bytes");
    ensure!(setting.wire.ledger().since(0, "/files/").len() == before, "the wrong origin was asked");
    no_errors(&browser).await
}

async fn pending_is_as_confirmed(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let page = ApiPage::open(&browser, &setting.wire.url("/e2e/script.html")).await?;
    for (seed, chunks) in [(4, 1), (5, 3)] {
        let file = files::random(&stage.folder("files")?, &format!("left-{seed}.bin"), seed, 24 * MIB)?;
        setting.wire.rate(Some(4_000_000));
        page.upload("u", &file, json!({ "concurrency": 1 })).await?;
        let confirmed = until("some chunks to be confirmed", MINUTE, async || {
            let told = page.tell("u").await?;
            let confirmed = told.progress.get("confirmed").and_then(Value::as_u64).unwrap_or(0);
            Ok((confirmed >= chunks * 4 * MIB).then_some(confirmed))
        })
        .await?;
        browser.reload().await?;
        let pending = page.pending().await?;
        let named = |one: &&Value| one.get("name") == Some(&json!(file.name()));
        let done = pending.iter().find(named).and_then(|one| one.get("done")?.as_u64());
        stage.tell(format_args!("confirmed {confirmed} when it was reloaded; pending() says {done:?}"));
        ensure!(done.is_some_and(|done| done >= confirmed), "less than was confirmed: {pending:?}");
    }
    no_errors(&browser).await
}

scenario!(gone_files, 240, waits: Chromium, Firefox, WebKit);
scenario!(urls, 60, waits: Chromium, Firefox, WebKit);
scenario!(pending_is_as_confirmed, 120, waits: Chromium, Firefox, WebKit);
