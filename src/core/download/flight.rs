//! One request in flight, and what its body is for.

use super::RequestId;
use crate::core::clock::Instant;
use crate::core::range::Asked;

/// A request that was sent and is not over.
#[derive(Debug)]
pub struct Flight {
    pub id: RequestId,
    pub asked: Asked,
    pub job: Job,
    pub phase: Phase,
    /// Where the next byte is to be written; the bytes from here to `end` belong to this flight alone.
    pub at: u64,
    /// The first byte that belongs to another, or is stored; nothing while the resource's end is unknown.
    pub end: Option<u64>,
    /// Bytes of the body to drop before anything else.
    pub skip: u64,
    /// Bytes of the body to compare after that, with the stored ones that end at `at`.
    pub compare: u64,
    /// Bytes of the body that are still to come, as announced.
    pub left: Option<u64>,
    /// Bytes written.
    pub wrote: u64,
    /// A strong validator says that it is the known version, or it is the first answer and defines it.
    pub proven: bool,
    /// The body is a 200: the whole resource.
    pub stream: bool,
    /// It was sent to be taken in one go.
    pub gulp: bool,
    /// Content-Range was hidden.
    pub blind: bool,
    pub sent: Instant,
    /// When it last showed a sign of life.
    pub moved: Instant,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// To bring bytes.
    Fill,
    /// To compare the stored bytes on both sides of an offset with one body.
    Seam(u64),
    /// To see that the resource really ends where the first answer's length said.
    Tail,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No answer yet.
    Sent,
    /// The answer is good; the sink is making room.
    Held,
    /// Bytes are coming.
    Body,
    /// Every byte came; the body's end did not yet.
    Drain,
}

impl Flight {
    /// Tells whether the byte at `offset` is going to be written by this flight.
    pub fn owns(&self, offset: u64) -> bool {
        self.at <= offset && self.end.is_none_or(|end| offset < end)
    }

    /// Tells whether the end of its body is the only word on where the resource ends: it was asked for that, or it
    /// may be of another version and did not tell its length.
    pub fn tells_end(&self) -> bool {
        let untold = self.stream && self.left.is_none() && !self.proven;
        self.job == Job::Tail || (self.job == Job::Fill && untold)
    }

    /// Tells whether it still has something to bring.
    pub fn is_busy(&self) -> bool {
        self.phase != Phase::Drain
    }
}
