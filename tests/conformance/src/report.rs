//! What the conformance tool says of a server.

use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::{program, workspace};

/// A row of the report.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// Its name.
    pub id: String,
    /// `must`, `should`, `parallel`, `repeats` or `index`.
    pub kind: String,
    /// `ok`, `wrong` or `unknown`.
    pub verdict: String,
    /// What the server does.
    pub detail: String,
    /// What to do about it.
    pub advice: String,
}

/// What the server may say in `accepts`; nothing where it could not be judged.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct May {
    /// Chunks at once.
    pub parallel: Option<bool>,
    /// Ids that stand twice.
    pub repeats: Option<bool>,
}

/// The whole report.
#[derive(Debug, Clone, Deserialize)]
pub struct Report {
    /// The server keeps every rule that it must.
    pub conforms: bool,
    /// What it may say.
    pub may: May,
    /// What it says.
    pub says: Value,
    /// The rows in their order.
    pub rows: Vec<Row>,
}

impl Report {
    /// The names of the rows that are wrong, those of the kind `must` only or all.
    pub fn wrong(&self, only_must: bool) -> Vec<&str> {
        let wrong = self.rows.iter().filter(|row| row.verdict == "wrong");
        wrong.filter(|row| !only_must || row.kind == "must").map(|row| row.id.as_str()).collect()
    }

    /// The row of that name.
    pub fn row(&self, id: &str) -> Result<&Row> {
        self.rows.iter().find(|row| row.id == id).with_context(|| format!("there is no row {id}"))
    }
}

/// The tool with these arguments; nothing where Node is not installed.
pub fn tool(args: &[&str]) -> Option<Command> {
    let mut command = Command::new(program("node")?);
    command.arg(workspace().join("www/npm/conformance.mjs")).args(args);
    Some(command)
}

/// Tries the server at `endpoint`; its report, and whether the exit code was 0. Nothing where Node is not installed.
pub fn report(endpoint: &str, args: &[&str]) -> Result<Option<(Report, bool)>> {
    let Some(mut command) = tool(&[&[endpoint, "--json"], args].concat()) else { return Ok(None) };
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let report = serde_json::from_str(&text)
        .with_context(|| format!("read {text} {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok(Some((report, output.status.success())))
}
