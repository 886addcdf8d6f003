//! A server as a process, which ends with its value.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

/// How long it may take to say where it listens: Java compiles its source first, on a machine that is busy.
const START: Duration = Duration::from_secs(60);

/// A running server. Dropping it kills it and its workers.
#[derive(Debug)]
pub struct Running {
    child: Child,
    url: String,
}

impl Running {
    /// Starts `command`, waits for its line `listening on URL` and until it does. Its complaints go to the file `log`.
    pub fn start(mut command: Command, log: &Path) -> Result<Running> {
        let name = format!("{command:?}");
        let complaints = File::create(log).with_context(|| format!("create {}", log.display()))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .process_group(0)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        let stdout = child.stdout.take().context("its output is not ours")?;
        let mut running = Running { child, url: String::new() };
        let (sender, lines) = mpsc::channel();
        // Reads on to the end: a full pipe would stop the server.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(|line| line.ok()) {
                let _ = sender.send(line);
            }
        });
        let said = || std::fs::read_to_string(log).unwrap_or_default();
        let line = lines.recv_timeout(START).with_context(|| format!("{name} did not start: {}", said()))?;
        let url = line.strip_prefix("listening on ").with_context(|| format!("{name} said `{line}`"))?;
        running.url = url.to_owned();
        let address = url.trim_start_matches("http://").to_owned();
        let begun = Instant::now();
        while TcpStream::connect(&address).is_err() {
            if begun.elapsed() > START || running.child.try_wait()?.is_some() {
                bail!("{name} does not listen: {}", said());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(running)
    }

    /// Its address, such as `http://127.0.0.1:8000`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it takes chunks.
    pub fn endpoint(&self) -> String {
        format!("{}/api/upload", self.url)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}
