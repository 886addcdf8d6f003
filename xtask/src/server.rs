//! The reference server as a child process.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Doing, Error, Result};
use crate::{files, paths, process};

/// How long it may take to answer its first connection.
const START: Duration = Duration::from_secs(20);

/// A server that is answering; it ends with this value.
pub struct Server {
    child: Child,
    program: PathBuf,
    port: u16,
}

/// Compiles the server; its program.
pub fn build() -> Result<PathBuf> {
    let mut cargo = paths::cargo(&["build", "--profile", "server", "--package", "xuchuan-server"]);
    process::must(&mut cargo, Duration::from_secs(1800))?;
    Ok(paths::target().join("server").join(format!("xuchuan-server{}", std::env::consts::EXE_SUFFIX)))
}

/// The server that was compiled together with this program, as `cargo xtask demo` does it.
pub fn built_with_us() -> Result<PathBuf> {
    let here = std::env::current_exe().doing(|| "can't find this program".to_owned())?;
    let server = here.with_file_name(format!("xuchuan-server{}", std::env::consts::EXE_SUFFIX));
    if server.is_file() {
        return Ok(server);
    }
    Err(Error::new(format!("no server in {}: start the demo by `cargo xtask demo`", server.display())))
}

/// How the server is started, on a port that is free. `www` is the folder it serves at `/`.
pub fn command(program: &Path, port: u16, data: &Path, www: Option<&Path>) -> Result<Command> {
    files::make_folder(data)?;
    xtask_launch::port::check(port).map_err(Error::new)?;
    let mut command = Command::new(program);
    command.arg("--port").arg(port.to_string()).arg("--data").arg(data).stdin(Stdio::null());
    if let Some(www) = www {
        command.arg("--www").arg(www);
    }
    Ok(command)
}

/// Becomes the server, so that whatever ends this process ends it too; returns only if it can't.
#[cfg(unix)]
pub fn exec(mut command: Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec()).doing(|| "can't start the server".to_owned())
}

/// Runs the server until it ends.
#[cfg(not(unix))]
pub fn exec(mut command: Command) -> Result<()> {
    let status = command.status().doing(|| "can't start the server".to_owned())?;
    if status.success() { Ok(()) } else { Err(Error::new(format!("the server ended ({status})"))) }
}

impl Server {
    /// Starts the server and waits until it answers. `www` is the folder it serves at `/`.
    pub fn start(program: &Path, port: u16, data: &Path, www: Option<&Path>) -> Result<Self> {
        let mut command = command(program, port, data, www)?;
        let child = command.spawn().doing(|| format!("can't start {}", program.display()))?;
        let mut server = Self { child, program: program.to_owned(), port };
        server.await_start()?;
        Ok(server)
    }

    pub fn program(&self) -> &Path {
        &self.program
    }

    pub fn url(&self) -> String {
        url(self.port)
    }

    fn await_start(&mut self) -> Result<()> {
        let started = Instant::now();
        while TcpStream::connect_timeout(&address(self.port), Duration::from_millis(500)).is_err() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(Error::new(format!("the server ended at once ({status})")));
            }
            if started.elapsed() > START {
                return Err(Error::new(format!("the server does not answer on port {}", self.port)));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A free port of this machine: the same one each time if it can be, since its number is compiled into the browser
/// tests.
pub fn free_port() -> Result<u16> {
    const WISHED: std::ops::Range<u16> = 18_400..18_420;
    if let Some(port) = WISHED.into_iter().find(|port| TcpListener::bind(address(*port)).is_ok()) {
        return Ok(port);
    }
    let listener = TcpListener::bind(address(0)).doing(|| "can't find a free port".to_owned())?;
    listener.local_addr().map(|address| address.port()).doing(|| "can't find a free port".to_owned())
}

/// Where a server of this machine is.
pub fn url(port: u16) -> String {
    format!("http://{}", address(port))
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
