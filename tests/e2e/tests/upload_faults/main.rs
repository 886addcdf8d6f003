//! The matrix: one upload for each fault, against the fault server, in each engine.

mod judge;
mod rows;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use e2e::api_page::{ApiPage, Told};
use e2e::fault_matrix::Begun;
use e2e::files::{self, MIB, TestFile};
use e2e::setting::no_errors;
use e2e::stage::Stage;
use e2e::{fault_matrix, scenario};
use faults::scenario::Spec;
use faults::{Port, Server};
use rows::Row;
use serde_json::json;

/// So many uploads are under way in the page.
const AT_ONCE: usize = 6;
const CHUNK: u64 = 256 << 10;
/// Eight whole chunks, and one of 100 bytes.
const SIZE: u64 = 2 * MIB + 100;
/// No upload takes longer.
const LIMIT: Duration = Duration::from_secs(40);

/// An upload under way, or done.
struct Run {
    row: Row,
    /// What its requests are logged under.
    name: String,
    file: TestFile,
    /// Its own port, for as long as it may be asked.
    _port: Option<Port>,
    began: Instant,
}

impl Run {
    fn begun(&self) -> Begun<'_> {
        Begun { name: &self.name, row: self.row.name, at: self.began }
    }
}

/// How it was seen to end.
struct Ended {
    run: Run,
    told: Told,
    /// In ms since 1970; later than it really was, by the time between two looks.
    at: u64,
}

async fn upload_faults(stage: &Stage) -> Result<()> {
    let server = fault_matrix::server(stage).await?;
    let browser = stage.browser().await?;
    let page = ApiPage::open(&browser, &server.main().url("/e2e/script.html")).await?;
    let mut waiting = fault_matrix::wanted(rows::all(), |row| row.name)?;
    let (count, mut running, mut ended, mut wrong) = (waiting.len(), Vec::new(), Vec::new(), Vec::new());
    loop {
        while running.len() < AT_ONCE
            && let Some(row) = waiting.pop_front()
        {
            running.push(start(stage, &server, &page, row, count - waiting.len()).await?);
        }
        let begun = running.iter().map(Run::begun);
        let Some(at) = fault_matrix::settled(&page, begun, LIMIT).await? else {
            if running.is_empty() {
                break;
            }
            continue;
        };
        let run = running.swap_remove(at);
        let told = page.tell(&run.name).await?;
        let one = Ended { run, told, at: faults::log::now() };
        let (line, verdict) = judge::one(stage.engine, &server, &one).await;
        stage.tell(line);
        if let Err(why) = verdict {
            stage.tell(format_args!("WRONG: {}: {why:#}", one.run.row.name));
            for entry in server.log().of(&one.run.name) {
                stage.tell(format_args!("  {}", judge::entry(&entry, one.at)));
            }
            wrong.push(format!("{}: {why:#}", one.run.row.name));
        }
        ended.push(one);
    }
    let log = e2e::stage::output()?.join(format!("upload-faults-{}.json", stage.engine));
    std::fs::write(&log, serde_json::to_vec_pretty(&server.log().all())?)?;
    // What has ended stays quiet, for as long as the others took and a little.
    tokio::time::sleep(Duration::from_millis(1000)).await;
    wrong.extend(
        ended.iter().filter_map(|one| judge::quiet(&server, one).err().map(|why| format!("{why:#}"))),
    );
    stage.tell(format_args!("{} of {count} faults as they have to be", count - wrong.len().min(count)));
    if !wrong.is_empty() {
        bail!("{} went wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
    no_errors(&browser).await
}

async fn start(stage: &Stage, server: &Server, page: &ApiPage<'_>, row: Row, number: usize) -> Result<Run> {
    Spec::read_all(row.faults).with_context(|| row.name)?;
    let name = format!("r{number}");
    let file = files::random(&stage.folder("files")?, &format!("{name}.bin"), number as u64, SIZE)?;
    let port = if row.same_origin { None } else { Some(server.open().await?) };
    let place = port.as_ref().unwrap_or(server.main());
    let endpoint = place.url(&format!("/s/{name}/{}/api/upload", row.faults));
    let mut options = json!({
        "endpoint": endpoint,
        "chunkSize": CHUNK,
        "retry": { "budget": 20_000, "base": 50, "cap": 400 },
        "stallTimeout": 1500,
    });
    if let (Some(options), Some(more)) = (options.as_object_mut(), row.options.as_object()) {
        options.extend(more.clone());
    }
    let began = Instant::now();
    page.upload(&name, &file, options).await.with_context(|| row.name)?;
    Ok(Run { row, name, file, _port: port, began })
}

scenario!(upload_faults, 300: Chromium, Firefox, WebKit);
