//! What the machine is told.

use super::effect::RequestId;
use super::record::Restored;
use crate::core::cause::Loss;
use crate::core::md5::Digest;
use crate::core::range::Head;
use crate::core::thrown::Thrown;

/// What happened outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Begin; with what an earlier visit left of the same download, where there is anything.
    Start(Option<Box<Restored>>),
    /// So many requests may be in flight at once from now on; as many as it likes before the first of these. With 0
    /// nothing new goes out. A fixed concurrency needs just any number above 0.
    Slots(usize),
    /// The server refused more than so many requests at once, for whatever transfer of its origin; or that is forgotten.
    ServerLimit(Option<usize>),
    /// The status and headers of an answer came.
    Head(RequestId, Box<Head>),
    /// This many more bytes of the body came and were dropped, compared (and equal) or handed to the sink; never more
    /// than up to the limit.
    Data(RequestId, u64),
    /// The body has bytes behind the limit, and no other [`Effect::Receive`] took them.
    ///
    /// [`Effect::Receive`]: super::Effect::Receive
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
