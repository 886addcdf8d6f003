//! What an upload is told at its start.

use crate::core::clock::Millis;
use crate::core::md5::Digest;
use crate::core::pace::Concurrency;
use crate::core::plan::Cut;
use crate::core::protocol::Naming;
use crate::core::protocol::wire::Accepts;
use crate::core::retry::Policy;

/// What an upload is told at the start.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where chunks go, an absolute URL; for messages only.
    pub endpoint: String,
    /// The file and its chunks, at first: a server that refuses bodies of that size gets smaller ones.
    pub cut: Cut,
    /// How chunks are named where the page says so; else as the server can take it.
    pub naming: Option<Naming>,
    /// What the page vouches for, whatever the server says.
    pub vouched: Vouched,
    /// What the endpoint accepted when this page last heard of it.
    pub accepted: Option<Accepts>,
    /// The digest that the file had when an earlier visit hashed it, where the page goes on with that upload.
    pub expected: Option<Digest>,
    /// The file's extension with its dot, or empty.
    pub ext: String,
    /// Requests at once.
    pub concurrency: Concurrency,
    /// When to try again.
    pub retry: Policy,
    /// How long a request may show no sign of life, in ms.
    pub stall_timeout: Millis,
    /// How long the server may take to put a complete file together, in ms.
    pub finish_timeout: Millis,
    /// The page gave a function for its headers, which can be asked again.
    pub can_refresh_headers: bool,
    /// Where the jitter's randomness starts.
    pub seed: u64,
}

/// What a page says of its server, where it says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Vouched {
    /// How many chunks of one file it takes at once.
    pub parallel: Option<usize>,
    /// Whether an id may stand in `chunkIds` more than once.
    pub repeats: Option<bool>,
}
