//! `save`: what was downloaded lands in the user's downloads folder.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::api_page::ApiPage;
use e2e::files::{self, MIB};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use e2e::wait::until;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

async fn lands_in_the_downloads_folder(stage: &Stage) -> Result<()> {
    let file = files::random(&stage.folder("files")?, "film.bin", 63, 12 * MIB + 1)?;
    let setting = Setting::start(stage).await?;
    let browser = stage.browser().await?;
    let page = ApiPage::open(&browser, &setting.wire.url("/e2e/script.html")).await?;
    page.upload("stored", &file, json!({ "resume": false })).await?;
    let told = page.settled("stored", MINUTE).await?;
    let url = told.result.get("url").and_then(Value::as_str).with_context(|| format!("{told:?}"))?;
    let url = setting.wire.url(url.find("/files/").and_then(|at| url.get(at..)).context("no path")?);
    let folder = stage.downloads()?;
    let bytes = std::fs::read(&file.path)?;
    for to in ["file", "blob", "buffer"] {
        let name = format!("saved from {to}.bin");
        let save = "xuchuan.save(await xuchuan.download(args.url, { to: args.to }).done, args.name)";
        browser.run::<()>(save, json!({ "url": url, "to": to, "name": name })).await?;
        let path = folder.join(&name);
        until("the file to be there", Duration::from_secs(30), async || {
            Ok(std::fs::read(&path).is_ok_and(|saved| saved == bytes).then_some(()))
        })
        .await
        .with_context(|| {
            let there: Vec<_> = std::fs::read_dir(&folder).into_iter().flatten().flatten().collect();
            format!("{to}: {} is not what was downloaded; there are {there:?}", path.display())
        })?;
    }
    ensure!(std::fs::read_dir(&folder)?.count() == 3, "nothing else is left there");
    no_errors(&browser).await
}

scenario!(lands_in_the_downloads_folder, 120: Chromium, Firefox, WebKit);
