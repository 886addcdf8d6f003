//! One browser session and one server: runs a row at a time, with the machine at rest before each.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use e2e::browser::Browser;
use e2e::engine::Engine;
use e2e::wait::until;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::devtools::DevTools;
use crate::options::Options;
use crate::specimen::Specimen;
use crate::stand::Stand;
use crate::table::Table;

/// How long everything rests before a row.
const REST: Duration = Duration::from_millis(1000);

/// A file of so many bytes needs no round to warm up: it takes minutes.
pub const HUGE: u64 = 4 << 30;

/// A task of a group: what is run in turn with the others, and how often.
#[derive(Debug, Clone)]
pub struct Task<K> {
    pub kind: K,
    pub rounds: usize,
}

pub struct Lab {
    pub browser: Browser,
    pub stand: Stand,
    /// Chromium's only.
    pub devtools: Option<DevTools>,
    folder: PathBuf,
    next: Cell<u64>,
    /// Whether every group begins with a round that is not counted.
    warms_up: bool,
}

impl Lab {
    pub async fn open(options: &Options) -> Result<Lab> {
        let profile = options.out.join("profile");
        if profile.exists() {
            // A cache or a journal of an earlier run is no part of this one.
            std::fs::remove_dir_all(&profile)?;
        }
        std::fs::create_dir_all(&profile)?;
        let folder = options.out.join("files");
        let stand = Stand::start(options, &folder).await?;
        let browser = Browser::start(options.engine, &profile).await?;
        browser.open(&format!("http://{}/", stand.address)).await?;
        let devtools = match options.engine {
            Engine::Chromium => Some(DevTools::connect(&profile, &stand.address.to_string()).await?),
            _ => None,
        };
        Ok(Lab { browser, stand, devtools, folder, next: Cell::new(1), warms_up: options.size() < HUGE })
    }

    pub async fn close(self) -> Result<()> {
        self.browser.quit().await
    }

    /// Loads the page afresh: a new engine, and nothing left of other groups.
    pub async fn turn(&self) -> Result<()> {
        self.browser.reload().await?;
        // WebKit's driver does not always wait for modules.
        until("the page's script", Duration::from_secs(20), async || {
            let there: bool = self.browser.run("return 'bench' in globalThis", json!(null)).await?;
            Ok(there.then_some(()))
        })
        .await
    }

    /// Returns the file of `size` bytes.
    pub fn specimen(&self, size: u64) -> Result<Specimen> {
        Specimen::of(&self.folder, size)
    }

    /// Gives the page the file.
    pub async fn choose(&self, path: &Path) -> Result<()> {
        self.browser.choose("#file", &[path]).await
    }

    /// Runs `row` in the page; returns what it reports.
    pub async fn run(&self, row: &str, args: Value, size: u64) -> Result<Value> {
        let id = self.next.replace(self.next.get() + 1);
        let report = self.stand.expect(id);
        let started: Result<Value> = self
            .browser
            .run("bench.start(args.id, args.row, args.args)", json!({ "id": id, "row": row, "args": args }))
            .await;
        started?;
        // The slowest peer makes some 30 MB/s on a machine that does nothing else.
        let limit = Duration::from_secs(90 + (size >> 22));
        let mut answer = match tokio::time::timeout(limit, report).await {
            Ok(answer) => answer?,
            Err(_) => bail!("`{row}`: the page said nothing for {limit:?}"),
        };
        if let Some(error) = answer.get("error").and_then(Value::as_str) {
            bail!("`{row}`: the page said {error}");
        }
        answer.get_mut("value").map(Value::take).ok_or_else(|| anyhow!("`{row}`: the page sent no value"))
    }

    /// Runs `row` and returns one number of what it reports.
    pub async fn number(&self, row: &str, args: Value, size: u64, name: &str) -> Result<f64> {
        number(&self.run(row, args, size).await?, name)
    }

    /// Lets everything come to rest: garbage is collected, dirty pages are on the disk.
    pub async fn settle(&self) -> Result<()> {
        self.run("release", json!({}), 0).await?;
        if let Some(devtools) = &self.devtools {
            devtools.collect_garbage().await?;
        }
        Command::new("sync").status().await.context("sync")?;
        tokio::time::sleep(REST).await;
        Ok(())
    }

    /// Runs the tasks in turn, each as often as it says, after one round that is not counted. `run` is told the round
    /// and returns samples, each with the name of its row.
    pub async fn alternate<K: Copy>(
        &self,
        table: &mut Table,
        tasks: &[Task<K>],
        mut run: impl AsyncFnMut(K, usize) -> Result<Vec<(&'static str, f64)>>,
    ) -> Result<()> {
        let rounds = tasks.iter().map(|task| task.rounds).max().unwrap_or(0);
        for round in usize::from(!self.warms_up)..=rounds {
            for task in tasks.iter().filter(|task| round <= task.rounds) {
                self.settle().await?;
                let samples = run(task.kind, round).await?;
                if round > 0 {
                    samples.into_iter().try_for_each(|(name, value)| table.add(name, value))?;
                }
            }
            let left = if round == 0 { "warm-up".to_owned() } else { format!("{round} of {rounds}") };
            println!("{}: round {left} done", table.title);
        }
        Ok(())
    }
}

pub fn number(value: &Value, name: &str) -> Result<f64> {
    value.get(name).and_then(Value::as_f64).ok_or_else(|| anyhow!("the page gave no `{name}`: {value}"))
}
