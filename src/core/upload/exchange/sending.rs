//! What goes out next, and what becomes of requests whose time is up.

use std::ops::Range;

use super::state::Exchange;
use super::table::{Chunk, Status};
use crate::core::clock::Instant;
use crate::core::plan::Cut;
use crate::core::protocol::{Part, Request, RequestId};

/// The slowest line that a chunk's time limit allows for, in bytes/s for all requests together.
const SLOWEST: f64 = 64.0 * 1024.0;
/// A request may be this many times slower than the average before it counts as stalled.
const SLACK: f64 = 8.0;

/// What is allowed now, and what the line has carried.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many requests may be in flight as the pace goes.
    pub at_once: usize,
    /// How many there may be before the next answer.
    pub soon: usize,
    /// How many may be in flight for the sake of other transfers.
    pub slots: usize,
    /// Nothing may go out beside a chunk, not even a handshake.
    pub sequential: bool,
    /// What all requests together have had of the line, in bytes/s.
    pub speed: f64,
}

impl Limits {
    /// Returns the slowest that one of `sharers` requests may be, in bytes/ms.
    fn share(&self, sharers: usize) -> f64 {
        (self.speed / SLACK).max(SLOWEST) / 1000.0 / sharers as f64
    }
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Send this request.
    Send(RequestId, Request),
    /// Hash this chunk again, by its index and where it stands.
    Check(usize, Range<u64>),
    /// Nothing, for the sake of the pace alone: there is more to send.
    Full,
    /// Nothing.
    Nothing,
}

impl Exchange {
    /// Returns what is to be done next, and takes it for done.
    pub fn next_request(&mut self, limits: &Limits, now: Instant) -> Next {
        if self.server.doubt.is_some() {
            return self.next_handshake(limits, now);
        }
        let Some(at) = self.table.next_missing() else { return Next::Nothing };
        let checking = self.table.iter().filter(|chunk| chunk.status == Status::Checking).count();
        let busy = self.requests.len() + checking;
        if busy >= limits.at_once {
            // One request at a time: the next chunk is hashed again while this one is on its way, not after it.
            let ahead = limits.sequential && checking == 0;
            return if ahead { self.check(at).unwrap_or(Next::Full) } else { Next::Full };
        }
        if busy >= limits.slots {
            return Next::Nothing;
        }
        self.check(at).unwrap_or_else(|| self.send_chunk(at, limits, now))
    }

    fn next_handshake(&mut self, limits: &Limits, now: Instant) -> Next {
        let beside = limits.sequential && !self.requests.is_empty();
        if beside || self.requests.has_handshake() {
            return Next::Nothing;
        }
        let ids = self.table.ids();
        let (request, patience) = if self.server.met && self.table.is_complete() {
            (self.protocol.complete(ids), self.finish_timeout)
        } else {
            (self.protocol.open(ids), self.requests.silence())
        };
        Next::Send(self.requests.send_handshake(patience, now), request)
    }

    /// Has the chunk at this position hashed again, if it has to be before it is sent.
    fn check(&mut self, at: usize) -> Option<Next> {
        let chunk = self.table.get_mut(at).filter(|chunk| !chunk.verified)?;
        chunk.status = Status::Checking;
        Some(Next::Check(chunk.index, self.file.cut.range(chunk.index)))
    }

    fn send_chunk(&mut self, at: usize, limits: &Limits, now: Instant) -> Next {
        let alone = self.requests.is_empty();
        let Some(chunk) = self.table.get_mut(at) else { return Next::Nothing };
        chunk.status = Status::InFlight;
        chunk.sent_alone = alone && limits.sequential;
        if chunk.report.tries == 0 {
            chunk.report.sent = now;
        }
        chunk.report.tries += 1;
        let id = self.requests.send_chunk(at, chunk, limits.share(limits.soon), now);
        let part = part(chunk, self.file.cut);
        Next::Send(id, self.protocol.send_part(part))
    }

    /// One request at a time: returns the next one, once, whose body can be made while this one is on its way.
    pub fn prepare_next(&mut self, sequential: bool) -> Option<Request> {
        let sends = sequential && self.requests.has_chunk();
        let next = self.table.next_missing().filter(|_| sends);
        if next != self.prepared {
            self.prepared = None;
        }
        let at = next.filter(|_| self.prepared.is_none())?;
        let chunk = self.table.get(at).filter(|chunk| chunk.verified)?;
        self.prepared = Some(at);
        Some(self.protocol.send_part(part(chunk, self.file.cut)))
    }

    /// Takes note that an answer has begun.
    pub fn headed(&mut self, id: RequestId, now: Instant) {
        self.requests.headed(id, now);
    }

    /// Shortens the time limits of the chunks in flight to what is now known of the speed.
    pub fn tighten(&mut self, limits: &Limits) {
        self.requests.tighten(limits.share(limits.at_once));
    }

    /// Returns the requests that are late at `now`; each is to be cancelled and given to [`Exchange::stalled`].
    pub fn late(&mut self, now: Instant) -> Vec<RequestId> {
        self.requests.late(now)
    }

    /// Returns the first moment at which a request is late, or at which the server is to be asked whether it is there.
    pub fn late_at(&self, sequential: bool) -> Option<Instant> {
        let late = self.requests.late_at()?;
        Some(late.min(self.silent_at(sequential).unwrap_or(late)))
    }

    /// Returns when nothing will have come from the server for too long, while it is not being asked already. Beside a
    /// chunk nothing goes out to a `sequential` server: there the chunk's own limit must do.
    pub fn silent_at(&self, sequential: bool) -> Option<Instant> {
        let asking = self.server.doubt.is_some();
        if sequential || asking { None } else { self.requests.silent_at() }
    }

    /// Has the server asked whether it is there: chunks on a slow line are silent for as long as on a dead one. The
    /// question needs a connection of its own, of `connections`; returns the request that is to be cancelled for it.
    pub fn ask(&mut self, connections: usize) -> Option<RequestId> {
        // The youngest chunk has the least to lose.
        let youngest = self.requests.youngest().filter(|_| self.requests.len() >= connections);
        let given_up = youngest.and_then(|id| self.requests.remove(id));
        if let Some(request) = &given_up {
            self.release(request.purpose);
        }
        self.doubt();
        youngest
    }
}

fn part(chunk: &Chunk, cut: Cut) -> Part {
    Part {
        index: chunk.index,
        bytes: cut.range(chunk.index),
        id: chunk.id.clone(),
        // WebKit has bodies that hang because they are read from a file as they go out.
        from_memory: chunk.troubles.stalls > 0,
    }
}
