//! Hashing: the kernels alone, both digests of one file by ours and by others, and several files at once.

use anyhow::{Context, Result, ensure};
use e2e::engine::Engine;
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

const BOTH: &str = "both digests";
const PAIR: &str = "both, two chains";
const CHAIN: &str = "one chain";
const PLAIN: &str = "one chain, plain Rust";
const OPAQUE: &str = "one chain, Rust, opaque";
const CRATE: &str = "md-5 crate, one chain";
const CRATE_BOTH: &str = "md-5 crate, both";

const ONE: &str = "1 file";
const FOUR: &str = "4 files";
const SIXTEEN: &str = "16 files";
const SMALL: &str = "10,000 small files";
const SMALL_RATE: &str = "small files each second";
const LONGEST: &str = "longest task, 1 file";
const LONGEST_SMALL: &str = "longest task, small files";
const GAP_SMALL: &str = "ticker's longest gap, small files";
const GAP: &str = "ticker's longest gap, 1 file";

pub async fn run(lab: &Lab, options: &Options) -> Result<Vec<Table>> {
    let files = files(lab, options).await?;
    let many = many(lab, options).await?;
    Ok(vec![files, many])
}

/// The kernels alone.
pub async fn kernels(lab: &Lab, options: &Options) -> Result<Table> {
    lab.turn().await?;
    lab.settle().await?;
    let value = lab.run("kernels", json!({ "rounds": options.rounds.max(5) }), 1 << 30).await?;
    let bytes = number(&value, "bytes")? as u64;
    let mut table = Table::new(
        format!("Kernels, on {} MiB in memory", bytes >> 20),
        "In one worker, in turn, after two rounds that are not counted. Both digests: the file's and those of its 4 MiB \
         chunks.",
        Some(BOTH),
    );
    let unit = Unit::Transfer(bytes);
    let rows = [
        ("group", BOTH, "`group`: a chain, and four chunks in the lanes of vectors beside it"),
        (
            "pair",
            PAIR,
            "`pair`: for chunks of which four do not fit into memory, and the last ones of a file",
        ),
        ("chain", CHAIN, "`chain`: the file's digest alone; the best single chain"),
        ("plain", PLAIN, "the same steps in Rust, in the same order"),
        ("opaque", OPAQUE, "the same with constants that LLVM can't see through"),
        ("crate", CRATE, "the file's digest alone"),
        ("crateBoth", CRATE_BOTH, "both digests in turn, 16 KiB each"),
    ];
    for (name, row, what) in rows {
        table.row(row, what, unit);
        let samples = value.get("samples").and_then(|samples| samples.get(name)).and_then(Value::as_array);
        for sample in samples.context("the page gave no samples")? {
            table.add(row, sample.as_f64().context("a sample is no number")?)?;
        }
    }
    let chain = if options.engine == Engine::WebKit { 0.75 } else { 0.95 };
    table.target_ratio(BOTH, CHAIN, chain);
    if options.engine != Engine::WebKit {
        table.target_ratio(BOTH, CRATE, 1.2);
    }
    Ok(table)
}

/// Several files at once.
async fn many(lab: &Lab, options: &Options) -> Result<Table> {
    let size = options.size();
    let specimen = lab.specimen(size)?;
    lab.turn().await?;
    lab.choose(&specimen.path).await?;
    let mut table = Table::new(
        "Several files at once".to_owned(),
        "`digest()` of all at once; the files are parts of one on disk. All but the count of small files come to the \
         same bytes.",
        Some(ONE),
    );
    let part = |count: u64| (size / count) & !4095;
    let sets = [(ONE, 1, part(1)), (FOUR, 4, part(4)), (SIXTEEN, 16, part(16)), (SMALL, 10_000, 4096)];
    for (name, count, bytes) in sets {
        table.row(name, format!("{count} of {bytes} bytes each"), Unit::Transfer(count * bytes));
    }
    table.row(SMALL_RATE, "", Unit::Count);
    let watched = options.engine == Engine::Chromium;
    if watched {
        table.row(LONGEST, "while the one is hashed; 0 if none took 50 ms", Unit::Millis);
        table.row(LONGEST_SMALL, "while the small ones are", Unit::Millis);
        table.row(GAP_SMALL, "between two runs of a 5 ms timer, while the small ones are", Unit::Millis);
        table.row(GAP, "between two runs of a 5 ms timer, while the one is hashed", Unit::Millis);
    }
    let tasks = sets.map(|set| Task { kind: set, rounds: options.rounds });
    lab.alternate(&mut table, &tasks, async |(name, count, bytes), _| {
        let row = if watched { "watchedMany" } else { "many" };
        let value = lab.run(row, json!({ "count": count, "size": bytes }), size).await?;
        let ids = value.get("fileIds").and_then(Value::as_array).map_or(0, Vec::len);
        ensure!(ids as u64 == count, "{name}: {ids} digests of {count}");
        let ms = number(&value, "ms")?;
        let mut samples = vec![(name, ms)];
        if name == SMALL {
            samples.push((SMALL_RATE, count as f64 / ms * 1000.0));
        }
        if watched && name == ONE {
            samples.extend([(LONGEST, number(&value, "longest")?), (GAP, number(&value, "gap")?)]);
        }
        if watched && name == SMALL {
            samples
                .extend([(LONGEST_SMALL, number(&value, "longest")?), (GAP_SMALL, number(&value, "gap")?)]);
        }
        Ok(samples)
    })
    .await?;
    if watched {
        table.target_most(LONGEST, 16.0);
        // The pause between two runs has the timer's own 5 ms in it.
        table.target_most(GAP, 21.0);
    }
    Ok(table)
}

/// One file, by all.
async fn files(lab: &Lab, options: &Options) -> Result<Table> {
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
    table.target_ratio(OURS, SPARK, 10.0);
    table.target_ratio(OURS, HASH_WASM, 3.0);
    if options.engine == Engine::Chromium {
        table.target_ratio(OURS, NATIVE, 0.9);
        table.target_ratio(OURS, STREAM, 0.67);
    }
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
