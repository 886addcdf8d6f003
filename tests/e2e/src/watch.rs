//! What a page's main thread and memory went through, by the page's recorder.

use anyhow::Result;
use serde::Deserialize;
use serde_json::json;

use crate::browser::Browser;

/// Measured since [`begin`].
#[derive(Debug, Clone, Deserialize)]
pub struct Watched {
    /// The longest task on the page's thread, in ms; 0 if none was over 50 ms, or the engine doesn't tell.
    pub longest: f64,
    /// How many tasks were over 50 ms.
    pub long: usize,
    /// The highest JavaScript heap, in bytes; 0 where the engine doesn't tell.
    pub heap: f64,
    /// The highest sum of the page's wasm memories, in bytes. Those of workers are out of sight.
    pub wasm: f64,
}

/// Forgets what was measured so far: loading the page, for instance.
pub async fn begin(browser: &Browser) -> Result<()> {
    browser.run("e2eWatch.longTasks.length = 0; e2eWatch.heap = 0; e2eWatch.wasm = 0", json!(null)).await
}

/// Returns what was measured.
pub async fn read(browser: &Browser) -> Result<Watched> {
    let read = "
        await new Promise((go) => setTimeout(go, 150));
        const { longTasks, heap, wasm } = e2eWatch;
        return { longest: Math.max(0, ...longTasks.map((task) => task.duration)), long: longTasks.length, heap, wasm };";
    browser.run(read, json!(null)).await
}
