//! Runs one scenario in virtual time and checks the invariants at every step.

mod judge;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use xuchuan::core::clock::Instant;
use xuchuan::core::error::{Error, Kind};
use xuchuan::core::machine::Machine;
use xuchuan::core::md5::{Digest, Digests, FileHasher, Portable, Snapshot};
use xuchuan::core::plan::Cut;
use xuchuan::core::progress::State;
use xuchuan::core::protocol::wire::{Accepts, Answer, Envelope, OK};
use xuchuan::core::retry::Policy;
use xuchuan::core::upload::{
    Body, Concurrency, Config, Effect, Input, Naming, Outcome, Request, RequestId, Response, Restored,
    Upload, Vouched,
};

use super::random::Random;
use super::scenario::{CHUNK, Fate, STALL, Scenario, Turn};
use super::server::{self, Server};

const EXT: &str = ".bin";
const HOUR: u64 = 3_600_000;
/// No schedule takes more steps than this.
const STEPS: u32 = 50_000;

/// What went on in a schedule, for the statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    Done,
    Failed(Kind),
    Aborted,
    /// Paused or offline for good.
    Resting,
}

enum Event {
    Turn(Turn),
    Arrive(Arrival),
    Deliver {
        visit: u32,
        id: RequestId,
        result: Result<Response, String>,
        losses: u32,
    },
    Head {
        visit: u32,
        id: RequestId,
    },
    Repeats(u32),
    Accepts(u32, Accepts),
    /// A racy server writes its record back, as it was when the request came, with the chunk that came with it.
    Written(Arrival, BTreeSet<String>),
    Hashed(u32),
    Checked(u32, usize),
    Refreshed(u32),
}

/// A request on its way to the server.
struct Arrival {
    visit: u32,
    id: RequestId,
    request: Request,
    bytes: Vec<u8>,
    token: u32,
    fate: Fate,
}

/// A request in flight, as the browser knows it.
struct Open {
    request: Request,
    token: u32,
    sent: u64,
}

pub struct World<'a> {
    scenario: &'a Scenario,
    random: Random,
    now: u64,
    queue: BTreeMap<(u64, u64), Event>,
    serial: u64,
    server: Server,
    machine: Upload,
    visit: u32,
    /// The file's versions on disk; the last is the present one.
    disk: Vec<Vec<u8>>,
    readable: bool,
    net: bool,
    offline_since: Option<u64>,
    paused: bool,
    hash: Option<bool>,
    /// A chunk's size on the scale of this world.
    chunk: usize,
    /// The ids of the last handshake have an index.
    indexed: bool,
    token: u32,
    refreshing: bool,
    refused_token: Option<u32>,
    remembered: Option<(Digests, Naming)>,
    /// Where this visit's hashing began.
    hash_from: Option<Box<Snapshot>>,
    /// Where it could go on in the next one.
    saved: Option<Box<Snapshot>>,
    open: BTreeMap<RequestId, Open>,
    closed: BTreeSet<RequestId>,
    sends: usize,
    chunk_sends: usize,
    chunk_bytes: u64,
    acked: BTreeMap<(String, String), u32>,
    ordered: u64,
    confirmed: u64,
    /// Time without an acknowledgement, but for pauses and offline times.
    charged: u64,
    seen: Seen,
    named: BTreeMap<String, Vec<u8>>,
    settled: Option<Result<Outcome, Error>>,
}

/// How much of each fault reached the machine.
#[derive(Debug, Default)]
struct Seen {
    lost: u32,
    busy: u32,
    refused: u32,
    corrupt: u32,
    forgotten: u32,
    foreign: u32,
    unauthorized: u32,
    empty: u32,
}

fn content(scenario: &Scenario) -> Vec<u8> {
    let mut all: Vec<u8> = scenario.file.iter().flat_map(|kind| [*kind; CHUNK]).collect();
    if !all.is_empty() {
        all.truncate(all.len() - CHUNK + scenario.tail);
    }
    all
}

fn digests(content: &[u8], chunk: usize) -> Digests {
    let mut hasher = FileHasher::new(chunk as u64);
    hasher.update(content, &Portable);
    hasher.finish()
}

fn config(scenario: &Scenario, size: usize, chunk: usize, seed: u64) -> Config {
    let policy = Policy { budget: scenario.budget, base: 500, cap: 30_000 };
    Config {
        endpoint: "https://server.example/api/upload?token=secret".into(),
        cut: Cut::new(size as u64 * scenario.scale, chunk as u64 * scenario.scale),
        naming: scenario.naming,
        vouched: Vouched::default(),
        accepted: None,
        ext: EXT.into(),
        concurrency: scenario.concurrency,
        retry: if scenario.never { Policy::NEVER } else { policy },
        stall_timeout: STALL,
        finish_timeout: 10 * STALL,
        expected: None,
        can_refresh_headers: scenario.can_refresh,
        seed,
    }
}

/// Runs a scenario to its end, or to the first invariant that does not hold.
pub fn run(scenario: &Scenario) -> Result<End, String> {
    World::new(scenario).run()
}

impl World<'_> {
    fn new(scenario: &Scenario) -> World<'_> {
        let mut random = Random::new(scenario.seed ^ 0x5EED);
        let file = content(scenario);
        let mut server = Server::new(scenario.habits);
        // An earlier client left some chunks.
        let cut = digests(&file, CHUNK);
        let before = random.pick(0..cut.chunks.len() as u64 * 2 + 1) as usize;
        if before < cut.chunks.len() {
            let parts: Vec<&[u8]> = file.chunks(CHUNK).collect();
            server.leave(&cut, scenario.naming == Some(Naming::Md5Index), &parts, before);
        }
        let machine = Upload::new(config(scenario, file.len(), CHUNK, random.next()));
        let mut world = World {
            scenario,
            random,
            now: 1_000,
            queue: BTreeMap::new(),
            serial: 0,
            server,
            machine,
            visit: 1,
            disk: vec![file],
            readable: true,
            net: true,
            offline_since: None,
            paused: false,
            hash: None,
            chunk: CHUNK,
            indexed: false,
            token: 0,
            refreshing: false,
            refused_token: None,
            remembered: None,
            hash_from: None,
            saved: None,
            open: BTreeMap::new(),
            closed: BTreeSet::new(),
            sends: 0,
            chunk_sends: 0,
            chunk_bytes: 0,
            acked: BTreeMap::new(),
            ordered: 0,
            confirmed: 0,
            charged: 0,
            seen: Seen::default(),
            named: BTreeMap::new(),
            settled: None,
        };
        for (at, turn) in &scenario.turns {
            world.schedule(1_000 + at, Event::Turn(*turn));
        }
        world
    }

    fn run(mut self) -> Result<End, String> {
        let missing = (self.missing(false), self.missing(true));
        let last_turn = 1_000 + self.scenario.turns.last().map_or(0, |(at, _)| *at);
        self.input(Input::Start(Restored::Nothing))?;
        for _ in 0..STEPS {
            if self.settled.is_some() {
                return self.judge(missing);
            }
            let timeout = self.machine.poll_timeout().map(|at| at.0);
            let next = self.queue.keys().next().map(|(at, _)| *at);
            let (at, wake) = match (timeout, next) {
                (None, None) if self.paused => return Ok(End::Resting),
                (None, None) => return Err("it hangs".into()),
                (Some(timeout), Some(next)) if timeout == next => (next, self.random.chance(50)),
                (Some(timeout), next) => {
                    (timeout.min(next.unwrap_or(u64::MAX)), next.is_none_or(|n| timeout < n))
                }
                (None, Some(next)) => (next, false),
            };
            // Offline it probes for ever.
            let patience = if self.offline_since.is_some() { HOUR } else { 6 * HOUR };
            let given_up = self.now > last_turn + patience + self.slept();
            if given_up && self.offline_since.is_some() {
                return Ok(End::Resting);
            }
            check!(!given_up, "six hours on it still goes on");
            self.pass(at);
            if wake {
                self.input(Input::Wake)?;
                let again = self.machine.poll_timeout();
                check!(
                    again.is_none_or(|at| at.0 > self.now),
                    "it spins: woken at {}, wants {again:?}",
                    self.now
                );
            } else if let Some((_, event)) = self.queue.pop_first() {
                self.happen(event)?;
            }
        }
        Err("too many steps".into())
    }

    /// Lets the time pass to `at`.
    fn pass(&mut self, at: u64) {
        let span = at.saturating_sub(self.now);
        self.now += span;
        if !self.paused && self.offline_since.is_none() {
            self.charged += span;
        }
    }

    fn slept(&self) -> u64 {
        let sleeps = self.scenario.turns.iter();
        sleeps.map(|(_, turn)| if let Turn::Sleep(span) = turn { *span } else { 0 }).sum()
    }

    fn schedule(&mut self, at: u64, event: Event) {
        self.serial += 1;
        let order = self.random.pick(0..1 << 20) << 40 | self.serial;
        self.queue.insert((at, order), event);
    }

    fn after(&mut self, most: u64, event: Event) {
        let at = self.now + self.random.pick(1..most);
        self.schedule(at, event);
    }

    fn disk(&self) -> &[u8] {
        self.disk.last().map_or(&[], Vec::as_slice)
    }

    /// Tells whether one of the file's chunks stands in it twice.
    fn repeats(&self) -> bool {
        let chunks = self.hashed().chunks;
        chunks.iter().collect::<BTreeSet<_>>().len() < chunks.len()
    }

    fn on_disk(&self, range: &Range<u64>) -> Vec<u8> {
        let len = self.disk().len();
        let [start, end] = [range.start, range.end].map(|at| ((at / self.scenario.scale) as usize).min(len));
        self.disk()[start..end].to_vec()
    }

    /// Saves a state of the hashing, somewhere behind where it began.
    fn save(&mut self) {
        let mut hasher = self.hasher();
        let from = usize::try_from(hasher.position()).unwrap_or(0);
        let left = self.disk().len().saturating_sub(from);
        let to = from + (self.random.next() as usize) % (left + 1);
        hasher.update(self.disk().get(from..to).unwrap_or_default(), &Portable);
        self.saved = hasher.snapshot().map(Box::new);
    }

    fn hasher(&self) -> FileHasher {
        let from = self.hash_from.as_deref().cloned();
        from.map_or_else(|| FileHasher::new(self.chunk as u64), FileHasher::restore)
    }

    /// Returns what this visit's hashing yields: of bytes that may have changed since it began in an earlier one.
    fn hashed(&self) -> Digests {
        let mut hasher = self.hasher();
        hasher.update(self.disk().get(hasher.position() as usize..).unwrap_or_default(), &Portable);
        hasher.finish()
    }

    /// Returns the bytes of the distinct chunks that the server lacks, by ids with their index or without.
    fn missing(&self, indexed: bool) -> u64 {
        let all = digests(self.disk(), CHUNK);
        let mut seen = BTreeSet::new();
        let places = self.disk().chunks(CHUNK).zip(&all.chunks).enumerate();
        let lacking = places.filter(|(index, (_, digest))| {
            let id = server::chunk_id(digest, *index, indexed);
            !self.server.has(&all.file.to_string(), &id) && seen.insert(id)
        });
        lacking.map(|(_, (bytes, _))| bytes.len() as u64).sum()
    }

    fn input(&mut self, input: Input) -> Result<(), String> {
        self.machine.handle(input, Instant(self.now));
        while let Some(effect) = self.machine.poll() {
            check!(self.settled.is_none(), "after the end: {effect:?}");
            self.effect(effect)?;
        }
        let progress = self.machine.progress(Instant(self.now));
        check!(progress.confirmed >= self.confirmed, "confirmed went back: {progress:?}");
        check!(progress.confirmed <= progress.total.unwrap_or(0), "too much confirmed: {progress:?}");
        check!(progress.reused <= progress.confirmed, "too much reused: {progress:?}");
        self.confirmed = progress.confirmed;
        check!(
            progress.state.is_final() == self.settled.is_some(),
            "no word of the end: {:?}",
            progress.state
        );
        if self.paused || self.settled.is_some() {
            check!(self.open.is_empty(), "still in flight: {:?}", self.open.keys());
            check!(self.machine.poll_timeout().is_none(), "still a timer");
        }
        if self.paused && self.settled.is_none() {
            check!(progress.state == State::Paused, "paused, but {:?}", progress.state);
        }
        let handshakes =
            self.open.values().filter(|open| matches!(open.request, Request::Handshake(_))).count();
        check!(handshakes <= 1, "{handshakes} handshakes in flight");
        let (Concurrency::Auto(limit) | Concurrency::Fixed(limit)) = self.scenario.concurrency;
        check!(self.open.len() - handshakes <= limit, "{} chunks in flight", self.open.len() - handshakes);
        Ok(())
    }

    fn effect(&mut self, effect: Effect) -> Result<(), String> {
        match effect {
            Effect::Hash(chunk, from) => {
                check!(self.hash.is_none(), "hashes twice");
                self.chunk = (chunk / self.scenario.scale) as usize;
                let at_first = self.chunk == CHUNK || self.scenario.habits.largest.is_some();
                check!(at_first || self.seen.refused + self.seen.lost >= 1, "cuts smaller for no reason");
                self.hash = Some(false);
                self.hash_from = from;
                self.save();
                if self.repeats() && self.random.chance(80) {
                    self.after(1_000, Event::Repeats(self.visit));
                }
                self.after(2_000, Event::Hashed(self.visit));
            }
            Effect::HoldHash => {
                check!(self.hash == Some(false), "holds what is not hashing");
                self.hash = Some(true);
            }
            Effect::ResumeHash => {
                check!(self.hash == Some(true), "resumes what is not held");
                self.hash = Some(false);
                self.after(2_000, Event::Hashed(self.visit));
            }
            Effect::StopHash => self.hash = None,
            Effect::Send(id, request) => self.send(id, request)?,
            Effect::Cancel(id) => {
                check!(self.open.remove(&id).is_some(), "cancels {id}, which is not in flight");
                self.closed.insert(id);
            }
            Effect::Check(index, _) => self.after(500, Event::Checked(self.visit, index)),
            Effect::RefreshHeaders => {
                check!(self.scenario.can_refresh, "asks for headers that cannot be had");
                check!(!self.refreshing, "asks twice for new headers");
                check!(self.refused_token == Some(self.token), "asks for headers that it has already");
                self.refreshing = true;
                self.after(2_000, Event::Refreshed(self.visit));
            }
            Effect::Save(checkpoint) => self.remembered = checkpoint.announced,
            Effect::Forget => self.remembered = None,
            Effect::AskAccepts => {
                check!(self.scenario.naming.is_none(), "asks what the page has said");
                // The answer may come late, or be none.
                let accepts = self.scenario.habits.accepts.filter(|_| self.random.chance(80));
                self.after(2_500, Event::Accepts(self.visit, accepts.unwrap_or_default()));
            }
            Effect::Learn(_) => {}
            Effect::Prepare(request) => {
                let sends = self.open.values().any(|open| matches!(open.request, Request::Chunk { .. }));
                check!(sends, "prepares with nothing on its way: {request:?}");
            }
            Effect::Settle(result) => self.settled = Some(result),
        }
        Ok(())
    }

    fn send(&mut self, id: RequestId, request: Request) -> Result<(), String> {
        check!(!self.paused, "sends while paused");
        check!(!self.refreshing, "sends while it waits for headers");
        check!(self.now >= self.ordered, "sends at {} though told to wait until {}", self.now, self.ordered);
        check!(!self.closed.contains(&id) && !self.open.contains_key(&id), "request {id} twice");
        if self.scenario.is_sequential() {
            check!(self.open.is_empty(), "beside another request: {request:?}");
        }
        if let Request::Handshake(handshake) = &request {
            self.indexed = handshake.chunk_ids.iter().any(|id| id.len() > 32);
            let unique =
                handshake.chunk_ids.iter().collect::<BTreeSet<_>>().len() == handshake.chunk_ids.len();
            let takes_repeats = self.scenario.habits.accepts.is_some_and(|accepts| accepts.repeats);
            let expected = unique || takes_repeats || self.scenario.naming.is_some() || self.seen.refused > 0;
            check!(expected, "an id twice to a server that does not say that it takes that");
        }
        let mut bytes = Vec::new();
        let mut torn = false;
        if let Request::Chunk { index, bytes: range, chunk_id, file_id, .. } = &request {
            let key = (file_id.clone(), chunk_id.clone());
            let known = self.acked.get(&key).is_some_and(|losses| *losses == self.server.losses);
            check!(!known, "sends chunk {index} again, which was acknowledged");
            bytes = self.on_disk(range);
            self.chunk_sends += 1;
            self.chunk_bytes += bytes.len() as u64;
            // Browsers fail a request whose file changed; not always.
            torn = !self.readable || (self.disk.len() > 1 && self.random.chance(50));
        }
        let fate = self.scenario.fates.get(self.sends).copied().unwrap_or(self.scenario.forever);
        self.sends += 1;
        self.open.insert(id, Open { request: request.clone(), token: self.token, sent: self.now });
        if torn {
            let (visit, losses) = (self.visit, self.server.losses);
            self.after(50, Event::Deliver { visit, id, result: Err("NotReadableError".into()), losses });
        } else {
            self.after(
                200,
                Event::Arrive(Arrival { visit: self.visit, id, request, bytes, token: self.token, fate }),
            );
        }
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Turn(turn) => self.turn(turn),
            Event::Arrive(Arrival { visit, id, bytes, .. }) if self.server.is_too_large(&bytes) => {
                let losses = self.server.losses;
                let hides = self.scenario.habits.hides_refusals;
                let refusal = server::refusal(413, 413, "太大");
                let result = if hides { Err("failed to fetch".into()) } else { Ok(refusal) };
                self.after(200, Event::Deliver { visit, id, result, losses });
                Ok(())
            }
            Event::Arrive(arrival) => {
                match &arrival.request {
                    Request::Chunk { file_id, .. } if self.server.is_racy() => {
                        let record = self.server.record(file_id);
                        self.after(200, Event::Written(arrival, record));
                    }
                    _ => self.arrive(arrival),
                }
                Ok(())
            }
            Event::Written(arrival, record) => {
                if let Request::Chunk { chunk_id, file_id, .. } = &arrival.request {
                    self.server.write_back(file_id, &record, chunk_id);
                }
                self.arrive(arrival);
                Ok(())
            }
            Event::Repeats(visit) if visit == self.visit && self.hash.is_some() => self.input(Input::Repeats),
            Event::Accepts(visit, accepts) if visit == self.visit => self.input(Input::Accepts(accepts)),
            Event::Repeats(_) | Event::Accepts(..) => Ok(()),
            Event::Deliver { visit, id, result, losses } => self.deliver(visit, id, result, losses),
            Event::Head { visit, id } if visit == self.visit => self.input(Input::Headed(id)),
            Event::Hashed(visit) if visit == self.visit && self.hash.is_some() => {
                if self.hash == Some(true) && self.random.chance(80) {
                    return Ok(());
                }
                self.hash = None;
                let result = if self.readable { Ok(self.hashed()) } else { Err(unreadable()) };
                self.input(Input::Hashed(result))
            }
            Event::Checked(visit, index) if visit == self.visit => {
                let chunk = self.disk().chunks(self.chunk).nth(index).unwrap_or_default();
                let result = if self.readable { Ok(Digest::of(chunk)) } else { Err(unreadable()) };
                self.input(Input::Checked(index, result))
            }
            Event::Refreshed(visit) if visit == self.visit => {
                self.refreshing = false;
                self.token = self.server.token;
                self.input(Input::Refreshed(Ok(())))
            }
            Event::Head { .. } | Event::Hashed(_) | Event::Checked(..) | Event::Refreshed(_) => Ok(()),
        }
    }

    /// A request reaches the server, or not.
    fn arrive(&mut self, Arrival { visit, id, request, mut bytes, token, fate }: Arrival) {
        if !self.net {
            if self.random.chance(70) {
                let losses = self.server.losses;
                self.after(200, Event::Deliver { visit, id, result: Err("failed to fetch".into()), losses });
            }
            return;
        }
        if fate == Fate::Garble
            && let Some(byte) = bytes.first_mut()
        {
            *byte ^= 0x80;
        }
        let works = match fate {
            Fate::Fine | Fate::Slow(_) | Fate::LostAfter | Fate::Garble => true,
            Fate::Hole { worked } | Fate::Page { worked, .. } => worked,
            Fate::Head => true,
            Fate::LostBefore | Fate::Later { .. } | Fate::Refuse(_) | Fate::Foreign => false,
        };
        // What it loses with the answer to this request it may be asked for again.
        let losses = self.server.losses;
        let answer = works.then(|| match &request {
            Request::Handshake(handshake) => {
                let answer = self.server.handshake(token, handshake);
                if let Some(held) = self.server.file(&handshake.file_id) {
                    self.named.insert(handshake.file_id.clone(), held.to_vec());
                }
                answer
            }
            Request::Chunk { chunk_id, file_id, .. } => self.server.chunk(token, file_id, chunk_id, &bytes),
        });
        let result = match (fate, answer) {
            (Fate::Hole { .. }, _) => return,
            (Fate::Head, _) => return self.after(200, Event::Head { visit, id }),
            (Fate::LostBefore | Fate::LostAfter, _) => Err("failed to fetch".to_owned()),
            (Fate::Page { status, .. }, _) => Ok(server::page(status, None)),
            (Fate::Later { status, after }, _) => Ok(server::page(status, Some(after))),
            (Fate::Refuse(code), _) => Ok(server::refusal(200, code, "不行")),
            (Fate::Foreign, _) => Ok(server::page(200, None)),
            (Fate::Fine | Fate::Slow(_) | Fate::Garble, Some(answer)) => Ok(answer),
            (Fate::Fine | Fate::Slow(_) | Fate::Garble, None) => return,
        };
        let slow = if let Fate::Slow(more) = fate { more } else { 0 };
        self.after(200 + slow, Event::Deliver { visit, id, result, losses });
    }

    fn deliver(
        &mut self,
        visit: u32,
        id: RequestId,
        result: Result<Response, String>,
        losses: u32,
    ) -> Result<(), String> {
        if visit != self.visit {
            return Ok(());
        }
        let input = |result: Result<Response, String>| match result {
            Ok(response) => Input::Answered(id, response),
            Err(why) => Input::Lost(id, why.into()),
        };
        if result.is_ok() && self.net {
            self.input(Input::Headed(id))?;
        }
        let Some(open) = self.open.remove(&id) else {
            // What comes of a cancelled request is ignored.
            return if self.random.chance(50) { self.input(input(result)) } else { Ok(()) };
        };
        let result = if self.net { result } else { Err("network changed".to_owned()) };
        self.closed.insert(id);
        match &result {
            Err(_) => self.seen.lost += 1,
            Ok(response) => {
                if self.offline_since.is_some_and(|since| open.sent > since) {
                    self.offline_since = None;
                }
                self.note(&open, response, losses);
            }
        }
        self.input(input(result))
    }

    /// Takes note of what the machine is about to learn.
    fn note(&mut self, open: &Open, response: &Response, losses: u32) {
        let seen = &mut self.seen;
        if let Some(wait) = response.retry_after {
            self.ordered = self.ordered.max(self.now + wait);
        }
        let Body::Envelope(Envelope { code, msg, data, .. }) = &response.body else {
            *if response.status == 200 { &mut seen.foreign } else { &mut seen.busy } += 1;
            return;
        };
        if *code != OK {
            match code {
                401 => {
                    seen.unauthorized += 1;
                    self.refused_token = Some(open.token);
                }
                422 => seen.corrupt += 1,
                _ if msg == xuchuan::core::protocol::wire::msg::UNKNOWN_FILE => seen.forgotten += 1,
                _ => seen.refused += 1,
            }
            return;
        }
        let Some(Answer::Needed(needed)) = data else { return };
        match &open.request {
            Request::Chunk { chunk_id, file_id, .. } if !needed.contains(chunk_id) => {
                self.charged = 0;
                self.acked.insert((file_id.clone(), chunk_id.clone()), losses);
            }
            Request::Chunk { .. } => {}
            Request::Handshake(handshake) => {
                seen.empty += u32::from(needed.is_empty());
                for id in handshake.chunk_ids.iter().filter(|id| !needed.contains(*id)) {
                    let key = (handshake.file_id.clone(), id.clone());
                    if self.acked.insert(key, losses).is_none() {
                        self.charged = 0;
                    }
                }
            }
        }
    }

    fn turn(&mut self, turn: Turn) -> Result<(), String> {
        match turn {
            Turn::Pause => {
                self.paused = true;
                self.input(Input::Pause)
            }
            Turn::Resume => {
                self.paused = false;
                self.input(Input::Resume)
            }
            Turn::Abort => self.input(Input::Abort),
            Turn::Down { told } => {
                self.net = false;
                if told { self.browser_says(false) } else { Ok(()) }
            }
            Turn::Up { told } => {
                self.net = true;
                if told { self.browser_says(true) } else { Ok(()) }
            }
            Turn::Rumour(online) => self.browser_says(online),
            Turn::Restart { keeps } => {
                self.server.restart(keeps);
                Ok(())
            }
            Turn::Wipe => {
                self.server.wipe();
                Ok(())
            }
            Turn::Other => {
                let file = self.disk().to_vec();
                self.server.receive(&file);
                Ok(())
            }
            Turn::Expire => {
                self.server.token += 1;
                Ok(())
            }
            Turn::Change => {
                let mut file = self.disk().to_vec();
                let at = self.random.pick(0..file.len().max(1) as u64) as usize;
                if let Some(byte) = file.get_mut(at) {
                    *byte ^= 0x40;
                    self.disk.push(file);
                }
                Ok(())
            }
            Turn::Unreadable => {
                self.readable = false;
                Ok(())
            }
            Turn::Noise => {
                let answer = || server::page(401, None);
                for input in [
                    Input::Answered(u64::MAX, answer()),
                    Input::Answered(0, answer()),
                    Input::Headed(u64::MAX),
                    Input::Lost(u64::MAX, String::new().into()),
                    Input::Checked(usize::MAX, Ok(Digest([0; 16]))),
                    Input::Hashing(u64::MAX),
                    Input::Hidden,
                    Input::Start(Restored::Nothing),
                    Input::Wake,
                ] {
                    self.input(input)?;
                }
                if !self.refreshing {
                    self.input(Input::Refreshed(Ok(())))?;
                }
                Ok(())
            }
            Turn::Sleep(span) => {
                self.pass(self.now + span);
                Ok(())
            }
            Turn::Crash => {
                self.visit += 1;
                self.open.clear();
                self.closed.clear();
                (self.hash, self.refreshing, self.paused, self.offline_since) = (None, false, false, None);
                (self.ordered, self.confirmed, self.charged) = (0, 0, 0);
                self.machine =
                    Upload::new(config(self.scenario, self.disk().len(), self.chunk, self.random.next()));
                let saved = self.saved.take();
                self.input(Input::Start(match (self.remembered.clone(), saved) {
                    (Some((digests, naming)), _) => Restored::Announced(digests, naming),
                    (None, Some(saved)) => Restored::Partly(saved),
                    (None, None) => Restored::Nothing,
                }))
            }
        }
    }

    fn browser_says(&mut self, online: bool) -> Result<(), String> {
        if online {
            self.offline_since = None;
        } else {
            self.offline_since.get_or_insert(self.now);
        }
        self.input(Input::Online(online))
    }
}

fn unreadable() -> Error {
    Error::new(Kind::FileUnreadable, "reading the file", "NotFoundError")
}
