//! Files of every awkward size and name, through the demo page.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::demo::Demo;
use e2e::files::{self, CHUNK, TestFile};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;

const SOON: Duration = Duration::from_secs(30);

fn awkward(stage: &Stage) -> Result<Vec<TestFile>> {
    let folder = stage.folder("files")?;
    Ok(vec![
        files::random(&folder, "empty.bin", 1, 0)?,
        files::random(&folder, "one byte.txt", 2, 1)?,
        files::random(&folder, "chunk.bin", 3, CHUNK)?,
        files::random(&folder, "chunk-less.bin", 4, CHUNK - 1)?,
        files::random(&folder, "chunk-more.bin", 5, CHUNK + 1)?,
        files::zeros(&folder, "zeros.img", 5 * CHUNK)?,
        files::random(&folder, "no-extension", 6, 70_000)?,
        files::random(&folder, "第一章 续传.txt", 7, 80_000)?,
    ])
}

async fn sizes(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let demo = Demo::open(&browser, &setting.wire.url("/")).await?;
    for file in awkward(stage)? {
        let name = file.name();
        one(stage, &setting, &demo, &file).await.with_context(|| name)?;
    }
    no_errors(&browser).await
}

async fn one(stage: &Stage, setting: &Setting, demo: &Demo<'_>, file: &TestFile) -> Result<()> {
    let name = file.name();
    let from = setting.wire.ledger().now();
    demo.upload(&[file]).await?;
    let card = demo.reaches("upload", Some(&name), "done", SOON).await?;
    let link = card.link.context("no link")?;
    let path = link.strip_prefix(&setting.wire.url("")).context(link.clone())?;
    let stored = setting.server.fetch(path).await?;
    ensure!(stored == std::fs::read(&file.path)?, "the stored bytes differ");
    let sent = setting.wire.ledger().chunk_bytes(from);
    let needed = if name.starts_with("zeros") { CHUNK } else { file.size };
    ensure!(sent <= needed + 2048, "sent {sent} bytes for {needed}");

    let from = setting.wire.ledger().now();
    demo.upload(&[file]).await?;
    e2e::wait::until("a second card", SOON, async || {
        Ok(demo
            .card("upload", None)
            .await?
            .filter(|card| card.count > 1 && card.state == "done" && card.instant))
    })
    .await
    .context("the second upload is not instant")?;
    let again = setting.wire.ledger().chunk_bytes(from);
    ensure!(again == 0, "the second upload sent {again} bytes");
    stage.tell(format_args!(
        "{name}: {} bytes, sent {sent} / needed {needed}; second upload instant",
        file.size
    ));
    Ok(())
}

scenario!(sizes, 150: Chromium, Firefox, WebKit);
