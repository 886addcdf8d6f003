//! The matrix: one download for each fault, against the fault server, in each engine.

mod rows;

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use e2e::api_page::{ApiPage, Told};
use e2e::files::{self, TestFile};
use e2e::setting::no_errors;
use e2e::stage::Stage;
use e2e::{built, fake, scenario};
use faults::log::Entry;
use faults::scenario::Spec;
use faults::{Port, Server};
use rows::{Digests, End, Row, SIZE};
use serde_json::{Value, json};

/// So many downloads are under way in the page.
const AT_ONCE: usize = 6;
/// No download takes longer.
const LIMIT: Duration = Duration::from_secs(40);
/// Time for requests that were cancelled to be seen as gone.
const CALM: Duration = Duration::from_secs(2);
/// For each request: its head.
const HEADS: u64 = 2 << 10;
/// For each body that broke: what the browser had not handed out by then. WebKit keeps the most, some 30 ms of it.
const LOST: u64 = 256 << 10;

/// A download under way.
struct Run {
    row: Row,
    /// What its requests are logged under.
    name: String,
    file: TestFile,
    /// Its own port, and so an origin of its own.
    _port: Port,
    began: Instant,
}

async fn download_faults(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let server = Server::start(0, fake::site(www, "connect-src *")).await?;
    let browser = stage.browser().await?;
    let page = ApiPage::open(&browser, &server.main().url("/e2e/script.html")).await?;
    let mut waiting: VecDeque<Row> = rows::all().into();
    if let Ok(only) = std::env::var("E2E_FAULT") {
        waiting.retain(|row| row.name.contains(&only));
    }
    let (count, mut running, mut wrong) = (waiting.len(), Vec::new(), Vec::new());
    ensure!(count > 0, "there is no such fault");
    loop {
        while running.len() < AT_ONCE
            && let Some(row) = waiting.pop_front()
        {
            running.push(start(stage, &server, &page, row, count - waiting.len()).await?);
        }
        let Some(at) = settled(&page, &running).await? else {
            if running.is_empty() {
                break;
            }
            continue;
        };
        let run = running.swap_remove(at);
        let told = page.tell(&run.name).await?;
        let (line, verdict) = judge(&server, &page, &run, &told).await;
        stage.tell(line);
        if let Err(why) = verdict {
            stage.tell(format_args!("WRONG: {}: {why:#}", run.row.name));
            for entry in server.log().of(&run.name) {
                stage.tell(format_args!(
                    "  {} {} {} out, {:?}",
                    entry.status, entry.path, entry.bytes_out, entry.injected
                ));
            }
            wrong.push(format!("{}: {why:#}", run.row.name));
        }
    }
    stage.tell(format_args!("{} of {count} faults as they have to be", count - wrong.len().min(count)));
    if !wrong.is_empty() {
        bail!("{} went wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
    no_errors(&browser).await
}

async fn start(stage: &Stage, server: &Server, page: &ApiPage<'_>, row: Row, number: usize) -> Result<Run> {
    Spec::read_all(row.faults).with_context(|| row.name)?;
    let (name, seed) = (format!("r{number}"), number as u64);
    let file = files::random(&stage.folder("files")?, &format!("{name}.bin"), seed, SIZE)?;
    let port = server.open().await?;
    let mut options = json!({
        "to": "buffer",
        "retry": { "budget": 20_000, "base": 50, "cap": 400 },
        "stallTimeout": 1500,
    });
    if let (Some(options), Some(more)) = (options.as_object_mut(), row.options.as_object()) {
        options.extend(more.clone());
        match row.digests {
            Digests::Nothing => {}
            Digests::Whole => drop(options.insert("md5".into(), json!(file.md5()?))),
        }
    }
    let began = Instant::now();
    let url = port.url(&format!("/s/{name}/{}/bytes/{seed}/{SIZE}", row.faults));
    page.download(&name, &url, options).await.with_context(|| row.name)?;
    Ok(Run { row, name, file, _port: port, began })
}

/// Waits a moment for one of `running` to settle; one that takes too long is an error.
async fn settled(page: &ApiPage<'_>, running: &[Run]) -> Result<Option<usize>> {
    for (at, run) in running.iter().enumerate() {
        let told = page.tell(&run.name).await?;
        if told.settled {
            return Ok(Some(at));
        }
        ensure!(run.began.elapsed() < LIMIT, "{} hangs: {told:?}", run.row.name);
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    Ok(None)
}

/// Returns the line of the table, and whether all is right.
async fn judge(server: &Server, page: &ApiPage<'_>, run: &Run, told: &Told) -> (String, Result<()>) {
    let calm = server.log().until(&run.name, "quiet", CALM, |all| all.iter().all(|one| one.ended.is_some()));
    let calm = calm.await.context("something is in flight after the end");
    let log = server.log().of(&run.name);
    let came: u64 = log.iter().map(|one| one.bytes_out).sum();
    let end = match &told.error {
        None => format!("{} ({})", told.state, told.result.get("mode").unwrap_or(&Value::Null)),
        Some(error) => format!("{} {:?}", error.code.as_deref().unwrap_or("?"), error.status),
    };
    let reason = told.result.get("reason").and_then(Value::as_str).unwrap_or("");
    let line = format!(
        "{} {} | {} | {end} {reason} in {:.1} s, {} requests | received ÷ needed = {:.3}",
        run.name,
        run.row.name,
        injected(&log),
        run.began.elapsed().as_secs_f64(),
        log.len(),
        came as f64 / SIZE as f64
    );
    let verdict = match calm {
        Ok(()) => outcome(page, run, told).await.and_then(|()| traffic(&run.row, &log, came)),
        Err(error) => Err(error),
    };
    (line, verdict)
}

fn injected(log: &[Entry]) -> String {
    let mut injected: BTreeMap<&str, u32> = BTreeMap::new();
    for text in log.iter().flat_map(|one| &one.injected) {
        *injected.entry(text).or_default() += 1;
    }
    injected.iter().map(|(text, times)| format!("{times}× {text}")).collect::<Vec<_>>().join(" + ")
}

/// The page has the right bytes, or rightly hasn't.
async fn outcome(page: &ApiPage<'_>, run: &Run, told: &Told) -> Result<()> {
    let row = &run.row;
    if let End::Fails(code) = row.end {
        let error = told.error.as_ref().with_context(|| format!("it succeeded: {:?}", told.result))?;
        ensure!(error.typed && error.name == "TransferError", "a {}", error.name);
        ensure!(error.code.as_deref() == Some(code), "code {:?}, not {code}: {}", error.code, error.message);
        ensure!(told.state == "failed", "state {}", told.state);
        return Ok(());
    }
    ensure!(told.ok && told.state == "done", "it failed: {:?}", told.error);
    let verified = told.result.get("verified").and_then(Value::as_str);
    let expected = match row.digests {
        Digests::Nothing => None,
        Digests::Whole => Some("md5"),
    };
    ensure!(verified == expected, "verified is {verified:?}");
    let mode = told.result.get("mode").and_then(Value::as_str);
    ensure!(row.mode.is_none() || mode == row.mode, "mode {mode:?}");
    let received = page.received(&run.name).await?;
    ensure!(received.size == SIZE, "{} bytes", received.size);
    let right = if row.faults.contains("changed,nth=2,times=always") {
        // What the server has from then on.
        let folder = run.file.path.parent().unwrap_or(Path::new("."));
        let seed: u64 = run.name.trim_start_matches('r').parse()?;
        files::random(folder, &format!("{}-changed.bin", run.name), seed + 1, SIZE)?.fingerprint()?
    } else {
        run.file.fingerprint()?
    };
    let wrong = received.fingerprint != right;
    ensure!(wrong == (row.end == End::Unnoticed), "the bytes are {}", if wrong { "wrong" } else { "right" });
    Ok(())
}

/// Every fault struck, no preflight was asked, and little came over the wire that need not have.
fn traffic(row: &Row, log: &[Entry], came: u64) -> Result<()> {
    for fault in row.faults.split('+').filter(|fault| *fault != "none") {
        ensure!(log.iter().any(|one| one.injected.iter().any(|text| text == fault)), "{fault} never struck");
    }
    let preflights = log.iter().filter(|one| one.method == "OPTIONS").count();
    ensure!(preflights == 0, "{preflights} OPTIONS");
    let allowed = (SIZE * 101 / 100).saturating_add(row.wasted).saturating_add(HEADS * log.len() as u64);
    let allowed = allowed.saturating_add(LOST * log.iter().filter(|one| !one.complete).count() as u64);
    ensure!(came <= allowed, "{came} bytes came, {allowed} at most");
    Ok(())
}

scenario!(download_faults, 300: Chromium, Firefox, WebKit);
