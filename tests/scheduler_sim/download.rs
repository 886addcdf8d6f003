//! The browser's side of one simulated download: a server with strong validators, which sends a body in a few parts.

use std::collections::BTreeMap;

use xuchuan::core::download::{Config, Download, RequestId};
use xuchuan::core::range::{ByteRange, Head};
use xuchuan::core::scheduler::{Direction, Entry, Scheduled};

/// A piece's size, in bytes.
pub const PIECE: u64 = 1 << 20;

pub struct Downloading {
    pub machine: Scheduled<Download>,
    /// The resource's size, in bytes.
    pub size: u64,
    pub written: u64,
    pub open: BTreeMap<RequestId, Body>,
}

/// The body of an answer, as far as it is read.
#[derive(Debug, Clone, Copy)]
pub struct Body {
    pub range: Option<ByteRange>,
    /// Where the next byte of the body belongs.
    pub at: u64,
    /// The first byte that is not to be written.
    pub limit: u64,
    /// Where the body ends.
    pub end: u64,
}

impl Downloading {
    pub fn new(pieces: u64, seed: u64) -> Downloading {
        let url = "https://server.example/file";
        let config = Config { piece: PIECE, seed, ..Config::new(url) };
        let entry =
            Entry { origin: "https://server.example".into(), direction: Direction::Down, most: 4, key: None };
        let machine = Scheduled::new(Download::new(config), entry);
        Downloading { machine, size: pieces * PIECE - 1, written: 0, open: BTreeMap::new() }
    }

    /// Returns the head of the answer to a request that was let through.
    pub fn head(&self, id: RequestId) -> Head {
        let etag = Some("\"v1\"".to_owned());
        let Some(range) = self.open.get(&id).and_then(|body| body.range) else {
            return Head {
                status: 200,
                content_length: Some(self.size.to_string()),
                etag,
                ..Head::default()
            };
        };
        let (first, last) = (range.first, range.last.unwrap_or(self.size - 1).min(self.size - 1));
        Head {
            status: 206,
            content_length: Some((last + 1 - first).to_string()),
            content_range: Some(format!("bytes {first}-{last}/{}", self.size)),
            etag,
            ..Head::default()
        }
    }
}
