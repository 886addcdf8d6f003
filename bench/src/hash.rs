//! Hashing: both digests of one file, by ours and by others.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::Instant;

use crate::lab::{Lab, Task, number};
use crate::options::Options;
use crate::specimen::{Specimen, Truth};
use crate::table::{Table, Unit};

/// What one read of the tutorials' loop takes.
const SPARK_SLICE: u64 = 2 << 20;
/// It is so slow that more rounds of it would be most of the run.
const SPARK_ROUNDS: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Ours,
    Stream,
    Slices,
    Native,
    Spark,
    HashWasm,
}

const OURS: &str = "xuchuan";
const SPARK: &str = "SparkMD5 loop";
const HASH_WASM: &str = "hash-wasm loop";
const NATIVE: &str = "native md5sum";
const STREAM: &str = "raw read, BYOB stream";
const SLICES: &str = "raw read, slices";

pub async fn run(lab: &Lab, options: &Options) -> Result<Table> {
    let size = options.size();
    let specimen = lab.specimen(size)?;
    lab.turn().await?;
    lab.choose(&specimen.path).await?;
    // The chunk that ours chooses for this size is the one that all cut.
    let chunk = number(&lab.run("digest", json!({}), size).await?, "chunkSize")? as u64;
    let truth = specimen.truth(chunk)?;

    let mut table = Table::new(
        format!("Digests of a file of {} MiB", size >> 20),
        format!(
            "One file on disk, page cache warm. All but md5sum and the raw reads make both digests: the file's MD5 and \
             that of each of its {} MiB chunks; all are compared with the ones of a native program.",
            chunk >> 20
        ),
        Some(OURS),
    );
    let unit = Unit::Transfer(size);
    table.row(OURS, "`digest(file)`: in a worker, both digests in one pass", unit);
    table.row(
        SPARK,
        format!(
            "the loop of the tutorials: FileReader, {} MiB slices, on the page's thread",
            SPARK_SLICE >> 20
        ),
        unit,
    );
    table.row(
        HASH_WASM,
        "`createMD5` twice, a chunk at a time by `arrayBuffer()`, on the page's thread",
        unit,
    );
    table.row(NATIVE, "`md5sum` on the same file: the file's digest only", unit);
    table.row(STREAM, "no hashing: `stream()` with a BYOB reader and a 4 MiB view, in a worker", unit);
    table.row(SLICES, "no hashing: `arrayBuffer()` of 8 MiB slices, one ahead, in a worker", unit);

    let all = |kind| Task { kind, rounds: options.rounds };
    let tasks = [
        all(Kind::Ours),
        all(Kind::Stream),
        all(Kind::Slices),
        all(Kind::Native),
        Task { kind: Kind::Spark, rounds: options.rounds.min(SPARK_ROUNDS) },
        all(Kind::HashWasm),
    ];
    let mut stalls = 0;
    lab.alternate(&mut table, &tasks, async |kind, _| {
        let loops = json!({ "chunkSize": chunk, "slice": SPARK_SLICE });
        let (name, value) = match kind {
            Kind::Ours => (OURS, lab.run("digest", json!({}), size).await?),
            Kind::Spark => (SPARK, lab.run("spark", loops, size).await?),
            Kind::HashWasm => (HASH_WASM, lab.run("hashwasm", loops, size).await?),
            Kind::Native => return native(&specimen, &truth).await,
            Kind::Stream | Kind::Slices => {
                let (name, how) = if kind == Kind::Stream { (STREAM, "stream") } else { (SLICES, "slices") };
                let value = lab.run("raw", json!({ "how": how }), size).await?;
                if value.get("unsupported").is_some() {
                    return Ok(Vec::new());
                }
                if value.get("stalled").is_some() {
                    stalls += 1;
                    return Ok(Vec::new());
                }
                return Ok(vec![(name, number(&value, "ms")?)]);
            }
        };
        check(name, &value, &truth)?;
        Ok(vec![(name, number(&value, "ms")?)])
    })
    .await?;
    if stalls > 0 {
        table.note += &format!(" {stalls} of the raw streams stalled for good and are left out.");
    }
    table.target_ratio(OURS, SPARK, 5.0);
    Ok(table)
}

fn check(name: &str, value: &Value, truth: &Truth) -> Result<()> {
    let file = value.get("fileId").and_then(Value::as_str);
    ensure!(file == Some(&truth.file), "{name}: the file's digest is {}, not {file:?}", truth.file);
    let chunks: Option<Vec<&str>> = value
        .get("chunkIds")
        .and_then(Value::as_array)
        .and_then(|ids| ids.iter().map(Value::as_str).collect());
    ensure!(chunks.is_some_and(|ids| ids == truth.chunks), "{name}: a chunk's digest is wrong");
    Ok(())
}

/// Runs `md5sum` where there is one.
async fn native(specimen: &Specimen, truth: &Truth) -> Result<Vec<(&'static str, f64)>> {
    let start = Instant::now();
    let output = match Command::new("md5sum").arg(&specimen.path).output().await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        output => output.context("md5sum")?,
    };
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(text.starts_with(&truth.file), "md5sum said {text}");
    Ok(vec![(NATIVE, ms)])
}
