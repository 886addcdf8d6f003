//! Programs that a scenario starts, and that end with it together with everything they started.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

/// In the environment of everything we start: tells our processes from all others.
const MARK: &str = "XUCHUAN_E2E_OWNER";

static STARTED: AtomicU32 = AtomicU32::new(0);

/// A running program. Dropping it kills it and all its descendants.
#[derive(Debug)]
pub struct Program {
    child: Child,
    mark: String,
}

impl Program {
    /// Starts `command`, with its output going to the file `log`.
    pub fn start(mut command: Command, log: &Path) -> Result<Program> {
        let mark = format!("{}-{}", std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
        let output = File::create(log).with_context(|| format!("create {}", log.display()))?;
        let child = command
            .env(MARK, &mark)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .with_context(|| format!("start {:?}", command.get_program()))?;
        Ok(Program { child, mark })
    }

    /// Tells whether the program itself has ended.
    pub fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Tells whether it has ended well; nothing while it runs.
    pub fn result(&mut self) -> Option<bool> {
        match self.child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(status.success()),
            Err(_) => Some(false),
        }
    }

    /// Kills it and all its descendants with SIGKILL, at once, and waits until they are gone.
    pub fn kill(&mut self) {
        // A process may start another between the look and the kill: look again until none is left.
        for _ in 0..50 {
            let family = self.family();
            for &id in &family {
                end(id);
            }
            let _ = self.child.try_wait();
            if family.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.wait();
    }

    /// Its process and the living ones that stem from it: by parentage, and by the mark in their environment, since
    /// browsers detach some of theirs.
    fn family(&self) -> Vec<u32> {
        let everyone = living();
        let needle = format!("{MARK}={}\0", self.mark);
        let mut family: Vec<u32> = everyone
            .iter()
            .filter(|(id, _)| *id == self.child.id() || has_mark(*id, needle.as_bytes()))
            .map(|(id, _)| *id)
            .collect();
        loop {
            let more: Vec<u32> = everyone
                .iter()
                .filter(|(id, parent)| family.contains(parent) && !family.contains(id))
                .map(|(id, _)| *id)
                .collect();
            if more.is_empty() {
                return family;
            }
            family.extend(more);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Every process and its parent; those that are dead but not yet reaped left out.
fn living() -> Vec<(u32, u32)> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let id: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name, in parentheses, may hold anything: the fields start behind the last one.
            let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
            let state = fields.next()?;
            let parent = fields.next()?.parse().ok()?;
            (state != "Z").then_some((id, parent))
        })
        .collect()
}

/// Kills what an earlier run left behind because it was itself killed: processes with our mark whose owner is gone.
pub fn sweep() {
    let everyone = living();
    for (id, _) in &everyone {
        let Ok(environment) = std::fs::read(format!("/proc/{id}/environ")) else { continue };
        let owner = environment.split(|byte| *byte == 0).find_map(|entry| {
            let (name, mark) = std::str::from_utf8(entry).ok()?.split_once('=')?;
            if name == MARK { mark.split('-').next()?.parse::<u32>().ok() } else { None }
        });
        if owner.is_some_and(|owner| everyone.iter().all(|(id, _)| *id != owner)) {
            end(*id);
        }
    }
}

fn end(id: u32) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

fn has_mark(id: u32, needle: &[u8]) -> bool {
    let Ok(environment) = std::fs::read(format!("/proc/{id}/environ")) else { return false };
    environment.windows(needle.len()).any(|window| window == needle)
}

/// Finds a TCP port of the loopback that is free now.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
