//! The simulated driver, sink and page: carries out effects as the browser would, and checks what must hold.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::scenario::{Conditions, Expected, Happening, Scenario};
use crate::server::{Fate, Reply, Request, Response, Server, UNIX_NOW};
use xuchuan::core::clock::Instant;
use xuchuan::core::download::{
    Concurrency, Config, Download, Effect, Input, Outcome, Record, Restored, StoreFailure,
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
    /// Bodies that were taken in one go.
    pub gulps: u32,
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
    Abort,
}

#[derive(Debug, Clone, Copy)]
struct Plan {
    skip: u64,
    compare: u64,
    at: u64,
    limit: Option<u64>,
    at_once: bool,
}

struct Live {
    request: Request,
    response: Option<Response>,
    read: usize,
    plan: Option<Plan>,
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
        gulp: s.gulp,
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
            gulps: 0,
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
                self.report.requests += 1;
                let request = Request { range, if_match, token: self.token, url: self.url };
                self.live.insert(id, Live { request, response: None, read: 0, plan: None });
                self.later(80, Event::Answer(visit, id));
            }
            Effect::Receive { id, skip, compare, at, limit, at_once } => {
                let live = self.live.get_mut(&id).expect("Receive for a request that is over");
                self.report.gulps += u32::from(at_once);
                live.plan = Some(Plan { skip, compare, at, limit, at_once });
                if live.read == 0 {
                    self.later(20, Event::Read(visit, id));
                }
            }
            Effect::Limit { id, end } => {
                let plan =
                    self.live.get_mut(&id).and_then(|live| live.plan.as_mut()).expect("Limit without a plan");
                assert!(plan.at < end, "the limit lies behind what was written");
                plan.limit = Some(end);
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
            Effect::Remember(record) => {
                self.total = record.total.or(self.total);
                self.record = Some(*record);
            }
            Effect::Forget => self.record = None,
            Effect::Finish { total, hash } => {
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
            Happening::Change(resize) => self.server.change(resize),
            Happening::TokenExpires => self.server.token += 1,
            Happening::UrlExpires => self.server.url += 1,
            Happening::Crash => self.crash(),
        }
    }

    /// The page is gone; what survives are the last record and the pieces that are whole.
    fn crash(&mut self) {
        self.visit += 1;
        self.live.clear();
        let mut pieces = vec![];
        if let Some(record) = &self.record {
            let cut = Cut::new(record.total.unwrap_or(1 << 20), record.piece);
            for index in 0..cut.count().min(self.sink.len() / record.piece as usize + 1) {
                let range = cut.range(index);
                let range = range.start as usize..(range.end as usize).min(self.sink.len());
                let whole = range.len() as u64 == cut.len(index)
                    && self.sink[range.clone()].iter().all(Option::is_some);
                if whole && self.random.draw() > 0.1 {
                    pieces.push(index);
                } else {
                    self.sink[range].fill(None);
                }
            }
        } else {
            self.sink.fill(None);
        }
        self.total = self.record.as_ref().and_then(|record| record.total);
        if let Some(total) = self.total {
            self.sink[total as usize..].fill(None);
        }
        let restored = self.record.clone().map(|record| Restored { record, pieces });
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
        let gulp = live.plan.is_some_and(|plan| plan.at_once);
        let fate = response.fate;
        if chunk.is_empty() {
            match fate {
                Fate::Stall => {}
                Fate::End if gulp => self.swallow(id),
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
        if !gulp {
            self.chunk(id, &chunk);
        }
        let visit = self.visit;
        self.later(15, Event::Read(visit, id));
    }

    /// The whole body is here, which nobody looked at on the way: its whole pieces count.
    fn swallow(&mut self, id: u64) {
        let Some(Live { response: Some(response), plan: Some(plan), .. }) = self.live.remove(&id) else {
            return;
        };
        let (total, start) = (self.total.unwrap_or(u64::MAX), plan.at);
        let end = (start + response.body.len() as u64).min(plan.limit.expect("a gulp has an end"));
        assert!(plan.skip + plan.compare == 0 && start.is_multiple_of(self.s.piece), "{plan:?}");
        let whole = if end == total { end } else { end - end % self.s.piece };
        self.input(Input::Data(id, whole.saturating_sub(start)));
        if whole > start {
            self.store(start as usize, &response.body[..(whole - start) as usize]);
        }
        self.input(Input::End(id));
    }

    fn chunk(&mut self, id: u64, chunk: &[u8]) {
        let mut rest = chunk;
        while !rest.is_empty() && self.end.is_none() {
            let Some(plan) = self.live.get_mut(&id).and_then(|live| live.plan.as_mut()) else { break };
            let skip = plan.skip.min(rest.len() as u64);
            plan.skip -= skip;
            let (_, behind) = rest.split_at(skip as usize);
            let compare = plan.compare.min(behind.len() as u64);
            let from = (plan.at - plan.compare) as usize;
            plan.compare -= compare;
            let (compared, behind) = behind.split_at(compare as usize);
            let room = plan.limit.map_or(u64::MAX, |limit| limit - plan.at);
            let (write, behind) = behind.split_at(room.min(behind.len() as u64) as usize);
            let at = plan.at as usize;
            plan.at += write.len() as u64;
            if compared.iter().enumerate().any(|(i, b)| self.sink[from + i] != Some(*b)) {
                self.input(Input::Differs(id));
                break;
            }
            let taken = rest.len() - behind.len();
            if taken == 0 {
                self.input(Input::Excess(id));
                break;
            }
            self.input(Input::Data(id, taken as u64));
            self.store(at, write);
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
        self.plan.is_some_and(|plan| plan.limit.is_none_or(|limit| plan.at < limit) || plan.compare > 0)
    }
}
