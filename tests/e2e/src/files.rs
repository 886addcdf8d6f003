//! Test files made from a seed and a size, and their digests.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use faults::generated::Generated;
use md5::{Digest, Md5};
use sha2::Sha256;

pub use faults::digest::{hex, md5_of};

/// One MiB.
pub const MIB: u64 = 1 << 20;
/// The default chunk of the files that the tests use (up to 4 GB).
pub const CHUNK: u64 = 4 * MIB;

/// A file on disk whose content is known.
#[derive(Debug, Clone)]
pub struct TestFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
}

/// Writes a file of `size` bytes that follow from `seed`.
pub fn random(folder: &Path, name: &str, seed: u64, size: u64) -> Result<TestFile> {
    let path = folder.join(name);
    let mut out = create(&path)?;
    let mut buffer = vec![0; 1 << 20];
    let mut at = 0;
    while at < size {
        let length = usize::try_from((size - at).min(1 << 20))?;
        let run = buffer.get_mut(..length).unwrap_or(&mut []);
        Generated(seed).fill(at, run);
        out.write_all(run)?;
        at += length as u64;
    }
    Ok(TestFile { path, size })
}

/// Makes a file of `size` zeros that takes no room on the disk.
pub fn zeros(folder: &Path, name: &str, size: u64) -> Result<TestFile> {
    let path = folder.join(name);
    create(&path)?.set_len(size)?;
    Ok(TestFile { path, size })
}

impl TestFile {
    /// Returns its name.
    pub fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Returns its MD5, as the protocol writes it.
    pub fn md5(&self) -> Result<String> {
        let mut digest = Md5::new();
        self.read(|bytes| digest.update(bytes))?;
        Ok(hex(&digest.finalize()))
    }

    /// Returns what the page's `fingerprint` gives for the same bytes: the SHA-256 of the SHA-256 of each 4 MiB.
    pub fn fingerprint(&self) -> Result<String> {
        let mut whole = Sha256::new();
        self.read(|bytes| whole.update(Sha256::digest(bytes)))?;
        Ok(hex(&whole.finalize()))
    }

    /// Returns how many chunks of the default size it has.
    pub fn chunks(&self) -> u64 {
        self.size.div_ceil(CHUNK)
    }

    /// Calls `each` with every 4 MiB in turn.
    fn read(&self, mut each: impl FnMut(&[u8])) -> Result<()> {
        let mut file = File::open(&self.path)?;
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            if Read::by_ref(&mut file).take(CHUNK).read_to_end(&mut buffer)? == 0 {
                return Ok(());
            }
            each(&buffer);
        }
    }
}

fn create(path: &Path) -> Result<File> {
    File::create(path).with_context(|| format!("create {}", path.display()))
}
