//! Measures hashing, uploads and downloads in one browser session beside what people use instead.
//!
//! `cargo xtask bench` builds the package, installs the peers and calls this. A [`lab::Lab`] is a browser and a server
//! ([`stand`]); each group of rows ([`hash`], [`upload`], [`download`], [`links`], [`download_links`], [`memory`], [`before`]) takes its measurements in turn
//! ([`lab::Lab::alternate`]) into [`table`]s; [`report`] writes them down.

mod before;
mod chart;
mod devtools;
mod download;
mod download_links;
mod facts;
mod hash;
mod lab;
mod links;
mod memory;
mod options;
mod report;
mod shaper;
mod sink;
mod specimen;
mod stand;
mod table;
mod upload;

use std::process::ExitCode;

use anyhow::Result;
use e2e::engine::Engine;

use options::{Group, Options};

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<()> {
    let options = options::read()?;
    // What an earlier run left behind would share the machine with this one.
    e2e::process::sweep();
    tokio::runtime::Runtime::new()?.block_on(run(&options))
}

async fn run(options: &Options) -> Result<()> {
    let lab = lab::Lab::open(options).await?;
    let mut facts = facts::Facts::collect(options, &lab).await?;
    println!("{facts}");
    let mut tables = Vec::new();
    for group in options.groups() {
        let made = match group {
            Group::Kernel => vec![hash::kernels(&lab, options).await?],
            Group::Hash => hash::run(&lab, options).await?,
            Group::Upload => vec![upload::run(&lab, options).await?],
            Group::Download => download::run(&lab, options).await?,
            Group::Links => links::run(&lab, options).await?,
            Group::DownloadLinks => download_links::run(&lab, options).await?,
            Group::Before => before::run(&lab, options).await?,
            Group::Memory if options.engine == Engine::Chromium => memory::run(&lab, options).await?,
            Group::Memory => {
                println!("\nmemory: left out, since only Chromium tells");
                Vec::new()
            }
        };
        for table in made {
            println!("\n{table}");
            tables.push(table);
        }
    }
    facts.end();
    report::write(&options.out, &facts, &tables)?;
    lab.close().await
}
