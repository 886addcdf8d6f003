//! Random SIGKILLs of the browser and of the server while files go up: each ends right, and nothing is sent again that
//! the browser was told is there.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::api_page::{ApiPage, Told};
use e2e::browser::Browser;
use e2e::engine::Engine;
use e2e::files::{self, MIB, TestFile};
use e2e::scenario;
use e2e::setting::{Setting, no_errors};
use e2e::soak::{Dice, Soak};
use e2e::stage::Stage;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);
/// A file takes about so long, whatever its size: room for several kills.
const UPLOAD: u64 = 8;
/// So many chunks are under way at most.
const AT_ONCE: u64 = 6;
/// A kill comes at some moment of this span after the last one was got over.
const SPAN: Duration = Duration::from_millis(2500);

/// Fifty chunks, whatever the size.
fn chunk(size: u64) -> u64 {
    size / 50
}

fn options(file: &TestFile) -> Value {
    json!({ "chunkSize": chunk(file.size) })
}

/// Files that go up one after the other while kills are left.
struct Campaign<'a> {
    stage: &'a Stage,
    soak: Soak,
    setting: Setting,
    dice: Dice,
    kills: usize,
    left: usize,
    files: u64,
    /// Kills that came while requests were on their way.
    amid: usize,
    sent: u64,
    needed: u64,
}

impl<'a> Campaign<'a> {
    async fn start(stage: &'a Stage) -> Result<Campaign<'a>> {
        let soak = Soak::read()?;
        let setting = Setting::start(stage).await?;
        setting.wire.rate(Some(soak.size / UPLOAD));
        let kills = soak.kills(stage.engine);
        let dice = Dice::new(soak.seed);
        Ok(Campaign { stage, soak, setting, dice, kills, left: kills, files: 0, amid: 0, sent: 0, needed: 0 })
    }

    fn url(&self) -> String {
        self.setting.wire.url("/e2e/script.html")
    }

    /// Makes the next file, if there are kills left for it.
    fn file(&mut self) -> Result<Option<TestFile>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.files += 1;
        let name = format!("killed-{}.bin", self.files);
        let seed = self.soak.seed.wrapping_add(self.files);
        files::random(&self.stage.folder("files")?, &name, seed, self.soak.size).map(Some)
    }

    /// Waits for a moment of chance; true if the upload was still going on then, and a kill is left for it.
    async fn strikes(&mut self, page: &ApiPage<'_>) -> Result<bool> {
        if self.left == 0 {
            return Ok(false);
        }
        tokio::time::sleep(self.dice.within(SPAN)).await;
        let goes_on = !page.tell("u").await?.settled;
        self.left -= usize::from(goes_on);
        self.amid += usize::from(goes_on && self.setting.wire.ledger().open() > 0);
        Ok(goes_on)
    }

    /// Judges a file's end; `from` is where its requests begin in the ledger.
    async fn judge(&mut self, told: &Told, file: TestFile, from: usize) -> Result<()> {
        ensure!(told.ok, "it failed: {told:?}");
        ensure!(!told.went_back, "confirmed went back");
        self.setting.nothing_again()?;
        let url = told.result.get("url").and_then(Value::as_str).context("no URL")?;
        let path = url.find("/files/").and_then(|at| url.get(at..)).with_context(|| url.to_owned())?;
        let stored = files::md5_of(&self.setting.server.fetch(path).await?);
        ensure!(stored == file.md5()?, "the stored bytes differ");
        self.sent += self.setting.wire.ledger().chunk_bytes(from);
        self.needed += file.size;
        std::fs::remove_file(&file.path)?;
        Ok(())
    }

    /// Tells the sums, and judges them: a kill may cost what was on its way, and nothing else.
    fn sum_up(&self, what: &str, more: &str) -> Result<()> {
        let Campaign { kills, amid, files, sent, needed, soak, .. } = self;
        self.stage.tell(format_args!(
            "{kills} kills of the {what} ({amid} with requests on their way) over {files} files of {} MiB, seed {}: all \
             right, nothing acknowledged was sent again, sent ÷ needed = {:.4}; {more}",
            soak.size / MIB,
            soak.seed,
            *sent as f64 / *needed as f64
        ));
        let allowed = needed * 102 / 100 + *kills as u64 * AT_ONCE * chunk(soak.size);
        ensure!(*sent <= allowed, "{sent} bytes were sent, {allowed} at most");
        Ok(())
    }
}

/// What the pages after the kills found.
#[derive(Default)]
struct Found {
    pending: usize,
    /// Nothing, and rightly: no chunk had been acknowledged.
    nothing: usize,
    /// Nothing, since WebKit's automated sessions keep nothing.
    forgot: usize,
}

async fn browser_kills(stage: &Stage) -> Result<()> {
    let mut campaign = Campaign::start(stage).await?;
    let mut found = Found::default();
    let url = campaign.url();
    while let Some(file) = campaign.file()? {
        let from = campaign.setting.wire.ledger().now();
        let mut browser = stage.browser().await?;
        ApiPage::open(&browser, &url).await?.upload("u", &file, options(&file)).await?;
        loop {
            let page = ApiPage::at(&browser);
            if !campaign.strikes(&page).await? {
                let told = page.settled("u", 2 * MINUTE).await?;
                campaign
                    .judge(&told, file, from)
                    .await
                    .with_context(|| format!("seed {}", campaign.soak.seed))?;
                no_errors(&browser).await?;
                browser.quit().await?;
                break;
            }
            browser.kill();
            browser = stage.browser().await?;
            let page = ApiPage::open(&browser, &url).await?;
            go_on(&campaign, &browser, &page, &file, from, &mut found).await?;
        }
    }
    let Found { pending, nothing, forgot } = found;
    campaign.sum_up(
        "browser",
        &format!("pending() listed it {pending} times, {nothing} times nothing had been acknowledged, {forgot} times the profile was gone"),
    )
}

/// Goes on after a kill, as a person would: with what `pending()` lists, else with the file anew.
async fn go_on(
    campaign: &Campaign<'_>,
    browser: &Browser,
    page: &ApiPage<'_>,
    file: &TestFile,
    from: usize,
    found: &mut Found,
) -> Result<()> {
    let ledger = campaign.setting.wire.ledger();
    let acknowledged =
        ledger.since(from, "/api/upload").iter().filter(|one| one.is_chunk() && one.acknowledged()).count();
    let pending = page.pending().await?;
    match pending.as_slice() {
        [] if browser.engine() == Engine::WebKit => found.forgot += 1,
        [] => {
            ensure!(
                acknowledged == 0,
                "{acknowledged} chunks were acknowledged, and pending() lists nothing"
            );
            found.nothing += 1;
        }
        [one] => {
            ensure!(one.get("name") == Some(&json!(file.name())), "another file is pending: {one}");
            found.pending += 1;
            browser.choose("#file", &[&file.path]).await?;
            return page.resume("u", "upload", json!({})).await;
        }
        more => anyhow::bail!("pending() lists {more:?}"),
    }
    page.upload("u", file, options(file)).await
}

async fn server_kills(stage: &Stage) -> Result<()> {
    let mut campaign = Campaign::start(stage).await?;
    let browser = stage.browser().await?;
    let url = campaign.url();
    let mut slowest = Duration::ZERO;
    while let Some(file) = campaign.file()? {
        let from = campaign.setting.wire.ledger().now();
        let page = ApiPage::open(&browser, &url).await?;
        page.upload("u", &file, options(&file)).await?;
        while campaign.strikes(&page).await? {
            campaign.setting.server.kill();
            tokio::time::sleep(campaign.dice.within(Duration::from_millis(700))).await;
            campaign.setting.server.restart().await?;
            let (ledger, start) = (campaign.setting.wire.ledger(), Instant::now());
            let before = ledger.now();
            let heard = |all: &[e2e::wire::Exchange]| all.iter().skip(before).any(|one| one.status != 0);
            ledger.until("an answer after the restart", MINUTE, heard).await?;
            slowest = slowest.max(start.elapsed());
        }
        let told = page.settled("u", 2 * MINUTE).await?;
        campaign.judge(&told, file, from).await.with_context(|| format!("seed {}", campaign.soak.seed))?;
    }
    campaign.sum_up(
        "server",
        &format!("at most {:.1} s from a restart to the next answer", slowest.as_secs_f64()),
    )?;
    no_errors(&browser).await
}

// Each wait within has a limit of its own; this one is for fifty kills.
scenario!(browser_kills, 3600, waits: Chromium, Firefox, WebKit);
scenario!(server_kills, 3600, waits: Chromium, Firefox, WebKit);
