//! The upload machine: which state it is in and what each input does there.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::answer::{Complaint, Meaning};
use super::table::{Status, Table};
use super::{
    Concurrency, Config, Effect, Event, Gate, Input, Memory, Outcome, Request, RequestId, Response,
    Unauthorized,
};
use crate::core::clock::{Instant, Millis};
use crate::core::error::{Error, Kind};
use crate::core::md5::{Digest, Digests};
use crate::core::pace::Pace;
use crate::core::progress::{Meter, Progress, State};
use crate::core::retry::Jitter;
use crate::core::wire::{Answer, Handshake};

/// How often something that time does not mend is tried before it counts.
const TRIES: u32 = 3;
/// The slowest upload that a chunk's time limit allows for while the speed is unknown, in bytes/s.
const SLOWEST: f64 = 32.0 * 1024.0;
/// A request may be this many times slower than the average before it counts as stalled.
const SLACK: f64 = 8.0;
/// The server may take this many stall timeouts to put a complete file together.
const FINISHING: Millis = 10;
/// How often the confirmed bytes are remembered, in ms.
const REMEMBER_EVERY: Millis = 2_000;
/// How many events the report keeps.
const EVENTS: usize = 200;

/// An upload.
#[derive(Debug)]
pub struct Upload {
    config: Config,
    phase: Phase,
    gate: Gate,
    pace: Pace,
    meter: Meter,
    effects: VecDeque<Effect>,
    requests: BTreeMap<RequestId, InFlight>,
    next_id: RequestId,
    hashed: u64,
    sent: u64,
    confirmed: u64,
    events: VecDeque<Event>,
    remembered: Option<Instant>,
}

#[derive(Debug)]
enum Phase {
    Queued,
    Hashing,
    Exchanging(Box<Exchange>),
    Ended(State),
}

/// The part of an upload that talks to the server.
#[derive(Debug)]
struct Exchange {
    digests: Digests,
    table: Table,
    /// The state of the server is in doubt, so a handshake comes before anything else.
    doubt: bool,
    /// A handshake has been answered in this visit.
    met: bool,
    /// Handshakes in a row that were refused, or answered by something else than the protocol.
    refusals: u32,
    /// Handshakes in a row that named neither a URL nor a missing chunk.
    empty: u32,
}

#[derive(Debug)]
struct InFlight {
    what: What,
    sent: Instant,
    deadline: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Handshake,
    Chunk(usize),
}

impl Upload {
    /// Makes an upload that waits for [`Input::Start`].
    pub fn new(config: Config) -> Upload {
        let pace = match config.concurrency {
            Concurrency::Auto(max) => Pace::adaptive(max),
            Concurrency::Fixed(limit) => Pace::fixed(limit),
        };
        Upload {
            gate: Gate::new(config.retry, Jitter::new(config.seed)),
            pace,
            config,
            phase: Phase::Queued,
            meter: Meter::default(),
            effects: VecDeque::new(),
            requests: BTreeMap::new(),
            next_id: 1,
            hashed: 0,
            sent: 0,
            confirmed: 0,
            events: VecDeque::new(),
            remembered: None,
        }
    }

    /// Takes an input at `now`.
    pub fn handle(&mut self, input: Input, now: Instant) {
        if matches!(self.phase, Phase::Ended(_)) {
            return;
        }
        match input {
            Input::Start(digests) => self.start(digests),
            Input::Hashing(bytes) => self.hashed = self.hashed.max(bytes.min(self.config.cut.size)),
            Input::Hashed(result) => self.file_hashed(result, now),
            Input::Checked(index, result) => self.checked(index, result),
            Input::Answered(id, response) => self.answered(id, response, now),
            Input::Lost(id, why) => self.lost(id, Kind::Network, why, now),
            Input::Refreshed(result) => self.refreshed(result),
            Input::Online(online) => self.online(online, now),
            Input::Pause => self.pause(now),
            Input::Resume => self.resume(now),
            Input::Abort => self.abort(),
            Input::Wake => self.watch(now),
        }
        self.pump(now);
    }

    /// Returns the next thing to do.
    pub fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Returns when [`Input::Wake`] is wanted; may change after every [`Upload::handle`].
    pub fn poll_timeout(&self) -> Option<Instant> {
        if matches!(self.phase, Phase::Ended(_)) {
            return None;
        }
        let deadlines = self.requests.values().map(|request| request.deadline).min();
        let opens = self.gate.opens_at().filter(|_| matches!(self.phase, Phase::Exchanging(_)));
        deadlines.into_iter().chain(opens).min()
    }

    /// Returns the state at `now`.
    pub fn state(&self, now: Instant) -> State {
        let idle = self.requests.is_empty();
        match &self.phase {
            Phase::Ended(state) => *state,
            _ if self.gate.is_paused() => State::Paused,
            Phase::Queued => State::Queued,
            Phase::Hashing => State::Hashing,
            Phase::Exchanging(_) if idle && self.gate.waiting_for(now).is_some() => State::Waiting,
            Phase::Exchanging(exchange) if !exchange.met => State::Negotiating,
            Phase::Exchanging(exchange) if exchange.table.is_complete() => State::Finishing,
            Phase::Exchanging(_) => State::Transferring,
        }
    }

    /// Returns the counts at `now`.
    pub fn progress(&self, now: Instant) -> Progress {
        let state = self.state(now);
        let total = self.config.cut.size;
        let (confirmed, reused) = match &self.phase {
            Phase::Exchanging(exchange) => (self.confirmed, exchange.table.confirmed().1),
            _ => (self.confirmed, 0),
        };
        let moving = matches!(state, State::Transferring | State::Finishing);
        Progress {
            state,
            total: Some(total),
            hashed: self.hashed,
            sent: self.sent,
            confirmed,
            reused,
            speed: if moving { self.meter.speed(now) } else { 0.0 },
            eta: if moving { self.meter.eta(total.saturating_sub(confirmed), now) } else { None },
            waiting_for: if state == State::Waiting { self.gate.waiting_for(now) } else { None },
        }
    }

    /// Returns one byte for each chunk: 0 missing, 1 in flight, 2 reused, 3 confirmed.
    pub fn chunks(&self) -> Vec<u8> {
        match &self.phase {
            Phase::Exchanging(exchange) => exchange.table.map(),
            Phase::Ended(State::Done) => vec![3; self.config.cut.count()],
            _ => vec![0; self.config.cut.count()],
        }
    }

    /// Goes through what did not go as wished, oldest first.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.iter()
    }

    /// Returns how many requests were sent and how many failures there were.
    pub fn attempts(&self) -> (u64, u32) {
        (self.next_id - 1, self.gate.total_failures())
    }

    fn start(&mut self, digests: Option<Digests>) {
        if !matches!(self.phase, Phase::Queued) {
            return;
        }
        match digests {
            Some(digests) if digests.chunks.len() == self.config.cut.count() => self.exchange(digests, false),
            _ => {
                self.phase = Phase::Hashing;
                self.effects.push_back(Effect::Remember(Memory { digests: None, confirmed: 0 }));
                self.effects.push_back(Effect::Hash);
                if self.gate.is_paused() {
                    self.effects.push_back(Effect::HoldHash);
                }
            }
        }
    }

    fn exchange(&mut self, digests: Digests, trusted: bool) {
        self.hashed = self.config.cut.size;
        let table = Table::new(self.config.cut, &digests, self.config.naming, trusted);
        let (doubt, met, refusals, empty) = (true, false, 0, 0);
        self.phase = Phase::Exchanging(Box::new(Exchange { digests, table, doubt, met, refusals, empty }));
    }

    fn file_hashed(&mut self, result: Result<Digests, Error>, now: Instant) {
        if !matches!(self.phase, Phase::Hashing) {
            return;
        }
        match result {
            Err(error) => self.fail(error),
            Ok(digests) if digests.chunks.len() == self.config.cut.count() => {
                self.exchange(digests, true);
                self.remember(now);
            }
            Ok(_) => self.fail(Error::new(
                Kind::FileChanged,
                "hashing the file",
                "its size changed while it was read",
            )),
        }
    }

    fn checked(&mut self, index: usize, result: Result<Digest, Error>) {
        let Phase::Exchanging(exchange) = &mut self.phase else { return };
        let expected = exchange.digests.chunks.get(index).copied();
        let Some(chunk) =
            exchange.table.iter_mut().find(|c| c.index == index && c.status == Status::Checking)
        else {
            return;
        };
        chunk.status = Status::Missing;
        match result {
            Ok(digest) if Some(digest) == expected => chunk.trusted = true,
            Ok(_) => {
                let count = exchange.digests.chunks.len();
                self.effects.push_back(Effect::Forget);
                self.fail(Error::new(
                    Kind::FileChanged,
                    format!("checking chunk {} of {count}", index + 1),
                    "its bytes are not the ones that were hashed",
                ));
            }
            Err(error) => self.fail(error),
        }
    }

    fn answered(&mut self, id: RequestId, response: Response, now: Instant) {
        let Some(request) = self.requests.remove(&id) else { return };
        let meaning = response.meaning();
        if !matches!(meaning, Meaning::Unauthorized(_)) {
            self.gate.authorized();
        }
        if let Meaning::Unauthorized(complaint) = meaning {
            self.release(request.what);
            match self.gate.unauthorized(id, self.config.can_refresh_headers) {
                Unauthorized::Ask => self.effects.push_back(Effect::RefreshHeaders),
                Unauthorized::Replay => {}
                Unauthorized::Give => {
                    let error = complaint.into_error(self.doing(request.what), 1);
                    self.fail(Error { kind: Kind::Rejected, ..error });
                }
            }
            return;
        }
        match request.what {
            What::Handshake => self.handshake_answered(id, &request, meaning, now),
            What::Chunk(at) => self.chunk_answered(id, &request, at, meaning, now),
        }
    }

    fn handshake_answered(&mut self, id: RequestId, request: &InFlight, meaning: Meaning, now: Instant) {
        let doing = self.doing(request.what);
        let latest = self.next_id - 1;
        let Phase::Exchanging(exchange) = &mut self.phase else { return };
        match meaning {
            Meaning::Good(Answer::Url(url)) => self.done(url),
            Meaning::Good(Answer::Needed(needed)) => {
                exchange.refusals = 0;
                if !exchange.met {
                    self.meter.start(now);
                }
                exchange.met = true;
                exchange.doubt = false;
                let needs: HashSet<&str> = needed.iter().map(String::as_str).collect();
                for chunk in exchange.table.iter_mut() {
                    let listed = needs.contains(chunk.id.as_str());
                    match chunk.status {
                        // One acknowledged after this handshake went out was not known to its answer.
                        Status::Confirmed { at, .. } if listed && at < id => chunk.status = Status::Missing,
                        Status::Missing | Status::Checking if !listed => {
                            chunk.status = Status::Confirmed { at: latest, reused: !chunk.tried };
                        }
                        _ => {}
                    }
                }
                if exchange.table.is_complete() {
                    exchange.doubt = true;
                    exchange.empty += 1;
                    let strangers = needed.len();
                    if exchange.empty >= TRIES {
                        let detail = if strangers == 0 {
                            "the server has every chunk but names no URL".to_owned()
                        } else {
                            format!("the server asks for {strangers} chunks that the file does not have")
                        };
                        self.fail(Error::new(Kind::Server, doing, detail).with_attempts(TRIES));
                        return;
                    }
                    if exchange.empty > 1 {
                        self.back_off(request, None, doing, "no URL for a complete file".to_owned(), now);
                    }
                }
                self.count(now);
            }
            Meaning::Busy { complaint, retry_after, fewer } => {
                self.busy(request, complaint, retry_after, fewer, now);
            }
            Meaning::Corrupt(complaint)
            | Meaning::Forgotten(complaint)
            | Meaning::Refused(complaint)
            | Meaning::Foreign(complaint)
            | Meaning::Unauthorized(complaint) => {
                exchange.refusals += 1;
                let refusals = exchange.refusals;
                // A whole file that does not verify, and a foreign answer, may pass; a refusal is asked about once.
                let limit = if complaint.kind == Kind::Rejected { 2 } else { TRIES };
                if refusals >= limit {
                    self.fail(complaint.into_error(doing, refusals));
                } else {
                    self.note(doing.clone(), complaint.detail.clone(), now);
                    self.busy(request, complaint, None, false, now);
                }
            }
        }
    }

    fn chunk_answered(
        &mut self,
        id: RequestId,
        request: &InFlight,
        at: usize,
        meaning: Meaning,
        now: Instant,
    ) {
        let doing = self.doing(request.what);
        let in_flight = self.requests.len() + 1;
        let latest = self.next_id - 1;
        let Phase::Exchanging(exchange) = &mut self.phase else { return };
        let Some(chunk) = exchange.table.get_mut(at) else { return };
        match meaning {
            Meaning::Good(Answer::Url(url)) => self.done(url),
            Meaning::Good(Answer::Needed(needed)) => {
                let bytes = chunk.len;
                if needed.contains(&chunk.id) {
                    chunk.status = Status::Missing;
                    chunk.failures += 1;
                    let failures = chunk.failures;
                    let detail = "the server took the chunk and still asks for it".to_owned();
                    if failures >= TRIES {
                        self.fail(Error::new(Kind::Server, doing, detail).with_attempts(failures));
                    } else {
                        self.back_off(request, None, doing, detail, now);
                    }
                    return;
                }
                chunk.status = Status::Confirmed { at: latest, reused: false };
                (chunk.failures, chunk.stalls, chunk.refusals, chunk.trusted) = (0, 0, 0, true);
                exchange.empty = 0;
                // An id counts as lost only on the word of a request sent after its acknowledgement.
                let listed: Vec<usize> = needed.iter().filter_map(|name| exchange.table.find(name)).collect();
                for other in listed {
                    if let Some(chunk) = exchange.table.get_mut(other)
                        && matches!(chunk.status, Status::Confirmed { at, .. } if at < id)
                    {
                        chunk.status = Status::Missing;
                    }
                }
                if exchange.table.is_complete() {
                    exchange.doubt = true;
                }
                self.sent += bytes;
                self.gate.progress();
                self.meter.add(bytes, now);
                self.pace.confirmed(bytes, in_flight, now);
                self.count(now);
            }
            Meaning::Busy { complaint, retry_after, fewer } => {
                chunk.status = Status::Missing;
                self.busy(request, complaint, retry_after, fewer, now);
            }
            Meaning::Corrupt(complaint) => {
                chunk.status = Status::Missing;
                chunk.trusted = false;
                chunk.failures += 1;
                let failures = chunk.failures;
                if failures >= TRIES {
                    self.fail(complaint.into_error(doing, failures));
                } else {
                    self.busy(request, complaint, None, false, now);
                }
            }
            Meaning::Forgotten(complaint) => {
                chunk.status = Status::Missing;
                exchange.doubt = true;
                // It was not the chunk's fault, so no refusal is charged; but the time is.
                self.busy(request, complaint, None, false, now);
            }
            Meaning::Refused(complaint) | Meaning::Foreign(complaint) | Meaning::Unauthorized(complaint) => {
                chunk.status = Status::Missing;
                chunk.refusals += 1;
                exchange.doubt = true;
                let refusals = chunk.refusals;
                if refusals >= 2 {
                    self.fail(complaint.into_error(doing, refusals));
                } else {
                    self.note(doing, complaint.detail, now);
                }
            }
        }
    }

    /// Takes a request that got no answer.
    fn lost(&mut self, id: RequestId, kind: Kind, why: String, now: Instant) {
        let Some(request) = self.requests.remove(&id) else { return };
        self.release(request.what);
        if let (Phase::Exchanging(exchange), What::Chunk(at)) = (&mut self.phase, request.what)
            && let Some(chunk) = exchange.table.get_mut(at)
        {
            chunk.failures += 1;
            chunk.stalls += u32::from(kind == Kind::Stalled);
            // A file that changed on disk fails like the network does; from the second failure on it is looked at.
            chunk.trusted &= chunk.failures < 2;
        }
        let doing = self.doing(request.what);
        self.note(doing.clone(), why.clone(), now);
        if !self.gate.failed(request.sent, None, now) {
            let failures = self.gate.total_failures();
            self.fail(Error::new(kind, doing, why).with_attempts(failures));
        }
    }

    fn busy(
        &mut self,
        request: &InFlight,
        complaint: Complaint,
        retry_after: Option<Millis>,
        fewer: bool,
        now: Instant,
    ) {
        if fewer {
            self.pace.too_many();
        }
        let doing = self.doing(request.what);
        self.note(doing.clone(), format!("HTTP {}: {}", complaint.status, complaint.detail), now);
        if !self.gate.failed(request.sent, retry_after, now) {
            let attempts = self.gate.total_failures();
            self.fail(complaint.into_error(doing, attempts));
        }
    }

    fn back_off(
        &mut self,
        request: &InFlight,
        retry_after: Option<Millis>,
        doing: String,
        why: String,
        now: Instant,
    ) {
        self.note(doing.clone(), why.clone(), now);
        if !self.gate.failed(request.sent, retry_after, now) {
            let attempts = self.gate.total_failures();
            self.fail(Error::new(Kind::Server, doing, why).with_attempts(attempts));
        }
    }

    /// Puts back what a request that will not be answered was for.
    fn release(&mut self, what: What) {
        let Phase::Exchanging(exchange) = &mut self.phase else { return };
        match what {
            What::Handshake => exchange.doubt = true,
            What::Chunk(at) => {
                if let Some(chunk) = exchange.table.get_mut(at)
                    && chunk.status == Status::InFlight
                {
                    chunk.status = Status::Missing;
                }
            }
        }
    }

    fn refreshed(&mut self, result: Result<(), String>) {
        match result {
            Ok(()) => self.gate.refreshed(self.next_id),
            Err(why) => self.fail(Error::new(Kind::Rejected, "asking the page for new headers", why)),
        }
    }

    fn online(&mut self, online: bool, now: Instant) {
        let was_offline = self.gate.is_offline();
        self.gate.online(online, now);
        if online && was_offline {
            // Sockets of the old network linger without an error.
            self.recall();
        }
    }

    fn pause(&mut self, now: Instant) {
        if self.gate.is_paused() {
            return;
        }
        self.gate.pause(now);
        self.recall();
        if matches!(self.phase, Phase::Hashing) {
            self.effects.push_back(Effect::HoldHash);
        }
    }

    fn resume(&mut self, now: Instant) {
        if !self.gate.is_paused() {
            return;
        }
        self.gate.resume();
        self.meter.start(now);
        if matches!(self.phase, Phase::Hashing) {
            self.effects.push_back(Effect::ResumeHash);
        }
    }

    /// Cancels every request; the server is asked anew before anything else is sent.
    fn recall(&mut self) {
        for (id, request) in std::mem::take(&mut self.requests) {
            self.effects.push_back(Effect::Cancel(id));
            self.release(request.what);
        }
        if let Phase::Exchanging(exchange) = &mut self.phase {
            exchange.doubt = true;
        }
    }

    fn abort(&mut self) {
        self.effects.push_back(Effect::Forget);
        self.end(State::Aborted, Err(Error::new(Kind::Aborted, "the upload", "the page aborted it")));
    }

    fn fail(&mut self, error: Error) {
        self.end(State::Failed, Err(error));
    }

    fn done(&mut self, url: String) {
        let Phase::Exchanging(exchange) = &self.phase else { return };
        let size = self.config.cut.size;
        let tried = exchange.table.iter().filter(|chunk| chunk.tried);
        let sent: u64 = tried.map(|chunk| chunk.len).sum();
        let outcome = Outcome {
            url,
            file_id: exchange.digests.file,
            size,
            instant: sent == 0,
            reused: size.saturating_sub(sent),
        };
        self.confirmed = size;
        self.effects.push_back(Effect::Forget);
        self.end(State::Done, Ok(outcome));
    }

    fn end(&mut self, state: State, result: Result<Outcome, Error>) {
        if matches!(self.phase, Phase::Hashing) {
            self.effects.push_back(Effect::StopHash);
        }
        for id in std::mem::take(&mut self.requests).into_keys() {
            self.effects.push_back(Effect::Cancel(id));
        }
        self.phase = Phase::Ended(state);
        self.effects.push_back(Effect::Settle(result));
    }

    /// Takes note of what is confirmed by now.
    fn count(&mut self, now: Instant) {
        let Phase::Exchanging(exchange) = &self.phase else { return };
        self.confirmed = self.confirmed.max(exchange.table.confirmed().0);
        if self.remembered.is_none_or(|at| now.since(at) >= REMEMBER_EVERY) {
            self.remember(now);
        }
    }

    fn remember(&mut self, now: Instant) {
        let Phase::Exchanging(exchange) = &self.phase else { return };
        self.remembered = Some(now);
        let digests = Some(exchange.digests.clone());
        self.effects.push_back(Effect::Remember(Memory { digests, confirmed: self.confirmed }));
    }

    /// Gives up the requests that show no sign of life.
    fn watch(&mut self, now: Instant) {
        let late: Vec<RequestId> =
            self.requests.iter().filter(|(_, r)| r.deadline <= now).map(|(id, _)| *id).collect();
        for id in late {
            self.effects.push_back(Effect::Cancel(id));
            let seconds = self.requests.get(&id).map_or(0, |r| now.since(r.sent) / 1000);
            self.lost(id, Kind::Stalled, format!("no answer for {seconds} s"), now);
            if matches!(self.phase, Phase::Ended(_)) {
                return;
            }
        }
    }

    /// Sends what may be sent.
    fn pump(&mut self, now: Instant) {
        self.gate.tick(now);
        let open = self.gate.is_open(now);
        let limit = self.pace.limit();
        let Phase::Exchanging(exchange) = &mut self.phase else { return };
        if !open {
            return;
        }
        if exchange.doubt {
            if self.requests.values().any(|request| request.what == What::Handshake) {
                return;
            }
            let handshake = Handshake {
                file_id: exchange.digests.file.to_string(),
                ext: self.config.ext.clone(),
                chunk_ids: exchange.table.ids(),
            };
            let complete = exchange.met && exchange.table.is_complete();
            let patience = self.config.stall_timeout.saturating_mul(if complete { FINISHING } else { 1 });
            self.send(What::Handshake, Request::Handshake(handshake), now + patience, now);
            return;
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
                chunk.tried = true;
                let (index, chunk_id) = (chunk.index, chunk.id.clone());
                sends.push((at, index, chunk_id, chunk.len, chunk.stalls));
            } else {
                chunk.status = Status::Checking;
                checks.push(chunk.index);
            }
        }
        let file_id = exchange.digests.file.to_string();
        self.effects.extend(checks.into_iter().map(Effect::Check));
        for (at, index, chunk_id, len, stalls) in sends {
            let deadline = now + self.patience(len, stalls, now);
            let request = Request::Chunk { index, chunk_id, file_id: file_id.clone() };
            self.send(What::Chunk(at), request, deadline, now);
        }
    }

    fn send(&mut self, what: What, request: Request, deadline: Instant, now: Instant) {
        let id = self.next_id;
        self.next_id += 1;
        self.requests.insert(id, InFlight { what, sent: now, deadline });
        self.effects.push_back(Effect::Send(id, request));
    }

    /// Returns how long a chunk of `len` bytes may take. `fetch` does not tell how much of a body has gone out, so
    /// the limit allows for a speed far below what was measured, and doubles with each stall of the chunk.
    fn patience(&self, len: u64, stalls: u32, now: Instant) -> Millis {
        let share = self.meter.speed(now) / self.pace.limit() as f64 / SLACK;
        let transfer = (len as f64 * 1000.0 / share.max(SLOWEST)) as Millis;
        self.config.stall_timeout.saturating_add(transfer).saturating_mul(1 << stalls.min(8))
    }

    fn doing(&self, what: What) -> String {
        match (what, &self.phase) {
            (What::Chunk(at), Phase::Exchanging(exchange)) => {
                let index = exchange.table.get(at).map_or(0, |chunk| chunk.index);
                format!("sending chunk {} of {}", index + 1, self.config.cut.count())
            }
            _ => "the handshake".to_owned(),
        }
    }

    fn note(&mut self, doing: String, what: String, at: Instant) {
        if self.events.len() == EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(Event { at, doing, what });
    }
}
