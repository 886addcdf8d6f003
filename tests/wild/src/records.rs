//! Where records are kept: in files or in memory, and how long that takes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::AsyncWriteExt;

use crate::record::Record;

/// How long a call to a database takes.
const DATABASE: Duration = Duration::from_millis(50);
/// In how many pieces a record is written where that can be seen.
const PIECES: usize = 4;

/// The records of all files.
#[derive(Debug)]
pub(crate) enum Records {
    /// A map that is changed in place.
    Memory(Mutex<HashMap<String, Record>>),
    /// A JSON file for each.
    Files { folder: PathBuf, latency: Latency, write: Write },
}

/// How long each call takes.
#[derive(Debug)]
pub(crate) enum Latency {
    /// Between 1 and 20 ms, as a disk under load.
    Disk(AtomicU64),
    /// 50 ms.
    Database,
}

/// How a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    /// Under another name, and then renamed: nobody sees half of it.
    Whole,
    /// Truncated, and then piece by piece.
    Torn,
}

impl Records {
    pub fn memory() -> Records {
        Records::Memory(Mutex::default())
    }

    pub fn disk(folder: PathBuf, write: Write) -> Records {
        Records::Files { folder, latency: Latency::Disk(AtomicU64::new(1)), write }
    }

    pub fn database(folder: PathBuf) -> Records {
        Records::Files { folder, latency: Latency::Database, write: Write::Whole }
    }

    /// Reads the record of `file`, as it is now.
    pub async fn read(&self, file: &str) -> Result<Option<Record>> {
        match self {
            Records::Memory(map) => Ok(lock(map).get(file).cloned()),
            Records::Files { folder, latency, write } => {
                latency.pass().await;
                let text = match tokio::fs::read_to_string(folder.join(format!("{file}.json"))).await {
                    Ok(text) => text,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                    Err(error) => return Err(error).context("read a record"),
                };
                match serde_json::from_str(&text) {
                    Ok(record) => Ok(Some(record)),
                    Err(error) if *write == Write::Torn => crash(&error),
                    Err(error) => Err(error).context("parse a record"),
                }
            }
        }
    }

    /// Writes `record`, whatever has been written since it was read.
    pub async fn write(&self, record: &Record) -> Result<()> {
        match self {
            Records::Memory(map) => {
                lock(map).insert(record.file_id.clone(), record.clone());
                Ok(())
            }
            Records::Files { folder, latency, write } => {
                latency.pass().await;
                let path = folder.join(format!("{}.json", record.file_id));
                let text = serde_json::to_string(record)?;
                match write {
                    Write::Whole => {
                        let temporary = folder.join(format!("{}.{}", record.file_id, unique()));
                        tokio::fs::write(&temporary, text).await?;
                        tokio::fs::rename(&temporary, &path).await?;
                    }
                    Write::Torn => {
                        let mut file = tokio::fs::File::create(&path).await?;
                        for piece in text.as_bytes().chunks(text.len().div_ceil(PIECES)) {
                            latency.pass().await;
                            file.write_all(piece).await?;
                            file.flush().await?;
                        }
                    }
                }
                Ok(())
            }
        }
    }

    /// Notes that `chunk` has come and returns the record after that. In memory it is the record that is changed; in
    /// files it is `read`, a copy as old as it is, that is changed and written.
    pub async fn cross_out(&self, mut read: Record, chunk: &str) -> Result<Record> {
        if let Records::Memory(map) = self
            && let Some(record) = lock(map).get_mut(&read.file_id)
        {
            record.cross_out(chunk);
            return Ok(record.clone());
        }
        read.cross_out(chunk);
        self.write(&read).await?;
        Ok(read)
    }
}

impl Latency {
    /// Waits as long as a call takes.
    async fn pass(&self) {
        tokio::time::sleep(match self {
            Latency::Database => DATABASE,
            Latency::Disk(state) => {
                // A linear congruential generator: the same waits in every run (Numerical Recipes' constants).
                let step = |now: u64| now.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % (1 << 32);
                let now = state.load(Ordering::Relaxed);
                state.store(step(now), Ordering::Relaxed);
                Duration::from_millis(1 + (now >> 16) % 20)
            }
        })
        .await;
    }
}

/// Ends the process, as a rejection that nobody handles ends Node.
fn crash(error: &serde_json::Error) -> ! {
    eprintln!("SyntaxError: {error}");
    std::process::exit(1)
}

fn unique() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
