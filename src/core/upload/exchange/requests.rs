//! The requests in flight: what each is for, and how long each may take.

use super::table::Chunk;
use crate::core::clock::{Instant, Millis};
use crate::core::flat_map::FlatMap;
use crate::core::protocol::RequestId;

/// A request that was sent and has no answer yet.
#[derive(Debug)]
pub struct InFlight {
    /// What it is for.
    pub purpose: Purpose,
    /// When it was sent.
    pub sent: Instant,
    deadline: Instant,
    /// A chunk's bytes, and how often it has stalled.
    len: u64,
    stalls: u32,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To learn what the server has.
    Handshake,
    /// To send the chunk at this position of the table.
    Chunk(usize),
}

impl InFlight {
    /// Returns how long a chunk may take that gets `share` bytes/ms. `fetch` does not tell how much of a body has gone
    /// out, so that is far below what was measured; and the time doubles with each stall of the chunk.
    fn limit(&self, share: f64, stall_timeout: Millis) -> Instant {
        let transfer = (self.len as f64 / share) as Millis;
        self.sent + stall_timeout.saturating_add(transfer).saturating_mul(1 << self.stalls.min(8))
    }
}

/// All requests of one upload that are in flight, by number.
#[derive(Debug)]
pub struct Requests {
    in_flight: FlatMap<RequestId, InFlight>,
    next_id: RequestId,
    stall_timeout: Millis,
    /// When anything last came from the server.
    heard: Instant,
    /// How often the line was taken for dead since a chunk last arrived.
    silences: u32,
}

impl Requests {
    /// Starts with none. They may show no sign of life for `stall_timeout` ms.
    pub fn new(stall_timeout: Millis) -> Requests {
        let (in_flight, heard) = (FlatMap::new(), Instant::default());
        Requests { in_flight, next_id: 1, stall_timeout, heard, silences: 0 }
    }

    /// Returns the number that the next request will have.
    pub fn next_id(&self) -> RequestId {
        self.next_id
    }

    /// Returns the number of the latest request that was sent, 0 before the first.
    pub fn latest(&self) -> RequestId {
        self.next_id - 1
    }

    /// Returns how many are in flight.
    pub fn len(&self) -> usize {
        self.in_flight.len()
    }

    /// Tells whether none is in flight.
    pub fn is_empty(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Tells whether a handshake is in flight.
    pub fn has_handshake(&self) -> bool {
        self.in_flight.values().any(|request| request.purpose == Purpose::Handshake)
    }

    /// Tells whether a chunk is in flight.
    pub fn has_chunk(&self) -> bool {
        self.in_flight.values().any(|request| request.purpose != Purpose::Handshake)
    }

    /// Returns the requests that send the chunks at these positions.
    pub fn of_chunks(&self, positions: &[usize]) -> Vec<RequestId> {
        let sends =
            |request: &InFlight| matches!(request.purpose, Purpose::Chunk(at) if positions.contains(&at));
        self.in_flight.iter().filter(|(_, request)| sends(request)).map(|(id, _)| *id).collect()
    }

    /// Returns the latest request that is in flight.
    pub fn youngest(&self) -> Option<RequestId> {
        self.in_flight.iter().map(|(id, _)| *id).max()
    }

    /// Returns what a request is for.
    pub fn purpose(&self, id: RequestId) -> Option<Purpose> {
        self.in_flight.get(&id).map(|request| request.purpose)
    }

    /// Notes that a handshake is sent, which may take `patience` ms; returns its number.
    pub fn send_handshake(&mut self, patience: Millis, now: Instant) -> RequestId {
        let (sent, deadline) = (now, now + patience);
        self.send(InFlight { purpose: Purpose::Handshake, sent, deadline, len: 0, stalls: 0 })
    }

    /// Notes that `chunk`, at position `at`, is sent, and gets `share` bytes/ms of the line at least; returns its number.
    pub fn send_chunk(&mut self, at: usize, chunk: &Chunk, share: f64, now: Instant) -> RequestId {
        let (purpose, stalls) = (Purpose::Chunk(at), chunk.troubles.stalls);
        let mut request = InFlight { purpose, sent: now, deadline: now, len: chunk.len, stalls };
        request.deadline = request.limit(share, self.stall_timeout);
        self.send(request)
    }

    fn send(&mut self, request: InFlight) -> RequestId {
        let id = self.next_id;
        self.next_id += 1;
        if self.in_flight.is_empty() {
            // Silence begins with a question.
            self.heard = request.sent;
        }
        self.in_flight.insert(id, request);
        id
    }

    /// Takes note that an answer has begun: what is left of it comes soon.
    pub fn headed(&mut self, id: RequestId, now: Instant) {
        if let Some(request) = self.in_flight.get_mut(&id) {
            self.heard = now;
            request.deadline = now + self.stall_timeout;
        }
    }

    /// Takes out a request that was answered.
    pub fn answered(&mut self, id: RequestId, now: Instant) -> Option<InFlight> {
        let request = self.in_flight.remove(&id)?;
        self.heard = now;
        Some(request)
    }

    /// Takes out a request that will not be answered.
    pub fn remove(&mut self, id: RequestId) -> Option<InFlight> {
        self.in_flight.remove(&id)
    }

    /// Takes out all requests.
    pub fn remove_all(&mut self) -> FlatMap<RequestId, InFlight> {
        std::mem::take(&mut self.in_flight)
    }

    /// Takes note that a chunk has arrived: the line is alive.
    pub fn arrived(&mut self) {
        self.silences = 0;
    }

    /// Shortens the limits of the chunks in flight, since each is now known to get `share` bytes/ms of the line at least.
    pub fn tighten(&mut self, share: f64) {
        for request in self.in_flight.values_mut().filter(|request| request.len > 0) {
            request.deadline = request.deadline.min(request.limit(share, self.stall_timeout));
        }
    }

    /// Returns the requests that are late at `now`.
    pub fn late(&mut self, now: Instant) -> Vec<RequestId> {
        // Nothing at all came since a small request went out: no connection is alive.
        let dead =
            |r: &InFlight| r.purpose == Purpose::Handshake && r.deadline <= now && self.heard <= r.sent;
        let all = self.in_flight.len() > 1 && self.in_flight.values().any(dead);
        self.silences += u32::from(all);
        self.in_flight.iter().filter(|(_, r)| all || r.deadline <= now).map(|(id, _)| *id).collect()
    }

    /// Returns the first moment at which a request is late.
    pub fn late_at(&self) -> Option<Instant> {
        self.in_flight.values().map(|request| request.deadline).min()
    }

    /// Returns when nothing will have come from the server for too long, if anything is in flight.
    pub fn silent_at(&self) -> Option<Instant> {
        (!self.in_flight.is_empty()).then(|| self.heard + self.silence())
    }

    /// Returns how long silence is borne, in ms. With nothing else on the line nothing can hold a small request up. Else
    /// it doubles each time, or a line with seconds of buffers in it would be taken for dead for ever.
    pub fn silence(&self) -> Millis {
        let doublings = if self.in_flight.is_empty() { 0 } else { self.silences.min(8) };
        self.stall_timeout.saturating_mul(1 << doublings)
    }
}
