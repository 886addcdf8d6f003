//! Every example backend, and our own server, pass every row of the conformance tool.

use anyhow::{Result, ensure};
use conformance::backend::Backend;
use conformance::left_out;
use conformance::report::report;
use serde_json::json;

const ORIGIN: &str = "https://my.page";

/// Every row is ok, none is open, and what the server says of itself is as much as it may say.
fn passes(name: &str, endpoint: &str) -> Result<()> {
    let Some((report, is_zero)) = report(endpoint, &["--origin", ORIGIN])? else {
        left_out(name, "Node is not installed");
        return Ok(());
    };
    let open: Vec<_> = report.rows.iter().filter(|row| row.verdict != "ok").collect();
    ensure!(open.is_empty(), "{name}: {open:#?}");
    ensure!(report.conforms && is_zero, "{name}: all rows are ok, and yet it does not conform");
    ensure!(
        report.may.parallel == Some(true) && report.may.repeats == Some(true),
        "{name}: {:?}",
        report.may
    );
    let says = &report.says;
    let claims = (says.get("parallel"), says.get("repeats"));
    ensure!(claims == (Some(&json!(6)), Some(&json!(true))), "{name} says {says}");
    Ok(())
}

fn backend(backend: Backend) -> Result<()> {
    let name = backend.name();
    if let Some(reason) = backend.lacks() {
        left_out(name, reason);
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let running = backend.start(&folder.path().join("data"), ORIGIN)?;
    passes(name, &running.endpoint())
}

#[test]
fn node() -> Result<()> {
    backend(Backend::Node)
}

#[test]
fn express() -> Result<()> {
    backend(Backend::Express)
}

#[test]
fn fastapi() -> Result<()> {
    backend(Backend::FastApi)
}

#[test]
fn go() -> Result<()> {
    backend(Backend::Go)
}

#[test]
fn java() -> Result<()> {
    backend(Backend::Java)
}

#[test]
fn php() -> Result<()> {
    backend(Backend::Php)
}

#[test]
fn our_own_server() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let endpoint = runtime.block_on(async {
        let config = xuchuan_server::Config::folder(folder.path());
        // As small as the examples', so that the tool finds the end of it.
        let limits = xuchuan_server::Limits { chunk_bytes: 32 << 20, ..config.limits };
        let router = xuchuan_server::router(xuchuan_server::Config { limits, ..config }).await?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}/api/upload", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, router).await });
        anyhow::Ok(endpoint)
    })?;
    passes("our own server", &endpoint)
}

/// The packages come from whatever registry the reader has: a lock file that names one would fail elsewhere.
#[test]
fn the_lock_file_names_no_host() -> Result<()> {
    let lock = std::fs::read_to_string(
        conformance::workspace().join("examples/backends/express/package-lock.json"),
    )?;
    ensure!(!lock.contains("\"resolved\"") && !lock.contains("registry"), "{lock}");
    ensure!(lock.contains("\"integrity\""), "the lock file pins nothing");
    Ok(())
}
