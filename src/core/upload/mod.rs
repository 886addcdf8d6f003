//! An upload as a state machine: inputs come in with the time, effects come out, nothing is done here.
//!
//! The driver calls [`Upload::handle`] with each [`Input`], carries out what [`Upload::poll`] yields until it yields
//! nothing, and calls again at [`Upload::poll_timeout`] with [`Input::Wake`]. Every effect that asks for something
//! has one input that answers it; answers to what was cancelled may still come and are ignored.
//!
//! What holds at every step: a chunk is in one state; an acknowledged chunk is sent again only on the word of an
//! answer to a request sent after the acknowledgement; the upload is done when the server names a URL.

mod exchange;
mod index;
mod loss;
mod machine;
mod outbox;
mod schedule;
mod table;
mod turn;

pub use crate::core::pace::Concurrency;
pub use crate::core::protocol::answer::{Body, Response};
pub use machine::Upload;
pub use table::{Naming, Table};
pub use turn::InTurn;

use std::ops::Range;

use crate::core::cause::Loss;
use crate::core::clock::Millis;
use crate::core::error::Error;
use crate::core::md5::{Digest, Digests, Snapshot};
use crate::core::plan::Cut;
use crate::core::protocol::wire::{Accepts, Handshake};
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

/// What an upload finds out about its endpoint, for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lesson {
    /// What it accepts.
    Accepts(Accepts),
    /// It refuses larger chunks than these, in bytes.
    LargestChunk(u64),
}

/// The number of a request, from 1; never used twice by one machine.
pub type RequestId = u64;

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// `POST endpoint/handshake`.
    Handshake(Handshake),
    /// `POST endpoint` with the bytes of one chunk.
    Chunk {
        /// The chunk's index in the file.
        index: usize,
        /// Where its bytes stand in the file.
        bytes: Range<u64>,
        /// Its id on the wire.
        chunk_id: String,
        /// The file's id.
        file_id: String,
        /// The bytes are to be read before they are sent.
        from_memory: bool,
    },
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
    Learn(Lesson),
    /// Ask the page for new headers; answered by [`Input::Refreshed`].
    RefreshHeaders,
    /// Remember the upload for a later visit.
    Remember(Memory),
    /// Forget the upload.
    Forget,
    /// Get in behind the tabs that upload this file; answered by [`Input::Foremost`] ([`InTurn`] only).
    LineUp,
    /// Get into the page's line; answered by [`Input::Start`], and [`Input::Room`] after that ([`InTurn`] only).
    TakeSeat,
    /// Leave both, for the next ones ([`InTurn`] only).
    StepBack,
    /// The end.
    Settle(Result<Outcome, Error>),
}

/// What is remembered of an upload between visits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
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

/// What an earlier visit left of the file's digests. It is believed for the handshake, and each chunk it speaks of is
/// hashed again before it is sent; if one differs, all is hashed anew, unless one file and no other is expected.
#[derive(Debug, Clone, PartialEq)]
pub enum Known {
    /// Nothing.
    Nothing,
    /// Where the hashing was.
    Partly(Box<Snapshot>),
    /// All of them.
    Digests(Digests),
    /// All of them, and how the server was told of the chunks.
    Announced(Digests, Naming),
}

impl From<Option<Digests>> for Known {
    fn from(digests: Option<Digests>) -> Known {
        digests.map_or(Known::Nothing, Known::Digests)
    }
}

/// What happened outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Begin, with what an earlier visit has left.
    Start(Known),
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
    /// The page gave new headers, or failed to: its words for it.
    Refreshed(Result<(), Thrown>),
    /// The browser says that the network is there or gone.
    Online(bool),
    /// No other tab uploads this file now ([`InTurn`] only).
    Foremost,
    /// It may have so many requests in flight; where the page says how many, any number is as good as that.
    Room(usize),
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
