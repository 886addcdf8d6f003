//! The package as it is beside the package as it was, in turn in one browser: what a change costs or brings.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::lab::{Lab, number};
use crate::links::{COURSES, Course};
use crate::options::Options;
use crate::shaper::Shaper;
use crate::table::{Table, Unit};
use crate::upload::forget;

const AFTER: &str = "after";
const BEFORE: &str = "before";
const AFTER_TOTAL: &str = "after, with hashing";
const BEFORE_TOTAL: &str = "before, with hashing";
/// The query of the page that loads the package as it was, and of the other.
const PAGES: [(&str, bool); 2] = [("?before", false), ("", true)];
/// No row is to be worse than this part of what it was.
const LEAST: f64 = 0.97;
/// What is hashed and downloaded, in MiB.
const SIZE: u64 = 256;

pub async fn run(lab: &Lab, options: &Options) -> Result<Vec<Table>> {
    if options.before.is_none() {
        bail!("give the package to compare with: --before FOLDER");
    }
    let mut tables = vec![hashing(lab, options).await?];
    for to in ["buffer", "blob"] {
        tables.push(downloads(lab, options, to).await?);
    }
    for course in COURSES {
        tables.push(uploads(lab, options, course).await?);
    }
    lab.browser.open(&format!("http://{}/", lab.stand.address)).await?;
    Ok(tables)
}

/// Makes a table of two rows: what `what` measures, after and before.
fn table(title: String, what: &str, bytes: u64) -> Table {
    let note = "The same server and browser for both, in turn; the first round warms up and does not count.";
    let mut table = Table::new(title, note, Some(BEFORE));
    table.row(AFTER, what, Unit::Transfer(bytes));
    table.row(BEFORE, "the same by the package as it was", Unit::Transfer(bytes));
    table
}

/// Loads the page with one of the packages.
async fn open(lab: &Lab, address: std::net::SocketAddr, query: &str) -> Result<()> {
    lab.browser.open(&format!("http://{address}/{query}")).await?;
    lab.turn().await
}

/// Runs `row` by both packages, as often as the options say, and adds the milliseconds.
async fn alternate(
    lab: &Lab,
    options: &Options,
    table: &mut Table,
    row: &str,
    args: Value,
    size: u64,
) -> Result<()> {
    let specimen = lab.specimen(size)?;
    for round in 0..=options.rounds {
        for (query, is_after) in turned(round) {
            open(lab, lab.stand.address, query).await?;
            lab.choose(&specimen.path).await?;
            lab.settle().await?;
            let ms = lab.number(row, args.clone(), size, "ms").await?;
            if round > 0 {
                table.add(if is_after { AFTER } else { BEFORE }, ms)?;
            }
        }
    }
    table.target_ratio(AFTER, BEFORE, LEAST);
    Ok(())
}

/// Returns the two pages, one first in one round and the other in the next.
fn turned(round: usize) -> [(&'static str, bool); 2] {
    let mut pages = PAGES;
    pages.rotate_left(round % 2);
    pages
}

async fn hashing(lab: &Lab, options: &Options) -> Result<Table> {
    let size = SIZE << 20;
    let mut table = table(format!("Hashing of {SIZE} MiB"), "`digest(file)`", size);
    alternate(lab, options, &mut table, "digest", json!({}), size).await?;
    Ok(table)
}

async fn downloads(lab: &Lab, options: &Options, to: &str) -> Result<Table> {
    let size = SIZE << 20;
    let specimen = lab.specimen(size)?;
    specimen.freshen()?;
    lab.choose(&specimen.path).await?;
    let uploaded = lab.run("upload", json!({}), size).await?;
    let text = |name| uploaded.get(name).and_then(Value::as_str).context("the upload named no URL");
    let (url, file_id) = (text("url")?.to_owned(), text("fileId")?);
    let what = format!("`download(url, {{ to: \"{to}\" }})`, checked against the server's Repr-Digest");
    let mut table = table(format!("Download of {SIZE} MiB to a {to}"), &what, size);
    let args = json!({ "url": url, "to": to, "size": size, "resume": true });
    alternate(lab, options, &mut table, "download", args, size).await?;
    lab.stand.remove(file_id)?;
    Ok(table)
}

async fn uploads(lab: &Lab, options: &Options, course: Course) -> Result<Table> {
    let size = course.mebibytes << 20;
    let specimen = lab.specimen(size)?;
    let title = format!("Upload of {} MiB over {}", course.mebibytes, course.name);
    let mut table = table(title, "`upload(file)` from the first handshake's answer to `done`", size);
    table.row(AFTER_TOTAL, "the same from the call on", Unit::Transfer(size));
    table.row(BEFORE_TOTAL, "the same by the package as it was", Unit::Transfer(size));
    let shaper = match course.link {
        Some(link) => Some(Shaper::start(link, lab.stand.address).await?),
        None => None,
    };
    let address = shaper.as_ref().map_or(lab.stand.address, |shaper| shaper.address);
    let patience = size * 40;
    // What a shaped link carries varies little.
    let first = usize::from(course.link.is_some());
    for round in first..=options.rounds {
        for (query, is_after) in turned(round) {
            open(lab, address, query).await?;
            lab.settle().await?;
            specimen.freshen()?;
            lab.choose(&specimen.path).await?;
            let args =
                json!({ "endpoint": course.endpoint, "concurrency": "auto", "chunkSize": course.chunk });
            let value = lab.run("upload", args, patience).await?;
            forget(lab, &value)?;
            if round > 0 {
                let [name, total] = if is_after { [AFTER, AFTER_TOTAL] } else { [BEFORE, BEFORE_TOTAL] };
                table.add(name, number(&value, "ms")?)?;
                table.add(total, number(&value, "total")?)?;
            }
        }
    }
    table.target_ratio(AFTER, BEFORE, LEAST);
    table.target_ratio(AFTER_TOTAL, BEFORE_TOTAL, LEAST);
    Ok(table)
}
