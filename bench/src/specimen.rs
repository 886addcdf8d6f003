//! The file on disk that every row works on.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use e2e::files::{self, hex};
use md5::{Digest, Md5};

use crate::lab::HUGE;

/// A file of random bytes, kept from run to run.
#[derive(Debug)]
pub struct Specimen {
    pub path: PathBuf,
}

/// What a digest row must give.
#[derive(Debug)]
pub struct Truth {
    pub file: String,
    pub chunks: Vec<String>,
}

impl Specimen {
    /// Finds or makes the file of `size` bytes in `folder`.
    pub fn of(folder: &Path, size: u64) -> Result<Specimen> {
        std::fs::create_dir_all(folder)?;
        let name = format!("{size}.bin");
        let path = folder.join(&name);
        if std::fs::metadata(&path).map_or(0, |data| data.len()) != size {
            if size < HUGE {
                files::random(folder, &name, size, size)?;
            } else {
                sparse(&path, size)?;
            }
        }
        Ok(Specimen { path })
    }

    /// Changes the head, so that no server has seen this file before. A page has to be given the file again.
    pub fn freshen(&self) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        let file = File::options().write(true).open(&self.path)?;
        file.write_all_at(&now.to_le_bytes(), 0).with_context(|| self.path.display().to_string())
    }

    /// Hashes the file natively, in chunks of `chunk` bytes. Leaves it in the page cache.
    pub fn truth(&self, chunk: u64) -> Result<Truth> {
        let mut whole = Md5::new();
        let mut chunks = Vec::new();
        let mut file = File::open(&self.path)?;
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            if Read::by_ref(&mut file).take(chunk).read_to_end(&mut bytes)? == 0 {
                return Ok(Truth { file: hex(&whole.finalize()), chunks });
            }
            whole.update(&bytes);
            chunks.push(files::md5_of(&bytes));
        }
    }
}

/// Makes a file that takes little room on the disk: zeros, with each MiB's number at its head, so that no two are alike.
fn sparse(path: &Path, size: u64) -> Result<()> {
    let file = File::create(path)?;
    file.set_len(size)?;
    for mark in 0..size >> 20 {
        file.write_all_at(&(mark + 1).to_le_bytes(), mark << 20)?;
    }
    Ok(())
}
