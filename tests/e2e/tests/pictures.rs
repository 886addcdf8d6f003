//! Pictures of the demo page, in `target/e2e/`, for eyes.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::demo::Demo;
use e2e::engine::Engine;
use e2e::files::{self, MIB};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use serde_json::json;

const SOON: Duration = Duration::from_secs(60);

async fn pictures(stage: &Stage) -> Result<()> {
    let folder = stage.folder("files")?;
    let small = files::random(&folder, "notes.txt", 71, 300_000)?;
    let large = files::random(&folder, "毕业典礼 2026.mp4", 72, 90 * MIB)?;
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let demo = Demo::open(&browser, &setting.wire.url("/")).await?;
    let engine = stage.engine;
    browser.screenshot(&format!("demo-{engine}-empty")).await?;
    demo.upload(&[&small]).await?;
    demo.reaches("upload", Some(&small.name()), "done", SOON).await?;
    setting.wire.rate(Some(16_000_000));
    demo.upload(&[&large]).await?;
    let some = |all: &[e2e::wire::Exchange]| {
        all.iter().filter(|one| one.is_chunk() && one.acknowledged()).count() > 8
    };
    setting.wire.ledger().until("some chunks", SOON, some).await?;
    demo.press("upload", Some(&large.name()), "pause").await?;
    demo.reaches("upload", Some(&large.name()), "paused", SOON).await?;
    for language in ["en", "zh"] {
        let shown = "return document.documentElement.lang.startsWith(args)";
        if !browser.run::<bool>(shown, json!(language)).await? {
            browser.click("[data-testid=lang]").await?;
        }
        ensure!(browser.run::<bool>(shown, json!(language)).await?, "the page does not speak {language}");
        if engine != Engine::Chromium {
            browser.screenshot(&format!("demo-{engine}-{language}")).await?;
            continue;
        }
        for scheme in ["light", "dark"] {
            for (device, width, height) in [("phone", 390, 844), ("desktop", 1280, 1040)] {
                browser.emulate(width, height, scheme).await?;
                let wide = "await new Promise((go) => setTimeout(go, 200));
                    return document.documentElement.scrollWidth <= innerWidth";
                let fits: bool = browser.run(wide, json!(null)).await?;
                browser.screenshot(&format!("demo-{device}-{scheme}-{language}")).await?;
                ensure!(fits, "the page is wider than the {device}");
            }
        }
    }
    stage.tell("saved under target/e2e/");
    no_errors(&browser).await
}

scenario!(pictures, 90: Chromium, Firefox, WebKit);
