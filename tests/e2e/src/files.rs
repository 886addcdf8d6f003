//! Test files made from a seed and a size, and their digests.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use md5::{Digest, Md5};
use sha2::Sha256;

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
    let mut out = BufWriter::with_capacity(1 << 20, create(&path)?);
    let mut state = seed;
    let mut left = size;
    while left > 0 {
        let word = splitmix(&mut state).to_le_bytes();
        let length = left.min(8);
        out.write_all(word.get(..usize::try_from(length)?).unwrap_or(&[]))?;
        left -= length;
    }
    out.flush()?;
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

/// Writes bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the MD5 of `bytes`, as the protocol writes it.
pub fn md5_of(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

fn create(path: &Path) -> Result<File> {
    File::create(path).with_context(|| format!("create {}", path.display()))
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
