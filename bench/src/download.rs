//! Downloading: ours, and one plain request for the same URL.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::lab::{Lab, Task, number};
use crate::options::Options;
use crate::table::{Table, Unit};

/// More than this in one ArrayBuffer is no use that people make of it.
const BUFFER: u64 = 256 << 20;

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// The server's `Repr-Digest` is there: the result is hashed and compared.
    Verified,
    /// It is not.
    Bare,
    /// Nor is anything remembered for a later visit.
    Forgetful,
    Plain,
    Static,
}

const BARE: &str = "xuchuan, nothing to verify";
const VERIFIED: &str = "xuchuan, verified";
const FORGETFUL: &str = "xuchuan, nothing to verify, resume: false";
const PLAIN: &str = "plain fetch";
const STATIC: &str = "plain fetch, static file";

pub async fn run(lab: &Lab, options: &Options) -> Result<Vec<Table>> {
    lab.turn().await?;
    let buffer = group(lab, options, "buffer", options.size().min(BUFFER)).await?;
    lab.turn().await?;
    let blob = group(lab, options, "blob", options.size()).await?;
    Ok(vec![buffer, blob])
}

async fn group(lab: &Lab, options: &Options, to: &'static str, size: u64) -> Result<Table> {
    let specimen = lab.specimen(size)?;
    specimen.freshen()?;
    lab.choose(&specimen.path).await?;
    let uploaded = lab.run("upload", json!({}), size).await?;
    let url = uploaded.get("url").and_then(Value::as_str).context("the upload has no URL")?.to_owned();
    let file_id = uploaded.get("fileId").and_then(Value::as_str).context("the upload has no fileId")?;

    let mut table = Table::new(
        format!("Download of {} MiB to a {to}", size >> 20),
        "One server process for all, on the loopback; the bytes are in its page cache. Every request goes past the \
         browser's cache.",
        Some(BARE),
    );
    let unit = Unit::Transfer(size);
    table.row(
        BARE,
        format!("`download(url, {{ to: \"{to}\" }})` of the reference server without its Repr-Digest"),
        unit,
    );
    table.row(VERIFIED, "the same with it: the MD5 of the whole is made and compared before `done`", unit);
    if to == "blob" {
        table.row(FORGETFUL, "as the first; no piece is stored for a later visit", unit);
    }
    let method = if to == "blob" { "blob" } else { "arrayBuffer" };
    table.row(PLAIN, format!("one `fetch` of the same URL and `.{method}()`"), unit);
    table.row(STATIC, "the same of a static file (tower-http's ServeDir)", unit);

    let all = |kind| Task { kind, rounds: options.rounds };
    let mut tasks = vec![all(Kind::Bare), all(Kind::Plain), all(Kind::Verified), all(Kind::Static)];
    if to == "blob" {
        tasks.push(all(Kind::Forgetful));
    }
    let static_url = format!("/plain/files/{size}.bin");
    lab.alternate(&mut table, &tasks, async |kind, round| {
        let bare = format!("/bare{url}");
        let (name, row, url, resume, verified) = match kind {
            Kind::Bare => (BARE, "download", &bare, true, None),
            Kind::Forgetful => (FORGETFUL, "download", &bare, false, None),
            Kind::Verified => (VERIFIED, "download", &url, true, Some("digest")),
            Kind::Plain => (PLAIN, "get", &url, true, None),
            Kind::Static => (STATIC, "get", &static_url, true, None),
        };
        // The first round looks at the bytes too.
        let args = json!({ "url": url, "to": to, "size": size, "resume": resume, "md5": round == 0 });
        let value = lab.run(row, args, size).await?;
        ensure!(
            round > 0 || value.get("md5").and_then(Value::as_str) == Some(file_id),
            "{name}: wrong bytes"
        );
        if row == "download" {
            let was = value.get("verified").and_then(Value::as_str);
            ensure!(was == verified, "{name}: verified is {was:?}");
        }
        Ok(vec![(name, number(&value, "ms")?)])
    })
    .await?;
    lab.stand.remove(file_id)?;
    table.target_ratio(BARE, PLAIN, 0.8);
    table.target_ratio(VERIFIED, PLAIN, 0.8);
    Ok(table)
}
