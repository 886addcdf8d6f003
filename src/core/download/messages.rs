//! What the machine is told, what it asks for, and how it ends.

use std::collections::VecDeque;

use super::cursor::BodyCursor;
use super::record::{Record, Restored};
use crate::core::cause::Loss;
use crate::core::error::Error;
use crate::core::md5::Digest;
use crate::core::range::{ByteRange, Head};
use crate::core::thrown::Thrown;

/// The number of a request, from 1; never used twice by one machine.
pub type RequestId = u64;

/// What happened outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Begin; with what an earlier visit left of the same download, where there is anything.
    Start(Option<Box<Restored>>),
    /// So many requests may be in flight at once from now on; as many as it likes before the first of these. With 0
    /// nothing new goes out. A fixed concurrency needs just any number above 0.
    Slots(usize),
    /// The server refused more than so many requests at once, for whatever transfer of its origin; or that is
    /// forgotten.
    ServerLimit(Option<usize>),
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
    /// The sink takes no more for now, and the bodies wait for it and not for their server; or it takes more again.
    Full(bool),
    /// The page gave new headers, or failed to: its words for it.
    Headers(Result<(), Thrown>),
    /// The page gave a new URL, or failed to: its words for it.
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
    /// Something else: the browser's words for it.
    Other(Thrown),
}

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
    /// Read the body by this cursor. At its limit read on until [`Effect::Cancel`] (then drop the rest), the end, or
    /// another `Receive` for the same body, which goes on with the very next byte.
    Receive {
        /// The request.
        id: RequestId,
        /// What the bytes are for. Those that differ from the stored ones are answered by [`Input::Differs`].
        cursor: BodyCursor,
        /// The body may be read in bulk, however long that lasts, and told by one [`Input::Data`]; of one that turns
        /// out to be shorter only whole pieces then count, see [`whole_pieces`](super::whole_pieces).
        bulk: bool,
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
    /// Throw away every stored byte. Must be done before any later `Prepare` or `Save` takes effect.
    Discard,
    /// Ask the page for new headers; answered by [`Input::Headers`].
    RefreshHeaders,
    /// Ask the page for a new URL and use it from now on; answered by [`Input::Url`].
    RefreshUrl,
    /// Save the record for a later visit. Stored pieces must never outlive an older record.
    Save(Box<Record>),
    /// Forget the record.
    Forget,
    /// The bytes before this one, a piece's edge, are there, and their MD5 will be wanted with the rest's: it may be
    /// begun. What is thrown away has to be begun anew.
    Hash(u64),
    /// All bytes were handed over: finish every write, cut the result to `total`, and hash it if `hash` says so;
    /// answered by [`Input::Finished`].
    Finish {
        /// The size in bytes.
        total: u64,
        /// The MD5 is wanted.
        hash: bool,
        /// The media type, if the server named one.
        content_type: Option<String>,
    },
    /// The end.
    Settle(Result<Outcome, Error>),
}

/// Effects that were not handed out yet, in order; what became pointless meanwhile is taken back.
#[derive(Debug, Default)]
pub struct EffectQueue(VecDeque<Effect>);

impl EffectQueue {
    /// Adds an effect.
    pub fn push(&mut self, effect: Effect) {
        self.0.push_back(effect);
    }

    /// Returns the next effect.
    pub fn pop(&mut self) -> Option<Effect> {
        self.0.pop_front()
    }

    /// Aborts a request; one that was not handed out yet is never sent.
    pub fn cancel(&mut self, request: RequestId) {
        let before = self.0.len();
        self.0.retain(|effect| !matches!(effect, Effect::Send { id, .. } if *id == request));
        let is_unsent = self.0.len() < before;
        self.0.retain(|effect| {
            !matches!(effect, Effect::Receive { id, .. } | Effect::Limit { id, .. } if *id == request)
        });
        if !is_unsent {
            self.push(Effect::Cancel(request));
        }
    }

    /// Throws away what is stored, and what was to be saved of it.
    pub fn discard(&mut self) {
        self.0.retain(|effect| !matches!(effect, Effect::Save(_)));
        self.push(Effect::Discard);
    }

    /// Ends the download: what nobody waits for any more is not asked.
    pub fn settle(&mut self, result: Result<Outcome, Error>) {
        self.0.retain(|effect| {
            !matches!(effect, Effect::RefreshHeaders | Effect::RefreshUrl | Effect::Finish { .. })
        });
        self.push(Effect::Settle(result));
    }
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
