//! nginx in front of a server, as it is after its installation: `client_max_body_size` is 1 MB.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::net::TcpStream;

use crate::process::{Program, free_port};
use crate::wait::until;

/// A running nginx on two free ports. Dropping it kills it.
#[derive(Debug)]
pub struct Nginx {
    plain: u16,
    secure: u16,
    folder: PathBuf,
    _program: Program,
}

/// A request as nginx logged it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub protocol: String,
    /// The method.
    pub method: String,
    /// The path with its query.
    pub target: String,
    /// The status that it answered.
    pub status: u16,
    /// The bytes of the request that it read, head included.
    pub bytes: u64,
}

impl Nginx {
    /// Starts one in front of `upstream` that keeps everything it writes in `folder`.
    pub async fn start(folder: &Path, upstream: SocketAddr) -> Result<Nginx> {
        Nginx::with(folder, upstream, "").await
    }

    /// The same with more `locations`, as they stand in its configuration.
    pub async fn with(folder: &Path, upstream: SocketAddr, locations: &str) -> Result<Nginx> {
        certificate(folder)?;
        let (plain, secure) = (free_port()?, free_port()?);
        let conf = folder.join("nginx.conf");
        std::fs::write(&conf, configuration(folder, plain, secure, upstream, locations))?;
        let mut command = Command::new(program());
        command.arg("-p").arg(folder).arg("-c").arg(&conf).args(["-e", "stderr"]);
        let log = crate::stage::output()?.join("nginx.log");
        let mut program = Program::start(command, &log)?;
        for port in [plain, secure] {
            until("nginx", Duration::from_secs(20), async || {
                if program.ended() {
                    bail!("nginx ended at once: {}", std::fs::read_to_string(&log).unwrap_or_default());
                }
                Ok(TcpStream::connect(("127.0.0.1", port)).await.ok())
            })
            .await?;
        }
        Ok(Nginx { plain, secure, folder: folder.to_owned(), _program: program })
    }

    /// Returns the URL of `path` over HTTP/1.1.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.plain)
    }

    /// Returns the URL of `path` over HTTP/2 with TLS.
    pub fn secure_url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.secure)
    }

    /// Returns the requests that have ended, in that order.
    pub fn passed(&self) -> Result<Vec<Passed>> {
        let text = std::fs::read_to_string(self.folder.join("access.log")).context("read nginx's log")?;
        text.lines().map(|line| read(line).with_context(|| line.to_owned())).collect()
    }
}

fn read(line: &str) -> Option<Passed> {
    let mut words = line.split(' ');
    Some(Passed {
        protocol: words.next()?.to_owned(),
        method: words.next()?.to_owned(),
        target: words.next()?.to_owned(),
        status: words.next()?.parse().ok()?,
        bytes: words.next()?.parse().ok()?,
    })
}

/// What people write, and what keeps it within its folder and without rights of its own: one process, of our user.
fn configuration(folder: &Path, plain: u16, secure: u16, upstream: SocketAddr, locations: &str) -> String {
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("    {kind}_temp_path \"{folder}/{kind}\";\n"))
        .collect();
    format!(
        "daemon off;
master_process off;
pid \"{folder}/nginx.pid\";
events {{}}
http {{
{temporary}
    log_format passed '$server_protocol $request_method $request_uri $status $request_length';
    access_log \"{folder}/access.log\" passed;
    ssl_certificate \"{folder}/certificate.pem\";
    ssl_certificate_key \"{folder}/key.pem\";
    server {{
        listen 127.0.0.1:{plain};
        listen 127.0.0.1:{secure} ssl http2;
        {locations}
        location / {{
            proxy_pass http://{upstream};
        }}
    }}
}}
"
    )
}

/// Debian's stands where only root's PATH leads.
fn program() -> &'static Path {
    let debian = Path::new("/usr/sbin/nginx");
    if debian.is_file() { debian } else { Path::new("nginx") }
}

/// Makes a certificate that nobody has signed but its own key.
fn certificate(folder: &Path) -> Result<()> {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
        .args(["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
        .arg("-keyout")
        .arg(folder.join("key.pem"))
        .arg("-out")
        .arg(folder.join("certificate.pem"))
        .output()
        .context("run openssl")?;
    ensure!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
    Ok(())
}
