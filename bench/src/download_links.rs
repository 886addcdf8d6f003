//! Downloading over links of several kinds: ours, one plain request and aria2.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::lab::{Lab, number};
use crate::options::Options;
use crate::shaper::{Direction, Link, Shaper};
use crate::table::{Table, Unit};
use crate::upload::forget;

/// One table: a link, and what comes over it.
#[derive(Debug, Clone, Copy)]
struct Course {
    /// None: the loopback as it is.
    link: Option<Link>,
    name: &'static str,
    mebibytes: u64,
    /// What ours is to reach, as a multiple of one plain request.
    plain: f64,
}

const fn link(megabits: f64, ms: u64, each: f64) -> Option<Link> {
    Some(Link { megabits, rtt: Duration::from_millis(ms), loss: 0.0, each, direction: Direction::Down })
}

const COURSES: [Course; 4] = [
    Course { link: None, name: "the loopback", mebibytes: 256, plain: 0.95 },
    Course {
        link: link(1000.0, 20, 40.0),
        name: "1 Gbit/s, 20 ms, each connection held to 5 MB/s",
        mebibytes: 128,
        plain: 3.5,
    },
    Course { link: link(100.0, 200, f64::INFINITY), name: "100 Mbit/s, 200 ms", mebibytes: 64, plain: 1.0 },
    Course { link: link(40.0, 20, f64::INFINITY), name: "5 MB/s, 20 ms", mebibytes: 64, plain: 0.9 },
];

const OURS: &str = "xuchuan, to a buffer";
const FILE: &str = "xuchuan, to a file";
const PLAIN: &str = "plain fetch";
const ARIA: &str = "aria2c -x4 -s4";

pub async fn run(lab: &Lab, options: &Options) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    for course in COURSES {
        tables.push(measure(lab, options, course).await?);
    }
    lab.browser.open(&format!("http://{}/", lab.stand.address)).await?;
    Ok(tables)
}

async fn measure(lab: &Lab, options: &Options, course: Course) -> Result<Table> {
    let size = course.mebibytes << 20;
    let mut table = Table::new(
        format!("Download of {} MiB over {}", course.mebibytes, course.name),
        "The reference server without its Repr-Digest. Shaped by a proxy in the bench, which models TCP; see \
         bench/src/shaper.rs.",
        Some(OURS),
    );
    let unit = Unit::Transfer(size);
    table.row(OURS, "`download(url)`", unit);
    table.row(FILE, "`download(url, { to: \"file\" })`", unit);
    table.row(PLAIN, "one `fetch` of the same URL and `.arrayBuffer()`", unit);
    table.row(ARIA, "aria2c to the disk, from its start to its end", unit);

    let specimen = lab.specimen(size)?;
    specimen.freshen()?;
    lab.turn().await?;
    lab.choose(&specimen.path).await?;
    let uploaded = lab.run("upload", json!({}), size).await?;
    let path = uploaded.get("url").and_then(Value::as_str).context("the upload has no URL")?;
    let bare = format!("/bare{path}");

    let shaper = match course.link {
        None => None,
        Some(link) => Some(Shaper::start(link, lab.stand.address).await?),
    };
    let way = shaper.as_ref().map_or(lab.stand.address, |shaper| shaper.address);
    let url = format!("http://{way}{bare}");
    let patience = size * 40;
    let rounds = if course.link.is_some() { options.rounds.min(3) } else { options.rounds };
    let mut names = [OURS, FILE, PLAIN, ARIA];
    for round in 1..=rounds {
        // The page comes over the link too, so that nothing is of another origin.
        lab.browser.open(&format!("http://{way}/")).await?;
        lab.turn().await?;
        // So that no row is always the first on its page.
        names.rotate_left(1);
        for name in &names {
            lab.settle().await?;
            let (row, args) = match *name {
                ARIA => {
                    table.add(ARIA, aria(options, &url, size).await?)?;
                    continue;
                }
                PLAIN => ("get", json!({ "url": url, "to": "buffer", "size": size })),
                FILE => ("download", json!({ "url": url, "to": "file", "size": size })),
                _ => ("download", json!({ "url": url, "to": "buffer", "size": size })),
            };
            let value = lab.run(row, args, patience).await?;
            table.add(name, number(&value, "ms")?)?;
        }
        println!("{}: round {round} of {rounds} done", table.title);
    }
    forget(lab, &uploaded)?;
    table.target_ratio(OURS, PLAIN, course.plain);
    if course.link.is_none() {
        table.target_ratio(FILE, PLAIN, 0.85);
    }
    table.target_ratio(OURS, ARIA, 0.9);
    Ok(table)
}

/// Downloads with aria2; returns the milliseconds that took.
async fn aria(options: &Options, url: &str, size: u64) -> Result<f64> {
    let folder = options.out.join("aria2");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let start = Instant::now();
    let output = Command::new("aria2c")
        .args(["-x4", "-s4", "--min-split-size=1M", "--file-allocation=none", "--quiet", "--out=file"])
        .arg(format!("--dir={}", folder.display()))
        .arg(url)
        .stdin(Stdio::null())
        .output()
        .await
        .context("aria2c does not start; Debian's package is `aria2`")?;
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    if !output.status.success() {
        bail!("aria2c: {}", String::from_utf8_lossy(&output.stdout));
    }
    let came = std::fs::metadata(folder.join("file"))?.len();
    ensure!(came == size, "aria2c: {came} bytes came");
    std::fs::remove_dir_all(&folder)?;
    Ok(ms)
}
