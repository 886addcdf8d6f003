//! What an upload costs the page: how long its thread is held up, and how much memory is taken.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::devtools::{DevTools, Heap};
use crate::lab::{Lab, Task, number};
use crate::options::Options;
use crate::stand::SINK;
use crate::table::{Table, Unit};

/// How often the heaps are looked at.
const SAMPLE: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Copy)]
enum Kind {
    Watched,
    Weighed,
    Plain,
}

const LONGEST: &str = "longest task";
const COUNT: &str = "tasks over 50 ms";
const GAP: &str = "ticker's longest gap";
const PLAIN_COUNT: &str = "tasks over 50 ms, plain fetch";
const PLAIN_GAP: &str = "longest gap, plain fetch";
const OBJECTS: &str = "JS heap: page and worker";
const BUFFERS: &str = "ArrayBuffers: page and worker";
const WASM_PAGE: &str = "wasm memory: page";
const WASM_WORKER: &str = "wasm memory: worker";
const HEAP_AND_WASM: &str = "JS heap + wasm memory";
const ALL: &str = "JS heap + wasm memory + ArrayBuffers";

pub async fn run(lab: &Lab, options: &Options) -> Result<Vec<Table>> {
    let size = options.size();
    let specimen = lab.specimen(size)?;
    let devtools = lab.devtools.as_ref().context("only Chromium has DevTools")?;
    lab.turn().await?;
    devtools.follow_workers().await?;
    lab.run("instrument", json!({}), 0).await?;
    prove(lab, devtools).await?;

    let title = format!("an upload of {} MiB to a sink, hashing included", size >> 20);
    let mut thread = Table::new(
        format!("The page's thread during {title}"),
        "The browser's own record of long tasks (PerformanceObserver), and as a cross-check the longest pause between \
         two runs of a 5 ms timer, which also grows when the machine is busy.",
        None,
    );
    thread.row(LONGEST, "0 if no task took 50 ms", Unit::Millis);
    thread.row(COUNT, "", Unit::Count);
    thread.row(GAP, "", Unit::Millis);
    let what = "one POST of the same file on the same page: what the machine itself adds";
    thread.row(PLAIN_COUNT, what, Unit::Count);
    thread.row(PLAIN_GAP, "", Unit::Millis);

    let mut weight = Table::new(
        format!("Memory during {title}"),
        "Peaks. The heaps are sampled every 50 ms through DevTools (Runtime.getHeapUsage: garbage not yet collected \
         counts); a wasm memory never shrinks and is read at the end. ArrayBuffers are the slices of the file that are \
         being hashed, and those not yet collected.",
        None,
    );
    weight.row(HEAP_AND_WASM, "JavaScript's objects and both wasm memories", Unit::Mebi);
    weight.row(ALL, "the same and all ArrayBuffers", Unit::Mebi);
    weight.row(OBJECTS, "`usedSize`", Unit::Mebi);
    weight.row(BUFFERS, "`backingStorageSize`", Unit::Mebi);
    weight.row(WASM_PAGE, "", Unit::Mebi);
    weight.row(WASM_WORKER, "", Unit::Mebi);

    let all = |kind| Task { kind, rounds: options.rounds };
    let tasks = [all(Kind::Watched), all(Kind::Weighed), all(Kind::Plain)];
    lab.alternate(&mut thread, &tasks, async |kind, round| {
        if let Kind::Plain = kind {
            let value = lab.run("watchedPost", json!({ "url": "/plain/sink" }), size).await?;
            return Ok(vec![(PLAIN_COUNT, number(&value, "count")?), (PLAIN_GAP, number(&value, "gap")?)]);
        }
        specimen.freshen()?;
        lab.choose(&specimen.path).await?;
        if let Kind::Watched = kind {
            let value = lab.run("watchedUpload", json!({ "endpoint": SINK }), size).await?;
            let number = |name| number(&value, name);
            return Ok(vec![(LONGEST, number("longest")?), (COUNT, number("count")?), (GAP, number("gap")?)]);
        }
        let ended = AtomicBool::new(false);
        let work = async {
            let value = lab.run("upload", json!({ "endpoint": SINK }), size).await;
            ended.store(true, Ordering::Relaxed);
            value
        };
        let (value, peaks) = tokio::join!(work, weigh(devtools, &ended));
        value?;
        let wasm = lab.run("wasm", json!({}), 0).await?;
        let (page, worker) = (number(&wasm, "page")?, number(&wasm, "worker")?);
        if round > 0 {
            let peaks = peaks?;
            for (name, bytes) in [
                (HEAP_AND_WASM, peaks.objects + page + worker),
                (ALL, peaks.all + page + worker),
                (OBJECTS, peaks.objects),
                (BUFFERS, peaks.buffers),
                (WASM_PAGE, page),
                (WASM_WORKER, worker),
            ] {
                weight.add(name, bytes / f64::from(1 << 20))?;
            }
        }
        Ok(Vec::new())
    })
    .await?;
    thread.target_most(LONGEST, 50.0);
    weight.target_most(HEAP_AND_WASM, 64.0);
    weight.target_most(ALL, 64.0);
    Ok(vec![thread, weight])
}

/// Shows that what is to be found small would be seen if it were large.
async fn prove(lab: &Lab, devtools: &DevTools) -> Result<()> {
    let task = lab.number("task", json!({ "ms": 90 }), 0, "longest").await?;
    ensure!(task >= 80.0, "a task of 90 ms was recorded as {task} ms");
    lab.settle().await?;
    let [before, _] = devtools.heaps().await?;
    let bytes = f64::from(64 << 20);
    lab.run("hold", json!({ "bytes": bytes }), 0).await?;
    let [held, _] = devtools.heaps().await?;
    let seen = held.buffers - before.buffers;
    ensure!(seen >= bytes, "buffers of {bytes} bytes were counted as {seen}");
    lab.settle().await
}

/// The most that was seen of each, in bytes.
#[derive(Debug, Default)]
struct Peaks {
    objects: f64,
    buffers: f64,
    all: f64,
}

async fn weigh(devtools: &DevTools, ended: &AtomicBool) -> Result<Peaks> {
    let mut peaks = Peaks::default();
    while !ended.load(Ordering::Relaxed) {
        let [page, worker] = devtools.heaps().await?;
        let sum = Heap { objects: page.objects + worker.objects, buffers: page.buffers + worker.buffers };
        peaks.objects = peaks.objects.max(sum.objects);
        peaks.buffers = peaks.buffers.max(sum.buffers);
        peaks.all = peaks.all.max(sum.objects + sum.buffers);
        tokio::time::sleep(SAMPLE).await;
    }
    Ok(peaks)
}
