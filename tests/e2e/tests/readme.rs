//! The READMEs' code blocks, run as they stand.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::files::{self, MIB};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use e2e::wait::until;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

async fn readme(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    let setting = Setting::start(stage).await?;
    let file = files::random(&stage.folder("files")?, "readme.bin", 71, 5 * MIB)?;
    let browser = stage.browser().await?;
    for name in ["README.md", "README.zh-CN.md"] {
        let text =
            std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(name))?;
        let [html] = blocks(&text, "html")?;
        // Beside the script, as the text says.
        std::fs::write(www.join("pkg/readme.html"), format!("<!doctype html>\n{}", html))?;
        let [upload, download] = blocks(&text, "js")?;
        std::fs::write(
            www.join("pkg/readme.js"),
            format!("{upload}\nwindow.url = url; import('/pkg/readme-download.js');"),
        )?;
        std::fs::write(
            www.join("pkg/readme-download.js"),
            format!("{download}\nwindow.readme = {{ url, size: data.size }};"),
        )?;
        let page = r#"<!doctype html><script type="importmap">
            {"imports":{"xuchuan/upload":"/pkg/upload.js","xuchuan/download":"/pkg/download.js"}}</script>
            <input type="file" id="pick"><script>pick.onchange = () => { window.file = pick.files[0]; import("/pkg/readme.js"); };</script>"#;
        std::fs::write(www.join("pkg/readme-npm.html"), page)?;
        browser.open(&setting.wire.url("/pkg/readme.html")).await?;
        browser.choose("#file", &[&file.path]).await?;
        let link = until("the link of the html block", MINUTE, async || {
            let link: String = browser.run("return link.textContent", Value::Null).await?;
            Ok((!link.is_empty()).then_some(link))
        })
        .await
        .context(name)?;
        no_errors(&browser).await?;

        browser.open(&setting.wire.url("/pkg/readme-npm.html")).await?;
        browser.choose("#pick", &[&file.path]).await?;
        let result = until("the result of the js blocks", MINUTE, async || {
            let result: Value = browser.run("return window.readme ?? null", Value::Null).await?;
            Ok((!result.is_null()).then_some(result))
        })
        .await
        .context(name)?;
        ensure!(result == json!({ "url": link, "size": 5 * MIB }), "{name}: {result}, {link}");
        stage.tell(format_args!("{name}: all blocks ran, {link}"));
    }
    Ok(())
}

/// Returns the first code blocks of a language.
fn blocks<'a, const N: usize>(text: &'a str, language: &str) -> Result<[&'a str; N]> {
    let fence = format!("```{language}\n");
    let found: Vec<&str> = text
        .split(fence.as_str())
        .skip(1)
        .take(N)
        .map(|rest| rest.split("```").next().unwrap_or(rest))
        .collect();
    let count = found.len();
    found.try_into().ok().with_context(|| format!("{count} {language} blocks, not {N}"))
}

scenario!(readme, 150: Chromium);
