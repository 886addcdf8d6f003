//! What is inside a custom element: found by scripts, since selectors end at its shadow tree.

use std::path::Path;

use anyhow::{Context, Result};
use thirtyfour::prelude::*;

use super::{Browser, limited};

impl Browser {
    /// Chooses `files` in the file input that the script `find` returns, as a person would in the dialog.
    pub async fn choose_within(&self, find: &str, files: &[&Path]) -> Result<()> {
        let names: Vec<String> = files
            .iter()
            .map(|file| Ok(std::path::absolute(file)?.display().to_string()))
            .collect::<Result<_>>()?;
        let driver = self.driver()?;
        limited("choose files", async {
            driver.execute(find, vec![]).await?.element()?.send_keys(names.join("\n")).await
        })
        .await
        .with_context(|| find.to_owned())
    }

    /// Clicks what the script `find` returns.
    pub async fn click_within(&self, find: &str) -> Result<()> {
        let driver = self.driver()?;
        limited("click", async { driver.execute(find, vec![]).await?.element()?.click().await })
            .await
            .with_context(|| find.to_owned())
    }

    /// Presses `key` on the keyboard, wherever the focus is.
    pub async fn strike(&self, key: Key) -> Result<()> {
        let driver = self.driver()?;
        limited("press a key", driver.action_chain().send_keys(key).perform()).await
    }
}
