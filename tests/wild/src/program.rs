//! The program: one server of one manner on one port, until it is killed or crashes.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use axum::serve::ListenerExt as _;
use lexopt::prelude::*;
use tokio::net::TcpListener;

use crate::manner::Manner;
use crate::routes::{Setup, router};

const HELP: &str = "\
A server of the upload protocol as people write them.

Usage: wild --manner NAME --port N --dir DIR [--www DIR] [--cors]

  --manner NAME   racy, crashing, memory, always-200, code-200, small-bodies, small-bodies-old-cut, database
  --port N        port of 127.0.0.1 to listen on; 0 picks one, which the first line of output names
  --dir DIR       folder for chunks, records, finished files and the account
  --www DIR       pages to serve at /
  --cors          let pages of other origins in
";

/// Runs it by the command line.
pub fn main() -> ExitCode {
    match arguments().and_then(|asked| asked.map_or(Ok(()), |(port, setup)| serve(port, &setup))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wild: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn arguments() -> Result<Option<(u16, Setup)>> {
    let (mut manner, mut port, mut folder, mut www, mut cors) = (None, None, None, None, false);
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("manner") => manner = Some(parser.value()?.parse::<Manner>()?),
            Long("port") => port = Some(parser.value()?.parse()?),
            Long("dir") => folder = Some(parser.value()?.into()),
            Long("www") => www = Some(parser.value()?.into()),
            Long("cors") => cors = true,
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(None);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let setup = Setup {
        manner: manner.context("--manner is missing")?,
        folder: folder.context("--dir is missing")?,
        www,
        cors,
    };
    Ok(Some((port.context("--port is missing")?, setup)))
}

// One thread, as in Node: what stands between two awaits is done at once, in the map in memory for instance.
#[tokio::main(flavor = "current_thread")]
async fn serve(port: u16, setup: &Setup) -> Result<()> {
    let router = router(setup)?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await.with_context(|| format!("bind {port}"))?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on http://{}", listener.local_addr()?)?;
    out.flush()?;
    // An answer in two segments would wait for the first one's acknowledgement.
    axum::serve(listener.tap_io(|stream| drop(stream.set_nodelay(true))), router).await?;
    Ok(())
}
