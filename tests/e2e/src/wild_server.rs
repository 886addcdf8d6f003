//! A server of the crate `wild` under a supervisor, as systemd or pm2 would run it: started again when it has ended.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use wild::Manner;
use wild::account::{self, Event};

use crate::process::{Program, free_port};
use crate::wait::until;

/// A supervised server. Dropping it ends both.
#[derive(Debug)]
pub struct WildServer {
    port: u16,
    folder: PathBuf,
    crashes: Arc<AtomicU32>,
    restart: Arc<Notify>,
    _supervisor: JoinSet<()>,
}

/// What arrived at a server, summed up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Chunk requests.
    pub chunks: u64,
    /// Bytes of their bodies, forms included, those of refused ones too.
    pub bytes: u64,
    /// Handshakes.
    pub handshakes: u64,
    /// The most requests that it had at once.
    pub at_once: u64,
    /// Requests that were refused for their size.
    pub too_large: u64,
}

impl WildServer {
    /// Starts the binary `program` as a server of `manner` that works in `folder`; `flags` are passed on.
    pub async fn start(program: &Path, manner: Manner, folder: &Path, flags: &[&str]) -> Result<WildServer> {
        let port = free_port()?;
        let launch = {
            let (program, folder) = (program.to_owned(), folder.to_owned());
            let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
            let log = crate::stage::output()?.join(format!("wild-{manner}.log"));
            move || {
                let mut command = Command::new(&program);
                command.args(["--manner", manner.name(), "--port", &port.to_string()]);
                command.arg("--dir").arg(&folder).args(&flags);
                Program::start(command, &log)
            }
        };
        let (crashes, restart) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let mut supervisor = JoinSet::new();
        let mut server = launch()?;
        let (count, asked) = (Arc::clone(&crashes), Arc::clone(&restart));
        supervisor.spawn(async move {
            loop {
                tokio::select! {
                    () = asked.notified() => server.kill(),
                    () = tokio::time::sleep(Duration::from_millis(10)) => {
                        if !server.ended() {
                            continue;
                        }
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                }
                let Ok(next) = launch() else { return };
                server = next;
            }
        });
        let started =
            WildServer { port, folder: folder.to_owned(), crashes, restart, _supervisor: supervisor };
        until("the wild server", Duration::from_secs(20), async || {
            Ok(TcpStream::connect(started.address()).await.ok())
        })
        .await
        .with_context(|| manner.name())?;
        Ok(started)
    }

    /// Returns its address, which stays the same over its starts.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Returns the URL of `path` on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Returns where the finished file `name` lies.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join("files").join(name)
    }

    /// Kills it with SIGKILL; it is started again, and that is no crash.
    pub fn restart(&self) {
        self.restart.notify_one();
    }

    /// Returns how often it has ended by itself.
    pub fn crashes(&self) -> u32 {
        self.crashes.load(Ordering::Relaxed)
    }

    /// Returns what arrived so far, over all its starts.
    pub fn arrived(&self) -> Result<Arrived> {
        let mut sum = Arrived::default();
        for event in account::read(&self.folder)? {
            match event {
                Event::Body { path, bytes, at_once } => {
                    sum.at_once = sum.at_once.max(at_once);
                    if path.ends_with("/handshake") {
                        sum.handshakes += 1;
                    } else {
                        sum.chunks += 1;
                        sum.bytes += bytes;
                    }
                }
                Event::Answer { status, .. } => sum.too_large += u64::from(status == 413),
            }
        }
        Ok(sum)
    }
}
