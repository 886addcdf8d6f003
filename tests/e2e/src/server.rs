//! The reference server as a process, on a port that outlives it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::built;
use crate::process::{Program, free_port};
use crate::wait::until;

/// A reference server. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    port: u16,
    data: PathBuf,
    www: PathBuf,
    flags: Vec<String>,
    program: Option<Program>,
}

impl Server {
    /// Starts a server that keeps its files in `data` and serves the pages of `www`; `flags` are passed on.
    pub async fn start(data: &Path, www: &Path, flags: &[&str]) -> Result<Server> {
        let flags = flags.iter().map(|&flag| flag.to_owned()).collect();
        let mut server =
            Server { port: free_port()?, data: data.into(), www: www.into(), flags, program: None };
        server.restart().await?;
        Ok(server)
    }

    /// Returns its address, which stays the same over restarts.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Returns the URL of `path` on it, past any wire.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) {
        self.program = None;
    }

    /// Starts it again on the same port and data, and waits until it answers.
    pub async fn restart(&mut self) -> Result<()> {
        // A server elsewhere takes no core from the page: this one takes what the browser leaves of the two.
        let mut command = Command::new("nice");
        command.arg("-n10").arg(built::server()?).args(["--port", &self.port.to_string()]);
        command.arg("--data").arg(&self.data).arg("--www").arg(&self.www).args(&self.flags);
        let log = crate::stage::output()?.join("server.log");
        let program = self.program.insert(Program::start(command, &log)?);
        let address = (Ipv4Addr::LOCALHOST, self.port);
        until("the server", Duration::from_secs(20), async || {
            if program.ended() {
                bail!("the server ended at once: {}", std::fs::read_to_string(&log).unwrap_or_default());
            }
            Ok(tokio::net::TcpStream::connect(address).await.ok())
        })
        .await?;
        Ok(())
    }

    /// Fetches `path` past the wire; anything but 200 is an error.
    pub async fn fetch(&self, path: &str) -> Result<Vec<u8>> {
        let answer =
            reqwest::get(self.url(path)).await.with_context(|| path.to_owned())?.error_for_status()?;
        Ok(answer.bytes().await?.to_vec())
    }
}
