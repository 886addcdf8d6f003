//! The reference server as a program.

use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::serve::ListenerExt as _;
use lexopt::prelude::*;
use tokio::net::TcpListener;
use tower_http::services::ServeDir;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use xuchuan_server::{Config, Limits, Origins};

const HELP: &str = "\
The reference server of the xuchuan upload protocol.

Usage: xuchuan-server [--port N] [--data DIR] [--www DIR] …

  --port N              port to listen on; 0 picks one, which the first line of output names (8000)
  --host ADDRESS        address to listen on (127.0.0.1)
  --data DIR            folder that keeps the files (data)
  --www DIR             folder of static files to serve at /
  --origin ORIGIN       allow pages of this origin only, such as https://example.org; may be repeated (all)
  --public-url URL      what stands before a file's name in answered URLs (/files/)
  --max-chunk BYTES     bytes of one chunk (83886080)
  --max-chunks N        chunks of one file (100000)
  --max-file BYTES      bytes of one file (no limit)
  --max-disk BYTES      bytes stored in all (no limit)
  --max-sessions N      unfinished uploads at one time (10000)
  --session-age SECONDS age at which an unfinished upload is removed (604800)
  --help                this text

The log goes to stderr; RUST_LOG sets its level (info).
";

/// How long open requests may go on after the signal to stop.
const GRACE: Duration = Duration::from_secs(10);

struct Args {
    listen: (String, u16),
    www: Option<PathBuf>,
    config: Config,
}

fn main() -> ExitCode {
    let wished = std::env::var("RUST_LOG").ok().and_then(|levels| levels.parse::<Targets>().ok());
    let levels = wished.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines).with(levels).init();
    let args = match arguments() {
        Ok(Some(args)) => args,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("xuchuan-server: {error}; --help lists the flags");
            return ExitCode::from(2);
        }
    };
    match serve(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("xuchuan-server: {error}");
            let mut source = error.source();
            while let Some(inner) = source {
                eprint!(": {inner}");
                source = inner.source();
            }
            eprintln!();
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Option<Args>, lexopt::Error> {
    let mut limits = Limits::default();
    let mut origins = Vec::new();
    let mut args = Args { listen: ("127.0.0.1".into(), 8000), www: None, config: Config::folder("data") };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("port") => args.listen.1 = parser.value()?.parse()?,
            Long("host") => args.listen.0 = parser.value()?.string()?,
            Long("data") => args.config.storage = xuchuan_server::Storage::Folder(parser.value()?.into()),
            Long("www") => args.www = Some(parser.value()?.into()),
            Long("origin") => origins.push(parser.value()?.string()?),
            Long("public-url") => args.config.public_url = parser.value()?.string()?,
            Long("max-chunk") => limits.chunk_bytes = parser.value()?.parse()?,
            Long("max-chunks") => limits.chunks = parser.value()?.parse()?,
            Long("max-file") => limits.file_bytes = Some(parser.value()?.parse()?),
            Long("max-disk") => limits.disk_bytes = Some(parser.value()?.parse()?),
            Long("max-sessions") => limits.sessions = parser.value()?.parse()?,
            Long("session-age") => limits.session_age = Duration::from_secs(parser.value()?.parse()?),
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    if !origins.is_empty() {
        args.config.origins = Origins::List(origins);
    }
    args.config.limits = limits;
    Ok(Some(args))
}

#[tokio::main]
async fn serve(args: Args) -> Result<(), Box<dyn Error>> {
    let router = xuchuan_server::router(args.config).await?;
    let router = match args.www {
        Some(folder) => router.fallback_service(ServeDir::new(folder)),
        None => router.fallback(async || StatusCode::NOT_FOUND),
    };
    let listener = TcpListener::bind((args.listen.0.as_str(), args.listen.1)).await?;
    announce(listener.local_addr()?)?;
    run(listener, xuchuan_server::log_requests(router)).await
}

fn announce(address: SocketAddr) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "listening on http://{address}")?;
    out.flush()
}

async fn run(listener: TcpListener, router: Router) -> Result<(), Box<dyn Error>> {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    // An answer in two segments would wait for the first one's acknowledgement.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let server = axum::serve(listener, router).with_graceful_shutdown(async {
        // Also when the sender is gone.
        let _ = stopped.await;
    });
    let server = tokio::spawn(server.into_future());
    signal().await?;
    tracing::info!("stopping; open requests have {} s to end", GRACE.as_secs());
    drop(stop);
    match tokio::time::timeout(GRACE, server).await {
        Ok(ended) => Ok(ended??),
        Err(_) => Ok(()),
    }
}

/// Waits for Ctrl-C or, on Unix, SIGTERM.
async fn signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
