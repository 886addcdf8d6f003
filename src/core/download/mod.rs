//! A download as a state machine: inputs come in with the time, effects come out, nothing is done here.
//!
//! The driver calls [`Download::handle`] with each [`Input`], carries out what [`Download::poll`] yields **in order**
//! until it yields nothing, and calls again at [`Download::poll_timeout`] with [`Input::Wake`]. Answers to what was
//! cancelled may still come and are ignored.
//!
//! Bytes never come here. The driver puts a body's bytes where [`Effect::Receive`] says and reports how many there
//! were; it reports them ([`Input::Data`]) and carries out what that leads to *before* it waits for the write, so
//! that the machine's picture and the driver's never differ when a [`Effect::Limit`] or [`Effect::Cancel`] comes.
//!
//! What holds at every step: no byte is written twice, none is asked for behind a known end, and bytes of two
//! versions are never joined. The last rests on strong validators; where an answer has none, bytes are compared:
//! the overlap in front of a continued span, and afterwards both sides of every *seam*, an offset at which two
//! unproven bodies meet.

mod answers;
mod body;
mod ending;
mod flight;
mod gulp;
mod machine;
mod planner;
mod record;
mod schedule;
mod seams;
mod spans;
mod view;

#[cfg(test)]
mod tests;

pub use crate::core::pace::Concurrency;
pub use gulp::Gulp;
pub use machine::Download;
pub use record::{Record, Restored, VERSION};

use crate::core::cause::Loss;
use crate::core::clock::Millis;
use crate::core::error::Error;
use crate::core::md5::Digest;
use crate::core::range::{ByteRange, Head};
use crate::core::retry::Policy;
use crate::core::thrown::Thrown;

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
    /// When ranges are taken in one go, if they are.
    pub gulp: Option<Gulp>,
    /// How many bytes from the start must be there before they are hashed, and as many again each time: enough that what
    /// it takes to begin is little.
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
    /// The wall clock now, in ms since 1970.
    pub unix_now: Millis,
    /// Where the jitter's randomness starts.
    pub seed: u64,
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
            gulp: None,
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
            unix_now: 0,
            seed: 0,
        }
    }
}

/// The number of a request, from 1; never used twice by one machine.
pub type RequestId = u64;

/// What the machine asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a GET with `cache: "no-store"` to the present URL; answered by [`Input::Head`] or [`Input::Lost`].
    Send {
        /// Its number.
        id: RequestId,
        /// The `Range` header, by its `Display`.
        range: Option<ByteRange>,
        /// The `If-Match` header.
        if_match: Option<String>,
    },
    /// Read the body: drop `skip` bytes, compare the next `compare` with the stored ones that end at `at`, then write
    /// from `at` on, up to `limit`. At the limit read on until [`Effect::Cancel`] (then drop the rest), the end, or
    /// another `Receive` for the same body, which goes on with the very next byte.
    Receive {
        /// The request.
        id: RequestId,
        /// Bytes to drop.
        skip: u64,
        /// Bytes to compare; answered by [`Input::Differs`] if they differ.
        compare: u64,
        /// Where to write.
        at: u64,
        /// The first offset not to write.
        limit: Option<u64>,
        /// The body may be taken in one go, however long that lasts, and told by one [`Input::Data`]; of one that
        /// turns out to be shorter only whole pieces then count.
        at_once: bool,
    },
    /// Stop writing this body at `end`, which is not before what was reported: another request brings the rest.
    Limit {
        /// The request.
        id: RequestId,
        /// The first offset not to write.
        end: u64,
    },
    /// Abort a request, or drop the rest of its body; what comes of it is ignored.
    Cancel(RequestId),
    /// Make room for the result; answered by [`Input::Prepared`].
    Prepare {
        /// Its size in bytes, where known.
        total: Option<u64>,
        /// The size is certain; otherwise it is a hint and the result may be longer or shorter.
        exact: bool,
    },
    /// Throw away every stored byte. Must be done before any later `Prepare` or `Remember` takes effect.
    Discard,
    /// Ask the page for new headers; answered by [`Input::Headers`].
    RefreshHeaders,
    /// Ask the page for a new URL and use it from now on; answered by [`Input::Url`].
    RefreshUrl,
    /// Remember the download for a later visit. Stored pieces must never outlive an older record.
    Remember(Box<Record>),
    /// Forget the download.
    Forget,
    /// The bytes before this one, a piece's edge, are there, and their MD5 will be wanted with the rest's: it may be begun.
    /// What is thrown away has to be begun anew.
    Hash(u64),
    /// All bytes were handed over: finish every write, cut the result to `total`, and hash it if `hash` says so;
    /// answered by [`Input::Finished`].
    Finish {
        /// The size in bytes.
        total: u64,
        /// The MD5 is wanted.
        hash: bool,
    },
    /// The end.
    Settle(Result<Outcome, Error>),
}

/// What happened outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Begin; with what an earlier visit left of the same download, where there is anything.
    Start(Option<Box<Restored>>),
    /// The status and headers of an answer came.
    Head(RequestId, Box<Head>),
    /// This many more bytes of the body came and were dropped, compared (and equal) or handed to the sink; never more
    /// than up to the limit.
    Data(RequestId, u64),
    /// The body has bytes behind the limit, and no other [`Effect::Receive`] took them.
    Excess(RequestId),
    /// The body ended without an error.
    End(RequestId),
    /// The request or its body failed, for this cause.
    Lost(RequestId, Loss),
    /// The bytes to be compared were not the stored ones.
    Differs(RequestId),
    /// There is room, or not.
    Prepared(Result<(), StoreFailure>),
    /// A write failed.
    StoreFailed(StoreFailure),
    /// The page gave new headers, or failed to.
    Headers(Result<(), Thrown>),
    /// The page gave a new URL, or failed to.
    Url(Result<(), Thrown>),
    /// Everything is written, with the MD5 where it could be computed; or not.
    Finished(Result<Option<Digest>, StoreFailure>),
    /// The browser says that the network is there or gone.
    Online(bool),
    /// The page pauses.
    Pause,
    /// The page goes on.
    Resume,
    /// The page gives up.
    Abort,
    /// Time has passed.
    Wake,
}

/// Why the sink does not take the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreFailure {
    /// The storage is full, or there is not that much memory.
    Quota,
    /// Something else.
    Other(Thrown),
}

/// How a download ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The size in bytes.
    pub size: u64,
    /// The media type.
    pub content_type: Option<String>,
    /// The ETag.
    pub etag: Option<String>,
    /// What the bytes were checked against.
    pub verified: Option<Verified>,
    /// How it was downloaded.
    pub mode: Mode,
    /// Why not in parallel.
    pub reason: Option<&'static str>,
    /// Bytes that an earlier visit had stored.
    pub reused: u64,
}

/// What the bytes were checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// The page's MD5.
    Md5,
    /// The server's `Repr-Digest`.
    Digest,
}

impl Verified {
    /// Returns the name that JavaScript sees.
    pub fn name(self) -> &'static str {
        match self {
            Verified::Md5 => "md5",
            Verified::Digest => "digest",
        }
    }
}

/// How a download goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In ranges, several at once.
    Parallel,
    /// In ranges, one after the other.
    Sequential,
    /// As one stream.
    Whole,
}

impl Mode {
    /// Returns the name that JavaScript sees.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Parallel => "parallel",
            Mode::Sequential => "sequential",
            Mode::Whole => "whole",
        }
    }
}
