//! What goes out: which request may be sent, how long it may take, and how it is taken back.

use super::machine::{Phase, Upload};
use super::table::Status;
use super::{Effect, Request, RequestId};
use crate::core::clock::{Instant, Millis};
use crate::core::error::Kind;

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
        let all = self.requests.values().any(dead);
        let late: Vec<RequestId> =
            self.requests.iter().filter(|(_, r)| all || r.deadline <= now).map(|(id, _)| *id).collect();
        for id in late {
            self.effects.push_back(Effect::Cancel(id));
            let seconds = self.requests.get(&id).map_or(0, |r| now.since(r.sent) / 1000);
            self.lost(id, Kind::Stalled, format!("no answer for {seconds} s"), now);
            if matches!(self.phase, Phase::Ended(..)) {
                return;
            }
        }
        if self.quiet_at().is_some_and(|at| at <= now) {
            self.ask();
        }
    }

    /// Returns the first moment at which a request is late.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.requests.values().map(|request| request.deadline).min()
    }

    /// Returns when nothing will have come from the server for too long, while it is not being asked already.
    pub(super) fn quiet_at(&self) -> Option<Instant> {
        let Phase::Exchanging(exchange) = &self.phase else { return None };
        let oldest = self.requests.values().map(|request| request.sent).min()?;
        exchange.doubt.is_none().then(|| oldest.max(self.heard) + self.config.stall_timeout)
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
        loop {
            let full = self.fill(now);
            if !self.pace.tick(full, now) {
                return;
            }
        }
    }

    /// Sends what may be sent; tells whether there would be more, were it not for the pace.
    fn fill(&mut self, now: Instant) -> bool {
        self.gate.tick(now);
        let open = self.gate.is_open(now);
        let limit = self.pace.limit();
        let Phase::Exchanging(exchange) = &mut self.phase else { return false };
        if !open {
            return false;
        }
        if exchange.doubt.is_some() {
            if self.requests.values().any(|request| request.what == What::Handshake) {
                return false;
            }
            let handshake = exchange.handshake(&self.config.ext);
            let complete = exchange.met && exchange.table.is_complete();
            let patience = if complete { self.config.finish_timeout } else { self.config.stall_timeout };
            self.send(What::Handshake, handshake, now + patience, now);
            return false;
        }
        let mut busy =
            self.requests.len() + exchange.table.iter().filter(|c| c.status == Status::Checking).count();
        let mut checks = Vec::new();
        let mut sends = Vec::new();
        while busy < limit
            && let Some(at) = exchange.table.next_missing()
            && let Some(chunk) = exchange.table.get_mut(at)
        {
            busy += 1;
            if chunk.trusted {
                chunk.status = Status::InFlight;
                if chunk.report.tries == 0 {
                    chunk.report.sent = now;
                }
                chunk.report.tries += 1;
                let (index, chunk_id) = (chunk.index, chunk.id.clone());
                sends.push((at, index, chunk_id, chunk.len, chunk.troubles.stalls));
            } else {
                chunk.status = Status::Checking;
                checks.push(chunk.index);
            }
        }
        let more = exchange.table.next_missing().is_some();
        let file_id = exchange.digests.file.to_string();
        checks.into_iter().for_each(|index| self.effects.push_back(Effect::Check(index)));
        for (at, index, chunk_id, len, stalls) in sends {
            let deadline = now + self.patience(len, stalls, self.pace.soon(), now);
            // WebKit has bodies that hang because they are read from a file as they go out.
            let from_memory = stalls > 0;
            let request = Request::Chunk { index, chunk_id, file_id: file_id.clone(), from_memory };
            self.sent += len;
            self.send(What::Chunk(at), request, deadline, now);
        }
        more
    }

    fn send(&mut self, what: What, request: Request, deadline: Instant, now: Instant) {
        let id = self.next_id;
        self.next_id += 1;
        self.requests.insert(id, InFlight { what, sent: now, deadline });
        self.effects.push_back(Effect::Send(id, request));
    }

    /// Returns how long a chunk of `len` bytes may take. `fetch` does not tell how much of a body has gone out, so
    /// the limit allows for a speed far below what was measured, and doubles with each stall of the chunk.
    fn patience(&self, len: u64, stalls: u32, sharers: usize, now: Instant) -> Millis {
        let share = (self.meter.speed(now) / SLACK).max(SLOWEST) / sharers as f64;
        let transfer = (len as f64 * 1000.0 / share) as Millis;
        self.config.stall_timeout.saturating_add(transfer).saturating_mul(1 << stalls.min(8))
    }

    /// Shortens the limits of the chunks in flight to what is now known of the speed.
    pub(super) fn tighten(&mut self, now: Instant) {
        let Phase::Exchanging(exchange) = &self.phase else { return };
        if self.meter.measured(now).is_none() {
            return;
        }
        let mut deadlines = Vec::new();
        for (id, request) in self.requests.iter() {
            if let What::Chunk(at) = request.what
                && let Some(chunk) = exchange.table.get(at)
            {
                let patience = self.patience(chunk.len, chunk.troubles.stalls, self.pace.limit(), now);
                deadlines.push((*id, request.sent + patience));
            }
        }
        for (id, deadline) in deadlines {
            if let Some(request) = self.requests.get_mut(&id) {
                request.deadline = request.deadline.min(deadline);
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
