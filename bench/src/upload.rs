//! Uploading: ours, and one plain request with the same bytes.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::lab::{Lab, Task, number};
use crate::options::Options;
use crate::table::{Table, Unit};

#[derive(Debug, Clone, Copy)]
enum Kind {
    Ours,
    Disk,
    Sink,
}

const AFTER: &str = "xuchuan, after hashing";
const TOTAL: &str = "xuchuan, with hashing";
const DISK: &str = "plain fetch to a file";
const SINK: &str = "plain fetch to a sink";

pub async fn run(lab: &Lab, options: &Options) -> Result<Table> {
    let size = options.size();
    let specimen = lab.specimen(size)?;
    lab.turn().await?;

    let mut table = Table::new(
        format!("Upload of a file of {} MiB", size >> 20),
        "One server process for all, on the loopback, and one disk. The file's head changes each round, so that the \
         server never has a chunk of it. Ours goes to the reference server, which checks each chunk's MD5, syncs each \
         chunk, and checks the whole file's MD5 before it answers the URL.",
        Some(AFTER),
    );
    let unit = Unit::Transfer(size);
    table.row(AFTER, "`upload(file)` from the answer to the first handshake to `done`", unit);
    table.row(TOTAL, "the same from the call on", unit);
    table.row(
        DISK,
        "one `fetch` POST of the same File; the handler streams it to a file and syncs it once",
        unit,
    );
    table.row(SINK, "the same; the handler throws the bytes away", unit);

    let all = |kind| Task { kind, rounds: options.rounds };
    lab.alternate(&mut table, &[all(Kind::Ours), all(Kind::Disk), all(Kind::Sink)], async |kind, _| {
        Ok(match kind {
            Kind::Ours => {
                specimen.freshen()?;
                lab.choose(&specimen.path).await?;
                let value = lab.run("upload", json!({}), size).await?;
                forget(lab, &value)?;
                vec![(AFTER, number(&value, "ms")?), (TOTAL, number(&value, "total")?)]
            }
            Kind::Disk => {
                vec![(DISK, lab.number("post", json!({ "url": "/plain/disk" }), size, "ms").await?)]
            }
            Kind::Sink => {
                vec![(SINK, lab.number("post", json!({ "url": "/plain/sink" }), size, "ms").await?)]
            }
        })
    })
    .await?;
    table.target_ratio(AFTER, DISK, 0.9);
    Ok(table)
}

/// Removes what an upload left on the disk.
pub fn forget(lab: &Lab, uploaded: &Value) -> Result<()> {
    lab.stand.remove(uploaded.get("fileId").and_then(Value::as_str).context("the upload has no fileId")?)
}
