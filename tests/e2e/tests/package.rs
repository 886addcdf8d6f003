//! The package as pages use it: ES module, drop-in script, strict policies, and no worker to be had.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::api_page::ApiPage;
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

scenario!(policies, 150: Chromium, Firefox, WebKit);
