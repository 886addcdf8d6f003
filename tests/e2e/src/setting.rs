//! The usual setting: a server with the demo page and the tests' pages, behind a wire.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::browser::Browser;
use crate::built;
use crate::server::Server;
use crate::stage::Stage;
use crate::wire::Wire;

/// A server behind a wire.
#[derive(Debug)]
pub struct Setting {
    /// The server.
    pub server: Server,
    /// The wire that browsers reach it by.
    pub wire: Wire,
}

impl Setting {
    /// Starts both.
    pub async fn start(stage: &Stage) -> Result<Setting> {
        let www = stage.folder("www")?;
        built::www(&www)?;
        let server = Server::start(&stage.folder("data")?, &www, &[]).await?;
        let wire = Wire::start(server.address()).await?;
        Ok(Setting { server, wire })
    }

    /// Holds when no chunk was sent again after the server had acknowledged it.
    pub fn nothing_again(&self) -> Result<()> {
        let stories = self.wire.ledger().chunks();
        let again: Vec<_> = stories.iter().filter(|(_, story)| story.again > 0).collect();
        ensure!(again.is_empty(), "sent again after they were acknowledged: {again:?}");
        Ok(())
    }

    /// Waits until nothing is under way on the wire.
    pub async fn quiet(&self, limit: Duration) -> Result<()> {
        let ledger = self.wire.ledger();
        ledger.until("quiet", limit, |all| all.iter().all(|one| one.ended.is_some())).await
    }
}

/// Holds when the page's recorder heard no error.
pub async fn no_errors(browser: &Browser) -> Result<()> {
    let errors = browser.errors().await?;
    ensure!(errors.is_empty(), "the page had errors: {errors:#?}");
    Ok(())
}
