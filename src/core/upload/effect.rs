//! What an upload asks for.

use std::ops::Range;

use crate::core::error::Error;
use crate::core::md5::{Digest, Digests, Snapshot};
use crate::core::protocol::wire::Accepts;
use crate::core::protocol::{Naming, Request, RequestId};

/// What the machine asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Hash the file and its chunks of so many bytes, from where an earlier visit was; answered by `Input::Hashing` now
    /// and then, by `Input::Repeats` if a chunk stands in it twice, and by `Input::Hashed` once.
    Hash(u64, Option<Box<Snapshot>>),
    /// Hold the hashing where it is.
    HoldHash,
    /// Let the hashing go on.
    ResumeHash,
    /// Give the hashing up; no answer comes.
    StopHash,
    /// Send a request; answered by `Input::Headed` and `Input::Answered`, or by `Input::Lost`.
    Send(RequestId, Request),
    /// Get the body of this chunk ready, which is likely to be sent next; it may be another one, or none.
    Prepare(Request),
    /// Abort a request; what comes of it is ignored.
    Cancel(RequestId),
    /// Hash one chunk of the file again, by its index and where it stands; answered by `Input::Checked`.
    Check(usize, Range<u64>),
    /// Ask the endpoint what it accepts, unless this page has; answered by `Input::Accepts`.
    AskAccepts,
    /// Note something about the endpoint, for later uploads.
    Learn(EndpointFact),
    /// Ask the page for new headers; answered by `Input::Refreshed`.
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
