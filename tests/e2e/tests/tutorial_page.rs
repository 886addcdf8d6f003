//! A page of somebody else's against our server: the client that the protocol's tutorials teach.

use anyhow::{Context, Result, ensure};
use e2e::files::{MIB, TestFile, md5_of, random};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use serde::Deserialize;
use serde_json::json;

/// What the page tells of its upload.
#[derive(Debug, Deserialize)]
struct Told {
    url: String,
    needed: usize,
    left: usize,
}

async fn tutorial_page(stage: &Stage) -> Result<()> {
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let manners = [
        ("MD5 and index", json!({ "index": true })),
        ("MD5 and index, upper case", json!({ "index": true, "upperCase": true })),
        ("MD5", json!({})),
        ("MD5, upper case", json!({ "upperCase": true })),
    ];
    let mut wrong = Vec::new();
    for (seed, (what, manner)) in (1..).zip(manners) {
        // One that the server has not seen in another manner.
        let file = with_zeros(stage, seed)?;
        browser.open(&setting.wire.url("/e2e/tutorial.html")).await?;
        browser.choose("#file", &[&file.path]).await?;
        let from = setting.wire.ledger().now();
        let told: Result<Told> = browser.run("return await tutorial.upload(args)", manner).await;
        let outcome = match told {
            Ok(told) => judge(&setting, &file, &told, from).await.context(format!("{told:?}")),
            Err(error) => Err(error),
        };
        match outcome {
            Ok(line) => stage.tell(format_args!("{what}: {line}")),
            Err(error) => {
                stage.tell(format_args!("{what}: WRONG: {error:#}"));
                wrong.push(format!("{what}: {error:#}"));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("; "));
    no_errors(&browser).await
}

async fn judge(setting: &Setting, file: &TestFile, told: &Told, from: usize) -> Result<String> {
    ensure!(told.left == 0, "{} chunks were still needed after the last", told.left);
    let bytes = setting.server.fetch(&told.url).await?;
    ensure!(bytes == std::fs::read(&file.path)?, "the server's file has other bytes");
    ensure!(md5_of(&bytes) == file.md5()? && told.url.contains(&file.md5()?), "its URL is {}", told.url);
    let sent = setting.wire.ledger().since(from, "/api/upload").iter().filter(|one| one.is_chunk()).count();
    ensure!(sent == told.needed, "{sent} chunks sent, {} needed", told.needed);
    Ok(format!("{} of 6 chunks needed, sent once each, {}", told.needed, told.url))
}

/// Six chunks of 1 MiB, the last one shorter; the third and the fourth are zeros.
fn with_zeros(stage: &Stage, seed: u64) -> Result<TestFile> {
    let file = random(&stage.folder("files")?, &format!("zeros-{seed}.bin"), seed, 5 * MIB + 700_000)?;
    let mut bytes = std::fs::read(&file.path)?;
    let (from, to) = (usize::try_from(2 * MIB)?, usize::try_from(4 * MIB)?);
    bytes.get_mut(from..to).context("a file too short")?.fill(0);
    std::fs::write(&file.path, bytes)?;
    Ok(file)
}

scenario!(tutorial_page, 60: Chromium, Firefox, WebKit);
