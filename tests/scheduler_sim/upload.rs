//! The browser's side of one simulated upload: hashing, requests and their answers.

use std::collections::BTreeMap;

use xuchuan::core::md5::{Digests, FileHasher, Portable};
use xuchuan::core::plan::Cut;
use xuchuan::core::protocol::wire::Accepts;
use xuchuan::core::retry::Policy;
use xuchuan::core::scheduler::{Direction, Entry, Scheduled};
use xuchuan::core::upload::{Concurrency, Config, Request, RequestId, Upload, Vouched};

use super::scenario::FILES;

/// A chunk's size, in bytes.
pub const CHUNK: usize = 16;
pub const EXT: &str = ".bin";

pub struct Uploading {
    pub machine: Scheduled<Upload>,
    pub file: usize,
    pub exclusive: bool,
    pub fixed: bool,
    /// The hashing that is under way; whether it is held.
    pub hashing: Option<bool>,
    pub open: BTreeMap<RequestId, Request>,
}

/// Returns the bytes of a file.
pub fn content(file: usize) -> Vec<u8> {
    (0..FILES[file] * CHUNK).map(|at| (file * 64 + at / CHUNK) as u8).collect()
}

pub fn digests(content: &[u8]) -> Digests {
    let mut hasher = FileHasher::new(CHUNK as u64);
    hasher.update(content, &Portable);
    hasher.finish()
}

impl Uploading {
    pub fn new(file: usize, exclusive: bool, fixed: Option<usize>, parallel: usize, seed: u64) -> Uploading {
        let cut = Cut::new((FILES[file] * CHUNK) as u64, CHUNK as u64);
        let concurrency = fixed.map_or(Concurrency::Auto(6), Concurrency::Fixed);
        let (Concurrency::Fixed(most) | Concurrency::Auto(most)) = concurrency;
        let upload = Upload::new(Config {
            endpoint: "https://server.example/api/upload".into(),
            cut,
            naming: None,
            vouched: Vouched::default(),
            accepted: Some(Accepts { parallel, repeats: true }),
            expected: None,
            ext: EXT.into(),
            concurrency,
            retry: Policy::default(),
            stall_timeout: 30_000,
            finish_timeout: 300_000,
            can_refresh_headers: false,
            seed,
        });
        let entry = Entry {
            origin: "https://server.example".into(),
            direction: Direction::Up,
            most: most.min(cut.count()),
            key: exclusive.then(|| format!("file {file}")),
        };
        let machine = Scheduled::new(upload, entry);
        Uploading { machine, file, exclusive, fixed: fixed.is_some(), hashing: None, open: BTreeMap::new() }
    }

    /// Returns the key of its record in the journal.
    pub fn key(&self) -> String {
        format!("file {}", self.file)
    }
}
