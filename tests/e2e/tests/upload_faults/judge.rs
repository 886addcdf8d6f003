//! Whether an upload under faults ended as it has to, by what the page says and what the fault server logged.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::engine::Engine;
use e2e::fault_matrix;
use faults::Server;
use faults::log::Entry;

use crate::{CHUNK, Ended, SIZE};

/// Time for requests that were cancelled to be seen as gone.
const CALM: Duration = Duration::from_secs(2);

/// An answer takes so many ms at most until the page knows it; what it sends till then it can't help.
const ON_ITS_WAY: u64 = 200;

/// What was counted of one upload.
struct Count {
    /// Bytes of all requests, heads and wrapping included.
    sent: u64,
    /// Requests that a fault struck.
    struck: u64,
    preflights: usize,
    /// Preflights that a fault struck: each leads to another.
    failed_preflights: usize,
    /// Chunks that were sent after the server had acknowledged them.
    again: usize,
}

/// Returns the line of the table, and whether all is right.
pub async fn one(engine: Engine, server: &Server, ended: &Ended) -> (String, Result<()>) {
    let calm =
        server.log().until(&ended.run.name, "quiet", CALM, |all| all.iter().all(|one| one.ended.is_some()));
    let calm = calm.await;
    let log = server.log().of(&ended.run.name);
    let struck = |one: &&Entry| !one.injected.is_empty();
    let count = Count {
        sent: log.iter().map(|one| one.bytes_in).sum(),
        struck: log.iter().filter(struck).count() as u64,
        preflights: log.iter().filter(|one| one.method == "OPTIONS").count(),
        failed_preflights: log.iter().filter(struck).filter(|one| one.method == "OPTIONS").count(),
        again: log.iter().filter(|one| one.again).count(),
    };
    let line = line(ended, &log, &count);
    let verdict = calm.context("something is in flight after the end").and_then(|()| {
        outcome(server, ended)?;
        traffic(engine, ended, &log, &count)
    });
    (line, verdict)
}

fn line(ended: &Ended, log: &[Entry], count: &Count) -> String {
    let first = log.first().map_or(0, |one| one.began);
    let span = log.iter().filter_map(|one| one.ended).max().unwrap_or(first).saturating_sub(first);
    let end = match &ended.told.error {
        None => ended.told.state.clone(),
        Some(error) => format!("{} {:?}", error.code.as_deref().unwrap_or("?"), error.status),
    };
    format!(
        "{} {} | {} | {end} in {:.1} s, {} requests, {} OPTIONS, {} sent again | sent ÷ needed = {:.3}",
        ended.run.name,
        ended.run.row.name,
        fault_matrix::injected(log),
        span as f64 / 1000.0,
        log.len(),
        count.preflights,
        count.again,
        count.sent as f64 / SIZE as f64
    )
}

/// Writes a request of an upload that went wrong; times are in ms before its end, which was at `end`.
pub fn entry(entry: &Entry, end: u64) -> String {
    let before = |time: u64| end as i64 - time as i64;
    format!(
        "-{} to -{}: {} {} on connection {}, {}, {} in, {} out, {:?}{}",
        before(entry.began),
        entry.ended.map_or_else(|| "?".to_owned(), |time| before(time).to_string()),
        entry.method,
        entry.path,
        entry.connection,
        entry.status,
        entry.bytes_in,
        entry.bytes_out,
        entry.injected,
        if entry.again { ", AGAIN" } else { "" }
    )
}

/// The page was told what is right, and the server has the file, or rightly hasn't.
fn outcome(server: &Server, ended: &Ended) -> Result<()> {
    let (row, told) = (&ended.run.row, &ended.told);
    ensure!(!told.went_back, "confirmed went back");
    match row.fails {
        None => {
            ensure!(told.ok && told.state == "done", "it failed: {:?}", told.error);
            let run = server.run(&ended.run.name).context("the server never heard of it")?;
            let whole = run.file(&ended.run.file.md5()?).context("the server has no such file")?;
            ensure!(whole == std::fs::read(&ended.run.file.path)?, "the assembled bytes differ");
        }
        Some((code, status)) => {
            let error = told.error.as_ref().with_context(|| format!("it succeeded: {:?}", told.result))?;
            ensure!(error.typed && error.name == "TransferError", "a {}", error.name);
            ensure!(
                error.code.as_deref() == Some(code),
                "code {:?}, not {code}: {}",
                error.code,
                error.message
            );
            ensure!(status.is_none() || error.status == status, "status {:?}, not {status:?}", error.status);
            ensure!(told.state == "failed", "state {}", told.state);
        }
    }
    Ok(())
}

/// Every fault struck, and nothing went over the wire that need not have.
fn traffic(engine: Engine, ended: &Ended, log: &[Entry], count: &Count) -> Result<()> {
    let row = &ended.run.row;
    if row.spares == Some(engine) {
        let posts: Vec<u64> =
            log.iter().filter(|one| one.method == "POST").map(|one| one.connection).collect();
        let distinct: BTreeSet<u64> = posts.iter().copied().collect();
        ensure!(distinct.len() == posts.len(), "a POST went over a used connection, and no fault struck it");
    } else {
        for fault in row.faults.split('+') {
            let struck = log.iter().any(|one| one.injected.iter().any(|text| text == fault));
            ensure!(struck, "the fault {fault} never struck");
        }
    }
    ensure!(count.again == 0, "{} chunks were sent after they were acknowledged", count.again);
    let wasted = row.wasted.unwrap_or(count.struck);
    let allowed = SIZE * 102 / 100 + wasted * CHUNK;
    ensure!(count.sent <= allowed, "{} bytes were sent, {allowed} at most", count.sent);
    // The Fetch standard has a network error clear the preflight's cache entry (4.1, main fetch). Firefox does so, for
    // aborts too, and for another one that is asked meanwhile.
    let broken = log.iter().filter(|one| one.method != "OPTIONS" && !one.complete).count();
    let forgotten = if engine == Engine::Firefox { 2 * broken } else { 0 };
    let preflights = if row.same_origin { 0 } else { row.preflights + count.failed_preflights + forgotten };
    ensure!(count.preflights <= preflights, "{} OPTIONS, {preflights} at most", count.preflights);
    if let Some(rest) = row.rest {
        let busy = log.iter().find(|one| !one.injected.is_empty()).and_then(|one| one.ended);
        let busy = busy.context("no fault has ended")?;
        let next = log.iter().filter(|one| one.began > busy + ON_ITS_WAY).map(|one| one.began - busy).min();
        let next = next.context("everything was sent before the wait was over")?;
        ensure!(next >= rest, "a request came after {next} ms, not {rest}");
    }
    Ok(())
}

/// Holds when nothing was sent after an upload's end.
pub fn quiet(server: &Server, ended: &Ended) -> Result<()> {
    let late = server.log().of(&ended.run.name).iter().filter(|one| one.began > ended.at).count();
    ensure!(late == 0, "{}: {late} requests after its end", ended.run.row.name);
    ensure!(server.log().open(&ended.run.name) == 0, "{}: something is in flight", ended.run.row.name);
    Ok(())
}
