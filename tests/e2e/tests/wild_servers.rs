//! Servers as people write them, with the defaults: the right file, no crash, and little sent twice; or an error that
//! says what to do.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use e2e::api_page::{ApiPage, Told};
use e2e::browser::Browser;
use e2e::files::{self, MIB, TestFile};
use e2e::http::Host;
use e2e::setting::no_errors;
use e2e::stage::Stage;
use e2e::wait::until;
use e2e::wild_server::WildServer;
use e2e::{built, fake, scenario};
use serde_json::{Map, Value, json};
use wild::Manner;

const PROGRAM: &str = env!("CARGO_BIN_EXE_wild-server");

/// How an upload is to end.
#[derive(Debug, Clone, Copy)]
enum Ends {
    /// Right, with at most so many bytes sent for each that is needed.
    Done(f64),
    /// With an error whose message has these words.
    Error(&'static [&'static str]),
}

/// An upload with the defaults.
#[derive(Debug, Clone, Copy)]
struct Row {
    what: &'static str,
    manner: Manner,
    /// The page is of another origin than the server.
    across: bool,
    /// The page asks for so many requests at once, whatever the server says.
    concurrency: Option<u8>,
    /// The server is killed and started again after so many chunks.
    killed: Option<u64>,
    ends: Ends,
}

impl Row {
    const fn new(what: &'static str, manner: Manner, ends: Ends) -> Row {
        Row { what, manner, across: false, concurrency: None, killed: None, ends }
    }

    const fn across(self) -> Row {
        Row { across: true, ..self }
    }

    const fn at_once(self, requests: u8) -> Row {
        Row { concurrency: Some(requests), ..self }
    }

    const fn killed_after(self, chunks: u64) -> Row {
        Row { killed: Some(chunks), ..self }
    }
}

/// A form's own lines are some hundred bytes a chunk; nothing is to be sent twice.
const ONCE: Ends = Ends::Done(1.05);
/// Some chunks were too large, and were sent before that was known.
const CUT_AGAIN: Ends = Ends::Done(1.3);
/// The chunk under way is sent again.
const GOES_ON: Ends = Ends::Done(1.15);
/// The server has forgotten what it had.
const FROM_THE_START: Ends = Ends::Done(2.05);
/// Each round loses some of what it sends, and gains some.
const LOSING: Ends = Ends::Done(3.0);
const NAMES_LIMITS: Ends = Ends::Error(&["chunkSize", "client_max_body_size"]);

const ROWS: [Row; 10] = [
    Row::new("racy record", Manner::Racy, ONCE),
    Row::new("racy record that crashes", Manner::Crashing, ONCE),
    Row::new("record in memory", Manner::Memory, ONCE),
    Row::new("HTTP 200 for everything", Manner::AlwaysOk, ONCE),
    Row::new("record in a database", Manner::Database, ONCE),
    Row::new("code 200 for success", Manner::CodeOk, Ends::Error(&["code", "success", " 0"])),
    Row::new("bodies up to 1 MB", Manner::SmallBodies, CUT_AGAIN),
    Row::new("bodies up to 1 MB, other origin", Manner::SmallBodies, CUT_AGAIN).across(),
    Row::new("bodies up to 1 MB, first cut only", Manner::SmallBodiesOldCut, NAMES_LIMITS),
    Row::new("the same, other origin", Manner::SmallBodiesOldCut, NAMES_LIMITS).across(),
];

async fn servers(stage: &Stage) -> Result<()> {
    let file = files::random(&stage.folder("files")?, "wild.bin", 121, 64 * MIB)?;
    table(stage, &file, &ROWS, Duration::from_secs(45)).await
}

/// Chunks that are alike: such servers delete a chunk once they have joined it.
async fn repeated_chunks(stage: &Stage) -> Result<()> {
    let file = files::zeros(&stage.folder("files")?, "zeros.bin", 24 * MIB + 1)?;
    let rows = [
        Row::new("zeros, racy record", Manner::Racy, ONCE),
        Row::new("zeros, record in memory", Manner::Memory, ONCE),
    ];
    table(stage, &file, &rows, Duration::from_secs(45)).await
}

/// Servers that are started again in the middle.
async fn restarted_servers(stage: &Stage) -> Result<()> {
    let file = files::random(&stage.folder("files")?, "wild.bin", 123, 64 * MIB)?;
    let rows = [
        Row::new("racy record, restarted", Manner::Racy, GOES_ON).killed_after(5),
        Row::new("record in a database, restarted", Manner::Database, GOES_ON).killed_after(5),
        Row::new("record in memory, restarted", Manner::Memory, FROM_THE_START).killed_after(5),
    ];
    table(stage, &file, &rows, Duration::from_secs(45)).await
}

/// A page that asks for more at once than such servers can bear.
async fn impatient_page(stage: &Stage) -> Result<()> {
    let file = files::random(&stage.folder("files")?, "wild.bin", 124, 64 * MIB)?;
    let rows = [
        Row::new("racy record, 4 at once", Manner::Racy, LOSING).at_once(4),
        Row::new("record in a database, 4 at once", Manner::Database, LOSING).at_once(4),
        Row::new("record in memory, 4 at once", Manner::Memory, ONCE).at_once(4),
    ];
    table(stage, &file, &rows, Duration::from_secs(45)).await
}

/// The first table with 1 GiB, when `E2E_BIG` asks for it.
async fn servers_gib(stage: &Stage) -> Result<()> {
    if std::env::var_os("E2E_BIG").is_none() {
        stage.tell("skipped: E2E_BIG=1 asks for it");
        return Ok(());
    }
    let file = files::random(&stage.folder("files")?, "wild.bin", 122, 1024 * MIB)?;
    table(stage, &file, &ROWS, Duration::from_secs(300)).await
}

/// Plays each row, tells its line, and fails with all that were wrong.
async fn table(stage: &Stage, file: &TestFile, rows: &[Row], limit: Duration) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let site = Host::start(fake::site(www.clone(), fake::ANY_SERVER_CSP)).await?;
    let browser = stage.browser().await?;
    let mut wrong = Vec::new();
    for row in rows {
        let outcome = play(stage, &browser, &site, &www, file, row, limit).await;
        if let Err(error) = outcome {
            stage.tell(format_args!("{}: WRONG: {error:#}", row.what));
            wrong.push(format!("{}: {error:#}", row.what));
        }
    }
    ensure!(wrong.is_empty(), "{} of {} rows: {}", wrong.len(), rows.len(), wrong.join("; "));
    no_errors(&browser).await
}

async fn play(
    stage: &Stage,
    browser: &Browser,
    site: &Host,
    www: &Path,
    file: &TestFile,
    row: &Row,
    limit: Duration,
) -> Result<()> {
    let folder = stage.folder(row.what)?;
    let www = www.display().to_string();
    let mut flags = vec!["--www", &www];
    if row.across {
        flags.push("--cors");
    }
    let server = WildServer::start(Path::new(PROGRAM), row.manner, &folder, &flags).await?;
    let page = "/e2e/script.html";
    let page = if row.across { site.url(page) } else { server.url(page) };
    let page = ApiPage::open(browser, &page).await?;
    let mut options = Map::new();
    if row.across {
        options.insert("endpoint".into(), json!(server.url("/api/upload")));
    }
    if let Some(requests) = row.concurrency {
        options.insert("concurrency".into(), json!(requests));
    }
    let start = Instant::now();
    page.upload("u", file, options.into()).await?;
    if let Some(chunks) = row.killed {
        until("the moment to kill the server", limit, async || {
            Ok((server.arrived()?.chunks >= chunks).then_some(()))
        })
        .await?;
        server.restart();
    }
    let told = page.settled("u", limit).await;
    let seconds = start.elapsed().as_secs_f64();
    let arrived = server.arrived()?;
    let ratio = arrived.bytes as f64 / file.size as f64;
    let crashes = server.crashes();
    let verdict = match &told {
        Ok(told) if told.ok => "done".to_owned(),
        Ok(told) => told.error.as_ref().map_or_else(
            || told.state.clone(),
            |error| format!("{} \"{}\"", error.code.as_deref().unwrap_or("no code"), error.message),
        ),
        Err(_) => "not settled".to_owned(),
    };
    // A message may quote a page of several lines.
    let verdict = verdict.split_whitespace().collect::<Vec<_>>().join(" ");
    stage.tell(format_args!(
        "{:<34} {verdict}; sent ÷ needed {ratio:.3}, {} chunks and {} handshakes, {} at once, {} too large, \
         {crashes} crashes, {seconds:.1} s",
        row.what, arrived.chunks, arrived.handshakes, arrived.at_once, arrived.too_large
    ));
    let told = told?;
    ensure!(crashes == 0, "the server crashed {crashes} times");
    match row.ends {
        Ends::Done(most) => {
            right_file(&server, file, &told).await?;
            ensure!(ratio <= most, "{ratio:.3} bytes sent for each that is needed");
            let most = row.concurrency.map_or(1, u64::from);
            ensure!((1..=most).contains(&arrived.at_once), "{} requests at once", arrived.at_once);
            ensure!(row.killed.is_none_or(|_| arrived.chunks > file.chunks()), "it was killed too late");
        }
        Ends::Error(words) => {
            let error = told.error.with_context(|| format!("no error, {:?}", told.result))?;
            ensure!(error.typed, "a {}", error.name);
            for word in words {
                ensure!(error.message.contains(word), "the message does not say {word}: {}", error.message);
            }
        }
    }
    Ok(())
}

/// Holds when the upload is done and the server has the file, at the URL that the page was told.
async fn right_file(server: &WildServer, file: &TestFile, told: &Told) -> Result<()> {
    if let Some(error) = &told.error {
        bail!("{:?}: {}", error.code, error.message);
    }
    let name = format!("{}.bin", file.md5()?);
    let kept = TestFile { path: server.file(&name), size: file.size };
    let size = std::fs::metadata(&kept.path).with_context(|| name.clone())?.len();
    ensure!(size == file.size, "the server's file has {size} bytes");
    ensure!(kept.fingerprint()? == file.fingerprint()?, "the server's file has other bytes");
    let url = told.result.get("url").and_then(Value::as_str).context("no url")?;
    let url = if url.starts_with("http") { url.to_owned() } else { server.url(url) };
    let answer = reqwest::Client::new().head(&url).send().await?.error_for_status()?;
    ensure!(url.ends_with(&name) && answer.status() == 200, "the URL is {url}");
    Ok(())
}

scenario!(servers, 480: Chromium, Firefox, WebKit);
scenario!(repeated_chunks, 120: Chromium, Firefox, WebKit);
scenario!(restarted_servers, 180: Chromium, Firefox, WebKit);
scenario!(impatient_page, 180: Chromium, Firefox, WebKit);
scenario!(servers_gib, 3000: Chromium);
