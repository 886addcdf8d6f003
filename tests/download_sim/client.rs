//! The simulated driver, sink and page: carries out effects as the browser would, and checks what must hold.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::scenario::{Conditions, Expected, Happening, Scenario};
use crate::server::{Fate, Reply, Request, Response, Server, UNIX_NOW};
use xuchuan::core::clock::Instant;
use xuchuan::core::download::{
    BodyCursor, Concurrency, Config, Download, Effect, Input, Outcome, Record, Step, StoreFailure,
    whole_pieces,
};
use xuchuan::core::error::Error;
use xuchuan::core::machine::Machine;
use xuchuan::core::md5::Digest;
use xuchuan::core::plan::Cut;
use xuchuan::core::progress::State;
use xuchuan::core::retry::Jitter;

#[derive(Debug)]
pub enum End {
    Done(Outcome),
    Failed(Error),
}

#[derive(Debug)]
pub struct Report {
    pub end: End,
    pub received: u64,
    pub requests: u64,
    /// Requests that asked for bytes behind the end.
    pub beyond: u32,
    pub most_at_once: usize,
    /// Bodies that were read in bulk.
    pub bulk_reads: u32,
    /// How often bytes were hashed while others came.
    pub hashes: u32,
    pub log: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Answer(u32, u64),
    Read(u32, u64),
    Prepared(u32),
    Headers(u32),
    Url(u32),
    Finished(u32, bool),
    Happens(usize),
    Online,
    Resume(u32),
    Slots(u32),
    Abort,
}

struct Live {
    request: Request,
    response: Option<Response>,
    read: usize,
    cursor: Option<BodyCursor>,
    bulk: bool,
}

struct World<'a> {
    s: &'a Scenario,
    server: Server,
    random: Jitter,
    machine: Download,
    /// Counts page loads: what was under way in an earlier one is gone.
    visit: u32,
    now: u64,
    serial: u64,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    live: BTreeMap<u64, Live>,
    sink: Vec<Option<u8>>,
    total: Option<u64>,
    record: Option<Record>,
    written: u64,
    token: u32,
    url: u32,
    slots: usize,
    end: Option<End>,
    discarded: bool,
    /// Up to where the bytes are to be hashed, and those that were.
    to_hash: usize,
    hashed: Vec<u8>,
    report: Report,
}

fn config(s: &Scenario, server: &Server) -> Config {
    Config {
        piece: s.piece,
        concurrency: if s.fixed {
            Concurrency::Fixed(s.connections)
        } else {
            Concurrency::Auto(s.connections)
        },
        min_gain: if s.seed.is_multiple_of(3) { 50 } else { 0 },
        min_split: s.min_split,
        bulk: s.bulk,
        ahead: s.ahead,
        overlap: s.overlap,
        conditional: s.conditions != Conditions::Ignored || s.seed.is_multiple_of(2),
        can_refresh_headers: !s.locked,
        can_refresh_url: !s.locked,
        md5: match s.digest {
            Expected::FromPage => Some(Digest::of(&server.content(server.version))),
            Expected::Wrong => Some(Digest([7; 16])),
            Expected::Nothing | Expected::FromServer => None,
        },
        remember: true,
        cap: s.cap,
        unix_now: UNIX_NOW,
        seed: s.seed,
        ..Config::new("https://example.org/file.zip")
    }
}

pub fn run(s: &Scenario) -> Report {
    // A page that knows the digest of a version cannot get another.
    let mut s = s.clone();
    if s.digest == Expected::FromPage {
        s.happenings.retain(|(_, it)| !matches!(it, Happening::Change(_)));
    }
    let server = Server::new(&s);
    let mut world = World {
        random: Jitter::new(s.seed ^ 0xc11e),
        machine: Download::new(config(&s, &server)),
        server,
        s: &s,
        visit: 0,
        now: 1000,
        serial: 0,
        events: BinaryHeap::new(),
        live: BTreeMap::new(),
        sink: vec![None; 10_000],
        total: None,
        record: None,
        written: 0,
        token: 0,
        url: 0,
        slots: usize::MAX,
        end: None,
        discarded: false,
        to_hash: 0,
        hashed: vec![],
        report: Report {
            end: End::Failed(Error::new(xuchuan::core::error::Kind::Engine, "nothing", "it never ended")),
            received: 0,
            requests: 0,
            beyond: 0,
            most_at_once: 0,
            bulk_reads: 0,
            hashes: 0,
            log: vec![],
        },
    };
    for (index, (at, _)) in s.happenings.iter().enumerate() {
        world.events.push(Reverse((1000 + at, index as u64, Event::Happens(index))));
    }
    if let Some(at) = s.abort_at {
        world.events.push(Reverse((1000 + at, u64::MAX, Event::Abort)));
    }
    world.input(Input::Start(None));
    world.live();
    world.report
}

impl World<'_> {
    fn log(&mut self, line: String) {
        self.report.log.push(format!("{} {line}", self.now));
    }

    fn later(&mut self, most: u64, event: Event) {
        let delay = (self.random.draw() * most as f64) as u64;
        self.serial += 1;
        self.events.push(Reverse((self.now + delay, self.serial, event)));
    }

    fn live(&mut self) {
        let mut steps = 0;
        while self.end.is_none() {
            steps += 1;
            assert!(steps < 60_000, "too many steps: {:#?}", self.tail());
            let wake = self.machine.poll_timeout().map(|at| at.0);
            let next = self.events.peek().map(|Reverse((at, ..))| *at);
            match (wake, next) {
                (None, None) => panic!("it hangs: {:#?}\n{:#?}", self.machine, self.tail()),
                (Some(wake), next) if next.is_none_or(|next| wake <= next) => {
                    self.now = self.now.max(wake);
                    self.input(Input::Wake);
                }
                _ => {
                    let Some(Reverse((at, _, event))) = self.events.pop() else { continue };
                    self.now = self.now.max(at);
                    self.happen(event);
                }
            }
        }
        assert!(self.live.is_empty(), "requests in flight after the end");
        for input in
            [Input::Resume, Input::Online(true), Input::Wake, Input::Prepared(Ok(())), Input::Start(None)]
        {
            self.machine.handle(input, Instant(self.now));
            assert_eq!(self.machine.poll(), None, "it came back to life");
        }
        let end = self.end.take();
        if let Some(end) = end {
            self.judge(&end);
            self.report.end = end;
        }
    }

    fn tail(&self) -> &[String] {
        let log = &self.report.log;
        &log[log.len().saturating_sub(60)..]
    }

    /// The right bytes of one version, whole.
    fn judge(&self, end: &End) {
        let End::Done(outcome) = end else { return };
        let got: Option<Vec<u8>> = self.sink[..outcome.size as usize].iter().copied().collect();
        let got = got.unwrap_or_else(|| panic!("bytes are missing: {:#?}", self.tail()));
        let versions = 0..=self.server.version;
        assert!(
            versions.into_iter().any(|version| self.server.content(version) == got),
            "wrong bytes: {:#?}",
            self.tail()
        );
        assert_eq!(self.machine.state(Instant(self.now)), State::Done);
        let pieces = self.machine.pieces();
        assert!(pieces.iter().all(|piece| *piece >= 2), "{pieces:?}");
    }

    fn input(&mut self, input: Input) {
        self.hash();
        if !matches!(input, Input::Data(..)) {
            self.log(format!("-> {input:?}"));
        }
        let before = self.machine.progress(Instant(self.now)).confirmed;
        self.machine.handle(input, Instant(self.now));
        self.discarded = false;
        while let Some(effect) = self.machine.poll() {
            self.log(format!("<- {effect:?}"));
            self.effect(effect);
        }
        let after = self.machine.progress(Instant(self.now));
        assert!(after.confirmed >= before || self.discarded, "confirmed went back: {:#?}", self.tail());
        let wanted = match after.state {
            State::Paused | State::Aborted | State::Failed | State::Done => 0,
            // As many again may have brought their bytes and wait for the end.
            _ => 2 * self.s.connections,
        };
        assert!(self.live.len() <= wanted, "{} in flight while {:?}", self.live.len(), after.state);
        let demand = self.machine.demand(Instant(self.now));
        let (in_flight, most) = (self.machine.in_flight(), self.s.connections);
        assert!(
            (in_flight..=most).contains(&demand.unwrap_or(0)) && demand != Some(0),
            "{in_flight} of {most} in flight, {demand:?} wanted: {:#?}",
            self.tail()
        );
        if after.state == State::Queued {
            assert!(self.slots == 0 && self.live.is_empty(), "queued: {:#?}", self.tail());
        }
        let reading = self.live.values().filter(|live| live.response.is_none() || live.wants()).count();
        self.report.most_at_once = self.report.most_at_once.max(reading);
    }

    /// Hashes what is to be hashed, as it is now: the bytes of the latest input are stored by then.
    fn hash(&mut self) {
        for byte in &self.sink[self.hashed.len()..self.to_hash.max(self.hashed.len())] {
            self.hashed.push(byte.expect("a byte to be hashed is not there"));
        }
    }

    fn effect(&mut self, effect: Effect) {
        let visit = self.visit;
        match effect {
            Effect::Send { id, range, if_match } => {
                if let Some(range) = range {
                    let size = self.total.unwrap_or(u64::MAX);
                    self.report.beyond +=
                        u32::from(range.first >= size || range.end().is_some_and(|e| e > size));
                }
                assert!(self.slots > 0, "sent without a slot: {:#?}", self.tail());
                self.report.requests += 1;
                let request = Request { range, if_match, token: self.token, url: self.url };
                self.live.insert(id, Live { request, response: None, read: 0, cursor: None, bulk: false });
                self.later(80, Event::Answer(visit, id));
            }
            Effect::Receive { id, cursor, bulk } => {
                let live = self.live.get_mut(&id).expect("Receive for a request that is over");
                self.report.bulk_reads += u32::from(bulk);
                (live.cursor, live.bulk) = (Some(cursor), bulk);
                if live.read == 0 {
                    self.later(20, Event::Read(visit, id));
                }
            }
            Effect::Limit { id, end } => {
                let live = self.live.get_mut(&id).expect("Limit for a request that is over");
                let cursor = live.cursor.as_mut().expect("Limit without a cursor");
                assert!(cursor.at < end, "the limit lies behind what was written");
                cursor.limit = Some(end);
            }
            Effect::Cancel(id) => drop(self.live.remove(&id)),
            Effect::Prepare { total, exact } => {
                self.total = total.filter(|_| exact);
                self.later(50, Event::Prepared(visit));
            }
            Effect::Discard => {
                self.sink.fill(None);
                self.total = None;
                self.discarded = true;
                (self.to_hash, self.hashed) = (0, vec![]);
            }
            Effect::Hash(end) => {
                assert!(end as usize > self.to_hash, "nothing new to hash");
                self.to_hash = end as usize;
                self.report.hashes += 1;
            }
            Effect::RefreshHeaders => self.later(100, Event::Headers(visit)),
            Effect::RefreshUrl => self.later(100, Event::Url(visit)),
            Effect::Save(record) => {
                self.total = record.total.or(self.total);
                self.record = Some(*record);
            }
            Effect::Forget => self.record = None,
            Effect::Finish { total, hash, .. } => {
                self.total = Some(total);
                assert!(self.sink[total as usize..].iter().all(Option::is_none), "bytes behind the end");
                self.later(50, Event::Finished(visit, hash));
            }
            Effect::Settle(result) => {
                assert!(self.end.is_none(), "settled twice");
                self.end = Some(result.map_or_else(End::Failed, End::Done));
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Answer(visit, id) if visit == self.visit => self.answer(id),
            Event::Read(visit, id) if visit == self.visit => self.read(id),
            Event::Prepared(visit) if visit == self.visit => self.input(Input::Prepared(Ok(()))),
            Event::Headers(visit) if visit == self.visit => {
                self.token = self.server.token;
                self.input(Input::Headers(Ok(())));
            }
            Event::Url(visit) if visit == self.visit => {
                self.url = self.server.url;
                self.input(Input::Url(Ok(())));
            }
            Event::Finished(visit, hash) if visit == self.visit => {
                let digest = hash.then(|| {
                    let total = self.total.unwrap_or(0) as usize;
                    self.hash();
                    let rest = self.sink[self.hashed.len()..total].iter().map(|byte| byte.unwrap_or(0));
                    Digest::of(&self.hashed.iter().copied().chain(rest).collect::<Vec<u8>>())
                });
                self.input(Input::Finished(Ok(digest)));
            }
            Event::Happens(index) => self.change(self.s.happenings[index].1),
            Event::Online => self.input(Input::Online(true)),
            Event::Resume(visit) if visit == self.visit => self.input(Input::Resume),
            Event::Slots(visit) if visit == self.visit => self.give_slots(usize::MAX),
            Event::Abort => self.input(Input::Abort),
            _ => {}
        }
    }

    fn change(&mut self, happening: Happening) {
        self.log(format!("!! {happening:?}"));
        match happening {
            Happening::Pause(span) => {
                self.input(Input::Pause);
                self.serial += 1;
                self.events.push(Reverse((self.now + span, self.serial, Event::Resume(self.visit))));
            }
            Happening::Offline(span) => {
                self.input(Input::Online(false));
                self.serial += 1;
                self.events.push(Reverse((self.now + span, self.serial, Event::Online)));
                // What is under way breaks.
                let ids: Vec<_> = self.live.keys().copied().collect();
                for id in ids {
                    self.live.remove(&id);
                    self.input(Input::Lost(id, "network error".into()));
                }
            }
            Happening::Jump(span) => self.now += span,
            Happening::Slots(slots, span) => {
                self.give_slots(slots);
                self.serial += 1;
                self.events.push(Reverse((self.now + span, self.serial, Event::Slots(self.visit))));
            }
            Happening::ServerLimit(most) => self.input(Input::ServerLimit(most)),
            Happening::Change(resize) => self.server.change(resize),
            Happening::TokenExpires => self.server.token += 1,
            Happening::UrlExpires => self.server.url += 1,
            Happening::Crash => self.crash(),
        }
    }

    fn give_slots(&mut self, slots: usize) {
        self.slots = slots;
        self.input(Input::Slots(slots));
    }

    /// The page is gone; what survives are the last record and the pieces that are whole.
    fn crash(&mut self) {
        self.visit += 1;
        self.slots = usize::MAX;
        self.live.clear();
        let restored = self.record.clone().map(|record| {
            let cut = Cut::new(record.total.unwrap_or(1 << 20), record.piece);
            let indexes = 0..cut.count().min(self.sink.len() / record.piece as usize + 1);
            // Of a piece, what is there from its beginning; some are lost, whole or not.
            let stored: Vec<(usize, u64)> = indexes
                .map(|index| {
                    let range = cut.range(index);
                    let piece = &self.sink[range.start as usize..(range.end as usize).min(self.sink.len())];
                    let size = piece.iter().take_while(|byte| byte.is_some()).count();
                    (index, if self.random.draw() > 0.1 { size as u64 } else { 0 })
                })
                .collect();
            let restored = record.restore(stored.iter().copied());
            for (index, _) in stored {
                if !restored.has(index) {
                    let range = cut.range(index);
                    self.sink[range.start as usize..(range.end as usize).min(10_000)].fill(None);
                }
            }
            restored
        });
        if restored.is_none() {
            self.sink.fill(None);
        }
        self.total = self.record.as_ref().and_then(|record| record.total);
        if let Some(total) = self.total {
            self.sink[total as usize..].fill(None);
        }
        self.machine = Download::new(config(self.s, &self.server));
        self.discarded = true;
        (self.to_hash, self.hashed) = (0, vec![]);
        self.input(Input::Start(restored.map(Box::new)));
    }

    fn answer(&mut self, id: u64) {
        let Some(live) = self.live.get(&id) else { return };
        let request = live.request.clone();
        match self.server.answer(&request) {
            Reply::Silence => {}
            Reply::Lost => {
                self.live.remove(&id);
                self.input(Input::Lost(id, "Failed to fetch".into()));
            }
            Reply::Answer(response) => {
                let head = response.head.clone();
                if let Some(live) = self.live.get_mut(&id) {
                    live.response = Some(*response);
                }
                self.input(Input::Head(id, Box::new(head)));
            }
        }
    }

    /// The driver's loop over one body: one chunk of it.
    fn read(&mut self, id: u64) {
        let most = 1 + (self.random.draw() * self.random.draw() * 400.0) as usize;
        let Some(live) = self.live.get_mut(&id) else { return };
        let (Some(response), read) = (&live.response, live.read) else { return };
        let chunk = response.body[read..response.body.len().min(read + most)].to_vec();
        let bulk = live.bulk;
        let fate = response.fate;
        if chunk.is_empty() {
            match fate {
                Fate::Stall => {}
                Fate::End if bulk => self.read_in_bulk(id),
                Fate::End => {
                    self.live.remove(&id);
                    self.input(Input::End(id));
                }
                Fate::Break => {
                    self.live.remove(&id);
                    self.input(Input::Lost(id, "network error".into()));
                }
            }
            return;
        }
        self.report.received += chunk.len() as u64;
        live.read += chunk.len();
        if !bulk {
            self.chunk(id, &chunk);
        }
        let visit = self.visit;
        self.later(15, Event::Read(visit, id));
    }

    /// The whole body is here, which nobody looked at on the way: its whole pieces count.
    fn read_in_bulk(&mut self, id: u64) {
        let Some(Live { response: Some(response), cursor: Some(cursor), .. }) = self.live.remove(&id) else {
            return;
        };
        let start = cursor.at;
        let end = (start + response.body.len() as u64).min(cursor.limit.expect("a bulk read has an end"));
        assert!(cursor.is_writing() && start.is_multiple_of(self.s.piece), "{cursor:?}");
        let cut = Cut::new(self.total.unwrap_or(u64::MAX), self.s.piece);
        let len: u64 = whole_pieces(cut, start..end).map(|index| cut.len(index)).sum();
        self.input(Input::Data(id, len));
        if len > 0 {
            self.store(start as usize, &response.body[..len as usize]);
        }
        self.input(Input::End(id));
    }

    fn chunk(&mut self, id: u64, chunk: &[u8]) {
        let mut rest = chunk;
        while !rest.is_empty() && self.end.is_none() {
            let Some(cursor) = self.live.get_mut(&id).and_then(|live| live.cursor.as_mut()) else { break };
            let step = cursor.take(rest.len() as u64);
            let (bytes, behind) = rest.split_at(step.len() as usize);
            match step {
                Step::Skip(_) => self.input(Input::Data(id, bytes.len() as u64)),
                Step::Compare { from, .. } => {
                    let stored = &self.sink[from as usize..from as usize + bytes.len()];
                    if stored.iter().zip(bytes).any(|(stored, byte)| *stored != Some(*byte)) {
                        self.input(Input::Differs(id));
                        break;
                    }
                    self.input(Input::Data(id, bytes.len() as u64));
                }
                Step::Write { at, .. } => {
                    self.input(Input::Data(id, bytes.len() as u64));
                    self.store(at as usize, bytes);
                }
                Step::Excess => {
                    self.input(Input::Excess(id));
                    break;
                }
            }
            rest = behind;
        }
        // Of a body that was dropped in the middle of a chunk, the rest was never wanted.
        if !self.live.contains_key(&id) {
            self.report.received -= rest.len() as u64;
        }
    }

    fn store(&mut self, at: usize, bytes: &[u8]) {
        if self.discarded {
            // These bytes led to it; they belong to what was thrown away.
            return;
        }
        for (i, byte) in bytes.iter().enumerate() {
            assert!(self.sink[at + i].is_none(), "byte {} is written twice: {:#?}", at + i, self.tail());
            self.sink[at + i] = Some(*byte);
        }
        self.written += bytes.len() as u64;
        if self.end.is_none() && self.s.quota_after.is_some_and(|most| self.written > most) {
            self.input(Input::StoreFailed(StoreFailure::Quota));
        }
    }
}

impl Live {
    fn wants(&self) -> bool {
        self.cursor.is_some_and(|cursor| !cursor.is_at_limit())
    }
}
