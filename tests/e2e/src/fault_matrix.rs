//! What the matrices of faults share: the fault server, the rows that a run asks for, and the transfers under way.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use faults::Server;
use faults::log::Entry;

use crate::api_page::ApiPage;
use crate::stage::Stage;
use crate::{built, fake};

/// Starts a fault server that serves the tests' pages, too.
pub async fn server(stage: &Stage) -> Result<Server> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    Server::start(0, fake::site(www, "connect-src *")).await
}

/// Returns the rows that this run asks for: those whose name contains `E2E_FAULT`, all if it is unset.
pub fn wanted<R>(rows: Vec<R>, name: impl Fn(&R) -> &str) -> Result<VecDeque<R>> {
    let mut rows = VecDeque::from(rows);
    if let Ok(only) = std::env::var("E2E_FAULT") {
        rows.retain(|row| name(row).contains(&only));
    }
    ensure!(!rows.is_empty(), "there is no such fault");
    Ok(rows)
}

/// A transfer that was begun.
#[derive(Debug, Clone, Copy)]
pub struct Begun<'a> {
    /// Its name in the page.
    pub name: &'a str,
    /// Its row's.
    pub row: &'a str,
    /// When it began.
    pub at: Instant,
}

/// Waits a moment for one of `running` to settle, and returns its place among them; one that takes longer than `limit` is an
/// error.
pub async fn settled<'a>(
    page: &ApiPage<'_>,
    running: impl Iterator<Item = Begun<'a>>,
    limit: Duration,
) -> Result<Option<usize>> {
    for (place, begun) in running.enumerate() {
        let told = page.tell(begun.name).await?;
        if told.settled {
            return Ok(Some(place));
        }
        ensure!(begun.at.elapsed() < limit, "{} hangs: {told:?}", begun.row);
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    Ok(None)
}

/// Says which faults struck, and how often each.
pub fn injected(log: &[Entry]) -> String {
    let mut injected: BTreeMap<&str, u32> = BTreeMap::new();
    for text in log.iter().flat_map(|one| &one.injected) {
        *injected.entry(text).or_default() += 1;
    }
    injected.iter().map(|(text, times)| format!("{times}× {text}")).collect::<Vec<_>>().join(" + ")
}
