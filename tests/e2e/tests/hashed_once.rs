//! A file is hashed once: a reload goes on where the hashing was, and a later visit shakes hands at once.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::api_page::ApiPage;
use e2e::browser::Browser;
use e2e::files::{self, MIB, TestFile};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use e2e::wait::until;
use serde_json::{Value, json};

const SIZE: u64 = 1024 * MIB;
/// A state is saved after so many bytes, or earlier.
const SAVED_EVERY: f64 = 256.0 * MIB as f64;

/// Uploads the chosen file, and keeps when each state came and what was hashed; holds it when a part is hashed.
const START: &str = "
    const rec = (window.rec = { hashed: [] });
    const start = performance.now();
    const file = document.querySelector('#file').files[0];
    const upload = xuchuan.upload(file, {
      onState: (state) => (rec[state] ??= performance.now() - start),
      onProgress: ({ hashed, total }) => {
        rec.hashed.push(hashed);
        if (args && hashed >= args * total) {
          upload.pause();
          rec.held = true;
        }
      },
    });
    upload.done.then(({ fileId }) => (rec.fileId = fileId), (error) => (rec.error = String(error)));";

async fn visit(
    browser: &Browser,
    setting: &Setting,
    file: &TestFile,
    hold: Value,
    ends: &str,
) -> Result<Value> {
    ApiPage::open(browser, &setting.wire.url("/e2e/script.html")).await?;
    browser.choose("#file", &[&file.path]).await?;
    browser.run::<()>(START, hold).await?;
    until(ends, Duration::from_secs(120), async || {
        let rec: Value = browser.run("return window.rec", json!(null)).await?;
        ensure!(rec.get("error").is_none(), "{rec}");
        Ok(rec.get(ends).is_some().then_some(rec))
    })
    .await
}

fn number(rec: &Value, name: &str) -> Result<f64> {
    rec.get(name).and_then(Value::as_f64).with_context(|| format!("{name} in {rec}"))
}

async fn hashed_once(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let file = files::zeros(&stage.folder("files")?, "once.bin", SIZE)?;
    let held = visit(&browser, &setting, &file, json!(0.7), "held").await?;
    let at = held["hashed"].as_array().and_then(|all| all.last()?.as_f64()).context("nothing was hashed")?;
    // What was saved is on its way to the disk.
    tokio::time::sleep(Duration::from_millis(500)).await;

    let again = visit(&browser, &setting, &file, json!(null), "fileId").await?;
    let first = again["hashed"]
        .as_array()
        .and_then(|all| all.iter().find_map(|at| at.as_f64().filter(|at| *at > 0.0)));
    let first = first.context("nothing was hashed")?;
    ensure!(first >= at - SAVED_EVERY, "it was held at {at} and went on at {first}");
    ensure!(again["fileId"] == json!(file.md5()?), "another digest");

    let third = visit(&browser, &setting, &file, json!(null), "fileId").await?;
    ensure!(third.get("hashing").is_none(), "a file that was seen before is hashed again: {third}");
    let handshake = number(&third, "negotiating")?;
    // Wanted are 300 ms on a machine that does nothing else.
    ensure!(handshake < 3000.0, "the handshake came after {handshake} ms");
    stage.tell(format_args!(
        "held at {:.0} MiB, went on by {:.0} MiB; the next visit's handshake after {handshake:.0} ms",
        at / MIB as f64,
        first / MIB as f64
    ));
    no_errors(&browser).await
}

scenario!(hashed_once, 240: Chromium, Firefox, WebKit);
