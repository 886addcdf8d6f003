//! The package as pages use it: ES module, drop-in script, strict policies, and no worker to be had.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::api_page::ApiPage;
use e2e::engine::Engine;
use e2e::files::{self, MIB};
use e2e::http::Host;
use e2e::setting::no_errors;
use e2e::stage::Stage;
use e2e::{built, fake, scenario};
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);

async fn policies(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let file = files::random(&stage.folder("files")?, "packed.bin", 61, 9 * MIB)?;
    let browser = stage.browser().await?;
    let cases = [
        ("ES module, strict CSP", "module.html", fake::STRICT_CSP),
        ("drop-in script, strict CSP", "script.html", fake::STRICT_CSP),
        ("drop-in script, CSP with blob workers", "script.html", fake::BLOB_CSP),
        ("inline script, CSP with blob workers", "inline.html", fake::BLOB_CSP),
        ("ES module, no worker allowed", "module.html", fake::NO_WORKER_CSP),
        ("drop-in script, no worker allowed", "script.html", fake::NO_WORKER_CSP),
    ];
    for (what, page, csp) in cases {
        let host = Host::start(fake::with_api(fake::site(www.clone(), csp), fake::protocol())).await?;
        let page = ApiPage::open(&browser, &host.url(&format!("/e2e/{page}"))).await.context(what)?;
        page.upload("u", &file, json!({})).await?;
        let told = page.settled("u", MINUTE).await.context(what)?;
        ensure!(told.ok, "{what}: {told:?}");
        let expected = file.md5()?;
        ensure!(told.result.get("fileId") == Some(&json!(expected)), "{what}: {:?}", told.result);
        let seen = host.seen();
        let workers = seen.iter().filter(|one| one.head.path().ends_with("worker.js")).count();
        let wasm = seen.iter().filter(|one| one.head.path().ends_with(".wasm")).count();
        stage.tell(format_args!(
            "{what}: done; worker.js asked for {workers} ×, wasm {wasm} ×, states {:?}",
            told.states
        ));
        no_errors(&browser).await.context(what)?;
    }
    Ok(())
}

/// A file that is large enough to be read in a thread of its own: where its worker may start one, and where it may not.
async fn reading_threads(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let file = files::random(&stage.folder("files")?, "large.bin", 62, 80 * MIB)?;
    let browser = stage.browser().await?;
    let has_byte_streams = stage.engine != Engine::WebKit;
    for (what, workers, expected) in [
        ("a thread that reads", fake::STRICT_CSP, if has_byte_streams { 2 } else { 1 }),
        ("no thread allowed in a worker", fake::NO_WORKER_CSP, 1),
    ] {
        let site = fake::site_with_workers(www.clone(), fake::STRICT_CSP, workers);
        let host = Host::start(fake::with_api(site, fake::protocol())).await?;
        let page = ApiPage::open(&browser, &host.url("/e2e/module.html")).await.context(what)?;
        page.upload("u", &file, json!({})).await?;
        let told = page.settled("u", MINUTE).await.context(what)?;
        ensure!(told.ok, "{what}: {told:?}");
        let digest = file.md5()?;
        ensure!(told.result.get("fileId") == Some(&json!(digest)), "{what}: {:?}", told.result);
        let started = host.seen().iter().filter(|one| one.head.path().ends_with("worker.js")).count();
        ensure!(started == expected, "{what}: worker.js was asked for {started} ×, not {expected}");
        stage.tell(format_args!("{what}: done; worker.js asked for {started} ×"));
    }
    Ok(())
}

scenario!(policies, 150: Chromium, Firefox, WebKit);
scenario!(reading_threads, 120: Chromium, Firefox, WebKit);
