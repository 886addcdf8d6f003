//! What goes into an upload and what comes out of it.

use std::ops::Range;

use crate::core::cause::Loss;
use crate::core::clock::Millis;
use crate::core::error::Error;
use crate::core::md5::{Digest, Digests, Snapshot};
use crate::core::pace::Concurrency;
use crate::core::plan::Cut;
use crate::core::protocol::wire::Accepts;
use crate::core::protocol::{Naming, Request, RequestId, Response};
use crate::core::retry::Policy;
use crate::core::thrown::Thrown;

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

/// What happened outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Begin, with what an earlier visit has left.
    Start(Restored),
    /// This many bytes of the file are hashed.
    Hashing(u64),
    /// Two of the file's chunks are the same.
    Repeats,
    /// What the endpoint accepts; the default where it does not say, or did not answer.
    Accepts(Accepts),
    /// The file is hashed, or cannot be read.
    Hashed(Result<Digests, Error>),
    /// A chunk was hashed again, or cannot be read.
    Checked(usize, Result<Digest, Error>),
    /// An answer has begun: its head is here.
    Headed(RequestId),
    /// An answer came, whatever its status.
    Answered(RequestId, Response),
    /// No answer came, for this cause.
    Lost(RequestId, Loss),
    /// The page gave new headers, or failed to.
    Refreshed(Result<(), Thrown>),
    /// The browser says that the network is there or gone.
    Online(bool),
    /// It may have so many requests in flight; where the page says how many, any number is as good as that.
    Slots(usize),
    /// The server refused more than so many requests at once, of all transfers to its origin; no number lifts that.
    ServerLimit(Option<usize>),
    /// The page is not seen any more, and may never be again.
    Hidden,
    /// The page pauses.
    Pause,
    /// The page goes on.
    Resume,
    /// The page gives up.
    Abort,
    /// Time has passed.
    Wake,
}

/// The digests that an earlier visit left. They are believed for the handshake, and each chunk that they speak of is
/// hashed again before it is sent; if one differs, all is hashed anew, unless one file and no other is expected.
#[derive(Debug, Clone, PartialEq)]
pub enum Restored {
    /// None.
    Nothing,
    /// Where the hashing was.
    Partly(Box<Snapshot>),
    /// All of them.
    Digests(Digests),
    /// All of them, and how the server was told of the chunks.
    Announced(Digests, Naming),
}

impl From<Option<Digests>> for Restored {
    fn from(digests: Option<Digests>) -> Restored {
        digests.map_or(Restored::Nothing, Restored::Digests)
    }
}

/// What the machine asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Hash the file and its chunks of so many bytes, from where an earlier visit was; answered by [`Input::Hashing`] now
    /// and then, by [`Input::Repeats`] if a chunk stands in it twice, and by [`Input::Hashed`] once.
    Hash(u64, Option<Box<Snapshot>>),
    /// Hold the hashing where it is.
    HoldHash,
    /// Let the hashing go on.
    ResumeHash,
    /// Give the hashing up; no answer comes.
    StopHash,
    /// Send a request; answered by [`Input::Headed`] and [`Input::Answered`], or by [`Input::Lost`].
    Send(RequestId, Request),
    /// Get the body of this chunk ready, which is likely to be sent next; it may be another one, or none.
    Prepare(Request),
    /// Abort a request; what comes of it is ignored.
    Cancel(RequestId),
    /// Hash one chunk of the file again, by its index and where it stands; answered by [`Input::Checked`].
    Check(usize, Range<u64>),
    /// Ask the endpoint what it accepts, unless this page has; answered by [`Input::Accepts`].
    AskAccepts,
    /// Note something about the endpoint, for later uploads.
    Learn(EndpointFact),
    /// Ask the page for new headers; answered by [`Input::Refreshed`].
    RefreshHeaders,
    /// Write down what a later visit needs to go on with the upload.
    Save(Checkpoint),
    /// Remove what was written down of the upload.
    Forget,
    /// The end.
    Settle(Result<Outcome, Error>),
}

/// What an upload finds out about its endpoint, for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointFact {
    /// What it accepts.
    Accepts(Accepts),
    /// It refuses larger chunks than these, in bytes.
    LargestChunk(u64),
}

/// What is written down of an upload between visits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// How large the chunks are, in bytes.
    pub chunk: u64,
    /// The digests, once they are known, and how the server was told of the chunks.
    pub announced: Option<(Digests, Naming)>,
    /// Bytes that the server has.
    pub confirmed: u64,
}

/// How an upload ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The file's URL, as the server gave it.
    pub url: String,
    /// The file's id.
    pub file_id: Digest,
    /// The file's size in bytes.
    pub size: u64,
    /// Nothing had to be sent.
    pub instant: bool,
    /// Bytes that did not have to be sent.
    pub reused: u64,
}
