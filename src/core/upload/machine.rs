//! The upload machine: which state it is in and what each input does there.

use super::exchange::Exchange;
use super::outbox::InFlight;
use super::table::{Status, Table};
use super::{Config, Effect, Input, Known, Lesson, Memory, Naming, Outcome, RequestId};
use crate::core::clock::{Instant, Millis};
use crate::core::error::{Error, Kind};
use crate::core::flat_map::FlatMap;
use crate::core::gate::Gate;
use crate::core::machine::Machine;
use crate::core::md5::{Digest, Digests, Snapshot};
use crate::core::pace::Pace;
use crate::core::plan::{self, Cut};
use crate::core::progress::{Meter, Progress, State, Trouble};
use crate::core::protocol::wire::Accepts;
use crate::core::report::{self, ChunkReport, Event, Report};
use crate::core::retry::Jitter;
use std::collections::VecDeque;

/// How often something that time does not mend is tried before it counts.
pub(super) const TRIES: u32 = 3;
/// How long newly confirmed bytes wait to be remembered, in ms: what is remembered is some 40 KB for a large file.
const REMEMBER_EVERY: Millis = 500;
/// A machine that is woken this much later than it asked for was asleep, in ms. Hidden tabs have their timers
/// ticked once a minute.
const SLEPT: Millis = 60_000;

/// An upload.
#[derive(Debug)]
pub struct Upload {
    pub(super) config: Config,
    pub(super) phase: Phase,
    pub(super) gate: Gate,
    pub(super) pace: Pace,
    pub(super) meter: Meter,
    pub(super) effects: VecDeque<Effect>,
    pub(super) requests: FlatMap<RequestId, InFlight>,
    pub(super) next_id: RequestId,
    hashed: u64,
    /// The chunks before this one were hashed in an earlier visit, and are hashed again before they are sent.
    believed: usize,
    pub(super) sent: u64,
    confirmed: u64,
    reused: u64,
    pub(super) report: Report,
    /// When anything last came from the server.
    pub(super) heard: Instant,
    /// How often the line was taken for dead since a chunk last arrived.
    pub(super) silences: u32,
    /// What was last remembered as confirmed, and when.
    remembered: Option<(Instant, u64)>,
    /// What the endpoint accepts, as far as it has said.
    accepts: Accepts,
    /// The cut that the server refused before the present one.
    pub(super) refused_cut: Option<RefusedCut>,
    /// The chunk whose body was asked to be made ahead.
    pub(super) prepared: Option<usize>,
    /// How many requests may be in flight, for the sake of other uploads.
    pub(super) room: usize,
    pub(super) refusal: Option<Instant>,
}

/// A cut whose chunks were too large for the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RefusedCut {
    /// Bytes of a chunk.
    pub chunk: u64,
    /// What showed it.
    pub why: String,
}

#[derive(Debug)]
pub(super) enum Phase {
    Queued,
    Hashing,
    Exchanging(Box<Exchange>),
    /// With what is left to report on.
    Ended(State, Option<Box<Exchange>>),
}

impl Machine for Upload {
    type Input = Input;
    type Effect = Effect;

    fn handle(&mut self, input: Input, now: Instant) {
        if matches!(self.phase, Phase::Ended(..)) {
            return;
        }
        let late = self.poll_timeout().map_or(0, |due| now.since(due));
        let slept = late > SLEPT;
        if slept {
            self.gate.slept(late);
        }
        match input {
            Input::Start(known) => self.start(known),
            Input::Hashing(bytes) => self.hashed = self.hashed.max(bytes.min(self.config.cut.size)),
            Input::Repeats => self.repeats(),
            // What the handshake says is newer than the answer to a question from before it.
            Input::Accepts(accepts) if matches!(self.phase, Phase::Hashing) => self.accepts(accepts),
            Input::Accepts(_) => {}
            Input::Hashed(result) => self.file_hashed(result, now),
            Input::Checked(index, result) => self.checked(index, result, now),
            Input::Answered(id, response) => self.answered(id, response, now),
            Input::Headed(id) => self.headed(id, now),
            Input::Lost(id, loss) => self.missed(id, loss, now),
            Input::Refreshed(result) => self.refreshed(result, now),
            Input::Online(online) => self.online(online, now),
            Input::Foremost => {}
            Input::Room(room) => self.room = room,
            Input::Hidden => self.remember_if(|_| true, now),
            Input::Pause => self.pause(now),
            Input::Resume => self.resume(now),
            Input::Abort => self.abort(),
            Input::Wake if slept => {}
            Input::Wake => self.watch(now),
        }
        if slept && self.late_at().is_some_and(|at| at <= now) {
            // Nobody looked, so nothing stalled; but sockets seldom outlive a sleep.
            self.recall();
        }
        self.pump(now);
        self.remember_if(|at| at <= now, now);
    }

    fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        if matches!(self.phase, Phase::Ended(..)) {
            return None;
        }
        let opens = self.gate.opens_at().filter(|_| matches!(self.phase, Phase::Exchanging(_)));
        [self.late_at(), opens, self.pace.ticks_at(), self.remember_at()].into_iter().flatten().min()
    }

    fn progress(&self, now: Instant) -> Progress {
        let state = self.state(now);
        let total = self.config.cut.size;
        let moving = matches!(state, State::Transferring | State::Finishing);
        Progress {
            state,
            total: Some(total),
            hashed: self.hashed,
            sent: self.sent,
            confirmed: self.confirmed,
            reused: self.reused,
            speed: if moving { self.meter.speed(now) } else { 0.0 },
            eta: if moving { self.meter.eta(total.saturating_sub(self.confirmed), now) } else { None },
            waiting_for: if state == State::Waiting { self.gate.waiting_for(now) } else { None },
            trouble: self.gate.trouble().filter(|_| state == State::Waiting).map(Trouble::from),
        }
    }

    fn wake() -> Input {
        Input::Wake
    }

    fn online(online: bool) -> Input {
        Input::Online(online)
    }

    fn hidden() -> Option<Input> {
        Some(Input::Hidden)
    }
}

impl Upload {
    /// Makes an upload that waits for [`Input::Start`].
    pub fn new(config: Config) -> Upload {
        let mut pace = Pace::new(config.concurrency);
        let accepts = config.accepted.unwrap_or_default();
        pace.accepts(config.vouched.parallel.unwrap_or(accepts.parallel));
        Upload {
            gate: Gate::new(config.retry, Jitter::new(config.seed)),
            pace,
            config,
            phase: Phase::Queued,
            meter: Meter::default(),
            effects: VecDeque::default(),
            requests: FlatMap::new(),
            next_id: 1,
            hashed: 0,
            believed: 0,
            sent: 0,
            confirmed: 0,
            reused: 0,
            report: Report::default(),
            heard: Instant::default(),
            silences: 0,
            remembered: None,
            accepts,
            refused_cut: None,
            prepared: None,
            room: usize::MAX,
            refusal: None,
        }
    }

    /// Tells whether it has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Ended(..))
    }

    /// Returns the state at `now`.
    pub fn state(&self, now: Instant) -> State {
        let idle = self.requests.is_empty();
        match &self.phase {
            Phase::Ended(state, _) => *state,
            _ if self.gate.is_paused() => State::Paused,
            Phase::Queued => State::Queued,
            Phase::Hashing => State::Hashing,
            Phase::Exchanging(_) if idle && self.room == 0 => State::Queued,
            Phase::Exchanging(_) if idle && self.gate.waiting_for(now).is_some() => State::Waiting,
            Phase::Exchanging(exchange) if !exchange.met => State::Negotiating,
            Phase::Exchanging(exchange) if exchange.table.is_complete() => State::Finishing,
            Phase::Exchanging(_) => State::Transferring,
        }
    }

    /// Returns how many requests it would have in flight at `now` if it were alone; nothing while it hashes.
    pub fn wants(&self, now: Instant) -> Option<usize> {
        match &self.phase {
            Phase::Queued | Phase::Hashing => None,
            // Who waits, for its server or for the page's new headers, goes on with one.
            Phase::Exchanging(_) if !self.gate.is_open(now) => Some(1),
            Phase::Exchanging(exchange) => Some(self.pace.bounded(exchange.table.unconfirmed())),
            Phase::Ended(..) => Some(1),
        }
    }

    /// Returns one byte for each chunk: 0 missing, 1 in flight, 2 reused, 3 confirmed.
    pub fn chunks(&self) -> Vec<u8> {
        self.known().map_or_else(|| vec![0; self.config.cut.count()], |exchange| exchange.table.map())
    }

    /// Tells how the chunks fared that this visit sent.
    pub fn chunk_reports(&self, tell: &mut dyn FnMut(&ChunkReport)) {
        if let Some(exchange) = self.known() {
            report::tell(exchange.table.chunks(), |chunk| &chunk.report, tell);
        }
    }

    /// Returns what is known of the server, or was known at the end.
    fn known(&self) -> Option<&Exchange> {
        match &self.phase {
            Phase::Exchanging(exchange) => Some(exchange),
            Phase::Ended(_, exchange) => exchange.as_deref(),
            Phase::Queued | Phase::Hashing => None,
        }
    }

    /// Returns what did not go as wished, oldest first.
    pub fn events(&self) -> &[Event] {
        self.report.events()
    }

    /// Returns how many requests were sent and how many failures there were.
    pub fn attempts(&self) -> (u64, u32) {
        (self.next_id - 1, self.gate.total_failures())
    }

    fn start(&mut self, known: Known) {
        if !matches!(self.phase, Phase::Queued) {
            return;
        }
        match known {
            Known::Digests(digests) if digests.chunks.len() == self.config.cut.count() => {
                self.believed = digests.chunks.len();
                self.exchange(digests, None);
            }
            Known::Announced(digests, naming) if digests.chunks.len() == self.config.cut.count() => {
                self.believed = digests.chunks.len();
                self.exchange(digests, Some(naming));
            }
            Known::Partly(snapshot) if snapshot.chunk() == self.config.cut.chunk => {
                // The chunk that was begun, too: its first bytes are as old.
                self.believed = snapshot.position().div_ceil(snapshot.chunk().max(1)) as usize;
                self.hash(Some(snapshot));
            }
            _ => self.hash(None),
        }
    }

    /// Has the file hashed, from where an earlier visit was.
    fn hash(&mut self, earlier: Option<Box<Snapshot>>) {
        self.hashed = earlier.as_ref().map_or(0, |snapshot| snapshot.position());
        self.phase = Phase::Hashing;
        let chunk = self.config.cut.chunk;
        self.effects.push_back(Effect::Remember(Memory { chunk, announced: None, confirmed: 0 }));
        self.effects.push_back(Effect::Hash(chunk, earlier));
        if self.gate.is_paused() {
            self.effects.push_back(Effect::HoldHash);
        }
    }

    /// Begins to talk with the server, which may know the chunks by names of an earlier visit.
    fn exchange(&mut self, digests: Digests, announced: Option<Naming>) {
        self.hashed = self.config.cut.size;
        let takes_repeats = self.config.vouched.repeats.unwrap_or(self.accepts.repeats);
        let said = self.config.naming.or(announced);
        let mut naming = said.unwrap_or_default();
        let mut table = Table::new(self.config.cut, &digests, naming, self.believed);
        if said.is_none() && table.has_repeats() && !takes_repeats {
            naming = Naming::Md5Index;
            table = Table::new(self.config.cut, &digests, naming, self.believed);
        }
        self.phase = Phase::Exchanging(Box::new(Exchange::new(digests, table, naming, self.next_id)));
    }

    /// Names the chunks by their digests alone, for a server that refuses other names; tells whether that is new.
    pub(super) fn name_plainly(&mut self) -> bool {
        match &mut self.phase {
            Phase::Exchanging(exchange)
                if self.config.naming.is_none() && exchange.naming == Naming::Md5Index && !exchange.met =>
            {
                exchange.naming = Naming::Md5;
                exchange.table = Table::new(self.config.cut, &exchange.digests, Naming::Md5, self.believed);
                true
            }
            _ => false,
        }
    }

    /// Whether the server takes an id twice has to be known before the first handshake of such a file.
    fn repeats(&mut self) {
        let said = self.config.naming.is_some()
            || self.config.vouched.repeats.is_some()
            || self.config.accepted.is_some();
        if matches!(self.phase, Phase::Hashing) && !said {
            self.effects.push_back(Effect::AskAccepts);
        }
    }

    /// Takes note of what the endpoint says that it accepts.
    pub(super) fn accepts(&mut self, accepts: Accepts) {
        self.accepts = accepts;
        self.pace.accepts(self.config.vouched.parallel.unwrap_or(accepts.parallel));
        if self.config.accepted.replace(accepts) != Some(accepts) {
            self.effects.push_back(Effect::Learn(Lesson::Accepts(accepts)));
        }
    }

    /// Cuts the file smaller, since the server refused a body with `len` bytes of a chunk; tells whether it could.
    pub(super) fn cut_smaller(&mut self, len: u64, why: &str) -> bool {
        let Phase::Exchanging(exchange) = &self.phase else { return false };
        let (taken, file) = (exchange.largest_taken, exchange.digests.file);
        // What took as much before has another reason now.
        let Some(smaller) = plan::smaller(len).filter(|_| taken < len) else { return false };
        self.recall();
        self.refused_cut = Some(RefusedCut { chunk: self.config.cut.chunk, why: why.to_owned() });
        self.config.cut = Cut::new(self.config.cut.size, smaller);
        self.config.expected.get_or_insert(file);
        self.believed = 0;
        self.hash(None);
        true
    }

    fn file_hashed(&mut self, result: Result<Digests, Error>, now: Instant) {
        if !matches!(self.phase, Phase::Hashing) {
            return;
        }
        match result {
            Err(error) => self.fail(error, now),
            Ok(digests) if self.config.expected.is_some_and(|expected| expected != digests.file) => {
                let detail = format!("its digest is {}, not that of the upload that was begun", digests.file);
                self.fail(Error::new(Kind::FileChanged, "hashing the file", detail), now);
            }
            Ok(digests) if digests.chunks.len() == self.config.cut.count() => {
                self.exchange(digests, None);
                self.remember(now);
            }
            Ok(_) => {
                let detail = "its size changed while it was read";
                self.fail(Error::new(Kind::FileChanged, "hashing the file", detail), now);
            }
        }
    }

    fn checked(&mut self, index: usize, result: Result<Digest, Error>, now: Instant) {
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
            // What an earlier visit left is of another file with this one's name, size and time.
            Ok(_) if index < self.believed && self.config.expected.is_none() => {
                self.recall();
                self.believed = 0;
                self.hash(None);
            }
            Ok(_) => {
                let count = exchange.digests.chunks.len();
                let doing = format!("checking chunk {} of {count}", index + 1);
                let detail = "its bytes are not the ones that were hashed";
                self.fail(Error::new(Kind::FileChanged, doing, detail), now);
            }
            Err(error) => self.fail(error, now),
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
        self.remember_if(|_| true, now);
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

    fn abort(&mut self) {
        self.effects.push_back(Effect::Forget);
        self.end(State::Aborted, Err(Error::new(Kind::Aborted, "the upload", "the page aborted it")));
    }

    pub(super) fn fail(&mut self, error: Error, now: Instant) {
        let error = self.placed(error);
        if error.kind == Kind::FileChanged {
            self.effects.push_back(Effect::Forget);
        } else {
            self.remember(now);
        }
        self.end(State::Failed, Err(error));
    }

    pub(super) fn done(&mut self, url: String, now: Instant) {
        let latest = self.next_id - 1;
        let Phase::Exchanging(exchange) = &mut self.phase else { return };
        exchange.table.complete(latest);
        let (size, reused) = exchange.table.confirmed(now);
        let instant = exchange.table.iter().all(|chunk| chunk.report.tries == 0);
        let outcome = Outcome { url, file_id: exchange.digests.file, size, instant, reused };
        (self.confirmed, self.reused) = (size, reused);
        self.effects.push_back(Effect::Forget);
        self.end(State::Done, Ok(outcome));
    }

    fn end(&mut self, state: State, result: Result<Outcome, Error>) {
        if matches!(self.phase, Phase::Hashing) {
            self.effects.push_back(Effect::StopHash);
        }
        self.recall();
        let known = match std::mem::replace(&mut self.phase, Phase::Queued) {
            Phase::Exchanging(exchange) => Some(exchange),
            _ => None,
        };
        self.phase = Phase::Ended(state, known);
        self.effects.push_back(Effect::Settle(result));
    }

    /// Takes note of what is confirmed by now.
    pub(super) fn count(&mut self, now: Instant) {
        let Phase::Exchanging(exchange) = &mut self.phase else { return };
        let (confirmed, reused) = exchange.table.confirmed(now);
        self.confirmed = self.confirmed.max(confirmed);
        self.reused = reused;
    }

    /// Returns when what is confirmed is to be remembered, if it is not yet.
    fn remember_at(&self) -> Option<Instant> {
        match (&self.phase, self.remembered) {
            // Before the server has answered, an earlier visit knew more.
            (Phase::Exchanging(exchange), None) => exchange.met.then_some(Instant::default()),
            (Phase::Exchanging(_), Some((_, confirmed))) if confirmed == self.confirmed => None,
            (Phase::Exchanging(exchange), Some((at, _))) => {
                Some(if exchange.table.is_complete() { Instant::default() } else { at + REMEMBER_EVERY })
            }
            _ => None,
        }
    }

    fn remember_if(&mut self, due: impl Fn(Instant) -> bool, now: Instant) {
        if self.remember_at().is_some_and(due) {
            self.remember(now);
        }
    }

    fn remember(&mut self, now: Instant) {
        let Phase::Exchanging(exchange) = &self.phase else { return };
        let (chunk, confirmed) = (self.config.cut.chunk, self.confirmed);
        self.remembered = Some((now, confirmed));
        let announced = Some((exchange.digests.clone(), exchange.naming));
        self.effects.push_back(Effect::Remember(Memory { chunk, announced, confirmed }));
    }
}
