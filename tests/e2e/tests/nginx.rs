//! A real nginx in front, with its default limit of 1 MB: on the page's origin, from another one, and over HTTP/2.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use e2e::api_page::{ApiPage, Told};
use e2e::browser::Browser;
use e2e::engine::Engine;
use e2e::files::{self, MIB, TestFile};
use e2e::http::Host;
use e2e::nginx::Nginx;
use e2e::server::Server;
use e2e::setting::no_errors;
use e2e::stage::Stage;
use e2e::wild_server::WildServer;
use e2e::{built, fake, scenario};
use serde_json::{Value, json};
use wild::Manner;

const LIMIT: Duration = Duration::from_secs(45);

/// Where the page is, seen from nginx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    SameOrigin,
    /// nginx's own answers have no CORS headers.
    OtherOrigin,
    Http2,
    OtherOriginHttp2,
}

impl Place {
    /// Returns those that are tried in `engine`. WebKitGTK's network process died (a general protection fault, in 2 of 3
    /// runs; WebKitGTK 2.50) when two bodies were refused over HTTP/2 before they were sent.
    fn of(engine: Engine) -> &'static [Place] {
        match engine {
            Engine::WebKit => &[Place::SameOrigin, Place::OtherOrigin],
            Engine::Chromium | Engine::Firefox => {
                &[Place::SameOrigin, Place::OtherOrigin, Place::Http2, Place::OtherOriginHttp2]
            }
        }
    }

    /// Returns the page's URL and the endpoint, if it has to be told.
    fn urls(self, nginx: &Nginx, site: &Host) -> (String, Option<String>) {
        let page = "/e2e/script.html";
        match self {
            Place::SameOrigin => (nginx.url(page), None),
            Place::OtherOrigin => (site.url(page), Some(nginx.url("/api/upload"))),
            Place::Http2 => (nginx.secure_url(page), None),
            Place::OtherOriginHttp2 => (site.url(page), Some(nginx.secure_url("/api/upload"))),
        }
    }

    fn protocol(self) -> &'static str {
        match self {
            Place::SameOrigin | Place::OtherOrigin => "HTTP/1.1",
            Place::Http2 | Place::OtherOriginHttp2 => "HTTP/2.0",
        }
    }
}

/// Our server takes another cut of the file: it is cut smaller by itself.
async fn our_server(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let browser = stage.browser().await?;
    let mut wrong = Vec::new();
    for (seed, &place) in (131..).zip(Place::of(stage.engine)) {
        let server = Server::start(&stage.folder(&format!("data {place:?}"))?, &www, &[]).await?;
        let nginx = Nginx::start(&stage.folder(&format!("nginx {place:?}"))?, server.address()).await?;
        let file = files::random(&stage.folder("files")?, "nginx.bin", seed, 20 * MIB)?;
        let outcome = match upload(stage, &browser, "our server", &nginx, place, &www, &file).await {
            Ok(told) => right(&server, &file, &told).await,
            Err(error) => Err(error),
        };
        wrong.extend(outcome.err().map(|error| format!("{place:?}: {error:#}")));
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("; "));
    Ok(())
}

/// A server that insists on the first cut can't be helped: the error says what can be done.
async fn racy_server(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let file = files::random(&stage.folder("files")?, "nginx.bin", 141, 20 * MIB)?;
    let flags = ["--cors", "--www", &www.display().to_string()];
    let program = Path::new(env!("CARGO_BIN_EXE_wild-server"));
    let browser = stage.browser().await?;
    let mut wrong = Vec::new();
    for &place in Place::of(stage.engine) {
        let folder = stage.folder(&format!("racy {place:?}"))?;
        let server = WildServer::start(program, Manner::Racy, &folder, &flags).await?;
        let nginx = Nginx::start(&stage.folder(&format!("nginx {place:?}"))?, server.address()).await?;
        let outcome = upload(stage, &browser, "racy", &nginx, place, &www, &file).await.and_then(|told| {
            let error = told.error.with_context(|| format!("no error, {:?}", told.result))?;
            for word in ["chunkSize", "client_max_body_size"] {
                ensure!(error.message.contains(word), "the message does not say {word}: {}", error.message);
            }
            Ok(())
        });
        wrong.extend(outcome.err().map(|error| format!("{place:?}: {error:#}")));
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("; "));
    Ok(())
}

/// Uploads `file` with the defaults and tells how it went.
async fn upload(
    stage: &Stage,
    browser: &Browser,
    what: &str,
    nginx: &Nginx,
    place: Place,
    www: &Path,
    file: &TestFile,
) -> Result<Told> {
    let site = Host::start(fake::site(www.to_owned(), fake::ANY_SERVER_CSP)).await?;
    let (url, endpoint) = place.urls(nginx, &site);
    let page = ApiPage::open(browser, &url).await?;
    let start = Instant::now();
    page.upload("u", file, endpoint.map_or(json!({}), |url| json!({ "endpoint": url }))).await?;
    let told = page.settled("u", LIMIT).await;
    let seconds = start.elapsed().as_secs_f64();
    let verdict = match &told {
        Ok(Told { ok: true, .. }) => "done".to_owned(),
        Ok(Told { error: Some(error), .. }) => format!("{:?}: {}", error.code, error.message),
        _ => "not settled".to_owned(),
    };
    let passed: Vec<_> = nginx.passed()?.into_iter().filter(|one| one.method == "POST").collect();
    let chunks = passed.iter().filter(|one| one.target == "/api/upload");
    let (taken, refused): (Vec<_>, Vec<_>) = chunks.partition(|one| one.status == 200);
    let too_large = refused.iter().filter(|one| one.status == 413).count();
    stage.tell(format_args!(
        "{what}, {place:?}: {}; {} chunks taken ({} bytes), {} refused, {too_large} of them with 413, \
         {seconds:.1} s",
        verdict.split_whitespace().collect::<Vec<_>>().join(" "),
        taken.len(),
        taken.iter().map(|one| one.bytes).sum::<u64>(),
        refused.len(),
    ));
    let told = told?;
    ensure!(too_large > 0, "nginx refused nothing: {passed:?}");
    // Three in a row tell a limit that can't be read; two chunks are under way at first.
    ensure!(refused.len() <= 8, "{} chunks were refused", refused.len());
    let protocol = place.protocol();
    ensure!(passed.iter().all(|one| one.protocol == protocol), "not all of it is {protocol}: {passed:?}");
    no_errors(browser).await?;
    Ok(told)
}

async fn right(server: &Server, file: &TestFile, told: &Told) -> Result<()> {
    if let Some(error) = &told.error {
        bail!("{:?}: {}", error.code, error.message);
    }
    let name = format!("/files/{}.bin", file.md5()?);
    let url = told.result.get("url").and_then(Value::as_str).context("no url")?;
    ensure!(url.ends_with(&name), "the URL is {url}");
    ensure!(server.fetch(&name).await? == std::fs::read(&file.path)?, "the server's file has other bytes");
    Ok(())
}

scenario!(our_server, 200: Chromium, Firefox, WebKit);
scenario!(racy_server, 200: Chromium, Firefox, WebKit);
