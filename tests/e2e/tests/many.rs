//! Many small files at once: they share six requests, and the page's thread stays free.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::api_page::ApiPage;
use e2e::http::Host;
use e2e::setting::no_errors;
use e2e::stage::Stage;
use e2e::wait::until;
use e2e::{built, fake, scenario, watch};
use serde::Deserialize;
use serde_json::json;

const SIZE: u64 = 4096;
/// What may happen in one task, in calls of the page's functions: some for each of those near the front of the line.
/// The times of tasks are told and not asserted, since they measure the machine and its load too.
const CALLS: u64 = 250;

#[derive(Debug, Clone, Default, Deserialize)]
struct Counts {
    files: u64,
    done: u64,
    failed: u64,
    /// Calls of `onProgress`, and those that came to the same transfer less than 50 ms after one.
    calls: u64,
    soon: u64,
    /// The most calls of the page's functions, `fetch` among them, in one task.
    most: u64,
    states: u64,
    /// The most requests that waited for an answer at once.
    active: u64,
    /// The blobs, slices and forms that were made: for each Chromium's page waits for another process, at times 100 ms.
    blobs: u64,
    /// How long the page's own loop over the files took, in ms.
    begun: f64,
    failures: Vec<String>,
}

async fn many_files(stage: &Stage) -> Result<()> {
    run(stage, 1_000).await
}

/// The same with 10,000, when `E2E_BIG` asks for it.
async fn very_many_files(stage: &Stage) -> Result<()> {
    if std::env::var_os("E2E_BIG").is_none() {
        stage.tell("skipped: E2E_BIG=1 asks for it");
        return Ok(());
    }
    run(stage, 10_000).await
}

async fn run(stage: &Stage, files: u64) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    // In memory: the real one waits for the disk with every file, and it is the page that is measured.
    let host = Host::start(fake::with_api(fake::site(www, fake::STRICT_CSP), fake::protocol())).await?;
    let browser = stage.browser().await?;
    ApiPage::open(&browser, &host.url("/e2e/script.html")).await?;
    browser.run::<()>("await xuchuan.init(); await xuchuan.pending()", json!(null)).await?;
    browser
        .run::<()>("await many.begin(args.files, args.size)", json!({ "files": files, "size": SIZE }))
        .await?;
    let start = Instant::now();
    let limit = Duration::from_millis(files * 60);
    let counts = until("all files", limit, async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let counts: Counts = browser.run("return many.counts", json!(null)).await?;
        Ok((counts.done + counts.failed == counts.files).then_some(counts))
    })
    .await?;
    let seconds = start.elapsed().as_secs_f64();
    let seen = watch::read(&browser).await?;
    stage.tell(format_args!(
        "{files} files of {SIZE} bytes in {seconds:.1} s ({:.0} a second), begun in {:.0} ms; {} tasks over 50 ms \
         (longest {:.0} ms); at most {} requests at once; {} calls of onProgress, {} too soon after another; \
         at most {} calls in one task; {} of onState; JS heap {:.1} MiB, wasm {:.1} MiB",
        files as f64 / seconds,
        counts.begun,
        seen.long,
        seen.longest,
        counts.active,
        counts.calls,
        counts.soon,
        counts.most,
        counts.states,
        seen.heap / f64::from(1 << 20),
        seen.wasm / f64::from(1 << 20),
    ));
    ensure!(counts.failed == 0, "{} failed: {:?}", counts.failed, counts.failures);
    ensure!(counts.active <= 6, "{} requests at once", counts.active);
    ensure!(counts.blobs == 0, "{} blobs for files that are better read", counts.blobs);
    ensure!(counts.soon == 0, "{} calls came too soon after another", counts.soon);
    ensure!(counts.most <= CALLS, "{} calls in one task", counts.most);
    no_errors(&browser).await
}

scenario!(many_files, 120: Chromium);
scenario!(very_many_files, 900: Chromium);
