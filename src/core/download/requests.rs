//! The requests in flight: what each is for and how far its body is, which bytes they are to bring, and which of them
//! show no sign of life.

use std::ops::Range;

use super::bulk::{BulkReads, PATIENCE};
use super::config::Bulk;
use super::cursor::{BodyCursor, Step};
use super::messages::RequestId;
use super::spans::Spans;
use crate::core::clock::{Instant, Millis};
use crate::core::range::{Asked, ByteRange};

/// How long the end of a body is waited for after its last byte, in ms.
const DRAIN: Millis = 2_000;

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

/// The requests in flight, in the order in which they were sent.
#[derive(Debug)]
pub struct Requests {
    list: Vec<InFlight>,
    next_id: RequestId,
    pub bulk: BulkReads,
}

impl Requests {
    /// Starts with none.
    pub fn new(bulk: Option<Bulk>) -> Requests {
        Requests { list: Vec::new(), next_id: 1, bulk: BulkReads::new(bulk) }
    }

    /// Returns the number of the request that is sent next.
    pub fn next_id(&self) -> RequestId {
        self.next_id
    }

    /// Adds a request that is sent `now`; returns its number.
    pub fn add(&mut self, ask: Ask, conditional: bool, now: Instant) -> RequestId {
        let id = self.next_id;
        self.next_id += 1;
        self.list.push(InFlight::new(id, ask, conditional, now));
        id
    }

    /// Takes a request out.
    pub fn remove(&mut self, id: RequestId) -> Option<InFlight> {
        let index = self.list.iter().position(|request| request.id == id)?;
        Some(self.list.remove(index))
    }

    /// Returns a request.
    pub fn get(&mut self, id: RequestId) -> Option<&mut InFlight> {
        self.list.iter_mut().find(|request| request.id == id)
    }

    /// Returns the first request in a phase.
    pub fn first_in(&mut self, phase: Phase) -> Option<&mut InFlight> {
        self.list.iter_mut().find(|request| request.phase == phase)
    }

    /// Returns the numbers of all.
    pub fn ids(&self) -> Vec<RequestId> {
        self.list.iter().map(|request| request.id).collect()
    }

    /// Returns how many there are, those too of which only the end is waited for.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns how many still have something to bring.
    pub fn busy(&self) -> usize {
        self.list.iter().filter(|request| request.is_busy()).count()
    }

    /// Returns how many bring bytes just now.
    pub fn reading(&self) -> usize {
        self.list.iter().filter(|request| request.phase == Phase::Body).count()
    }

    /// Returns the bytes that each is still to bring; an end that is unknown is the largest number.
    pub fn coming(&self) -> Vec<Range<u64>> {
        let busy = self.list.iter().filter(|request| request.is_busy());
        busy.map(|request| request.cursor.at..request.cursor.limit.unwrap_or(u64::MAX)).collect()
    }

    /// Returns the first bytes at or behind `from` that are neither in `have` nor on their way, of a resource of `size`
    /// bytes; without an end where that is unknown.
    pub fn gap(&self, from: u64, have: &Spans, size: Option<u64>) -> Option<(u64, Option<u64>)> {
        let mut at = from;
        loop {
            let (start, stored) = have.gap(at);
            if size.is_some_and(|size| start >= size) {
                return None;
            }
            if let Some(request) = self.list.iter().find(|request| request.cursor.covers(start)) {
                at = request.cursor.limit?;
                continue;
            }
            let ahead = self.list.iter().map(|request| request.cursor.at).filter(|at| *at > start);
            return Some((start, ahead.chain(stored).chain(size).min()));
        }
    }

    /// Returns the request of which the most can be left to others.
    pub fn largest(&self) -> Option<&InFlight> {
        let divisible = self.list.iter().filter(|request| request.is_divisible());
        divisible.max_by_key(|request| request.cursor.room().unwrap_or(0))
    }

    /// Returns the youngest request that can be given up without losing bytes that have come: one that was not answered yet,
    /// or one whose bytes are stored as they come and can be asked for from there on.
    pub fn dispensable(&self) -> Option<RequestId> {
        let youngest = |can_go: fn(&InFlight) -> bool| self.list.iter().rev().find(|request| can_go(request));
        let unanswered =
            |request: &InFlight| request.phase == Phase::Sent && request.purpose == Purpose::Fill;
        youngest(unanswered).or_else(|| youngest(InFlight::is_divisible)).map(|request| request.id)
    }

    /// Returns how many bytes can be left to others, of each.
    pub fn divisible(&self) -> impl Iterator<Item = u64> {
        let divisible = self.list.iter().filter(|request| request.is_divisible());
        divisible.filter_map(|request| request.cursor.room())
    }

    /// Looks at how fast the body of a request comes in, see [`BulkReads::try_bulk`].
    pub fn try_bulk(&mut self, id: RequestId, piece: u64, now: Instant) -> Option<u64> {
        let request = self.list.iter().find(|request| request.id == id)?;
        if !request.proven || request.stream {
            return None;
        }
        self.bulk.try_bulk(request.wrote, now.since(request.sent), &request.cursor, piece)
    }

    /// Notes that all show a sign of life.
    pub fn touch(&mut self, now: Instant) {
        for request in &mut self.list {
            request.moved = now;
        }
    }

    /// Returns when the next one that shows no sign of life is given up, each after `timeout` ms.
    pub fn next_deadline(&self, timeout: Millis) -> Option<Instant> {
        self.list.iter().filter_map(|request| deadline(request, timeout)).min()
    }

    /// Returns the numbers of those that are given up `now`.
    pub fn late(&self, timeout: Millis, now: Instant) -> Vec<RequestId> {
        let is_late = |request: &&InFlight| deadline(request, timeout).is_some_and(|at| now >= at);
        self.list.iter().filter(is_late).map(|request| request.id).collect()
    }
}

/// Returns when a request is given up.
fn deadline(request: &InFlight, timeout: Millis) -> Option<Instant> {
    let timeout = timeout.max(1);
    match request.phase {
        Phase::Body if request.is_mute() => Some(request.moved + timeout.min(PATIENCE)),
        Phase::Drain if !request.tells_end() => Some(request.moved + DRAIN),
        Phase::Sent | Phase::Body | Phase::Drain => Some(request.moved + timeout),
        // Our own sink is what it waits for.
        Phase::Held => None,
    }
}
