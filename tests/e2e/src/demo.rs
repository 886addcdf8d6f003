//! The demo page, worked through its controls as a person would.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::json;

use crate::browser::Browser;
use crate::files::TestFile;
use crate::wait::until;

/// Reads the last card of a kind and a name.
// A row becomes a card when it comes into sight.
const CARD: &str = "
    const last = document.querySelector(`#${args.kind}s li:last-child`);
    if (last && last.dataset.testid !== `${args.kind}-card`) last.scrollIntoView();
    const cards = [...document.querySelectorAll(`[data-testid=${args.kind}-card]`)];
    const card = cards.findLast((card) => args.name === null || card.dataset.name === args.name);
    if (!card) return null;
    const at = (id) => card.querySelector(`[data-testid=${id}]`);
    const shown = (element) => Boolean(element) && !element.hidden;
    return {
      state: card.dataset.state, percent: at('percent').textContent,
      link: at('link')?.href ?? null, instant: shown(at('instant')),
      error: shown(at('error')) ? at('error').textContent : null, md5: card.dataset.md5 ?? null,
      count: cards.length,
    };";

/// Clicks a control of the last card of a kind and a name.
const PRESS: &str = "
    const cards = [...document.querySelectorAll(`[data-testid=${args.kind}-card]`)];
    const card = cards.findLast((card) => args.name === null || card.dataset.name === args.name);
    card.querySelector(`[data-testid=${args.control}]`).click();";

/// What a card shows.
#[derive(Debug, Clone, Deserialize)]
pub struct Card {
    /// The transfer's state.
    pub state: String,
    /// Such as `33%`.
    pub percent: String,
    /// The file's address, when done.
    pub link: Option<String>,
    /// The page says that nothing had to be sent.
    pub instant: bool,
    /// What the page says went wrong.
    pub error: Option<String>,
    /// The checked digest of a download.
    pub md5: Option<String>,
    /// How many cards of the kind there are.
    pub count: usize,
}

/// The demo page in a browser.
#[derive(Debug, Clone, Copy)]
pub struct Demo<'a> {
    browser: &'a Browser,
}

impl<'a> Demo<'a> {
    /// Loads the page from `url` and waits for the engine.
    pub async fn open(browser: &'a Browser, url: &str) -> Result<Demo<'a>> {
        browser.open(url).await?;
        let demo = Demo { browser };
        demo.loaded().await?;
        Ok(demo)
    }

    /// Loads the page again.
    pub async fn reload(&self) -> Result<()> {
        self.browser.reload().await?;
        self.loaded().await
    }

    async fn loaded(&self) -> Result<()> {
        let notice = "const notice = document.querySelector('[data-testid=notice]');
            const late = performance.now() + 20_000;
            while (!globalThis.xuchuan && notice.hidden && performance.now() < late) {
                await new Promise((go) => setTimeout(go, 20));
            }
            await globalThis.xuchuan?.init().catch(() => {});
            await new Promise((go) => setTimeout(go, 50));
            return notice.hidden ? null : notice.textContent;";
        match self.browser.run::<Option<String>>(notice, json!(null)).await? {
            Some(words) => bail!("the page says {words}"),
            None => Ok(()),
        }
    }

    /// Chooses `files` to upload.
    pub async fn upload(&self, files: &[&TestFile]) -> Result<()> {
        let paths: Vec<_> = files.iter().map(|file| file.path.as_path()).collect();
        self.browser.choose("[data-testid=file-input]", &paths).await
    }

    /// Starts the download of `url`.
    pub async fn download(&self, url: &str) -> Result<()> {
        self.browser.fill("[data-testid=download-url]", url).await?;
        self.browser.click("[data-testid=download-start]").await
    }

    /// Reads the newest card of `kind` (`upload`, `download`), of the file `name` if one is given.
    pub async fn card(&self, kind: &str, name: Option<&str>) -> Result<Option<Card>> {
        self.browser.run(CARD, json!({ "kind": kind, "name": name })).await
    }

    /// Waits until the newest card is in `state`; a failure meanwhile is an error with the page's words.
    pub async fn reaches(
        &self,
        kind: &str,
        name: Option<&str>,
        state: &str,
        limit: Duration,
    ) -> Result<Card> {
        let mut last = None;
        let reached = until(&format!("the {kind} card to be {state}"), limit, async || {
            let card = self.card(kind, name).await?;
            last.clone_from(&card);
            match card {
                Some(card) if card.state == state => Ok(Some(card)),
                Some(card) if card.state == "failed" => {
                    bail!("the page says: {}", card.error.unwrap_or_default())
                }
                _ => Ok(None),
            }
        })
        .await;
        reached.with_context(|| format!("the card was last {last:?}"))
    }

    /// Presses a control (`pause`, `resume`, `abort`, `check-md5`) of the newest card.
    pub async fn press(&self, kind: &str, name: Option<&str>, control: &str) -> Result<()> {
        self.browser.run(PRESS, json!({ "kind": kind, "name": name, "control": control })).await
    }

    /// Has the page speak `language` (`en`, `zh`).
    pub async fn speak(&self, language: &str) -> Result<()> {
        let shown = "return document.documentElement.lang.startsWith(args)";
        if !self.browser.run::<bool>(shown, json!(language)).await? {
            self.browser.click("[data-testid=lang]").await?;
        }
        ensure!(
            self.browser.run::<bool>(shown, json!(language)).await?,
            "the page does not speak {language}"
        );
        Ok(())
    }

    /// Waits for the one item of the pending list; a file that it needs is picked.
    pub async fn go_on(&self, name: &str, file: Option<&TestFile>) -> Result<()> {
        let css = format!("[data-testid=pending-item][data-name={name:?}]");
        until("the pending item", Duration::from_secs(10), async || {
            let there: bool =
                self.browser.run("return document.querySelector(args) !== null", json!(css)).await?;
            Ok(there.then_some(()))
        })
        .await?;
        match file {
            Some(file) => {
                self.browser.choose(&format!("{css} [data-testid=pending-file]"), &[&file.path]).await
            }
            None => self.browser.click(&format!("{css} [data-testid=pending-resume]")).await,
        }
    }

    /// Lets the page check the MD5 of the newest download and compares it, and the blob's bytes, with `file`.
    pub async fn verify_download(&self, file: &TestFile) -> Result<()> {
        self.press("download", None, "check-md5").await?;
        let md5 = until("the page's MD5", Duration::from_secs(80), async || {
            Ok(self.card("download", None).await?.and_then(|card| card.md5))
        })
        .await?;
        ensure!(md5 == file.md5()?, "the page's MD5 is {md5}, the file's {}", file.md5()?);
        let print = "
            const card = [...document.querySelectorAll('[data-testid=download-card]')].at(-1);
            const blob = await (await fetch(card.querySelector('[data-testid=save]').href)).blob();
            const parts = [];
            for (let at = 0; at < blob.size; at += 4 << 20) {
              parts.push(await crypto.subtle.digest('SHA-256', await blob.slice(at, at + (4 << 20)).arrayBuffer()));
            }
            const whole = await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer());
            return [...new Uint8Array(whole)].map((byte) => byte.toString(16).padStart(2, '0')).join('');";
        let found: String = self.browser.run(print, json!(null)).await?;
        ensure!(found == file.fingerprint()?, "the blob's bytes differ from the file's");
        Ok(())
    }
}
