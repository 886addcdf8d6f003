//! What a download is told at the start.

use crate::core::clock::Millis;
use crate::core::md5::Digest;
use crate::core::pace::Concurrency;
use crate::core::retry::Policy;

/// What a download is told at the start.
#[derive(Debug, Clone)]
pub struct Config {
    /// The URL, for the record only.
    pub url: String,
    /// The absolute URL, for messages only.
    pub address: String,
    /// The file's name, for the record only.
    pub name: String,
    /// The size of a piece, in bytes; a restored record's goes before it.
    pub piece: u64,
    /// Requests at once.
    pub concurrency: Concurrency,
    /// The smallest part that is worth a request of its own, in bytes.
    pub min_split: u64,
    /// A request's remaining part is shared out only if it would take longer than this, in ms: what was on its way
    /// when a body is cut short is lost, and a fast line gains nothing from a second connection.
    pub min_gain: Millis,
    /// When ranges are read in bulk, if they are.
    pub bulk: Option<Bulk>,
    /// How many bytes from the start must be there before they are hashed, and as many again each time: enough that
    /// what it takes to begin is little.
    pub ahead: u64,
    /// How many bytes are compared where no validator proves that it is the same version.
    pub overlap: u64,
    /// When to try again.
    pub retry: Policy,
    /// How long a request may bring nothing, in ms.
    pub stall_timeout: Millis,
    /// `If-Match` may be sent: it needs no preflight, or the page asked for it.
    pub conditional: bool,
    /// The page gave a function for its headers, which can be asked again.
    pub can_refresh_headers: bool,
    /// The page gave a function for a new URL.
    pub can_refresh_url: bool,
    /// The MD5 that the result must have.
    pub md5: Option<Digest>,
    /// Remember it for later visits.
    pub remember: bool,
    /// The largest result that the target can take, in bytes.
    pub cap: Option<u64>,
    /// What was handed to the sink can be thrown away; else the download fails where it would start again.
    pub discards: bool,
    /// The wall clock now, in ms since 1970.
    pub unix_now: Millis,
    /// Where the jitter's randomness starts.
    pub seed: u64,
}

/// When ranges are read in bulk: each body as one Blob that the browser makes, which no byte of leaves for JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bulk {
    /// The bytes that one body must have brought before; twice as many after each bulk read that failed.
    pub after: u64,
    /// How fast it must have brought them, in bytes/ms: where streaming costs more than the line.
    pub pace: u64,
    /// The most bytes in one body.
    pub most: u64,
}

impl Config {
    /// Makes the default configuration for `url`.
    pub fn new(url: impl Into<String>) -> Config {
        let url = url.into();
        Config {
            address: url.clone(),
            url,
            name: String::new(),
            piece: 4 << 20,
            concurrency: Concurrency::Auto(4),
            min_split: 1 << 20,
            min_gain: 2_000,
            bulk: None,
            ahead: 32 << 20,
            overlap: 16 << 10,
            retry: Policy::default(),
            stall_timeout: 30_000,
            conditional: false,
            can_refresh_headers: false,
            can_refresh_url: false,
            md5: None,
            remember: false,
            cap: None,
            discards: true,
            unix_now: 0,
            seed: 0,
        }
    }
}
