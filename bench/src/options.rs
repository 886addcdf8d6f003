//! What is measured, and with what.

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use e2e::engine::Engine;
use lexopt::prelude::*;

/// A group of rows that are measured in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Kernel,
    Hash,
    Upload,
    Download,
    Links,
    /// Downloads over links of several kinds.
    DownloadLinks,
    Memory,
    /// The package beside an older one; only if asked for.
    Before,
}

#[derive(Debug)]
pub struct Options {
    /// The one group; all if not said.
    pub group: Option<Group>,
    pub engine: Engine,
    /// Of the file, in MiB; by engine if not said.
    size: Option<u64>,
    /// How often each row is measured, after one round to warm up.
    pub rounds: usize,
    /// The folder of the built package.
    pub pkg: PathBuf,
    /// The folder of a package that was built earlier, to compare with.
    pub before: Option<PathBuf>,
    /// The `node_modules` with the peers.
    pub peers: PathBuf,
    /// The md-5 crate as a wasm module.
    pub oracle: PathBuf,
    /// The folder for the report, and for everything else that is left behind.
    pub out: PathBuf,
}

impl Options {
    pub fn groups(&self) -> Vec<Group> {
        let all = [
            Group::Kernel,
            Group::Hash,
            Group::Upload,
            Group::Download,
            Group::Links,
            Group::DownloadLinks,
            Group::Memory,
        ];
        self.group.map_or_else(|| all.to_vec(), |group| vec![group])
    }

    /// The file's size in bytes.
    pub fn size(&self) -> u64 {
        let usual = if self.engine == Engine::Chromium { 1024 } else { 256 };
        self.size.unwrap_or(usual) << 20
    }
}

pub fn read() -> Result<Options> {
    let mut options = Options {
        group: None,
        engine: Engine::Chromium,
        size: None,
        rounds: 5,
        pkg: PathBuf::new(),
        before: None,
        peers: PathBuf::new(),
        oracle: PathBuf::new(),
        out: PathBuf::new(),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Value(name) if options.group.is_none() => options.group = Some(group(&name.string()?)?),
            Long("size") => options.size = Some(parser.value()?.parse()?),
            Long("rounds") => options.rounds = parser.value()?.parse()?,
            Long("engine") => options.engine = engine(&parser.value()?.string()?)?,
            Long("pkg") => options.pkg = parser.value()?.into(),
            Long("before") => options.before = Some(parser.value()?.into()),
            Long("peers") => options.peers = parser.value()?.into(),
            Long("oracle") => options.oracle = parser.value()?.into(),
            Long("out") => options.out = parser.value()?.into(),
            other => return Err(other.unexpected().into()),
        }
    }
    if options.rounds == 0 || options.size == Some(0) {
        bail!("--rounds and --size are at least 1");
    }
    let paths = [
        ("pkg", &options.pkg),
        ("peers", &options.peers),
        ("oracle", &options.oracle),
        ("out", &options.out),
    ];
    for (name, path) in paths {
        if path.as_os_str().is_empty() {
            bail!("--{name} is missing; `cargo xtask bench` gives it");
        }
    }
    Ok(options)
}

fn group(name: &str) -> Result<Group> {
    Ok(match name {
        "kernel" => Group::Kernel,
        "hash" => Group::Hash,
        "upload" => Group::Upload,
        "download" => Group::Download,
        "links" => Group::Links,
        "download-links" => Group::DownloadLinks,
        "memory" => Group::Memory,
        "before" => Group::Before,
        _ => {
            bail!(
                "there is no `{name}` to measure: kernel, hash, upload, download, links, download-links, memory or before"
            )
        }
    })
}

fn engine(name: &str) -> Result<Engine> {
    [Engine::Chromium, Engine::Firefox, Engine::WebKit]
        .into_iter()
        .find(|engine| engine.name() == name)
        .ok_or_else(|| anyhow!("there is no engine `{name}`: chromium, firefox or webkit"))
}
