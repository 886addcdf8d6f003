//! The harness itself: the wire's speed and its faults, and file choosing, without the module.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::engine::Engine;
use e2e::http::{Answer, Host};
use e2e::scenario;
use e2e::stage::Stage;
use e2e::wait::until;
use e2e::wild_server::WildServer;
use e2e::wire::{Cut, Side, Weather, Wire};
use serde_json::json;
use wild::Manner;

const SOON: Duration = Duration::from_secs(10);

async fn chooses_files(stage: &Stage) -> Result<()> {
    let page = Host::start(|_| Answer::new(200, "text/html", "<input type=file id=f multiple>")).await?;
    let browser = stage.browser().await?;
    browser.open(&page.url("/")).await?;
    let path = stage.folder("files")?.join("文件 名.bin");
    std::fs::write(&path, b"hello")?;
    browser.choose("#f", &[&path]).await?;
    let read = "const file = document.querySelector('#f').files[0]; return file.name + await file.text()";
    let found: String = browser.run(read, json!(null)).await?;
    ensure!(found == "文件 名.binhello", "the page saw {found}");
    ensure!(browser.run::<()>("throw new TypeError('x')", json!(null)).await.is_err(), "a throw was lost");
    ensure!(browser.engine() == stage.engine, "another engine");
    Ok(())
}

async fn wire_is_fast_and_exact(stage: &Stage) -> Result<()> {
    ensure!(stage.engine == Engine::Chromium, "needs no browser: run once");
    let size = 64usize << 20;
    let body = vec![7u8; size];
    let host = Host::start(move |_| Answer::new(200, "application/octet-stream", body.clone())).await?;
    let address = host.url("").trim_start_matches("http://").parse()?;
    let wire = Wire::start(address).await?;
    let client = reqwest::Client::new();
    let start = Instant::now();
    for _ in 0..4 {
        ensure!(client.get(wire.url("/x")).send().await?.bytes().await?.len() == size, "bytes were lost");
    }
    let speed = (4 * size) as f64 / start.elapsed().as_secs_f64() / 1e6;
    ensure!(wire.ledger().down_bytes(0, "/x") == 4 * size as u64, "the ledger is wrong");
    ensure!(wire.ledger().open() == 0, "something is still open");
    stage.tell(format_args!("{speed:.0} MB/s through the wire"));

    wire.cut(Cut { method: "GET", target: "/cut".into(), side: Side::Down, after: 1_000_000 });
    ensure!(client.get(wire.url("/cut")).send().await?.bytes().await.is_err(), "it was not cut");
    ensure!(wire.ledger().down_bytes(0, "/cut") == 1_000_000, "it was cut somewhere else");
    wire.weather(Weather::Refuse);
    ensure!(client.get(wire.url("/y")).send().await.is_err(), "it was not refused");
    wire.weather(Weather::BlackHole);
    let lost = tokio::time::timeout(Duration::from_millis(300), client.get(wire.url("/z")).send());
    ensure!(lost.await.is_err(), "something came out of the black hole");
    wire.weather(Weather::Clear);
    ensure!(client.get(wire.url("/clear")).send().await?.status() == 200, "the wire did not recover");
    Ok(())
}

async fn crashes_are_counted(stage: &Stage) -> Result<()> {
    ensure!(stage.engine == Engine::Chromium, "needs no browser: run once");
    let folder = stage.folder("wild")?;
    let program = Path::new(env!("CARGO_BIN_EXE_wild-server"));
    let server = WildServer::start(program, Manner::Crashing, &folder, &[]).await?;
    let greet = async || {
        let body = json!({ "fileId": "f", "ext": "", "chunkIds": ["c"] }).to_string();
        reqwest::Client::new().post(server.url("/api/upload/handshake")).body(body).send().await
    };
    let torn = folder.join("records/f.json");
    std::fs::write(&torn, "{")?;
    for crashes in 1..=2 {
        ensure!(greet().await.is_err(), "a torn record was read");
        until("the next start", SOON, async || {
            let up = server.crashes() == crashes && reqwest::get(server.url("/")).await.is_ok();
            Ok(up.then_some(()))
        })
        .await?;
    }
    std::fs::remove_file(torn)?;
    server.restart();
    until("the start after a kill", SOON, async || Ok(greet().await.ok())).await?;
    ensure!(server.crashes() == 2, "a kill counts as a crash");
    let arrived = server.arrived()?;
    ensure!(arrived.handshakes >= 3 && arrived.chunks == 0, "the account is wrong: {arrived:?}");
    Ok(())
}

const STORE: &str = "
    const database = await new Promise((good, bad) => {
      const opening = indexedDB.open('e2e');
      opening.onupgradeneeded = () => opening.result.createObjectStore('box');
      [opening.onsuccess, opening.onerror] = [() => good(opening.result), bad];
    });
    return await new Promise((good, bad) => {
      const change = database.transaction('box', 'readwrite', { durability: 'strict' });
      const reading = change.objectStore('box').get('k');
      if (args) change.objectStore('box').put(args, 'k');
      change.oncomplete = () => { database.close(); good(reading.result ?? null); };
      change.onerror = bad;
    });";

async fn profile_outlives_a_kill(stage: &Stage) -> Result<()> {
    let page = Host::start(|_| Answer::new(200, "text/html", "<p>kept</p>")).await?;
    let browser = stage.browser().await?;
    browser.open(&page.url("/")).await?;
    ensure!(browser.run::<Option<String>>(STORE, json!("kept")).await?.is_none(), "the profile is not fresh");
    browser.kill();
    let browser = stage.browser().await?;
    browser.open(&page.url("/")).await?;
    let found: Option<String> = browser.run(STORE, json!(null)).await?;
    ensure!(found.as_deref() == Some("kept"), "after the kill the profile held {found:?}");
    browser.quit().await
}

scenario!(profile_outlives_a_kill, 60: Chromium, Firefox);
scenario!(chooses_files, 60: Chromium, Firefox, WebKit);
scenario!(crashes_are_counted, 60: Chromium);
scenario!(wire_is_fast_and_exact, 60: Chromium);
