//! The upload machine: which state it is in, and what each input does there.

use std::collections::VecDeque;

use super::exchange::Exchange;
use super::interface::{Config, Effect, Input};
use crate::core::cause::{Cause, Loss};
use crate::core::clock::{Instant, Millis};
use crate::core::error::{Error, Kind};
use crate::core::machine::Machine;
use crate::core::pace::Pace;
use crate::core::progress::{Meter, Progress, State, Trouble};
use crate::core::report::{ChunkReport, Event, Report};
use crate::core::retry::{Jitter, Retry};
use crate::core::thrown::Thrown;

/// A machine that is woken this much later than it asked for was asleep, in ms. Hidden tabs have their timers
/// ticked once a minute.
const SLEPT: Millis = 60_000;

/// An upload.
#[derive(Debug)]
pub struct Upload {
    pub(super) config: Config,
    pub(super) phase: Phase,
    pub(super) exchange: Exchange,
    pub(super) retry: Retry,
    pub(super) pace: Pace,
    pub(super) meter: Meter,
    pub(super) report: Report,
    pub(super) effects: VecDeque<Effect>,
    /// Bytes of the file that are hashed.
    pub(super) hashed: u64,
    /// Bytes that the server has, and the part of them that this visit did not send.
    pub(super) confirmed: u64,
    pub(super) reused: u64,
    /// When a checkpoint was last saved, and what it said to be confirmed.
    pub(super) saved: Option<(Instant, u64)>,
    /// How many requests may be in flight, for the sake of other uploads.
    pub(super) slots: usize,
    /// When the request was sent that the server last refused for being one too many.
    pub(super) refusal: Option<Instant>,
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not begun.
    Queued,
    /// Hashing the file. The digests of so many chunks, from the first on, were restored.
    Hashing { restored_chunks: usize },
    /// The digests are known, and the exchange goes on.
    Exchanging,
    /// Over.
    Ended(State),
}

impl Machine for Upload {
    type Input = Input;
    type Effect = Effect;

    fn handle(&mut self, input: Input, now: Instant) {
        if self.is_over() {
            return;
        }
        let late = self.poll_timeout().map_or(0, |due| now.since(due));
        let slept = late > SLEPT;
        if slept {
            self.retry.slept(late);
        }
        match input {
            Input::Start(restored) => self.start(restored),
            Input::Hashing(bytes) => self.hashed = self.hashed.max(bytes.min(self.config.cut.size)),
            Input::Repeats => self.repeats(),
            // What the handshake says is newer than the answer to a question from before it.
            Input::Accepts(accepts) if self.is_hashing() => self.accepts(accepts),
            Input::Accepts(_) => {}
            Input::Hashed(result) => self.file_hashed(result, now),
            Input::Checked(index, result) => {
                let steps = self.exchange.checked(index, result);
                self.follow(steps, now);
            }
            Input::Answered(id, response) => {
                let steps = self.exchange.answered(id, response, now);
                self.answered(steps, now);
            }
            Input::Headed(id) => self.exchange.headed(id, now),
            Input::Lost(id, loss) => {
                let steps = self.exchange.lost(id, loss, self.retry.is_offline(), now);
                self.follow(steps, now);
            }
            Input::Refreshed(result) => self.refreshed(result, now),
            Input::Online(online) => self.online(online, now),
            Input::Slots(slots) => self.slots = slots,
            Input::ServerLimit(limit) => self.pace.server_limit(limit),
            Input::Hidden => self.save_if(|_| true, now),
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
        self.save_if(|at| at <= now, now);
    }

    fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        if self.is_over() {
            return None;
        }
        let goes_on = self.retry.ends_at().filter(|_| self.phase == Phase::Exchanging);
        [self.late_at(), goes_on, self.pace.ticks_at(), self.save_at()].into_iter().flatten().min()
    }

    fn progress(&self, now: Instant) -> Progress {
        let state = self.state(now);
        let total = self.config.cut.size;
        let moving = matches!(state, State::Transferring | State::Finishing);
        Progress {
            state,
            total: Some(total),
            hashed: self.hashed,
            sent: self.exchange.sent(),
            confirmed: self.confirmed,
            reused: self.reused,
            speed: if moving { self.meter.speed(now) } else { 0.0 },
            eta: if moving { self.meter.eta(total.saturating_sub(self.confirmed), now) } else { None },
            waiting_for: if state == State::Waiting { self.retry.waiting_for(now) } else { None },
            trouble: self.retry.trouble().filter(|_| state == State::Waiting).map(Trouble::from),
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
            retry: Retry::new(config.retry, Jitter::new(config.seed)),
            exchange: Exchange::new(&config),
            pace,
            config,
            phase: Phase::Queued,
            meter: Meter::default(),
            report: Report::default(),
            effects: VecDeque::default(),
            hashed: 0,
            confirmed: 0,
            reused: 0,
            saved: None,
            slots: usize::MAX,
            refusal: None,
        }
    }

    /// Tells whether it has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Ended(_))
    }

    /// Tells whether the file is being hashed.
    pub(super) fn is_hashing(&self) -> bool {
        matches!(self.phase, Phase::Hashing { .. })
    }

    /// Returns the state at `now`.
    pub fn state(&self, now: Instant) -> State {
        let idle = self.exchange.in_flight() == 0;
        match self.phase {
            Phase::Ended(state) => state,
            _ if self.retry.is_paused() => State::Paused,
            Phase::Queued => State::Queued,
            Phase::Hashing { .. } => State::Hashing,
            Phase::Exchanging if idle && self.slots == 0 => State::Queued,
            Phase::Exchanging if idle && self.retry.waiting_for(now).is_some() => State::Waiting,
            Phase::Exchanging if !self.exchange.has_met() => State::Negotiating,
            Phase::Exchanging if self.exchange.is_complete() => State::Finishing,
            Phase::Exchanging => State::Transferring,
        }
    }

    /// Returns how many requests it would have in flight at `now` if it were alone; nothing while it hashes.
    pub fn demand(&self, now: Instant) -> Option<usize> {
        match self.phase {
            Phase::Queued | Phase::Hashing { .. } => None,
            // Who waits, for its server or for the page's new headers, goes on with one.
            Phase::Exchanging if !self.retry.may_send(now) => Some(1),
            Phase::Exchanging => Some(self.pace.bounded(self.exchange.unconfirmed())),
            Phase::Ended(_) => Some(1),
        }
    }

    /// Returns how many requests are in flight.
    pub fn in_flight(&self) -> usize {
        self.exchange.in_flight()
    }

    /// Returns once that the server asked for fewer requests (429, 503): when the request was sent that it refused.
    pub fn take_refusal(&mut self) -> Option<Instant> {
        self.refusal.take()
    }

    /// Returns one byte for each chunk: 0 missing, 1 in flight, 2 reused, 3 confirmed.
    pub fn chunks(&self) -> Vec<u8> {
        let map = self.exchange.map();
        if map.is_empty() { vec![0; self.config.cut.count()] } else { map }
    }

    /// Tells how the chunks fared that this visit sent.
    pub fn chunk_reports(&self, tell: &mut dyn FnMut(&ChunkReport)) {
        self.exchange.chunk_reports(tell);
    }

    /// Returns what did not go as wished, oldest first.
    pub fn events(&self) -> &[Event] {
        self.report.events()
    }

    /// Returns how many requests were sent and how many failures there were.
    pub fn attempts(&self) -> (u64, u32) {
        (self.exchange.latest(), self.retry.total_failures())
    }

    fn refreshed(&mut self, result: Result<(), Thrown>, now: Instant) {
        match result {
            Ok(()) => self.retry.refreshed(self.exchange.next_id()),
            Err(why) => {
                let loss = Loss::thrown(Cause::Page, why);
                self.fail(Error::lost("asking the page for new headers", loss), now);
            }
        }
    }

    fn online(&mut self, online: bool, now: Instant) {
        let was_offline = self.retry.is_offline();
        self.retry.online(online, now);
        if online && was_offline {
            // Sockets of the old network linger without an error.
            self.recall();
        }
    }

    fn pause(&mut self, now: Instant) {
        if self.retry.is_paused() {
            return;
        }
        self.retry.pause(now);
        self.recall();
        self.save_if(|_| true, now);
        if self.is_hashing() {
            self.effects.push_back(Effect::HoldHash);
        }
    }

    fn resume(&mut self, now: Instant) {
        if !self.retry.is_paused() {
            return;
        }
        self.retry.resume();
        self.meter.start(now);
        if self.is_hashing() {
            self.effects.push_back(Effect::ResumeHash);
        }
    }

    fn abort(&mut self) {
        self.effects.push_back(Effect::Forget);
        self.end(State::Aborted, Err(Error::new(Kind::Aborted, "the upload", "the page aborted it")));
    }
}
