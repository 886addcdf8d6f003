//! Starts an engine's driver and, through it, the browser.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::engine::Engine;
use crate::process::{Program, free_port};
use crate::wait::until;

const CHROMIUM_FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--enable-precise-memory-info",
    "--window-size=1280,900",
    "--lang=en-US",
];

pub(super) async fn launch(engine: Engine, profile: &Path) -> Result<(Program, WebDriver)> {
    // What the page has saved, as a user has it set.
    let downloads = profile.join("downloads");
    std::fs::create_dir_all(&downloads)?;
    let folders = format!("XDG_DOWNLOAD_DIR=\"{}\"\n", downloads.display());
    std::fs::write(profile.join("user-dirs.dirs"), folders)?;
    let port = free_port()?;
    let log = crate::stage::output()?.join(format!("{engine}-driver.log"));
    let mut program = Program::start(command(engine, port, profile), &log)?;
    let status = format!("http://127.0.0.1:{port}/status");
    until("the driver's status page", Duration::from_secs(30), async || {
        if program.ended() {
            bail!("the driver ended at once, see {}", log.display());
        }
        Ok(reqwest::get(&status).await.ok().filter(|answer| answer.status().is_success()))
    })
    .await?;
    let mut capabilities = Capabilities::new();
    // nginx's certificate in the tests is one that nobody has signed.
    capabilities.set("acceptInsecureCerts", true)?;
    for (name, value) in wishes(engine, profile) {
        capabilities.set(name, value)?;
    }
    let session = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities);
    let driver = tokio::time::timeout(Duration::from_secs(60), session)
        .await
        .context("no session in 60 s")?
        .with_context(|| format!("open a session, see {}", log.display()))?;
    driver.set_script_timeout(Duration::from_secs(85)).await?;
    driver.set_page_load_timeout(Duration::from_secs(60)).await?;
    Ok((program, driver))
}

fn command(engine: Engine, port: u16, profile: &Path) -> Command {
    let mut command = Command::new(match engine {
        Engine::Chromium => "chromedriver",
        Engine::Firefox => "geckodriver",
        Engine::WebKit => "xvfb-run",
    });
    match engine {
        Engine::Chromium => command.arg(format!("--port={port}")),
        // Two ports: the driver's own, and the one it speaks to the browser through.
        Engine::Firefox => command.args(["--port", &port.to_string(), "--marionette-port", "0"]),
        // MiniBrowser has no headless mode.
        Engine::WebKit => {
            command.env("XDG_CONFIG_HOME", profile).args(["-a", "WebKitWebDriver", &format!("--port={port}")])
        }
    };
    command
}

fn wishes(engine: Engine, profile: &Path) -> Vec<(&'static str, Value)> {
    let downloads = profile.join("downloads");
    match engine {
        Engine::Chromium => {
            let mut flags: Vec<String> = CHROMIUM_FLAGS.map(str::to_owned).into();
            flags.push(format!("--user-data-dir={}", profile.display()));
            // Several files in a row are saved without a question.
            let prefs = json!({
                "download.default_directory": downloads,
                "profile.default_content_setting_values.automatic_downloads": 1,
            });
            let options = json!({ "args": flags, "prefs": prefs });
            vec![("browserName", json!("chrome")), ("goog:chromeOptions", options)]
        }
        Engine::Firefox => {
            let args = json!(["-headless", "-profile", profile]);
            let prefs = json!({ "browser.download.folderList": 2, "browser.download.dir": downloads });
            let options = json!({ "args": args, "prefs": prefs });
            vec![("browserName", json!("firefox")), ("moz:firefoxOptions", options)]
        }
        Engine::WebKit => vec![("browserName", json!("MiniBrowser"))],
    }
}
