//! The package in projects as people have them: installed from the tarball, built by each tool as it comes, without a word of
//! configuration for us, and a file uploaded by the page that comes out. Bundlers that find the engine's file must use it;
//! with the others the page falls back to what the entry has inside.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::browser::Browser;
use e2e::files::{self, MIB, TestFile};
use e2e::http::{Answer, Asked, Host};
use e2e::project::Project;
use e2e::setting::no_errors;
use e2e::stage::Stage;
use e2e::wait::until;
use e2e::{fake, scenario};
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

/// Where a page gets its engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    /// The file that the tool has put beside the bundle.
    File,
    /// The module in which the entry has it inside.
    Inside,
}

/// A browser and the file that every page uploads.
struct Trial<'a> {
    stage: &'a Stage,
    browser: Browser,
    file: TestFile,
}

impl Trial<'_> {
    async fn start(stage: &Stage) -> Result<Trial<'_>> {
        let file = files::random(&stage.folder("files")?, "project.bin", 91, 5 * MIB)?;
        Ok(Trial { stage, browser: stage.browser().await?, file })
    }

    /// Serves a folder that a tool has made, and uploads by its page. An unknown path is answered with 404, or with a page.
    async fn site(&self, what: &str, folder: PathBuf, from: From, unknown: Option<Vec<u8>>) -> Result<()> {
        ensure!(folder.join("index.html").is_file(), "{what}: no page in {}", folder.display());
        let site = fake::site(folder, "frame-ancestors 'none'");
        let site: Box<dyn Fn(&Asked) -> Answer + Send + Sync> = match unknown {
            Some(page) => Box::new(fake::with_page_for_all(page, site)),
            None => Box::new(site),
        };
        let host = Host::start(fake::with_api(site, fake::protocol())).await?;
        self.upload(what, &host.url("/index.html"), from).await
    }

    /// Uploads by the page at `url`, whose API is elsewhere.
    async fn page(&self, what: &str, url: &str, from: From) -> Result<()> {
        let api = Host::start(fake::for_all(fake::protocol())).await?;
        self.upload(what, &format!("{url}/?endpoint={}", api.url("/api/upload")), from).await
    }

    async fn upload(&self, what: &str, url: &str, from: From) -> Result<()> {
        let browser = &self.browser;
        browser.open(url).await.context(what.to_owned())?;
        let ready = "return document.body?.dataset.ready === ''";
        until("the page", MINUTE, async || Ok(browser.run::<bool>(ready, Value::Null).await?.then_some(())))
            .await
            .context(what.to_owned())?;
        browser.choose("input", &[&self.file.path]).await?;
        let shown = until("the page's answer", MINUTE, async || {
            let text: String =
                browser.run("return document.querySelector('output').textContent", Value::Null).await?;
            Ok((!text.is_empty()).then_some(text))
        })
        .await
        .context(what.to_owned())?;
        let told: Value = serde_json::from_str(&shown).with_context(|| format!("{what}: {shown}"))?;
        ensure!(told.get("fileId") == Some(&json!(self.file.md5()?)), "{what}: {shown}");
        ensure!(told.pointer("/hashing/kind") == Some(&json!("worker")), "{what}: {shown}");
        let loaded: Vec<String> = browser.run(LOADED_WASM, Value::Null).await?;
        let expected = if from == From::File { 1 } else { 0 };
        ensure!(loaded.len() == expected, "{what}: {expected} engines wanted as files, {loaded:?} came");
        self.stage.tell(format_args!("{what}: {shown}, {loaded:?}"));
        no_errors(browser).await.context(what.to_owned())
    }
}

/// The files with WebAssembly in them that the page has loaded.
const LOADED_WASM: &str = "
    const isWasm = async (url) => new DataView(await (await fetch(url)).arrayBuffer()).getUint32(0) === 0x0061736d;
    const all = performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => /\\.wasm/.test(name));
    const told = [];
    for (const url of all) if (await isWasm(url)) told.push(url);
    return told;";

/// Tells whether the whole table is asked for, as by `cargo xtask soak`: some projects take long to install and to build.
fn is_all(stage: &Stage) -> bool {
    let all = std::env::var("E2E_PROJECTS").is_ok_and(|what| what == "all");
    if !all {
        stage.tell("left out, in part or whole: set E2E_PROJECTS=all");
    }
    all
}

async fn vite(stage: &Stage) -> Result<()> {
    let trial = Trial::start(stage).await?;
    // Version 7 bundles dependencies for its development server with esbuild, which leaves files behind.
    for (name, in_development) in [("vite", From::File), ("vite-7", From::Inside)] {
        let project = Project::install(name).await?;
        project.run("build").await?;
        trial.site(&format!("{name}, build"), project.folder.join("dist"), From::File, None).await?;
        let site = project.serve("dev", &["--strictPort"]).await?;
        trial.page(&format!("{name}, dev"), &site.url, in_development).await.with_context(|| site.said())?;
    }
    Ok(())
}

/// Builds by each script, puts the page beside what comes out, and uploads by it.
async fn bundler(stage: &Stage, name: &'static str, builds: &[(&str, From)]) -> Result<()> {
    let trial = Trial::start(stage).await?;
    let project = Project::install(name).await?;
    let dist = project.folder.join("dist");
    for &(script, from) in builds {
        if dist.exists() {
            std::fs::remove_dir_all(&dist)?;
        }
        project.run(script).await?;
        let page = project.folder.join("index.html");
        if page.is_file() {
            project.add(&page, dist.clone())?;
        }
        // The fallback has to know a page that stands for an unknown path from a file.
        let page = std::fs::read(dist.join("index.html"))?;
        for unknown in [None, Some(page)] {
            let what = format!(
                "{name}, {script}, unknown paths are {}",
                if unknown.is_some() { "pages" } else { "404" }
            );
            trial.site(&what, dist.clone(), from, unknown).await?;
            if from == From::File {
                break;
            }
        }
    }
    Ok(())
}

async fn webpack(stage: &Stage) -> Result<()> {
    bundler(stage, "webpack", &[("build", From::File), ("build:required", From::File)]).await
}

async fn rspack(stage: &Stage) -> Result<()> {
    bundler(stage, "rspack", &[("build", From::File)]).await
}

async fn esbuild(stage: &Stage) -> Result<()> {
    bundler(stage, "esbuild", &[("build", From::Inside), ("build:iife", From::Inside)]).await
}

async fn rollup(stage: &Stage) -> Result<()> {
    bundler(stage, "rollup", &[("build", From::Inside)]).await
}

async fn parcel(stage: &Stage) -> Result<()> {
    bundler(stage, "parcel", &[("build", From::File)]).await
}

async fn bun(stage: &Stage) -> Result<()> {
    if !is_all(stage) {
        return Ok(());
    }
    bundler(stage, "bun", &[("build", From::Inside), ("build:splitting", From::Inside)]).await
}

/// Pages that are rendered on a server first.
async fn rendered(stage: &Stage, name: &'static str) -> Result<()> {
    if !is_all(stage) {
        return Ok(());
    }
    let trial = Trial::start(stage).await?;
    let project = Project::install(name).await?;
    project.run("build").await?;
    let site = project.serve("start", &[]).await?;
    let html = reqwest::get(&site.url).await?.text().await?;
    ensure!(html.contains("<output>"), "{name}: the page is not rendered on the server: {html}");
    trial.page(&format!("{name}, build"), &site.url, From::File).await.with_context(|| site.said())?;
    drop(site);
    let site = project.serve("dev", &[]).await?;
    trial.page(&format!("{name}, dev"), &site.url, From::File).await.with_context(|| site.said())
}

async fn next(stage: &Stage) -> Result<()> {
    rendered(stage, "next").await
}

async fn sveltekit(stage: &Stage) -> Result<()> {
    rendered(stage, "sveltekit").await
}

/// Runs scripts whose success is the whole result.
async fn scripts(name: &'static str, scripts: &[&str]) -> Result<()> {
    let project = Project::install(name).await?;
    for script in scripts {
        project.run(script).await?;
    }
    Ok(())
}

/// Test runners, where there is no engine to be had: in Node and in a stand-in for a page.
async fn test_runners(_: &Stage) -> Result<()> {
    scripts("jest", &["test", "test:modules"]).await?;
    scripts("vitest", &["test"]).await
}

/// Programs that import the package where it can't run.
async fn runtimes(stage: &Stage) -> Result<()> {
    let all: &[&str] = if is_all(stage) { &["node", "deno", "bun"] } else { &["node"] };
    scripts("runtimes", all).await
}

/// TypeScript as strict as it is, over every export; and what finds faults in packages.
async fn typescript(_: &Stage) -> Result<()> {
    let project = Project::install("typescript").await?;
    let types = e2e::built::projects().join("../types");
    for name in ["every-export.ts", "single-entries.ts"] {
        project.add(&types.join(name), project.folder.clone())?;
    }
    for script in ["bundler", "node16", "nodenext", "publint", "attw"] {
        project.run(script).await?;
    }
    Ok(())
}

scenario!(vite, 900: Chromium);
scenario!(webpack, 600: Chromium);
scenario!(rspack, 600: Chromium);
scenario!(esbuild, 600: Chromium);
scenario!(rollup, 600: Chromium);
scenario!(parcel, 600: Chromium);
scenario!(bun, 600: Chromium);
scenario!(next, 900: Chromium);
scenario!(sveltekit, 900: Chromium);
scenario!(test_runners, 600: Chromium);
scenario!(runtimes, 600: Chromium);
scenario!(typescript, 600: Chromium);
