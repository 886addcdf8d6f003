//! The requests in flight: their numbers, which bytes they are to bring, and which of them show no sign of life.

use std::ops::Range;

use super::bulk::{BulkReads, PATIENCE};
use super::config::Bulk;
use super::effect::RequestId;
use super::in_flight::{Ask, InFlight, Phase};
use super::spans::Spans;
use crate::core::clock::{Instant, Millis};

/// How long the end of a body is waited for after its last byte, in ms.
const DRAIN: Millis = 2_000;

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

    /// Returns how many bytes can be left to others, of each.
    pub fn divisible(&self) -> impl Iterator<Item = u64> {
        let divisible = self.list.iter().filter(|request| request.is_divisible());
        divisible.filter_map(|request| request.cursor.room())
    }

    /// Looks at how fast the body of a request comes in, see [`BulkReads::try_bulk`].
    pub fn try_bulk(&mut self, id: RequestId, piece: u64, now: Instant) -> Option<u64> {
        let request = self.list.iter().find(|request| request.id == id)?;
        self.bulk.try_bulk(request, piece, now)
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
