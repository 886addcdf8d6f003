//! Uploading over links of several kinds: what `concurrency: "auto"` finds beside fixed numbers, one plain request, and
//! tus.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use e2e::process::{Program, free_port};
use e2e::wait::until;
use serde_json::json;

use crate::lab::{Lab, number};
use crate::options::Options;
use crate::shaper::{Direction, Link, Shaper};
use crate::table::{Table, Unit};
use crate::upload::forget;

/// One table: a link, and what is sent over it.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    /// None: the loopback as it is.
    pub link: Option<Link>,
    pub name: &'static str,
    pub mebibytes: u64,
    /// Of ours; what a file of this size has by itself, if not said.
    pub chunk: Option<u64>,
    pub endpoint: &'static str,
    /// How much of one plain request ours is to reach.
    plain: f64,
}

const fn link(megabits: f64, ms: u64, loss: f64) -> Option<Link> {
    let rtt = Duration::from_millis(ms);
    Some(Link { megabits, rtt, loss, each: f64::INFINITY, direction: Direction::Up })
}

const STANDARD: &str = "/api/upload";
/// The same, but the server does not say what it accepts.
const SILENT: &str = "/silent/api/upload";
/// The same, but more than two chunks at once are answered 429.
pub const LIMITED: &str = "/limited/api/upload";

pub const COURSES: [Course; 5] = [
    Course { link: None, name: "the loopback", mebibytes: 256, chunk: None, endpoint: STANDARD, plain: 0.9 },
    Course {
        link: link(50.0, 20, 0.0),
        name: "50 Mbit/s, 20 ms",
        mebibytes: 64,
        chunk: None,
        endpoint: STANDARD,
        plain: 0.9,
    },
    // One connection carries 1.4 Mbit/s here, so the file is small, and its chunks too.
    Course {
        link: link(10.0, 100, 0.01),
        name: "10 Mbit/s, 100 ms, 1 % loss",
        mebibytes: 8,
        chunk: Some(512 << 10),
        endpoint: STANDARD,
        plain: 1.0,
    },
    Course {
        link: link(100.0, 200, 0.0),
        name: "100 Mbit/s, 200 ms",
        mebibytes: 64,
        chunk: None,
        endpoint: STANDARD,
        plain: 1.0,
    },
    Course {
        link: link(50.0, 20, 0.0),
        name: "50 Mbit/s, 20 ms, 429 above 2",
        mebibytes: 64,
        chunk: None,
        endpoint: LIMITED,
        plain: 0.0,
    },
];

const AUTO: &str = "auto";
const TOTAL: &str = "auto, with hashing";
const FIXED: [(&str, u32); 5] =
    [("1 at once", 1), ("2 at once", 2), ("3 at once", 3), ("4 at once", 4), ("6 at once", 6)];
/// At a server that is silent: one request at a time, in chunks of the usual size and of a larger one.
const SEQUENTIAL: [(&str, Option<u64>); 2] =
    [("silent server", None), ("silent server, 16 MiB chunks", Some(16 << 20))];
const SEQUENTIAL_TOTAL: &str = "silent server, with hashing";
const PLAIN: &str = "plain fetch";
const TUS: &str = "tus-js-client";

pub async fn run(lab: &Lab, options: &Options) -> Result<Vec<Table>> {
    let tus = Tus::start(lab, options).await?;
    let mut tables = Vec::new();
    for course in COURSES {
        tables.push(measure(lab, options, &tus, course).await?);
    }
    lab.browser.open(&format!("http://{}/", lab.stand.address)).await?;
    Ok(tables)
}

async fn measure(lab: &Lab, options: &Options, tus: &Tus, course: Course) -> Result<Table> {
    let size = course.mebibytes << 20;
    let specimen = lab.specimen(size)?;
    let chunk =
        course.chunk.map_or("chunks of the usual size".to_owned(), |c| format!("chunks of {} KiB", c >> 10));
    let mut table = Table::new(
        format!("Upload of {} MiB over {}", course.mebibytes, course.name),
        format!("{chunk}. Shaped by a proxy in the bench, which models TCP; see bench/src/shaper.rs."),
        Some(AUTO),
    );
    let unit = Unit::Transfer(size);
    table.row(AUTO, "`upload(file)` from the first handshake's answer to `done`", unit);
    table.row(TOTAL, "the same from the call on", unit);
    for (name, limit) in FIXED {
        table.row(name, format!("the same as the first with `concurrency: {limit}`"), unit);
    }
    let sequential =
        if course.endpoint == STANDARD && course.chunk.is_none() { &SEQUENTIAL[..] } else { &[] };
    for (name, _) in sequential {
        table.row(name, "the same as the first at a server that does not say what it accepts", unit);
    }
    if !sequential.is_empty() {
        table.row(SEQUENTIAL_TOTAL, "the same in chunks of the usual size, from the call on", unit);
    }
    table.row(PLAIN, "one `fetch` POST of the same File, streamed to a file", unit);
    table.row(TUS, "tus-js-client to @tus/server with its FileStore, both as they come", unit);

    let (ours, theirs) = match course.link {
        None => (None, None),
        Some(link) => (
            Some(Shaper::start(link, lab.stand.address).await?),
            Some(Shaper::start(link, tus.address).await?),
        ),
    };
    let way = |shaper: &Option<Shaper>, direct| shaper.as_ref().map_or(direct, |shaper| shaper.address);
    let (ours, theirs) = (way(&ours, lab.stand.address), way(&theirs, tus.address));
    // Slow links take as long as they are slow; one connection of the slowest carries 170 KB/s.
    let patience = size * 40;
    let rounds = if course.link.is_some() { options.rounds.min(3) } else { options.rounds };
    for round in 1..=rounds {
        lab.browser.open(&format!("http://{ours}/")).await?;
        lab.turn().await?;
        let mut names = vec![(AUTO, json!("auto"))];
        names.extend(FIXED.map(|(name, limit)| (name, json!(limit))));
        // So that no row is always the first on its page.
        names.rotate_left(round % FIXED.len());
        for (name, concurrency) in names {
            lab.settle().await?;
            specimen.freshen()?;
            lab.choose(&specimen.path).await?;
            let args = json!({
                "endpoint": course.endpoint, "concurrency": concurrency, "chunkSize": course.chunk,
            });
            let value = lab.run("upload", args, patience).await?;
            forget(lab, &value)?;
            table.add(name, number(&value, "ms")?)?;
            if name == AUTO {
                table.add(TOTAL, number(&value, "total")?)?;
            }
        }
        for (name, chunk) in sequential {
            lab.settle().await?;
            specimen.freshen()?;
            lab.choose(&specimen.path).await?;
            let args = json!({ "endpoint": SILENT, "concurrency": "auto", "chunkSize": chunk });
            let value = lab.run("upload", args, patience).await?;
            forget(lab, &value)?;
            table.add(name, number(&value, "ms")?)?;
            if chunk.is_none() {
                table.add(SEQUENTIAL_TOTAL, number(&value, "total")?)?;
            }
        }
        lab.settle().await?;
        table.add(PLAIN, lab.number("post", json!({ "url": "/plain/disk" }), patience, "ms").await?)?;
        lab.browser.open(&format!("http://{theirs}/")).await?;
        lab.turn().await?;
        lab.settle().await?;
        lab.choose(&specimen.path).await?;
        table.add(TUS, lab.number("tus", json!({}), patience, "ms").await?)?;
        tus.clear()?;
        println!("{}: round {round} of {rounds} done", table.title);
    }
    for (name, _) in FIXED {
        table.target_ratio(AUTO, name, 0.9);
    }
    if course.plain > 0.0 {
        table.target_ratio(AUTO, PLAIN, course.plain);
    }
    table.target_ratio(TOTAL, TUS, 1.0);
    Ok(table)
}

/// A tus server in Node, which serves the bench's page too.
struct Tus {
    address: SocketAddr,
    data: PathBuf,
    _program: Program,
}

impl Tus {
    async fn start(lab: &Lab, options: &Options) -> Result<Tus> {
        let data = options.out.join("tus");
        std::fs::create_dir_all(&data)?;
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let port = free_port()?;
        let mut command = Command::new("node");
        command
            .arg(here.join("peers/tus.mjs"))
            .arg(&options.peers)
            .arg(port.to_string())
            .arg(&data)
            .arg(format!("http://{}", lab.stand.address))
            .arg(here.join("page"))
            .arg(&options.pkg);
        let log = options.out.join("tus.log");
        let mut program = Program::start(command, &log)?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        until("the tus server", Duration::from_secs(20), async || {
            if program.ended() {
                bail!("the tus server ended; {} says why", log.display());
            }
            Ok(tokio::net::TcpStream::connect(address).await.ok().map(drop))
        })
        .await?;
        Ok(Tus { address, data, _program: program })
    }

    /// Removes what was uploaded.
    fn clear(&self) -> Result<()> {
        for entry in std::fs::read_dir(&self.data)? {
            let path = entry?.path();
            std::fs::remove_file(&path).with_context(|| path.display().to_string())?;
        }
        Ok(())
    }
}
