//! Pages as they are: what libraries, tools and extensions have done to the globals and prototypes that we rely on, before
//! our script came. Each oddity (`pages/odd.js`) is a page in which files go up and come back.

use anyhow::{Context, Result, ensure};
use e2e::browser::Browser;
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use serde_json::{Value, json};

async fn open(setting: &Setting, browser: &Browser, odd: &str) -> Result<()> {
    let odd = odd.replace(' ', "+");
    browser.open(&setting.wire.url(&format!("/e2e/odd.html?odd={odd}"))).await
}

/// Runs every oddity but those that `skip` names, and fails with all that do not work.
async fn all(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    open(&setting, &browser, "nothing").await?;
    let names: Vec<String> = browser.run("return odd.names", json!(null)).await?;
    let only = std::env::var("E2E_ODD").ok();
    let mut broken = Vec::new();
    for name in names.iter().filter(|name| only.as_ref().is_none_or(|only| name.contains(only.as_str()))) {
        let judged = async {
            open(&setting, &browser, name).await?;
            // What tabs agree on is asked of files that are worth it.
            let size = if name.starts_with("locks") { 17 << 20 } else { 2_500_000 };
            let told: Value =
                browser.run("return await odd.trial.all(args)", json!({ "size": size })).await?;
            judge(name, &told).with_context(|| told.to_string())?;
            Ok::<_, anyhow::Error>(told)
        };
        match judged.await {
            Ok(told) => stage.tell(format_args!("{name}: {told}")),
            Err(error) => broken.push(format!("{name}: {error:#}")),
        }
    }
    ensure!(broken.is_empty(), "{} of {}:\n{}", broken.len(), names.len(), broken.join("\n"));
    // A fault that the page was meant to have is none of ours.
    no_errors(&browser).await
}

/// Holds when the report says what the page gave us to work with, and nobody waited for what never comes.
fn judge(name: &str, told: &Value) -> Result<()> {
    let says = |part: &str, expected: &str| {
        let said = told.get(part).and_then(Value::as_str).unwrap_or_default();
        ensure!(said.starts_with(expected), "{part} is {said:?} where {expected:?} was expected");
        Ok(())
    };
    says(
        "hashing",
        if name == "no workers" { "page: Error: no worker starts here (not in" } else { "worker" },
    )?;
    let replaced = name.starts_with("fetch") && !name.contains("no source");
    says("fetch", if replaced { "page" } else { "browser" })?;
    let silent = name.starts_with("a store");
    says("journal", if silent { "none: IndexedDB does not answer" } else { "indexeddb" })?;
    if name.starts_with("locks") {
        says("tabs", "none: the browser does not answer")?;
    }
    let uploaded = told.get("uploaded").and_then(Value::as_u64).unwrap_or(u64::MAX);
    ensure!(uploaded < 6000, "the upload took {uploaded} ms");
    Ok(())
}

/// Files of a frame that is there, that goes at once, and that is gone; and options of another frame.
async fn frames(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    for odd in ["nothing", "no clones"] {
        for when in ["there", "gone at once", "gone before"] {
            open(&setting, &browser, odd).await?;
            let told: Value = browser
                .run("return await odd.trial.foreign(args)", json!(when))
                .await
                .with_context(|| format!("{odd}, {when}"))?;
            ensure!(told == json!({ "seen": ["txt", "txt", "txt"] }), "{odd}, {when}: {told}");
        }
    }
    open(&setting, &browser, "nothing").await?;
    let told: Value = browser.run("return await odd.trial.foreignOptions()", json!(null)).await?;
    ensure!(told.get("seen") == Some(&json!(["a", "b", "c"])), "headers of another frame: {told}");
    ensure!(told.get("code") == Some(&json!("aborted")), "a signal of another frame: {told}");
    let got = told.get("got").map(Value::to_string).unwrap_or_default();
    ensure!(!got.contains("gave no URL"), "an address of another frame: {told}");
    no_errors(&browser).await
}

/// The script in a worker of the page's, and imported by a module: neither tells where it came from.
async fn places(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    open(&setting, &browser, "nothing").await?;
    let told: Value = browser
        .run(
            "const bytes = odd.trial.randomBytes(2_500_000);
             const worker = new Worker('/e2e/odd-worker.js');
             const told = new Promise((resolve) => {
               worker.onmessage = ({ data }) => resolve(data);
               worker.onerror = (event) => { event.preventDefault(); resolve({ why: event.message }); };
             });
             worker.postMessage(odd.trial.fileOf(bytes));
             return await told",
            json!(null),
        )
        .await?;
    ensure!(told.get("size") == Some(&json!(2_500_000)), "in a worker: {told}");

    browser.open(&setting.wire.url("/e2e/recorder.js")).await?;
    let told: Value = browser
        .run(
            "await import('/pkg/xuchuan.min.js');
             const { size } = await xuchuan.upload(new File(['续传 in a module'], 'a.txt')).done;
             return size",
            json!(null),
        )
        .await?;
    ensure!(told == json!(18), "imported by a module: {told}");
    no_errors(&browser).await
}

/// Everything goes through a service worker that answers ranges with the whole out of its cache.
async fn service_worker(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    open(&setting, &browser, "nothing").await?;
    let register = "await navigator.serviceWorker.register('/e2e/odd-service.js');
        for (let tries = 0; !navigator.serviceWorker.controller && tries < 100; tries += 1)
          await new Promise((go) => setTimeout(go, 50));
        return navigator.serviceWorker.controller !== null";
    ensure!(browser.run::<bool>(register, json!(null)).await?, "it controls the page");
    let told: Value = browser.run("return await odd.trial.all()", json!(null)).await?;
    stage.tell(told);
    no_errors(&browser).await
}

scenario!(all, 240: Chromium, Firefox, WebKit);
scenario!(frames, 120: Chromium, Firefox, WebKit);
scenario!(places, 60: Chromium, Firefox, WebKit);
scenario!(service_worker, 60: Chromium, Firefox, WebKit);
