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

/// Hashes the chosen file; returns its digest and the ms that took.
const HASH: &str = "
    const start = performance.now();
    const { fileId } = await xuchuan.digest(document.querySelector('#file').files[0]);
    return [fileId, performance.now() - start];";

/// A thread that says nothing is given up after so many ms.
const SILENCE: f64 = 5000.0;

/// A file that is large enough to be read in a thread of its own: where its worker may start one, and where it may not.
async fn reading_threads(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let file = files::random(&stage.folder("files")?, "large.bin", 62, 80 * MIB)?;
    let browser = stage.browser().await?;
    let reads = if stage.engine == Engine::WebKit { 0 } else { 1 };
    for (what, page, script, policies, expected) in [
        ("ES module", "module.html", "worker.js", [fake::STRICT_CSP; 2], 1 + reads),
        ("ES module, none allowed", "module.html", "worker.js", [fake::STRICT_CSP, fake::NO_WORKER_CSP], 1),
        ("drop-in script", "script.html", "xuchuan.min.js", [fake::STRICT_CSP; 2], 2 + reads),
        ("drop-in script, by blobs", "inline.html", "inline.min.js", [fake::BLOB_ONLY_CSP; 2], 1),
    ] {
        let [csp, workers] = policies;
        let host = Host::start(fake::site_with_workers(www.clone(), csp, workers)).await?;
        let page = host.url(&format!("/e2e/{page}"));
        ApiPage::open(&browser, &page).await.context(what)?;
        browser.choose("#file", &[&file.path]).await?;
        let (digest, took): (String, f64) = browser.run(HASH, json!(null)).await.context(what)?;
        ensure!(digest == file.md5()?, "{what}: {digest}");
        ensure!(took < SILENCE, "{what}: a thread never answered, {took:.0} ms");
        let asked = host.seen().iter().filter(|one| one.head.path().ends_with(script)).count();
        ensure!(asked == expected, "{what}: {script} was asked for {asked} ×, not {expected}");
        stage.tell(format_args!("{what}: hashed in {took:.0} ms; {script} asked for {asked} ×"));
        no_errors(&browser).await.context(what)?;
    }
    Ok(())
}

scenario!(policies, 150: Chromium, Firefox, WebKit);
scenario!(reading_threads, 120: Chromium, Firefox, WebKit);
