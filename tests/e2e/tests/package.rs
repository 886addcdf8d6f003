//! The package as pages use it: ES module, drop-in script, strict policies, and no worker to be had.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::api_page::ApiPage;
use e2e::browser::Browser;
use e2e::engine::Engine;
use e2e::files::{self, MIB, TestFile};
use e2e::http::Host;
use e2e::setting::no_errors;
use e2e::stage::Stage;
use e2e::{built, fake, scenario};
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

async fn policies(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let file = files::random(&stage.folder("files")?, "packed.bin", 61, 9 * MIB)?;
    let browser = stage.browser().await?;
    let cases = [
        ("ES module, strict CSP", "module.html", fake::STRICT_CSP),
        ("drop-in script, strict CSP", "script.html", fake::STRICT_CSP),
        ("drop-in script, CSP with blob workers", "script.html", fake::BLOB_CSP),
        ("inline script, CSP with blob workers", "inline.html", fake::BLOB_CSP),
        ("ES module, no worker allowed", "module.html", fake::NO_WORKER_CSP),
        ("drop-in script, no worker allowed", "script.html", fake::NO_WORKER_CSP),
    ];
    for (what, page, csp) in cases {
        let host = Host::start(fake::with_api(fake::site(www.clone(), csp), fake::protocol())).await?;
        let page = ApiPage::open(&browser, &host.url(&format!("/e2e/{page}"))).await.context(what)?;
        page.upload("u", &file, json!({})).await?;
        let told = page.settled("u", MINUTE).await.context(what)?;
        ensure!(told.ok, "{what}: {told:?}");
        let expected = file.md5()?;
        ensure!(told.result.get("fileId") == Some(&json!(expected)), "{what}: {:?}", told.result);
        let seen = host.seen();
        let workers = seen.iter().filter(|one| one.head.path().ends_with("worker.js")).count();
        let wasm = seen.iter().filter(|one| one.head.path().ends_with(".wasm")).count();
        stage.tell(format_args!(
            "{what}: done; worker.js asked for {workers} ×, wasm {wasm} ×, states {:?}",
            told.states
        ));
        no_errors(&browser).await.context(what)?;
    }
    Ok(())
}

/// Hashes the chosen file; returns its digest and the ms that took.
const HASH: &str = "
    const start = performance.now();
    const { fileId } = await xuchuan.digest(document.querySelector('#file').files[0]);
    return [fileId, performance.now() - start];";

/// A thread that says nothing is given up after so many ms.
const SILENCE: f64 = 5000.0;

/// A file that is large enough to be read in a thread of its own: where its worker may start one, and where it may not.
async fn reading_threads(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let file = files::random(&stage.folder("files")?, "large.bin", 62, 80 * MIB)?;
    let browser = stage.browser().await?;
    let reads = if stage.engine == Engine::WebKit { 0 } else { 1 };
    for (what, page, script, policies, expected) in [
        ("ES module", "module.html", "worker.js", [fake::STRICT_CSP; 2], 1 + reads),
        ("ES module, none allowed", "module.html", "worker.js", [fake::STRICT_CSP, fake::NO_WORKER_CSP], 1),
        ("drop-in script", "script.html", "xuchuan.min.js", [fake::STRICT_CSP; 2], 2 + reads),
        ("drop-in script, by blobs", "inline.html", "inline.min.js", [fake::BLOB_ONLY_CSP; 2], 1),
    ] {
        let [csp, workers] = policies;
        let host = Host::start(fake::site_with_workers(www.clone(), csp, workers)).await?;
        let page = host.url(&format!("/e2e/{page}"));
        ApiPage::open(&browser, &page).await.context(what)?;
        browser.choose("#file", &[&file.path]).await?;
        let (digest, took): (String, f64) = browser.run(HASH, json!(null)).await.context(what)?;
        ensure!(digest == file.md5()?, "{what}: {digest}");
        ensure!(took < SILENCE, "{what}: a thread never answered, {took:.0} ms");
        let asked = host.seen().iter().filter(|one| one.head.path().ends_with(script)).count();
        ensure!(asked == expected, "{what}: {script} was asked for {asked} ×, not {expected}");
        stage.tell(format_args!("{what}: hashed in {took:.0} ms; {script} asked for {asked} ×"));
        no_errors(&browser).await.context(what)?;
    }
    Ok(())
}

/// Uses all that an entry or a script has, and tells what came of it.
const USE_ALL: &str = "
    const shell = await window.entries;
    const told = { verbs: Object.keys(shell).sort().join(' '), listed: (await shell.pending()).length };
    if (shell.upload) {
      const transfer = shell.upload(document.querySelector('#file').files[0]);
      told.fileId = (await transfer.done).fileId;
      told.hashing = transfer.report().environment.hashing.kind;
    }
    if (shell.download) told.size = (await shell.download(args, { to: 'blob' }).done).data.size;
    return told;";

/// Uploads what was chosen, and tells how it went and whether a task of the page took long.
const UPLOAD: &str = "
    const shell = await window.entries;
    const transfer = shell.upload(document.querySelector('#file').files[0], { retry: false });
    const failed = await transfer.done.then(() => null, ({ code, message }) => `${code}: ${message}`);
    await new Promise((go) => setTimeout(go, 150));
    const longest = Math.max(0, ...e2eWatch.longTasks.map(({ duration }) => duration));
    return { failed, supported: shell.isSupported(), hashing: transfer.report().environment?.hashing ?? null, longest };";

/// What comes of an upload under a policy.
enum Comes {
    /// It is hashed in a worker.
    Worker,
    /// It is hashed on the page's thread, for a reason with these words in it.
    Page(&'static str),
    /// It fails, and says this.
    Fails(&'static [&'static str]),
}

/// Pages under policies that keep something from us: it works all the same, or the error names what has to be allowed.
async fn strict_pages(stage: &Stage) -> Result<()> {
    const BASE: &str =
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' ELSEWHERE CLOSED; connect-src 'self'";
    let www = stage.folder("www")?;
    built::www(&www)?;
    let file = files::random(&stage.folder("files")?, "strict.bin", 64, 9 * MIB)?;
    let elsewhere = fake::site(www.clone(), OPEN_CSP);
    let elsewhere =
        Host::start(move |asked| elsewhere(asked).with("Access-Control-Allow-Origin", "*")).await?;
    // As a server that serves its files to its own pages alone.
    let closed = Host::start(fake::site(www.clone(), OPEN_CSP)).await?;
    let browser = stage.browser().await?;
    let trusted = "; worker-src 'self' blob:; require-trusted-types-for 'script'";
    // WebKitGTK 2.50 and Firefox ESR may not know Trusted Types: to them these are pages like others.
    let knows: bool = {
        let host = Host::start(fake::site(www.clone(), OPEN_CSP)).await?;
        browser.open(&host.url("/e2e/entries.html")).await?;
        browser.run("return 'trustedTypes' in globalThis", json!(null)).await?
    };
    let refused = if knows { Comes::Page("trusted-types xuchuan") } else { Comes::Worker };
    for (what, load, policy, comes) in [
        // Without a word about a policy of ours it may be made.
        ("Trusted Types, script", "script=/pkg/xuchuan.min.js", trusted.to_owned(), Comes::Worker),
        ("Trusted Types, module", "module=/pkg/upload.js", trusted.to_owned(), Comes::Worker),
        ("Trusted Types, inline", "module=/pkg/inline.js", trusted.to_owned(), Comes::Worker),
        (
            "Trusted Types, our policy named",
            "module=/pkg/upload.js",
            format!("{trusted}; trusted-types xuchuan"),
            Comes::Worker,
        ),
        (
            "Trusted Types, our policy not named",
            "module=/pkg/upload.js",
            format!("{trusted}; trusted-types other"),
            refused,
        ),
        (
            "no worker, module",
            "module=/pkg/upload.js",
            "; worker-src 'none'".to_owned(),
            Comes::Page("no worker starts here"),
        ),
        // What the page forbids to fetch comes as a module, which is a script.
        (
            "module from another origin that may not be asked",
            "module=ELSEWHERE/pkg/upload.js",
            "; worker-src blob:".to_owned(),
            Comes::Worker,
        ),
        (
            "script from another origin that may not be asked",
            "script=ELSEWHERE/pkg/xuchuan.upload.min.js",
            "; worker-src blob:".to_owned(),
            Comes::Fails(&["engine: ", "add ELSEWHERE to its connect-src", "init({ wasm })", "inline"]),
        ),
        (
            "script from another origin whose files only its own pages may read",
            "script=CLOSED/pkg/xuchuan.upload.min.js",
            " CLOSED; worker-src blob:".to_owned(),
            Comes::Fails(&[
                "engine: ",
                "CLOSED does not let pages of other origins read it",
                "Access-Control-Allow-Origin",
            ]),
        ),
    ] {
        let named = |text: &str| {
            text.replace("ELSEWHERE", elsewhere.url("").trim_end_matches('/'))
                .replace("CLOSED", closed.url("").trim_end_matches('/'))
        };
        let csp = named(&format!("{BASE}{policy}"));
        let told = strict_page(&browser, &www, &csp, &named(load), &file).await.context(what)?;
        match comes {
            Comes::Worker => {
                ensure!(told.get("failed") == Some(&Value::Null), "{what}: {told}");
                ensure!(told.pointer("/hashing/kind") == Some(&json!("worker")), "{what}: {told}");
            }
            Comes::Page(why) => {
                ensure!(told.get("failed") == Some(&Value::Null), "{what}: {told}");
                ensure!(told.pointer("/hashing/kind") == Some(&json!("page")), "{what}: {told}");
                let said = told.pointer("/hashing/why").and_then(Value::as_str).unwrap_or_default();
                ensure!(said.contains(why), "{what}: {told}");
                let longest = told.get("longest").and_then(Value::as_f64).unwrap_or_default();
                ensure!(longest <= 50.0, "{what}: a task of {longest} ms");
            }
            Comes::Fails(words) => {
                let said = told.get("failed").and_then(Value::as_str).unwrap_or_default();
                for word in words {
                    ensure!(said.contains(&named(word)), "{what}: {told}");
                }
            }
        }
        stage.tell(format_args!("{what}: {told}"));
    }
    // What no policy may lack.
    let csp = "default-src 'none'; script-src 'self'; connect-src 'self'; worker-src 'self'";
    for load in ["script=/pkg/xuchuan.min.js", "module=/pkg/upload.js", "module=/pkg/inline.js"] {
        let told = strict_page(&browser, &www, csp, load, &file).await.context(load)?;
        let said = told.get("failed").and_then(Value::as_str).unwrap_or_default();
        ensure!(said.starts_with("unsupported: ") && said.contains("'wasm-unsafe-eval'"), "{load}: {told}");
        ensure!(told.get("supported") == Some(&json!(false)), "{load}: {told}");
        stage.tell(format_args!("{load} without 'wasm-unsafe-eval': {told}"));
    }
    Ok(())
}

async fn strict_page(browser: &Browser, www: &Path, csp: &str, load: &str, file: &TestFile) -> Result<Value> {
    let host = Host::start(fake::with_api(fake::site(www.to_owned(), csp), fake::protocol())).await?;
    browser.open(&host.url(&format!("/e2e/entries.html?{load}"))).await?;
    browser.choose("#file", &[&file.path]).await?;
    browser.run::<()>("await window.entries; e2eWatch.longTasks.length = 0", json!(null)).await?;
    let told = browser.run(UPLOAD, json!(null)).await?;
    no_errors(browser).await?;
    Ok(told)
}

/// A site that lets its pages do what they want.
const OPEN_CSP: &str = "worker-src 'self' blob:";

/// Each entry and each script: has the verbs of its engine, and loads one wasm and nothing twice.
async fn engines(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let file = files::random(&stage.folder("files")?, "engine.bin", 63, 5 * MIB)?;
    let page = std::fs::metadata(www.join("e2e/entries.html"))?.len();
    let elsewhere = fake::site(www.clone(), OPEN_CSP);
    let elsewhere =
        Host::start(move |asked| elsewhere(asked).with("Access-Control-Allow-Origin", "*")).await?;
    let browser = stage.browser().await?;
    let both = "TransferError digest download filesOf init isSupported pending save upload";
    let upload = "TransferError digest filesOf init isSupported pending upload";
    let download = "TransferError download init isSupported pending save";
    for (what, verbs, wasm, workers) in [
        ("script=/pkg/xuchuan.min.js", both, 1, 0),
        ("script=/pkg/xuchuan.upload.min.js", upload, 1, 0),
        ("script=/pkg/xuchuan.download.min.js", download, 1, 0),
        ("script=/pkg/xuchuan.inline.min.js", both, 0, 0),
        ("script=/pkg/xuchuan.upload.inline.min.js", upload, 0, 0),
        ("script=/pkg/xuchuan.download.inline.min.js", download, 0, 0),
        ("module=/pkg/index.js", both, 1, 1),
        ("module=/pkg/upload.js", upload, 1, 1),
        ("module=/pkg/download.js", download, 1, 0),
        ("module=/pkg/inline.js", both, 0, 0),
        ("module=/pkg/upload.inline.js", upload, 0, 0),
        ("module=/pkg/download.inline.js", download, 0, 0),
        // From another origin, which no worker can be started from: its text can.
        ("script=ELSEWHERE/pkg/xuchuan.min.js", both, 1, 0),
        ("module=ELSEWHERE/pkg/upload.js", upload, 1, 1),
        // Two engines by mistake.
        ("script=/pkg/xuchuan.upload.min.js&script=/pkg/xuchuan.download.min.js", both, 2, 0),
        ("module=/pkg/upload.js&module=/pkg/download.js", both, 2, 1),
        // The same one twice.
        ("script=/pkg/xuchuan.min.js&script=/pkg/xuchuan.upload.min.js", both, 1, 0),
    ] {
        let host = Host::start(fake::with_api(fake::site(www.clone(), OPEN_CSP), fake::protocol())).await?;
        let before = elsewhere.seen().len();
        let address = what.replace("ELSEWHERE", &elsewhere.url(""));
        browser.open(&host.url(&format!("/e2e/entries.html?{address}"))).await.context(what)?;
        browser.choose("#file", &[&file.path]).await?;
        let told: Value = browser.run(USE_ALL, json!("/e2e/entries.html")).await.context(what)?;
        ensure!(told.get("verbs") == Some(&json!(verbs)), "{what}: {told}");
        ensure!(told.get("listed") == Some(&json!(0)), "{what}: {told}");
        if verbs.contains("upload") {
            ensure!(told.get("fileId") == Some(&json!(file.md5()?)), "{what}: {told}");
            ensure!(told.get("hashing") == Some(&json!("worker")), "{what}: {told}");
        }
        if verbs.contains("download") {
            ensure!(told.get("size") == Some(&json!(page)), "{what}: {told}");
        }
        let mut seen = host.seen();
        seen.extend(elsewhere.seen().split_off(before));
        let asked: Vec<&str> =
            seen.iter().map(|one| one.head.path()).filter(|path| path.starts_with("/pkg/")).collect();
        let count = |end: &str| asked.iter().filter(|path| path.ends_with(end)).count();
        ensure!((count(".wasm"), count("worker.js")) == (wasm, workers), "{what}: {asked:?}");
        let all: BTreeSet<&&str> = asked.iter().collect();
        ensure!(all.len() == asked.len(), "{what}: fetched twice: {asked:?}");
        stage.tell(format_args!("{what}: {told}, {asked:?}"));
        no_errors(&browser).await.context(what)?;
    }
    Ok(())
}

scenario!(engines, 150: Chromium, Firefox, WebKit);
scenario!(strict_pages, 150: Chromium, Firefox, WebKit);
scenario!(policies, 150: Chromium, Firefox, WebKit);
scenario!(reading_threads, 120: Chromium, Firefox, WebKit);
