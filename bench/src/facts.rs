//! The machine, and what it ran with.

use std::fmt;
use std::time::SystemTime;

use anyhow::Result;
use serde_json::{Value, json};

use crate::lab::Lab;
use crate::options::Options;

#[derive(Debug)]
pub struct Facts {
    pub date: String,
    pub browser: String,
    pub processor: String,
    pub system: String,
    pub rounds: usize,
    pub load: [String; 2],
}

impl Facts {
    pub async fn collect(options: &Options, lab: &Lab) -> Result<Facts> {
        let agent: String = lab.browser.run("return navigator.userAgent", json!(null)).await?;
        let version = lab.browser.version().unwrap_or(agent);
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let model = read("/proc/cpuinfo")
            .lines()
            .find_map(|line| {
                line.strip_prefix("model name")?.split_once(": ").map(|(_, model)| model.to_owned())
            })
            .unwrap_or_else(|| "unknown processor".to_owned());
        let memory = read("/proc/meminfo")
            .lines()
            .find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse::<u64>().ok())
            .map_or(0, |kib| kib >> 20);
        Ok(Facts {
            date: httpdate::fmt_http_date(SystemTime::now()),
            browser: format!("{} ({version})", options.engine),
            processor: format!("{cores} cores, {model}, {memory} GiB"),
            system: format!("{} {}", std::env::consts::OS, read("/proc/sys/kernel/osrelease").trim()),
            rounds: options.rounds,
            load: [load(), String::new()],
        })
    }

    /// Notes that everything is measured.
    pub fn end(&mut self) {
        if let Some(at_end) = self.load.last_mut() {
            *at_end = load();
        }
    }

    pub fn json(&self) -> Value {
        json!({
            "date": self.date, "browser": self.browser, "processor": self.processor, "system": self.system,
            "rounds": self.rounds, "load": self.load,
        })
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts { date, browser, processor, system, rounds, load: [before, after] } = self;
        write!(
            f,
            "{date}; {browser}; {processor}; {system}; {rounds} rounds after one to warm up; load {before}"
        )?;
        if after.is_empty() { Ok(()) } else { write!(f, " before, {after} after") }
    }
}

/// The average number of runnable processes in the last minute: a busy machine's figures mean little.
fn load() -> String {
    read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
