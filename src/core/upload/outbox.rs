//! What goes out: which request may be sent, how long it may take, and how it is taken back.

use super::machine::{Phase, Upload};
use super::table::Status;
use super::{Effect, Request, RequestId};
use crate::core::cause::{Cause, Loss};
use crate::core::clock::{Instant, Millis};
use crate::core::error::Kind;
use crate::core::pace::Concurrency;

/// The slowest line that a chunk's time limit allows for, in bytes/s for all requests together.
const SLOWEST: f64 = 64.0 * 1024.0;
/// A request may be this many times slower than the average before it counts as stalled.
const SLACK: f64 = 8.0;
/// How many connections a browser opens to one origin over HTTP/1.1. Requests beyond them wait their turn unseen.
const CONNECTIONS: usize = 6;

/// A request that was sent and has no answer yet.
#[derive(Debug)]
pub(super) struct InFlight {
    pub what: What,
    pub sent: Instant,
    pub deadline: Instant,
    /// A chunk's bytes, and how often it has stalled.
    len: u64,
    stalls: u32,
}

impl InFlight {
    /// Returns how long a chunk may take that gets `share` bytes/ms. `fetch` does not tell how much of a body has gone
    /// out, so that is far below what was measured; and the time doubles with each stall of the chunk.
    fn limit(&self, share: f64, stall_timeout: Millis) -> Instant {
        let transfer = (self.len as f64 / share) as Millis;
        self.sent + stall_timeout.saturating_add(transfer).saturating_mul(1 << self.stalls.min(8))
    }
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Handshake,
    /// The chunk at this position of the table.
    Chunk(usize),
}

impl Upload {
    /// Gives up the requests that show no sign of life.
    pub(super) fn watch(&mut self, now: Instant) {
        // Nothing at all came since a small request went out: no connection is alive.
        let dead = |r: &InFlight| r.what == What::Handshake && r.deadline <= now && self.heard <= r.sent;
        let all = self.requests.len() > 1 && self.requests.values().any(dead);
        self.silences += u32::from(all);
        let late: Vec<RequestId> =
            self.requests.iter().filter(|(_, r)| all || r.deadline <= now).map(|(id, _)| *id).collect();
        for id in late {
            self.effects.push_back(Effect::Cancel(id));
            let seconds = self.requests.get(&id).map_or(0, |r| now.since(r.sent) / 1000);
            self.lost(id, Kind::Stalled, Loss::new(Cause::Cut, format!("no answer for {seconds} s")), now);
            if matches!(self.phase, Phase::Ended(..)) {
                return;
            }
        }
        if self.quiet_at().is_some_and(|at| at <= now) {
            self.ask();
        }
    }

    /// Returns the first moment at which a request is late, or at which nothing has come from the server for too long.
    pub(super) fn late_at(&self) -> Option<Instant> {
        let late = self.requests.values().map(|request| request.deadline).min();
        late.map(|late| late.min(self.quiet_at().unwrap_or(late)))
    }

    /// Returns when nothing will have come from the server for too long, while it is not being asked already.
    fn quiet_at(&self) -> Option<Instant> {
        match &self.phase {
            // Beside a chunk nothing goes out to a server that takes one at a time: there the chunk's own limit must do.
            Phase::Exchanging(_) if self.pace.is_sequential() => None,
            Phase::Exchanging(exchange) if exchange.doubt.is_none() && !self.requests.is_empty() => {
                Some(self.heard + self.silence())
            }
            _ => None,
        }
    }

    /// Returns how long silence is borne. It doubles each time, or a line with seconds of buffers in it would be taken for
    /// dead for ever.
    fn silence(&self) -> Millis {
        self.config.stall_timeout.saturating_mul(1 << self.silences.min(8))
    }

    /// Has the server asked whether it is there: chunks on a slow line are silent for as long as on a dead one.
    fn ask(&mut self) {
        // The question needs a connection of its own; the youngest chunk has the least to lose.
        if self.requests.len() >= CONNECTIONS
            && let Some(id) = self.requests.iter().map(|(id, _)| *id).max()
            && let Some(request) = self.requests.remove(&id)
        {
            self.effects.push_back(Effect::Cancel(id));
            self.release(request.what);
            self.pace.at_most(CONNECTIONS - 1);
        }
        if let Phase::Exchanging(exchange) = &mut self.phase {
            exchange.doubt = Some(self.next_id);
        }
    }

    /// Takes note that an answer has begun: what is left of it comes soon.
    pub(super) fn headed(&mut self, id: RequestId, now: Instant) {
        let patience = self.config.stall_timeout;
        if let Some(request) = self.requests.get_mut(&id) {
            self.heard = now;
            request.deadline = now + patience;
        }
    }

    /// Sends what may be sent.
    pub(super) fn pump(&mut self, now: Instant) {
        self.gate.tick(now);
        loop {
            let Some(full) = self.send_next(now) else { continue };
            if !self.pace.tick(full, now) {
                return self.prepare_next();
            }
        }
    }

    /// One request at a time: has the next one's body made while this one is on its way.
    fn prepare_next(&mut self) {
        let Phase::Exchanging(exchange) = &self.phase else { return };
        let sends = self.requests.values().any(|request| request.what != What::Handshake);
        let next = exchange.table.next_missing().filter(|_| sends && self.pace.is_sequential());
        if next != self.prepared {
            self.prepared = None;
        }
        if let Some(at) = next
            && self.prepared.is_none()
            && let Some(chunk) = exchange.table.get(at).filter(|chunk| chunk.trusted)
        {
            let request = exchange.chunk_request(chunk, self.config.cut);
            self.prepared = Some(at);
            self.effects.push_back(Effect::Prepare(request));
        }
    }

    /// Sends or checks one thing; where there is nothing to do, tells whether that is for the pace alone.
    fn send_next(&mut self, now: Instant) -> Option<bool> {
        // With nothing else on the line nothing can hold a handshake up.
        let silence = if self.requests.is_empty() { self.config.stall_timeout } else { self.silence() };
        let Phase::Exchanging(exchange) = &mut self.phase else { return Some(false) };
        if self.room == 0 || !self.gate.is_open(now) {
            return Some(false);
        }
        let alone = self.requests.is_empty();
        if exchange.doubt.is_some() {
            if self.pace.is_sequential() && !alone {
                return Some(false);
            }
            if !self.requests.values().any(|request| request.what == What::Handshake) {
                let handshake = exchange.handshake(&self.config.ext);
                let complete = exchange.met && exchange.table.is_complete();
                let patience = if complete { self.config.finish_timeout } else { silence };
                let deadline = now + patience;
                self.send(
                    InFlight { what: What::Handshake, sent: now, deadline, len: 0, stalls: 0 },
                    handshake,
                );
            }
            return Some(false);
        }
        let Some(at) = exchange.table.next_missing() else { return Some(false) };
        let checking = exchange.table.iter().filter(|chunk| chunk.status == Status::Checking).count();
        if self.requests.len() + checking >= self.pace.limit() {
            // One request at a time: the next chunk is hashed again while this one is on its way, not after it.
            let ahead = self.pace.is_sequential() && checking == 0;
            if ahead && let Some(chunk) = exchange.table.get_mut(at).filter(|chunk| !chunk.trusted) {
                chunk.status = Status::Checking;
                self.effects.push_back(Effect::Check(chunk.index, self.config.cut.range(chunk.index)));
            }
            return Some(true);
        }
        let shares = matches!(self.config.concurrency, Concurrency::Auto(_));
        if shares && self.requests.len() + checking >= self.room {
            return Some(false);
        }
        let chunk = exchange.table.get_mut(at)?;
        if !chunk.trusted {
            chunk.status = Status::Checking;
            self.effects.push_back(Effect::Check(chunk.index, self.config.cut.range(chunk.index)));
            return None;
        }
        chunk.status = Status::InFlight;
        chunk.sent_alone = alone && self.pace.is_sequential();
        if chunk.report.tries == 0 {
            chunk.report.sent = now;
        }
        chunk.report.tries += 1;
        let (len, stalls) = (chunk.len, chunk.troubles.stalls);
        let request = exchange.table.get(at).map(|chunk| exchange.chunk_request(chunk, self.config.cut))?;
        let share = self.share(self.pace.soon(), now);
        let mut entry = InFlight { what: What::Chunk(at), sent: now, deadline: now, len, stalls };
        entry.deadline = entry.limit(share, self.config.stall_timeout);
        self.send(entry, request);
        None
    }

    fn send(&mut self, entry: InFlight, request: Request) {
        let id = self.next_id;
        self.next_id += 1;
        if self.requests.is_empty() {
            // Silence begins with a question.
            self.heard = entry.sent;
        }
        self.requests.insert(id, entry);
        self.effects.push_back(Effect::Send(id, request));
    }

    /// Returns the slowest that one of `sharers` requests may be, in bytes/ms.
    fn share(&self, sharers: usize, now: Instant) -> f64 {
        (self.meter.speed(now) / SLACK).max(SLOWEST) / 1000.0 / sharers as f64
    }

    /// Shortens the limits of the chunks in flight to what is now known of the speed.
    pub(super) fn tighten(&mut self, now: Instant) {
        let share = self.share(self.pace.limit(), now);
        if self.meter.measured(now).is_some() {
            for request in self.requests.values_mut().filter(|request| request.len > 0) {
                request.deadline = request.deadline.min(request.limit(share, self.config.stall_timeout));
            }
        }
    }

    /// Puts back what a request that will not be answered was for.
    pub(super) fn release(&mut self, what: What) {
        let Phase::Exchanging(exchange) = &mut self.phase else { return };
        match what {
            What::Handshake => exchange.doubt = Some(self.next_id),
            What::Chunk(at) => {
                if let Some(chunk) = exchange.table.get_mut(at)
                    && chunk.status == Status::InFlight
                {
                    chunk.status = Status::Missing;
                }
            }
        }
    }

    /// Cancels every request; the server is asked anew before anything else is sent.
    pub(super) fn recall(&mut self) {
        for (id, request) in std::mem::take(&mut self.requests) {
            self.effects.push_back(Effect::Cancel(id));
            self.release(request.what);
        }
        if let Phase::Exchanging(exchange) = &mut self.phase {
            exchange.doubt = Some(self.next_id);
        }
    }
}
