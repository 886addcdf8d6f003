//! What an upload is told.

use crate::core::cause::Loss;
use crate::core::error::Error;
use crate::core::md5::{Digest, Digests, Snapshot};
use crate::core::protocol::wire::Accepts;
use crate::core::protocol::{Naming, RequestId, Response};
use crate::core::thrown::Thrown;

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
