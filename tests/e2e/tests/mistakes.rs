//! Mistakes that pages and servers make: each is told at once, or said while the transfer waits, and told right.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::browser::Browser;
use e2e::demo::Demo;
use e2e::engine::Engine;
use e2e::http::{Answer, Asked, Host};
use e2e::setting::no_errors;
use e2e::stage::Stage;
use e2e::wait::until;
use e2e::{built, fake, scenario};
use serde::Deserialize;
use serde_json::{Value, json};

/// As the page needs it, and to any server.
const OPEN_CSP: &str =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src * blob:";
/// What is told at once is told within this time.
const AT_ONCE: u64 = 1_500;

/// What the page saw; see `pages/mistakes.js`.
#[derive(Debug, Deserialize)]
struct Seen {
    ended: String,
    after: u64,
    #[serde(default)]
    message: String,
    code: Option<String>,
    reason: Option<String>,
    status: Option<u16>,
    retryable: Option<bool>,
    cause: Option<Cause>,
    #[serde(default)]
    thrown: bool,
    leaks: bool,
    /// What was said while it waited, in order.
    #[serde(default)]
    reasons: Vec<Option<String>>,
    /// What the report says happened.
    #[serde(default)]
    events: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Cause {
    reason: Option<String>,
    text: String,
}

/// What is to come of a mistake.
enum Comes {
    /// A `TypeError` from the verb itself.
    Thrown,
    /// `rejected`, not to be tried again, for this reason.
    Rejected(&'static str),
    /// It waits, and says this reason or code.
    Waits(&'static str),
    /// It fails with this code.
    Fails(&'static str),
    /// It works.
    Done,
}
use Comes::{Done, Fails, Rejected, Thrown, Waits};

struct Row {
    what: &'static str,
    /// The call, in JavaScript; `same`, `other` and `dead` are origins.
    call: &'static str,
    comes: Comes,
    /// What its message must say.
    says: &'static [&'static str],
    /// At most so many requests to the servers, preflights and looks included.
    requests: usize,
}

const fn row(
    what: &'static str,
    call: &'static str,
    comes: Comes,
    says: &'static [&'static str],
    requests: usize,
) -> Row {
    Row { what, call, comes, says, requests }
}

/// What the verb can know when it is called.
const ROWS: &[Row] = &[
    row(
        "a header's value in Chinese (upload)",
        "xuchuan.upload(file, { headers: { 'X-File-Name': '文件' } })",
        Thrown,
        &["\"headers\"", "\"X-File-Name\"", "encodeURIComponent"],
        0,
    ),
    row(
        "a header's value in Chinese (download)",
        "xuchuan.download('/e2e/api.js', { headers: { 'X-File-Name': '文件' } })",
        Thrown,
        &["download()", "\"X-File-Name\""],
        0,
    ),
    row(
        "a header's name with a space",
        "xuchuan.upload(file, { headers: { 'X File': 'a' } })",
        Thrown,
        &["\"X File\" is no name"],
        0,
    ),
    row(
        "a header without a name",
        "xuchuan.upload(file, { headers: { '': 'a' } })",
        Thrown,
        &["\"\" is no name"],
        0,
    ),
    row(
        "a header that browsers drop",
        "xuchuan.upload(file, { headers: { Cookie: 'topsecret' } })",
        Thrown,
        &["\"Cookie\"", "drop"],
        0,
    ),
    row(
        "a header with a line break",
        "xuchuan.upload(file, { headers: { 'X-A': 'topsecret\\nX-B: c' } })",
        Thrown,
        &["\"X-A\"", "line break"],
        0,
    ),
    row(
        "a header that has no value",
        "xuchuan.upload(file, { headers: { Authorization: undefined } })",
        Thrown,
        &["\"Authorization\"", "undefined"],
        0,
    ),
    row(
        "a password in the endpoint",
        "xuchuan.upload(file, { endpoint: 'http://user:topsecret@host/api?key=topsecret' })",
        Thrown,
        &["\"endpoint\"", "password", "http://host/api"],
        0,
    ),
    row(
        "a password in a download's URL",
        "xuchuan.download('http://user:topsecret@host/f')",
        Thrown,
        &["download()", "password"],
        0,
    ),
    row(
        "an endpoint that is no URL",
        "xuchuan.upload(file, { endpoint: 'http://' })",
        Thrown,
        &["\"endpoint\"", "can't be read as a URL"],
        0,
    ),
    row(
        "a download's URL that is none",
        "xuchuan.download('https://host:99999/f?key=topsecret')",
        Thrown,
        &["can't be read as a URL"],
        0,
    ),
    row(
        "a scheme that fetch can't do",
        "xuchuan.upload(file, { endpoint: 'ftp://host/api' })",
        Thrown,
        &["\"ftp:\""],
        0,
    ),
    row(
        "an upload to a blob: URL",
        "xuchuan.upload(file, { endpoint: URL.createObjectURL(file) })",
        Thrown,
        &["\"blob:\""],
        0,
    ),
    // What shows only when the page is asked.
    row(
        "headers() throws (upload)",
        "xuchuan.upload(file, { headers: () => { throw (window.thrown = new Error('boom')); } })",
        Rejected("thrown"),
        &["headers() failed", "boom", "/api/upload"],
        0,
    ),
    row(
        "headers() throws (download)",
        "xuchuan.download(same + '/e2e/api.js', { headers: () => { throw (window.thrown = new Error('boom')); } })",
        Rejected("thrown"),
        &["headers() failed", "boom", "/e2e/api.js"],
        0,
    ),
    row(
        "headers() rejects with a plain object",
        "xuchuan.upload(file, { headers: async () => { throw (window.thrown = { code: 'E_LOGIN' }); } })",
        Rejected("thrown"),
        &["E_LOGIN"],
        0,
    ),
    row(
        "headers() rejects with an answer",
        "xuchuan.upload(file, { headers: async () => { throw (window.thrown = new Response('', { status: 418 })); } })",
        Rejected("thrown"),
        &["Response", "418"],
        0,
    ),
    row(
        "headers() rejects with nothing",
        "xuchuan.upload(file, { headers: () => Promise.reject() })",
        Rejected("page"),
        &["headers() failed", "undefined"],
        0,
    ),
    row(
        "headers() gives no object",
        "xuchuan.upload(file, { headers: () => 'Bearer topsecret' })",
        Rejected("any"),
        &["headers()", "String"],
        0,
    ),
    row(
        "headers() gives a value in Chinese",
        "xuchuan.upload(file, { headers: () => ({ 'X-File-Name': '文件' }) })",
        Rejected("any"),
        &["\"X-File-Name\"", "encodeURIComponent"],
        0,
    ),
    row(
        "headers() gives null as a value (download)",
        "xuchuan.download('/e2e/api.js', { headers: async () => ({ Authorization: null }) })",
        Rejected("any"),
        &["\"Authorization\"", "null"],
        0,
    ),
    row(
        "headers() gives a number, which is sent as text",
        "xuchuan.upload(file, { endpoint: same + '/api/numbered', headers: () => ({ 'X-Count': 5 }) })",
        Done,
        &[],
        8,
    ),
    row(
        "headers() that fails once and says that it is worth another try",
        "(() => { let n = 0; return xuchuan.upload(file, { headers: () => {
            if ((n += 1) === 1) throw Object.assign(new Error('no token yet'), { retryable: true });
            return {};
        } }); })()",
        Done,
        &[],
        8,
    ),
    row(
        "a revoked blob: URL",
        "(() => { const url = URL.createObjectURL(file); URL.revokeObjectURL(url); return xuchuan.download(url); })()",
        Rejected("unsendable"),
        &["blob:"],
        0,
    ),
    row(
        "refreshUrl() gives a URL with a password",
        "xuchuan.download(same + '/api/gone?key=topsecret', { refreshUrl: () => 'http://user:topsecret@host/f' })",
        Rejected("any"),
        &["refreshUrl()", "password"],
        2,
    ),
    // What is wrong with the server, said while it waits.
    row(
        "no CORS headers (upload)",
        "xuchuan.upload(file, { endpoint: other + '/closed/api?key=topsecret' })",
        Waits("cors"),
        &["Access-Control-Allow-Origin", "/closed/api", "OTHER"],
        5,
    ),
    row(
        "no CORS headers (download)",
        "xuchuan.download(other + '/closed/f?key=topsecret')",
        Waits("cors"),
        &["Access-Control-Allow-Origin", "/closed/f", "OTHER"],
        5,
    ),
    row(
        "a preflight that allows no headers (upload)",
        "xuchuan.upload(file, { endpoint: other + '/stiff/api', headers: { 'X-Token': 'topsecret' } })",
        Waits("preflight"),
        &["Access-Control-Allow-Headers", "OTHER"],
        5,
    ),
    row(
        "a preflight that allows no headers (download)",
        "xuchuan.download(other + '/stiff/f', { headers: { 'X-Token': 'topsecret' } })",
        Waits("preflight"),
        &["Access-Control-Allow-Headers", "OTHER"],
        5,
    ),
    row(
        "a server that is not there (upload)",
        "xuchuan.upload(file, { endpoint: dead + '/api?key=topsecret' })",
        Waits("unreachable"),
        &["server is up", "/api", "DEAD"],
        0,
    ),
    row(
        "a server that is not there (download)",
        "xuchuan.download(dead + '/f?key=topsecret')",
        Waits("unreachable"),
        &["server is up", "DEAD"],
        0,
    ),
    row(
        "a server that is not there, and no second try",
        "xuchuan.upload(file, { endpoint: dead + '/api', retry: false })",
        Fails("network"),
        &["server is up", "DEAD"],
        0,
    ),
    row(
        "a server in trouble",
        "xuchuan.upload(file, { endpoint: same + '/api/busy?key=topsecret' })",
        Waits("server"),
        &["HTTP 503", "/api/busy", "im Wartungsmodus"],
        1,
    ),
    // Peers went on for ever here (resumable.js issue 354).
    row(
        "a server that wants a login, and a page that has none",
        "xuchuan.upload(file, { endpoint: same + '/api/locked' })",
        Fails("rejected"),
        &["HTTP 401", "/api/locked"],
        1,
    ),
    row(
        "a login that does not help",
        "xuchuan.upload(file, { endpoint: same + '/api/locked', headers: () => ({ Authorization: 'topsecret' }) })",
        Fails("rejected"),
        &["HTTP 401", "/api/locked"],
        2,
    ),
    // Servers that speak the protocol in their own way.
    row(
        "a handshake that is redirected to a login page",
        "xuchuan.upload(file, { endpoint: same + '/api/moved' })",
        Fails("server"),
        &["/login, to which", "was redirected", "log in again"],
        12,
    ),
    row(
        "code 200 and success",
        "xuchuan.upload(file, { endpoint: same + '/api/two-hundred' })",
        Fails("rejected"),
        &["success is code 0", "200"],
        4,
    ),
    row(
        "a login page in the midst of it",
        "xuchuan.upload(file, { endpoint: same + '/api/portal', chunkSize: 1 << 18, retry: { base: 100, cap: 200 } })",
        Done,
        &[],
        40,
    ),
    row(
        "a login page in the midst of a download",
        "xuchuan.download(same + '/api/film?key=topsecret', { to: 'blob', resume: false, concurrency: 1, pieceSize: 1 << 18,
            retry: { base: 100, cap: 200 } })",
        Done,
        &[],
        40,
    ),
    row(
        "a code in quotes, ids in capitals, an endpoint with a slash and a query",
        "xuchuan.upload(file, { endpoint: same + '/api/loud/?key=topsecret', chunkSize: 1 << 18 })",
        Done,
        &[],
        9,
    ),
    row(
        "an endpoint that is a query behind a path without a slash",
        "xuchuan.upload(file, { endpoint: '/api/loud?key=topsecret' })",
        Done,
        &[],
        9,
    ),
];

/// What a page of the strictest policy may not ask.
const POLICY: &[Row] = &[
    row(
        "a server that the policy forbids (upload)",
        "xuchuan.upload(file, { endpoint: other + '/api?key=topsecret' })",
        Rejected("policy"),
        &["connect-src", "OTHER"],
        0,
    ),
    row(
        "a server that the policy forbids (download)",
        "xuchuan.download(other + '/f?key=topsecret')",
        Rejected("policy"),
        &["connect-src", "OTHER"],
        0,
    ),
];

/// The page's own server: the protocol below /api/upload, and its odd relatives.
fn api() -> impl Fn(&Asked) -> Answer + Send + Sync + 'static {
    let plain = fake::protocol();
    let (served, shown) = (AtomicUsize::new(0), AtomicUsize::new(0));
    move |asked| {
        let path = asked.head.path();
        if path.starts_with("/api/numbered") && asked.head.header("x-count") != Some("5") {
            return fake::refuses(400, "no X-Count")(asked);
        }
        if path.starts_with("/api/gone") {
            return Answer::new(403, "text/plain", "expired");
        }
        if path.starts_with("/api/film") {
            // From the second request on somebody has to log in, more often than a wrong answer is borne.
            let out = (2..10).contains(&shown.fetch_add(1, Ordering::Relaxed));
            return if out { fake::html(200, "please log in")(asked) } else { film(asked) };
        }
        if path.starts_with("/api/locked") {
            return fake::html(401, "please log in")(asked);
        }
        if path.starts_with("/api/busy") {
            return fake::html(503, "im Wartungsmodus")(asked);
        }
        if path.starts_with("/api/moved") {
            return Answer::new(302, "text/plain", "").with("Location", "/login?back=topsecret");
        }
        if path.starts_with("/api/two-hundred") {
            return Answer::json(200, &json!({ "code": 200, "msg": "success", "data": [] }));
        }
        // From the third request on somebody has to log in, for a while.
        if path.starts_with("/api/portal") && (3..12).contains(&served.fetch_add(1, Ordering::Relaxed)) {
            return fake::html(200, "please log in")(asked);
        }
        let answer = plain(asked);
        if path.starts_with("/api/loud") { loud(answer) } else { answer }
    }
}

/// A resource of 1 MiB, of which one answer has 256 KiB at most.
fn film(asked: &Asked) -> Answer {
    const SIZE: usize = 1 << 20;
    let range = asked.head.header("range").and_then(|range| range.strip_prefix("bytes="));
    let first = range.and_then(|range| range.split('-').next()?.parse().ok()).unwrap_or(0);
    let end = SIZE.min(first + (1 << 18));
    Answer::new(206, "video/mp4", vec![7; end.saturating_sub(first)])
        .with("Content-Range", &format!("bytes {first}-{}/{SIZE}", end - 1))
        .with("ETag", "\"film\"")
}

/// The same answer as some servers write it.
fn loud(answer: Answer) -> Answer {
    let mut body: BTreeMap<String, Value> = serde_json::from_slice(&answer.body).unwrap_or_default();
    if let Some(code) = body.get_mut("code") {
        *code = json!(code.to_string());
    }
    for id in body.get_mut("data").and_then(Value::as_array_mut).into_iter().flatten() {
        *id = json!(id.as_str().unwrap_or_default().to_uppercase());
    }
    Answer::json(200, &json!(body))
}

/// A server of another origin.
fn elsewhere(asked: &Asked) -> Answer {
    let answer = Answer::json(200, &json!({ "code": 0, "msg": "", "data": "/f" }));
    if asked.head.path().starts_with("/stiff/") {
        // It lets every page in, and knows nothing of preflights.
        return answer.with("Access-Control-Allow-Origin", "*");
    }
    answer
}

struct Places {
    host: Host,
    other: Host,
    dead: String,
}

impl Places {
    async fn start(stage: &Stage, csp: &str) -> Result<Places> {
        let www = stage.folder("www")?;
        built::www(&www)?;
        std::fs::write(www.join("login"), "<form>please log in</form>")?;
        let host = Host::start(fake::with_api(fake::site(www, csp), api())).await?;
        let other = Host::start(elsewhere).await?;
        // A port that was free a moment ago.
        let dead = format!("http://{}", TcpListener::bind(("127.0.0.1", 0))?.local_addr()?);
        Ok(Places { host, other, dead })
    }

    fn requests(&self) -> usize {
        let asked =
            |one: &Asked| one.head.path().starts_with("/api/") || one.head.path().starts_with("/login");
        self.host.seen().iter().filter(|one| asked(one)).count() + self.other.seen().len()
    }
}

async fn judge(stage: &Stage, browser: &Browser, places: &Places, row: &Row) -> Result<()> {
    let Row { what, call, comes, says, requests } = row;
    let before = places.requests();
    let (other, same) = (places.other.url(""), places.host.url(""));
    let args = json!({ "other": other, "same": same, "dead": places.dead });
    let awaited = if let Waits(reason) = comes { reason } else { "nothing" };
    let script = format!(
        "const {{ other, same, dead }} = args;
         const file = mistakes.file();
         window.thrown = undefined;
         return await mistakes.watch(() => {call}, '{awaited}', 12000);"
    );
    let seen: Seen = browser.run(&script, args).await?;
    let asked = places.requests() - before;
    stage.tell(format_args!(
        "{what}: {} {} after {} ms and {asked} requests: {}",
        seen.ended,
        seen.code.as_deref().unwrap_or_default(),
        seen.after,
        seen.message
    ));
    let right = match comes {
        Thrown => seen.ended == "thrown" && seen.after < AT_ONCE,
        Rejected(reason) => {
            let cause = seen.cause.as_ref();
            let told = match *reason {
                "thrown" => seen.thrown,
                "any" => cause.is_some(),
                reason => cause.is_some_and(|it| it.reason.as_deref() == Some(reason) && !it.text.is_empty()),
            };
            seen.ended == "failed"
                && seen.code.as_deref() == Some("rejected")
                && seen.retryable == Some(false)
                && told
                && seen.after < AT_ONCE
        }
        Waits(_) => seen.ended == "waiting" && seen.after < 6_000,
        Fails(code) => seen.ended == "failed" && seen.code.as_deref() == Some(code),
        Done => seen.ended == "done",
    };
    ensure!(
        right,
        "{what}: {:?} {:?} {:?} {:?} {:?}, having waited for {:?} and met {:?}",
        seen.ended,
        seen.code,
        seen.status,
        seen.reason,
        seen.cause,
        seen.reasons,
        seen.events
    );
    for words in *says {
        let words = words.replace("OTHER", &other).replace("DEAD", &places.dead);
        ensure!(seen.message.contains(&words), "{what}: it does not say {words}: {}", seen.message);
    }
    ensure!(asked <= *requests, "{what}: {asked} requests");
    ensure!(!seen.leaks, "{what}: it shows a secret: {} {:?}", seen.message, seen.events);
    Ok(())
}

/// Judges every row, and fails with all that went wrong.
async fn judge_all(stage: &Stage, browser: &Browser, places: &Places, rows: &[Row]) -> Result<()> {
    let mut wrong = BTreeMap::new();
    for row in rows {
        if let Err(error) = judge(stage, browser, places, row).await {
            wrong.insert(row.what, format!("{error:#}"));
        }
    }
    ensure!(wrong.is_empty(), "{} of {} mistakes are told wrong: {wrong:#?}", wrong.len(), rows.len());
    Ok(())
}

async fn mistakes(stage: &Stage) -> Result<()> {
    let places = Places::start(stage, OPEN_CSP).await?;
    let browser = stage.browser().await?;
    browser.open(&places.host.url("/e2e/mistakes.html")).await?;
    judge_all(stage, &browser, &places, ROWS).await?;
    let closed = places.other.url("/closed/api");
    let cause: Value = browser.run("return await mistakes.inWorker(args)", json!(closed)).await?;
    ensure!(cause.get("reason") == Some(&json!("cors")), "in a worker: {cause}");
    no_errors(&browser).await
}

async fn policy(stage: &Stage) -> Result<()> {
    let places = Places::start(stage, fake::BLOB_CSP).await?;
    let browser = stage.browser().await?;
    browser.open(&places.host.url("/e2e/mistakes.html")).await?;
    judge_all(stage, &browser, &places, POLICY).await?;
    no_errors(&browser).await
}

/// The demo page says what a transfer waits for, in both languages.
async fn said_on_the_page(stage: &Stage) -> Result<()> {
    let places = Places::start(stage, "connect-src *").await?;
    let browser = stage.browser().await?;
    let demo = Demo::open(&browser, &places.host.url("/index.html")).await?;
    demo.download(&places.other.url("/closed/毕业典礼.mp4?key=topsecret")).await?;
    for (language, words) in [("en", "does not let this page in"), ("zh", "不允许本页面访问")] {
        let shown = "return document.documentElement.lang.startsWith(args)";
        if !browser.run::<bool>(shown, json!(language)).await? {
            browser.click("[data-testid=lang]").await?;
        }
        let read = "const it = document.querySelector('[data-testid=trouble]');
            return it && !it.hidden ? it.textContent : null;";
        let text = until("the page to say what it waits for", Duration::from_secs(20), async || {
            let text: Option<String> = browser.run(read, json!(null)).await?;
            Ok(text.filter(|text| text.contains(words)))
        })
        .await
        .context(language)?;
        browser.screenshot(&format!("demo-{}-waiting-{language}", stage.engine)).await?;
        ensure!(text.contains("Access-Control-Allow-Origin") && !text.contains("topsecret"), "{text}");
    }
    if stage.engine == Engine::Chromium {
        browser.emulate(390, 844, "dark").await?;
        browser.screenshot("demo-phone-waiting").await?;
    }
    no_errors(&browser).await
}

scenario!(mistakes, 150: Chromium, Firefox, WebKit);
scenario!(policy, 60: Chromium, Firefox, WebKit);
scenario!(said_on_the_page, 60: Chromium, Firefox, WebKit);
