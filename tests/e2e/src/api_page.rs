//! A page of our own that uses the module's API, driven transfer by transfer.

use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::files::TestFile;
use crate::wait::until;

/// A `TransferError` as the page saw it.
#[derive(Debug, Clone, Deserialize)]
pub struct Failure {
    /// `TransferError`.
    pub name: String,
    /// Its code.
    pub code: Option<String>,
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// Whether it may be tried again.
    pub retryable: Option<bool>,
    /// What it says.
    pub message: String,
    /// It is an instance of the exported class.
    pub typed: bool,
}

/// A transfer at one moment.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// Its state.
    pub state: String,
    /// Its `Progress`.
    pub progress: Value,
    /// Every state so far.
    pub states: Vec<String>,
    /// `confirmed` went back at some time, which it never may.
    pub went_back: bool,
    /// `done` has settled.
    pub settled: bool,
    /// It has settled well.
    pub ok: bool,
    /// How it failed.
    pub error: Option<Failure>,
    /// Its result, without the data.
    pub result: Value,
}

/// What a download gave.
#[derive(Debug, Clone, Deserialize)]
pub struct Received {
    /// `buffer`, `blob` or `file`.
    pub kind: String,
    /// A file's name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// To be compared with [`TestFile::fingerprint`].
    pub fingerprint: String,
}

/// The page in a browser.
#[derive(Debug, Clone, Copy)]
pub struct ApiPage<'a> {
    browser: &'a Browser,
}

impl<'a> ApiPage<'a> {
    /// Loads the page from `url`.
    pub async fn open(browser: &'a Browser, url: &str) -> Result<ApiPage<'a>> {
        browser.open(url).await?;
        browser.run::<()>("await e2e.ready()", json!(null)).await?;
        Ok(ApiPage { browser })
    }

    /// Returns the page that was opened in `browser`.
    pub fn at(browser: &'a Browser) -> ApiPage<'a> {
        ApiPage { browser }
    }

    /// Starts the upload `name` of `file`.
    pub async fn upload(&self, name: &str, file: &TestFile, options: Value) -> Result<()> {
        self.browser.choose("#file", &[&file.path]).await?;
        self.begin(name, "upload", Value::Null, options).await
    }

    /// Starts the upload `name` of the file that was chosen before.
    pub async fn begin_chosen(&self, name: &str, options: Value) -> Result<()> {
        self.begin(name, "upload", Value::Null, options).await
    }

    /// Starts the download `name` of `url`.
    pub async fn download(&self, name: &str, url: &str, options: Value) -> Result<()> {
        self.begin(name, "download", json!(url), options).await
    }

    /// Goes on with what an earlier visit left of the kind `kind`.
    pub async fn resume(&self, name: &str, kind: &str, options: Value) -> Result<()> {
        self.begin(name, "pending", json!(kind), options).await
    }

    async fn begin(&self, name: &str, verb: &str, subject: Value, options: Value) -> Result<()> {
        let start = "await e2e.begin(args.name, args.verb, args.subject, args.options)";
        let args = json!({ "name": name, "verb": verb, "subject": subject, "options": options });
        self.browser.run(start, args).await
    }

    /// Returns what earlier visits left unfinished.
    pub async fn pending(&self) -> Result<Vec<Value>> {
        self.browser.run("return await e2e.pending()", json!(null)).await
    }

    /// Returns how the transfer stands.
    pub async fn tell(&self, name: &str) -> Result<Told> {
        self.browser.run("return e2e.tell(args)", json!(name)).await
    }

    /// Calls a method of the handle (`pause`, `resume`, `abort`).
    pub async fn act(&self, name: &str, verb: &str) -> Result<()> {
        self.browser.run("e2e.act(args.name, args.verb)", json!({ "name": name, "verb": verb })).await
    }

    /// Waits until the transfer has settled, well or not.
    pub async fn settled(&self, name: &str, limit: Duration) -> Result<Told> {
        let mut last = None;
        let settled = until("the transfer to settle", limit, async || {
            let told = self.tell(name).await?;
            last = Some(told.clone());
            Ok(told.settled.then_some(told))
        })
        .await;
        settled.with_context(|| format!("it was last {last:?}"))
    }

    /// Waits until the transfer is in `state`.
    pub async fn reaches(&self, name: &str, state: &str, limit: Duration) -> Result<Told> {
        let mut last = None;
        let reached = until(&format!("the transfer to be {state}"), limit, async || {
            let told = self.tell(name).await?;
            last = Some(told.clone());
            Ok((told.state == state).then_some(told))
        })
        .await;
        reached.with_context(|| format!("it was last {last:?}"))
    }

    /// Returns the names of the downloads' private files; nothing where the browser has no such files.
    pub async fn private_files(&self) -> Result<Option<Vec<String>>> {
        self.browser.run("return await e2e.privateFiles()", json!(null)).await
    }

    /// Returns what a finished download gave.
    pub async fn received(&self, name: &str) -> Result<Received> {
        self.browser.run("return await e2e.received(args)", json!(name)).await
    }
}
