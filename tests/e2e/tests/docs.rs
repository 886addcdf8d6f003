//! The code blocks of README and guide, run as they stand.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use conformance::backend::Backend;
use e2e::api_page::ApiPage;
use e2e::browser::Browser;
use e2e::files::{self, MIB, md5_of};
use e2e::http::{Answer, Host};
use e2e::nginx::Nginx;
use e2e::server::Server;
use e2e::setting::{Setting, no_errors};
use e2e::stage::Stage;
use e2e::wait::until;
use e2e::{built, fake, scenario};
use guide::block::{self, Block, Trial};
use guide::site::{Language, PAGES};
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

/// The server that the examples name.
const NAMED: &str = "http://127.0.0.1:8000";

/// The blocks that are tried so, each text once.
fn blocks(trial: &Trial) -> Result<Vec<Block>> {
    let mut seen = BTreeSet::new();
    let mut blocks = block::all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))?;
    blocks.retain(|block| block.trial == *trial && seen.insert(block.code.clone()));
    ensure!(!blocks.is_empty(), "no block is tried as {trial:?}");
    Ok(blocks)
}

/// Each page uploads what is chosen in it, and says where it is.
async fn pages(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    let setting = Setting::start(stage).await?;
    let folder = stage.folder("files")?;
    let browser = stage.browser().await?;
    for (seed, block) in (710..).zip(blocks(&Trial::Page)?) {
        let page = recorded(&block.code).replace(NAMED, &setting.wire.url(""));
        std::fs::write(www.join("pkg/docs.html"), page)?;
        let file = files::random(&folder, &format!("{seed}.bin"), seed, 5 * MIB)?;
        browser.open(&setting.wire.url("/pkg/docs.html")).await?;
        if block.code.contains("<xuchuan-upload") {
            by_the_element(&setting, &browser).await.with_context(|| block.place.clone())?;
            stage.tell(format_args!("{}: by the element", block.place));
            continue;
        }
        browser.choose("#file", &[&file.path]).await?;
        let url = said(&browser).await.with_context(|| block.place.clone())?;
        ensure!(url.contains(&file.md5()?), "{}: it says {url}", block.place);
        let path = format!("/files/{}.bin", file.md5()?);
        ensure!(md5_of(&setting.server.fetch(&path).await?) == file.md5()?, "{}: other bytes", block.place);
        if block.code.contains("trusted-types") {
            let workers = setting.wire.ledger().since(0, "/pkg/upload.worker.js").len();
            ensure!(workers > 0, "{}: the worker of the policy was not used", block.place);
        }
        no_errors(&browser).await.with_context(|| block.place.clone())?;
        stage.tell(format_args!("{}: {url}", block.place));
    }
    Ok(())
}

/// Gives the page's element a file, and its form an address when that is there.
async fn by_the_element(setting: &Setting, browser: &Browser) -> Result<()> {
    let give = "const element = document.querySelector('xuchuan-upload');
        const bytes = crypto.getRandomValues(new Uint8Array(60_000));
        await element.addFiles([new File([bytes], 'holiday.mp4', { type: 'video/mp4' })]);";
    browser.run::<()>(give, json!(null)).await?;
    let sent = "return [...new FormData(document.querySelector('form')).values()].join()";
    let url = until("the URL in the form", MINUTE, async || {
        let url: String = browser.run(sent, json!(null)).await?;
        Ok((!url.is_empty()).then_some(url))
    })
    .await?;
    let path = url.find("/files/").and_then(|at| url.get(at..)).with_context(|| url.clone())?;
    let size = setting.server.fetch(path).await?.len();
    ensure!(size == 60_000, "{url} has {size} bytes");
    no_errors(browser).await
}

/// With the error recorder before all else of a page's.
fn recorded(page: &str) -> String {
    page.replacen(
        "<meta charset=\"utf-8\">",
        "<meta charset=\"utf-8\"><script src=\"/e2e/recorder.js\"></script>",
        1,
    )
}

async fn said(browser: &Browser) -> Result<String> {
    until("what the page says", MINUTE, async || {
        let said: String =
            browser.run("return document.querySelector('output').textContent", json!(null)).await?;
        Ok((!said.is_empty()).then_some(said))
    })
    .await
}

/// The first steps as they are told: the page straight from the disk, beside the script, and a server of `examples/backends`.
async fn first_steps(stage: &Stage) -> Result<()> {
    if let Some(reason) = Backend::Node.lacks() {
        stage.tell(format_args!("left out: {reason}"));
        return Ok(());
    }
    let folder = stage.folder("page")?;
    let script = "xuchuan.upload.inline.min.js";
    std::fs::copy(built::pkg()?.join(script), folder.join(script))?;
    let running = Backend::Node.start(&stage.folder("node")?.join("data"), "*")?;
    let browser = stage.browser().await?;
    let is_it = |block: &Block| block.code.contains(NAMED) && block.code.contains("id=\"file\"");
    let steps = blocks(&Trial::Page)?.into_iter().filter(is_it);
    for (seed, block) in (720..).zip(steps) {
        let page = folder.join("page.html");
        std::fs::write(&page, block.code.replace(NAMED, running.url()))?;
        let file = files::random(&stage.folder("files")?, &format!("{seed}.bin"), seed, 9 * MIB)?;
        browser.open(&format!("file://{}", page.display())).await?;
        browser.choose("#file", &[&file.path]).await?;
        let url = said(&browser).await.with_context(|| block.place.clone())?;
        let served =
            reqwest::get(&url).await.with_context(|| url.clone())?.error_for_status()?.bytes().await?;
        ensure!(md5_of(&served) == file.md5()?, "{}: {url} serves other bytes", block.place);
        stage.tell(format_args!("{}, from the disk: {url}", block.place));
    }
    Ok(())
}

/// The components of React, Vue and Svelte, built by Vite; `cargo xtask test` does that, and says where they are.
async fn components(stage: &Stage) -> Result<()> {
    let Some(built) = std::env::var_os("XUCHUAN_COMPONENTS") else {
        stage.tell("left out: XUCHUAN_COMPONENTS names no folder; `cargo xtask test` builds it");
        return Ok(());
    };
    let www = stage.folder("www")?;
    let setting = Setting::start(stage).await?;
    built::copy(Path::new(&built), &www.join("components"))?;
    let browser = stage.browser().await?;
    let mut seed = 770;
    for page in std::fs::read_dir(www.join("components/pages"))? {
        let name = page?.file_name().to_string_lossy().into_owned();
        seed += 1;
        let file = files::random(&stage.folder("files")?, &format!("{seed}.bin"), seed, 5 * MIB)?;
        browser.open(&setting.wire.url(&format!("/components/pages/{name}/index.html"))).await?;
        until("the component", MINUTE, async || {
            let there: bool =
                browser.run("return document.querySelector('input') !== null", json!(null)).await?;
            Ok(there.then_some(()))
        })
        .await
        .with_context(|| name.clone())?;
        browser.choose("input", &[&file.path]).await?;
        let url = said(&browser).await.with_context(|| name.clone())?;
        ensure!(url.contains(&file.md5()?), "{name}: it says {url}");
        no_errors(&browser).await.with_context(|| name.clone())?;
        stage.tell(format_args!("{name}: {url}"));
    }
    ensure!(seed > 775, "only {} components", seed - 770);
    Ok(())
}

/// Every page of the guide fits a phone, in light and dark, and keeps nobody out: axe finds nothing (`cargo xtask test` says where
/// that is).
async fn guide_pages(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    let setting = Setting::start(stage).await?;
    let axe = std::env::var_os("XUCHUAN_AXE");
    match &axe {
        Some(axe) => drop(std::fs::copy(axe, www.join("axe.js"))?),
        None => stage.tell("axe left out: XUCHUAN_AXE names no file"),
    }
    let browser = stage.browser().await?;
    let pages = Language::ALL.into_iter().flat_map(|language| PAGES.map(|name| (language.tag(), name)));
    for (at, (language, name)) in pages.enumerate() {
        browser.emulate(390, 844, if at % 2 == 0 { "light" } else { "dark" }).await?;
        browser.open(&setting.wire.url(&format!("/guide/{language}/{name}.html"))).await?;
        let fits = "return document.documentElement.scrollWidth <= innerWidth";
        ensure!(browser.run::<bool>(fits, json!(null)).await?, "{language}/{name} is wider than a phone");
        if axe.is_some() {
            let found: Vec<String> = browser.run(AXE, json!(null)).await?;
            ensure!(found.is_empty(), "{language}/{name}: {found:#?}");
        }
    }
    // What the demo page links to.
    for folder in ["/guide/", "/guide/en/", "/guide/zh/"] {
        setting.server.fetch(folder).await?;
    }
    Ok(())
}

const AXE: &str = "
    const script = document.createElement('script');
    script.src = '/axe.js';
    await new Promise((loaded) => { script.onload = loaded; document.head.append(script); });
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);";

/// What the modules take for granted, as `tests/types/docs.d.ts` declares it.
const GIVEN: &str = r#"<!doctype html>
<meta charset="utf-8"><script src="/e2e/recorder.js"></script>
<script type="importmap">{ "imports": {
  "xuchuan": "/pkg/index.js", "xuchuan/upload": "/pkg/upload.js", "xuchuan/download": "/pkg/download.js",
  "xuchuan/element": "/pkg/element.js"
} }</script>
<progress id="bar"></progress> <button id="button">Go</button> <input type="file" id="input">
<script>
  const random = (size) => {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
    return bytes;
  };
  const made = (size) => new File([random(size)], "holiday.mp4", { type: "video/mp4" });
  window.file = made(5 << 20);
  window.files = [made(300_000), made(5), made(2 << 20)];
  window.shown = [];
  window.show = (text) => shown.push(text);
  window.getToken = async () => "secret";
  window.run = async (address) => {
    const { upload } = await import("xuchuan/upload");
    window.url = (await upload(made(6 << 20)).done).url;
    await import(address);
    return shown;
  };
</script>
"#;

/// Each module runs to its end.
async fn modules(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    let setting = Setting::start(stage).await?;
    std::fs::write(www.join("docs-given.html"), GIVEN)?;
    let browser = stage.browser().await?;
    for (at, block) in blocks(&Trial::Module)?.into_iter().enumerate() {
        let name = format!("docs-{at}.js");
        std::fs::write(www.join(&name), &block.code)?;
        browser.open(&setting.wire.url("/docs-given.html")).await?;
        let shown: Value = browser
            .run("return await run(args)", json!(format!("/{name}")))
            .await
            .with_context(|| block.place.clone())?;
        no_errors(&browser).await.with_context(|| block.place.clone())?;
        stage.tell(format_args!("{}: {shown}", block.place));
    }
    Ok(())
}

/// An upload works under each policy, by the entry that the policy is told for, and files are hashed in a worker.
async fn policies(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let browser = stage.browser().await?;
    let file = files::random(&stage.folder("files")?, "policy.bin", 730, 5 * MIB)?;
    for block in blocks(&Trial::Policy)? {
        let policy = block.code.trim().strip_prefix("Content-Security-Policy: ");
        let policy = policy.with_context(|| format!("{}: no policy", block.place))?;
        let pages: &[&str] = if policy.contains("blob:") {
            &["module.html", "script.html", "inline.html"]
        } else {
            &["module.html", "script.html"]
        };
        for page in pages {
            let host = Host::start(fake::with_api(fake::site(www.clone(), policy), fake::protocol())).await?;
            let place = format!("{}, {page}", block.place);
            let api =
                ApiPage::open(&browser, &host.url(&format!("/e2e/{page}"))).await.context(place.clone())?;
            api.upload("u", &file, json!({})).await?;
            let told = api.settled("u", MINUTE).await.with_context(|| place.clone())?;
            ensure!(told.ok, "{place}: {told:?}");
            no_errors(&browser).await.with_context(|| place.clone())?;
            stage.tell(format_args!("{place}: done"));
        }
    }
    Ok(())
}

/// A page of another origin uploads to a server that answers preflights with just these headers.
async fn preflights(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let site = Host::start(fake::site(www, fake::ANY_SERVER_CSP)).await?;
    let origin = site.url("").trim_end_matches('/').to_owned();
    let browser = stage.browser().await?;
    let file = files::random(&stage.folder("files")?, "preflight.bin", 740, 5 * MIB)?;
    for block in blocks(&Trial::Preflight)? {
        let text = block.code.replace("https://my.page", &origin);
        let mut lines = text.lines();
        ensure!(lines.next() == Some("HTTP/1.1 204 No Content"), "{}: not a preflight's answer", block.place);
        let headers: Vec<(String, String)> = lines
            .map(|line| {
                let (name, value) =
                    line.split_once(": ").with_context(|| format!("{}: {line}", block.place))?;
                Ok((name.to_owned(), value.to_owned()))
            })
            .collect::<Result<_>>()?;
        let authorized = text.contains("Authorization");
        let (api, allowed) = (fake::protocol(), origin.clone());
        let server = Host::start(move |asked| {
            if asked.head.method != "OPTIONS" {
                return api(asked).with("Access-Control-Allow-Origin", &allowed);
            }
            headers
                .iter()
                .fold(Answer::new(204, "text/plain", ""), |answer, (name, value)| answer.with(name, value))
        })
        .await?;
        let page = ApiPage::open(&browser, &site.url("/e2e/script.html")).await?;
        let token = if authorized { json!({ "Authorization": "Bearer x" }) } else { json!({}) };
        page.upload("u", &file, json!({ "endpoint": server.url("/api/upload"), "headers": token })).await?;
        let told = page.settled("u", MINUTE).await.with_context(|| block.place.clone())?;
        ensure!(told.ok, "{}: {told:?}", block.place);
        let asked = server.seen().iter().filter(|one| one.head.method == "OPTIONS").count();
        ensure!(asked > 0, "{}: the browser asked for no permission", block.place);
        stage.tell(format_args!("{}: {asked} preflights", block.place));
    }
    no_errors(&browser).await
}

/// Chunks of the usual size pass each nginx of the docs at once.
async fn proxies(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let browser = stage.browser().await?;
    for (seed, block) in (750..).zip(blocks(&Trial::Proxy)?) {
        let server = Server::start(&stage.folder(&format!("data {seed}"))?, &www, &[]).await?;
        let locations = block.code.replace(NAMED, &server.url(""));
        let nginx =
            Nginx::with(&stage.folder(&format!("nginx {seed}"))?, server.address(), &locations).await?;
        let file = files::random(&stage.folder("files")?, &format!("{seed}.bin"), seed, 20 * MIB)?;
        let page = ApiPage::open(&browser, &nginx.url("/e2e/script.html")).await?;
        page.upload("u", &file, json!({})).await?;
        let told = page.settled("u", MINUTE).await.with_context(|| block.place.clone())?;
        ensure!(told.ok, "{}: {told:?}", block.place);
        let passed = nginx.passed()?;
        let refused = passed.iter().filter(|one| one.method == "POST" && one.status != 200).count();
        ensure!(refused == 0, "{}: {passed:?}", block.place);
        stage.tell(format_args!("{}: nothing refused", block.place));
    }
    no_errors(&browser).await
}

/// What an earlier visit left goes on by the guide's own code.
async fn left_by_an_earlier_visit(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    let setting = Setting::start(stage).await?;
    let is_it = |block: &Block| block.code.contains("left.resume(input.files");
    let block =
        blocks(&Trial::Module)?.into_iter().find(is_it).context("the guide does not list what was left")?;
    std::fs::write(www.join("docs-given.html"), GIVEN)?;
    std::fs::write(www.join("docs-left.js"), &block.code)?;
    let file = files::random(&stage.folder("files")?, "left.bin", 760, 24 * MIB)?;
    let browser = stage.browser().await?;
    let page = ApiPage::open(&browser, &setting.wire.url("/e2e/script.html")).await?;
    setting.wire.rate(Some(6_000_000));
    page.upload("u", &file, json!({ "concurrency": 1 })).await?;
    let some = |all: &[e2e::wire::Exchange]| all.iter().any(|one| one.is_chunk() && one.acknowledged());
    setting.wire.ledger().until("a chunk", MINUTE, some).await?;
    browser.open(&setting.wire.url("/docs-given.html")).await?;
    setting.wire.rate(None);
    browser.run::<Value>("return await import('/docs-left.js').then(() => null)", json!(null)).await?;
    browser.choose("#input", &[Path::new(&file.path)]).await?;
    let shown: Vec<String> = until("the end", MINUTE, async || {
        let shown: Vec<String> = browser.run("return shown", json!(null)).await?;
        Ok((shown.len() > 1).then_some(shown))
    })
    .await?;
    stage.tell(format_args!("{}: {shown:?}", block.place));
    ensure!(shown.first().is_some_and(|first| first.starts_with("left.bin")), "{shown:?}");
    ensure!(shown.last().is_some_and(|last| ["done", "完成"].contains(&last.as_str())), "{shown:?}");
    setting.nothing_again()?;
    no_errors(&browser).await
}

scenario!(pages, 150: Chromium, Firefox, WebKit);
scenario!(components, 120: Chromium);
scenario!(guide_pages, 120: Chromium);
scenario!(first_steps, 60: Chromium);
scenario!(modules, 240: Chromium);
scenario!(policies, 150: Chromium, Firefox, WebKit);
scenario!(preflights, 90: Chromium, Firefox, WebKit);
scenario!(proxies, 90: Chromium);
scenario!(left_by_an_earlier_visit, 90: Chromium);
