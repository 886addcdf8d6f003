//! For each rule of the protocol that is broken on purpose the row that names it is wrong, and no other that must be right.

use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use conformance::report::{Report, report, tool};
use conformance::running::Running;
use conformance::{left_out, program, workspace};

/// A rule of the fixture, the row that names it, and the other rows of the kind `must` that it can't help breaking.
const RULES: [(&str, &str, &[&str]); 53] = [
    ("code-200", "code-zero", &[]),
    ("html-type", "json-type", &[]),
    ("forgets-one-of-three", "lists-all", &[]),
    ("no-file-id-words", "no-file-id", &[]),
    ("no-ext-allowed", "no-ext", &[]),
    ("no-chunk-ids-500", "no-chunk-ids", &[]),
    ("nonsense-cut", "survives-nonsense", &[]),
    ("nonsense-hangs", "survives-nonsense", &[]),
    ("chunk-no-file-id-words", "chunk-no-file-id", &[]),
    ("chunk-no-chunk-id-words", "chunk-no-chunk-id", &[]),
    ("unknown-file-taken", "chunk-unknown-file", &[]),
    ("unknown-chunk-taken", "chunk-unknown-chunk", &[]),
    ("list-behind", "remaining", &[]),
    // It loses what was sent in whichever cut.
    ("handshake-resets", "keeps", &["two-cuts", "accepts"]),
    ("again-refused", "again", &["accepts"]),
    ("bytes-unchecked", "wrong-bytes", &[]),
    ("bytes-kept", "wrong-bytes", &[]),
    ("last-url", "last", &[]),
    ("no-url", "url", &[]),
    ("url-changes", "url-again", &[]),
    ("url-elsewhere", "served", &[]),
    ("served-short", "served", &[]),
    ("not-instant", "instant", &[]),
    ("empty-refused", "empty-file", &[]),
    ("ext-needed", "one-byte", &[]),
    ("whole-unchecked", "wrong-whole", &[]),
    // The other cut's chunk is late, too.
    ("late-cut", "late", &["two-cuts"]),
    ("finish-clash", "finish-at-once", &["accepts"]),
    ("one-cut", "two-cuts", &[]),
    ("one-file", "two-files", &[]),
    ("repeats-refused", "repeats", &["accepts"]),
    ("repeats-deleted", "repeats", &["accepts"]),
    ("index-refused", "index-ids", &[]),
    ("racy-record", "parallel", &["accepts"]),
    ("duplicates-clash", "duplicates", &["accepts"]),
    ("handshake-clash", "handshakes-beside", &["accepts"]),
    ("body-1", "body-size", &[]),
    ("body-cut", "too-large", &[]),
    ("any-ext", "odd-ext", &[]),
    ("any-id", "odd-ids", &[]),
    ("lower-only", "upper-case", &[]),
    ("no-range", "range", &[]),
    ("weak-etag", "etag", &[]),
    ("if-range-ignored", "etag", &[]),
    ("no-sandbox", "sandbox", &[]),
    ("no-preflight", "cors-preflight", &[]),
    ("failures-without-cors", "cors-answers", &[]),
    ("etag-hidden", "cors-download", &[]),
    ("duplicates-die", "alive", &["accepts"]),
    ("hangs", "answers", &[]),
    ("accepts-nonsense", "accepts", &[]),
    ("accepts-on-success", "accepts", &[]),
    ("bad-gateway", "answers", &[]),
];

/// Waiting for time limits takes most of the time, the processor little.
const AT_ONCE: usize = 4;

/// The fixture with these rules broken.
fn fixture(rules: &[&str]) -> Result<Running> {
    let flags: Vec<&str> = rules.iter().flat_map(|rule| ["--break", *rule]).collect();
    fixture_with(&flags)
}

fn fixture_with(flags: &[&str]) -> Result<Running> {
    static COUNT: Mutex<u32> = Mutex::new(0);
    let count = {
        let mut count = COUNT.lock().map_err(|_| anyhow::anyhow!("another thread panicked"))?;
        *count += 1;
        *count
    };
    let mut command = Command::new("node");
    command.arg(workspace().join("tests/conformance/fixture.mjs"));
    command.args(flags);
    let log = std::env::temp_dir().join(format!("xuchuan-fixture-{}-{count}.log", std::process::id()));
    let running = Running::start(command, &log);
    let _ = std::fs::remove_file(log);
    running
}

/// What the tool says of the fixture with these rules broken.
fn judged(rules: &[&str], largest: &str) -> Result<(Report, bool)> {
    let server = fixture(rules)?;
    let args = ["--origin", "https://my.page", "--timeout", "1.5", "--largest", largest];
    report(&server.endpoint(), &args)?.context("Node is gone")
}

fn has_node(test: &str) -> bool {
    let there = program("node").is_some();
    if !there {
        left_out(test, "Node is not installed");
    }
    there
}

fn holds(rule: &str, row: &str, others: &[&str]) -> Result<()> {
    let largest = if rule.starts_with("body-") { "16" } else { "1" };
    let (report, is_zero) = judged(&[rule], largest)?;
    let wrong = report.wrong(false);
    ensure!(wrong.contains(&row), "{rule}: {row} is not wrong, but {wrong:?}");
    let must: Vec<&str> = report.wrong(true).into_iter().filter(|id| *id != row).collect();
    ensure!(must == others, "{rule}: beside {row} these are wrong: {must:?}, not {others:?}");
    let named = report.row(row)?;
    ensure!(!named.detail.is_empty(), "{rule}: {named:?}");
    // A row of another kind may leave the server conforming, if it does not say that it can what it can't.
    let conforms = named.kind != "must" && others.is_empty();
    ensure!(report.conforms == conforms && is_zero == conforms, "{rule}: conforms {}", report.conforms);
    Ok(())
}

#[test]
fn each_broken_rule_has_its_row() -> Result<()> {
    if !has_node("rules") {
        return Ok(());
    }
    let queue = Mutex::new(RULES.iter());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().ok().and_then(|mut queue| queue.next());
                    let Some((rule, row, others)) = next else { return };
                    if let (Err(error), Ok(mut failures)) = (holds(rule, row, others), failures.lock()) {
                        failures.push(format!("{error:#}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner()?;
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

#[test]
fn each_row_has_a_rule_that_breaks_it() -> Result<()> {
    if !has_node("rows") {
        return Ok(());
    }
    let (report, _) = judged(&[], "1")?;
    ensure!(report.wrong(false).is_empty(), "without a broken rule: {:?}", report.wrong(false));
    let idle: Vec<_> =
        report.rows.iter().filter(|row| RULES.iter().all(|(_, named, _)| *named != row.id)).collect();
    ensure!(idle.is_empty(), "rows that no rule breaks: {idle:?}");
    Ok(())
}

#[test]
fn a_silent_server_may_be_racy() -> Result<()> {
    if !has_node("silent") {
        return Ok(());
    }
    let (report, is_zero) = judged(&["silent", "racy-record"], "1")?;
    ensure!(report.conforms && is_zero, "{:?}", report.wrong(true));
    ensure!(report.says.is_null() && report.may.parallel == Some(false), "{report:?}");
    let row = report.row("parallel")?;
    ensure!(row.detail.contains("read, changed and written back"), "{row:?}");
    ensure!(row.advice.contains("one chunk at a time"), "{row:?}");
    let (report, _) = judged(&["silent"], "1")?;
    ensure!(report.may.parallel == Some(true) && report.may.repeats == Some(true), "{report:?}");
    Ok(())
}

#[test]
fn a_server_that_hangs_does_not_hang_the_tool() -> Result<()> {
    if !has_node("hangs") {
        return Ok(());
    }
    let begun = Instant::now();
    let (report, is_zero) = judged(&["hangs"], "1")?;
    ensure!(!is_zero && report.wrong(true) == ["answers"], "{:?}", report.wrong(true));
    ensure!(begun.elapsed() < Duration::from_secs(15), "it took {:?}", begun.elapsed());
    Ok(())
}

#[test]
fn a_login_is_sent_where_it_belongs() -> Result<()> {
    if !has_node("login") {
        return Ok(());
    }
    let server = fixture_with(&["--token", "secret"])?;
    let args = ["--origin", "https://my.page", "--largest", "1"];
    let with = ["--header", "Authorization: Bearer secret"];
    let (known, _) = report(&server.endpoint(), &[&args[..], &with].concat())?.context("Node is gone")?;
    ensure!(known.wrong(false).is_empty(), "{:?}", known.wrong(false));
    let (stranger, is_zero) = report(&server.endpoint(), &args)?.context("Node is gone")?;
    let row = stranger.row("code-zero")?;
    ensure!(!is_zero && row.verdict == "wrong" && row.advice.contains("--header"), "{row:?}");
    Ok(())
}

#[test]
fn the_text_says_it_in_words() -> Result<()> {
    if !has_node("text") {
        return Ok(());
    }
    let server = fixture(&["silent", "racy-record", "code-200"])?;
    let endpoint = server.endpoint();
    let output = tool(&[&endpoint, "--largest", "1"]).context("Node is gone")?.output()?;
    let text = String::from_utf8(output.stdout)?;
    for words in [
        "wrong       A success has code 0, the number",
        "Success is the number 0",
        "The server does not conform",
        "It may say \"accepts\": { \"repeats\": true }",
        "It may not say parallel (a row on it is wrong).",
        "can't tell  A chunk that is too large",
        "Left on the server: ",
    ] {
        ensure!(text.contains(words), "`{words}` is not in\n{text}");
    }
    ensure!(output.status.code() == Some(1), "{:?}", output.status);
    Ok(())
}

#[test]
fn what_it_can_not_read_it_says() -> Result<()> {
    if !has_node("command line") {
        return Ok(());
    }
    for (args, words) in [
        (&[][..], "usage:"),
        (&["x"], "no URL"),
        (&["ftp://x"], "http://"),
        (&["http://x", "--no"], "--no"),
        (&["http://x", "--timeout", "0"], "--timeout"),
        (&["http://x", "--header", "x"], "colon"),
    ] {
        let output = tool(args).context("Node is gone")?.output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(2) && said.contains(words), "{args:?}: {said}");
    }
    // Nobody listens there.
    let (report, is_zero) = report("http://127.0.0.1:9/api/upload", &[])?.context("Node is gone")?;
    ensure!(!is_zero && report.wrong(true) == ["answers"], "{:?}", report.wrong(true));
    Ok(())
}
