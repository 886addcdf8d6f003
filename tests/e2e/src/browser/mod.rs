//! One browser under WebDriver: pages, scripts, files and screenshots.

mod launch;
mod shadow;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thirtyfour::prelude::*;
pub use thirtyfour::{Key, TypingData, WindowHandle};

use crate::engine::Engine;
use crate::process::Program;

/// No single command to a browser takes longer.
const COMMAND: Duration = Duration::from_secs(90);

/// A running browser with one window. Dropping it kills it.
#[derive(Debug)]
pub struct Browser {
    engine: Engine,
    driver: Option<WebDriver>,
    program: Program,
}

impl Browser {
    /// Starts a browser on the profile folder `profile`: an empty one is a fresh profile, one used before goes on.
    /// WebKit's automated sessions keep nothing: there every start is fresh.
    pub async fn start(engine: Engine, profile: &Path) -> Result<Browser> {
        let (program, driver) =
            launch::launch(engine, profile).await.with_context(|| format!("start {engine}"))?;
        Ok(Browser { engine, driver: Some(driver), program })
    }

    /// Returns its engine.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Returns the version that the browser gives itself.
    pub fn version(&self) -> Option<String> {
        let capabilities = self.driver.as_ref()?.handle().capabilities();
        Some(capabilities.get("browserVersion")?.as_str()?.to_owned())
    }

    /// Loads `url` and waits for the page's load event.
    pub async fn open(&self, url: &str) -> Result<()> {
        limited("open a page", self.driver()?.goto(url)).await.with_context(|| url.to_owned())
    }

    /// Opens another tab and works in it from there on; returns the one it worked in.
    pub async fn new_tab(&self) -> Result<WindowHandle> {
        let driver = self.driver()?;
        limited("open a tab", async {
            let here = driver.window().await?;
            let other = driver.new_tab().await?;
            driver.switch_to_window(other).await?;
            Ok(here)
        })
        .await
    }

    /// Works in another tab from there on; returns the one it worked in.
    pub async fn switch(&self, tab: &WindowHandle) -> Result<WindowHandle> {
        let driver = self.driver()?;
        limited("go to a tab", async {
            let here = driver.window().await?;
            driver.switch_to_window(tab.clone()).await?;
            Ok(here)
        })
        .await
    }

    /// Closes the tab it works in, and goes on in `other`.
    pub async fn close_tab(&self, other: &WindowHandle) -> Result<()> {
        let driver = self.driver()?;
        limited("close a tab", async {
            driver.close_window().await?;
            driver.switch_to_window(other.clone()).await
        })
        .await
    }

    /// Loads the page again.
    pub async fn reload(&self) -> Result<()> {
        limited("reload the page", self.driver()?.refresh()).await
    }

    /// Runs `body`, the body of an async function that gets `args`, in the page; returns what it returns. What it
    /// throws is an error here.
    pub async fn run<T: DeserializeOwned>(&self, body: &str, args: Value) -> Result<T> {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             const tell = (e) => done({{ error: e && e.message ? e.name + ': ' + e.message : String(e) }});
             try {{ (async (args) => {{ {body} }})(arguments[0]).then((value) => done({{ value }}), tell); }}
             catch (e) {{ tell(e); }}"
        );
        let driver = self.driver()?;
        let mut answer: Value = limited("run a script", async {
            Ok(driver.execute_async(&script, vec![args]).await?.json().clone())
        })
        .await
        .with_context(|| body.trim().to_owned())?;
        if let Some(error) = answer.get("error").and_then(Value::as_str) {
            bail!("the script threw {error}: {}", body.trim());
        }
        let value = answer.get_mut("value").map(Value::take).unwrap_or(Value::Null);
        serde_json::from_value(value).with_context(|| format!("read the answer of {}", body.trim()))
    }

    /// Chooses `files` in the file input `css`, as a person would in the dialog.
    pub async fn choose(&self, css: &str, files: &[&Path]) -> Result<()> {
        let names: Vec<String> = files
            .iter()
            .map(|file| Ok(std::path::absolute(file)?.display().to_string()))
            .collect::<Result<_>>()?;
        let driver = self.driver()?;
        limited("choose files", async { driver.find(By::Css(css)).await?.send_keys(names.join("\n")).await })
            .await
            .with_context(|| css.to_owned())
    }

    /// Clicks what `css` names.
    pub async fn click(&self, css: &str) -> Result<()> {
        let driver = self.driver()?;
        limited("click", async { driver.find(By::Css(css)).await?.click().await })
            .await
            .with_context(|| css.to_owned())
    }

    /// Types `text` into the emptied field `css`.
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let driver = self.driver()?;
        limited("type", async {
            let field = driver.find(By::Css(css)).await?;
            field.clear().await?;
            field.send_keys(text).await
        })
        .await
        .with_context(|| css.to_owned())
    }

    /// Presses `keys` (`thirtyfour::Key` and text) where the focus is, as a keyboard would.
    pub async fn press(&self, keys: impl Into<TypingData>) -> Result<()> {
        let driver = self.driver()?;
        limited("press a key", driver.action_chain().send_keys(keys).perform()).await
    }

    /// Makes the window `width` × `height` CSS pixels, as near as the engine goes.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        limited("resize", self.driver()?.set_window_rect(0, 0, width, height)).await
    }

    /// Shows the page as a device of `width` × `height` with the colours `scheme` (`light` or `dark`). Chromium only.
    pub async fn emulate(&self, width: u32, height: u32, scheme: &str) -> Result<()> {
        let mobile = width < 600;
        self.devtools("Emulation.setDeviceMetricsOverride", json!({
            "width": width, "height": height, "deviceScaleFactor": if mobile { 2 } else { 1 }, "mobile": mobile
        }))
        .await?;
        self.emulate_media("prefers-color-scheme", scheme).await
    }

    /// Shows the page where the media feature `name` is `value`. Chromium only.
    pub async fn emulate_media(&self, name: &str, value: &str) -> Result<()> {
        let features = json!([{ "name": name, "value": value }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await
    }

    /// Gives the site of `url` so many bytes of storage in all, or as many as the disk has. Chromium only.
    pub async fn limit_storage(&self, url: &str, bytes: Option<u64>) -> Result<()> {
        let origin = reqwest::Url::parse(url)?.origin().ascii_serialization();
        let mut params = json!({ "origin": origin });
        if let (Some(bytes), Some(params)) = (bytes, params.as_object_mut()) {
            params.insert("quotaSize".into(), json!(bytes));
        }
        self.devtools("Storage.overrideQuotaForOrigin", params).await
    }

    async fn devtools(&self, command: &str, params: Value) -> Result<()> {
        let driver = self.driver()?;
        let url = format!(
            "{}session/{}/goog/cdp/execute",
            driver.handle().server_url(),
            driver.handle().session_id()
        );
        let body = json!({ "cmd": command, "params": params }).to_string();
        let answer = reqwest::Client::new().post(url).body(body).send().await?;
        if !answer.status().is_success() {
            bail!("{command}: {}", answer.text().await?);
        }
        Ok(())
    }

    /// Saves a picture of the window as `target/e2e/<name>.png`; returns its path.
    pub async fn screenshot(&self, name: &str) -> Result<PathBuf> {
        let driver = self.driver()?;
        let png = limited("take a screenshot", driver.screenshot_as_png()).await?;
        let path = crate::stage::output()?.join(format!("{name}.png"));
        std::fs::write(&path, png)?;
        Ok(path)
    }

    /// Returns what the page's error recorder heard in this tab: uncaught errors and unhandled rejections.
    pub async fn errors(&self) -> Result<Vec<String>> {
        self.run("return JSON.parse(sessionStorage.getItem('e2e-errors') ?? '[]')", json!(null)).await
    }

    /// Ends the session politely, so that the profile is written out.
    pub async fn quit(mut self) -> Result<()> {
        match self.driver.take() {
            Some(driver) => limited("quit", driver.quit()).await,
            None => Ok(()),
        }
    }

    /// Kills the browser with SIGKILL, as a crash or a power cut would.
    pub fn kill(mut self) {
        self.end();
    }

    fn driver(&self) -> Result<&WebDriver> {
        self.driver.as_ref().ok_or_else(|| anyhow!("the browser has ended"))
    }

    fn end(&mut self) {
        self.program.kill();
        if let Some(driver) = self.driver.take() {
            // Its own drop would ask a dead driver to quit.
            let _ = driver.leak();
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.end();
    }
}

async fn limited<T>(what: &str, command: impl Future<Output = WebDriverResult<T>>) -> Result<T> {
    match tokio::time::timeout(COMMAND, command).await {
        Ok(result) => result.with_context(|| what.to_owned()),
        Err(_) => bail!("{what}: no answer from the browser in {COMMAND:?}"),
    }
}
