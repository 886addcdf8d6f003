//! One request in flight, what it is for and how far its body is.

use std::ops::Range;

use super::cursor::{BodyCursor, Step};
use super::effect::RequestId;
use crate::core::clock::Instant;
use crate::core::range::{Asked, ByteRange};

/// A request that is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    pub purpose: Purpose,
    pub range: Option<ByteRange>,
    /// What the bytes that are asked for are for.
    pub cursor: BodyCursor,
    /// They may be read in bulk.
    pub bulk: bool,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
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

/// A request that was sent and is not over.
#[derive(Debug)]
pub struct InFlight {
    pub id: RequestId,
    pub asked: Asked,
    pub purpose: Purpose,
    pub phase: Phase,
    /// What the body's next bytes are for. The offsets that it is still to write belong to this request alone.
    pub cursor: BodyCursor,
    /// Bytes of the body that are still to come, as announced.
    pub left: Option<u64>,
    /// Bytes written.
    pub wrote: u64,
    /// A strong validator says that it is the known version, or it is the first answer and defines it.
    pub proven: bool,
    /// The body is a 200: the whole resource.
    pub stream: bool,
    /// It was sent to be read in bulk.
    pub bulk: bool,
    /// Content-Range was hidden.
    pub blind: bool,
    pub sent: Instant,
    /// When it last showed a sign of life.
    pub moved: Instant,
}

/// What some bytes of a body were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The last of those that were to be compared are among them, and all were equal.
    pub compared: bool,
    /// Those that were written.
    pub written: Range<u64>,
}

impl InFlight {
    /// Makes a request that is sent `now`.
    pub fn new(id: RequestId, ask: Ask, conditional: bool, now: Instant) -> InFlight {
        InFlight {
            id,
            asked: Asked { range: ask.range, conditional },
            purpose: ask.purpose,
            phase: Phase::Sent,
            cursor: ask.cursor,
            left: None,
            wrote: 0,
            proven: false,
            stream: false,
            bulk: ask.bulk,
            blind: false,
            sent: now,
            moved: now,
        }
    }

    /// Notes `len` more bytes of the body; nothing where none are wanted.
    pub fn pass(&mut self, len: u64, now: Instant) -> Option<Passed> {
        self.moved = now;
        if self.phase != Phase::Body {
            return None;
        }
        self.left = self.left.map(|left| left.saturating_sub(len));
        let (start, mut rest, mut compared) = (self.cursor.at, len, false);
        while rest > 0 {
            let step = self.cursor.take(rest);
            if step.is_empty() {
                break;
            }
            rest -= step.len();
            compared |= matches!(step, Step::Compare { .. }) && self.cursor.compare == 0;
        }
        let written = start..self.cursor.at;
        self.wrote += written.end - written.start;
        Some(Passed { compared, written })
    }

    /// Tells whether the answer was to a range behind the first byte.
    pub fn is_behind_start(&self) -> bool {
        self.asked.range.is_some_and(|range| range.first > 0)
    }

    /// Tells whether the end of its body is the only word on where the resource ends: it was asked for that, or it
    /// may be of another version and did not tell its length.
    pub fn tells_end(&self) -> bool {
        let untold = self.stream && self.left.is_none() && !self.proven;
        self.purpose == Purpose::Tail || (self.purpose == Purpose::Fill && untold)
    }

    /// Tells whether it still has something to bring.
    pub fn is_busy(&self) -> bool {
        self.phase != Phase::Drain
    }

    /// Tells whether it is one of which the second half could be left to another: its bytes are coming, one by one.
    pub fn is_divisible(&self) -> bool {
        self.phase == Phase::Body && self.purpose == Purpose::Fill && !self.stream && !self.bulk
    }

    /// Returns where a range begins of a version that nothing proves, if no bytes in front of it are compared.
    pub fn begins_unproven(&self) -> Option<u64> {
        let unproven = self.purpose == Purpose::Fill && !self.stream && !self.proven;
        Some(self.cursor.at).filter(|at| unproven && self.cursor.compare == 0 && *at > 0)
    }

    /// Returns where a body of a version that nothing proves stops, if it brought anything.
    pub fn stops_unproven(&self) -> Option<u64> {
        let brought = self.phase == Phase::Body && self.wrote > 0;
        Some(self.cursor.at).filter(|_| brought && self.purpose == Purpose::Fill && !self.proven)
    }

    /// Settles whether it is read in bulk: its body must be just the bytes that it was to bring.
    pub fn settle_bulk(&mut self) {
        self.bulk &= self.left == self.cursor.room() && !self.blind && self.cursor.is_writing();
    }

    /// Tells whether nothing shows how far its body is.
    pub fn is_mute(&self) -> bool {
        self.phase == Phase::Body && self.bulk && self.wrote == 0
    }
}
