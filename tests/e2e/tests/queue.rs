//! Many transfers at once, by cases that users of other uploaders reported: whoever is slow, silent, paused, cancelled or refused
//! holds up nobody else, and all together never have more than six requests under way.

use anyhow::{Context, Result, bail, ensure};
use e2e::api_page::ApiPage;
use e2e::setting::no_errors;
use e2e::stage::Stage;
use e2e::{built, fake, scenario};
use faults::Server;
use serde::Deserialize;
use serde_json::{Value, json};

/// Each case of `pages/queue.js`, and how its server is.
const ROWS: [(&str, &str); 8] = [
    ("silent_requests", "hole=request,at=1000,on=chunk,times=4"),
    ("patient", "slow=2500,on=chunk,times=always"),
    ("cancelled", "slow=600,on=chunk,times=always"),
    ("paused_again_and_again", "slow=80,on=any,times=always"),
    ("server_gone_for_a_while", "refuse=2500,on=chunk,nth=3"),
    ("paused_downloads", "drip=answer,rate=600000,on=download,times=always"),
    ("both_ways", "drip=answer,rate=300000,on=download,times=always+slow=2000,on=chunk,times=always"),
    ("refused", "limit=2,on=chunk,times=always"),
];

#[derive(Debug, Deserialize)]
struct Seen {
    /// The most requests that waited for an answer at once.
    most: u64,
    told: Value,
}

async fn queue(stage: &Stage) -> Result<()> {
    let www = stage.folder("www")?;
    built::www(&www)?;
    let server = Server::start(0, fake::site(www, "connect-src *")).await?;
    let browser = stage.browser().await?;
    ApiPage::open(&browser, &server.main().url("/e2e/queue.html")).await?;
    let names: Vec<String> = browser.run("return queue.names", json!(null)).await?;
    ensure!(names == ROWS.map(|(name, _)| name), "the page has {names:?}");
    let mut wrong = Vec::new();
    for (name, faults) in ROWS {
        // A server of its own, that nothing is known of.
        let port = server.open().await?;
        let at = port.url(&format!("/s/{name}/{faults}"));
        let seen: Result<Seen> = browser
            .run("return await queue.run(args.name, args.at)", json!({ "name": name, "at": at }))
            .await;
        let told = match seen.context(name) {
            Ok(seen) if seen.most <= 6 => {
                format!("as it has to be; at most {} at once; {}", seen.most, seen.told)
            }
            Ok(seen) => format!("WRONG: {} requests at once", seen.most),
            Err(error) => format!("WRONG: {error:#}"),
        };
        stage.tell(format_args!("{name}: {told}"));
        if told.starts_with("WRONG") {
            wrong.push(format!("{name}: {told}"));
        }
    }
    if !wrong.is_empty() {
        bail!("{} went wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
    no_errors(&browser).await
}

scenario!(queue, 300, waits: Chromium, Firefox, WebKit);
