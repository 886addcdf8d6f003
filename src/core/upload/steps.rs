//! What an upload does: with its file, with the steps that its exchange says, and as time passes.

use super::exchange::{Failure, File, Limits, Next, Step};
use super::interface::{Checkpoint, Effect, EndpointFact, Outcome, Restored};
use super::machine::{Phase, Upload};
use crate::core::clock::{Instant, Millis};
use crate::core::credentials::Unauthorized;
use crate::core::error::{Error, Kind};
use crate::core::md5::{Digests, Snapshot};
use crate::core::pace::Concurrency;
use crate::core::plan::Cut;
use crate::core::progress::State;
use crate::core::protocol::wire::Accepts;
use crate::core::protocol::{Naming, RequestId};
use crate::core::report;

/// How long newly confirmed bytes wait to be saved, in ms: what is saved is some 40 KB for a large file.
const SAVE_EVERY: Millis = 500;
/// How many connections a browser opens to one origin over HTTP/1.1. Requests beyond them wait their turn unseen.
const CONNECTIONS: usize = 6;

impl Upload {
    pub(super) fn start(&mut self, restored: Restored) {
        if self.phase != Phase::Queued {
            return;
        }
        let count = self.config.cut.count();
        match restored {
            Restored::Digests(digests) if digests.chunks.len() == count => self.begin(digests, count, None),
            Restored::Announced(digests, naming) if digests.chunks.len() == count => {
                self.begin(digests, count, Some(naming));
            }
            Restored::Partly(snapshot) if snapshot.chunk() == self.config.cut.chunk => {
                self.hash(Some(snapshot))
            }
            _ => self.hash(None),
        }
    }

    /// Has the file hashed, from where an earlier visit was.
    fn hash(&mut self, earlier: Option<Box<Snapshot>>) {
        let chunk = self.config.cut.chunk;
        self.hashed = earlier.as_ref().map_or(0, |snapshot| snapshot.position());
        // The chunk that was begun, too: its first bytes are as old.
        self.phase = Phase::Hashing { restored_chunks: self.hashed.div_ceil(chunk.max(1)) as usize };
        self.effects.push_back(Effect::Save(Checkpoint { chunk, announced: None, confirmed: 0 }));
        self.effects.push_back(Effect::Hash(chunk, earlier));
        if self.retry.is_paused() {
            self.effects.push_back(Effect::HoldHash);
        }
    }

    /// Has the file hashed anew, after all that was begun with it is given up.
    fn hash_again(&mut self) {
        let cancelled = self.exchange.leave();
        self.cancel(cancelled);
        self.hash(None);
    }

    /// Begins to talk with the server, which may know the chunks by names of an earlier visit.
    fn begin(&mut self, digests: Digests, restored_chunks: usize, announced: Option<Naming>) {
        self.hashed = self.config.cut.size;
        let accepts = self.config.accepted.unwrap_or_default();
        let repeats = self.config.vouched.repeats.unwrap_or(accepts.repeats);
        let file = File { digests, cut: self.config.cut, restored_chunks };
        self.exchange.begin(file, announced, Accepts { repeats, ..accepts });
        self.phase = Phase::Exchanging;
    }

    /// Whether the server takes an id twice has to be known before the first handshake of such a file.
    pub(super) fn repeats(&mut self) {
        let said = self.config.naming.is_some()
            || self.config.vouched.repeats.is_some()
            || self.config.accepted.is_some();
        if self.is_hashing() && !said {
            self.effects.push_back(Effect::AskAccepts);
        }
    }

    /// Takes note of what the endpoint says that it accepts.
    pub(super) fn accepts(&mut self, accepts: Accepts) {
        self.pace.accepts(self.config.vouched.parallel.unwrap_or(accepts.parallel));
        if self.config.accepted.replace(accepts) != Some(accepts) {
            self.effects.push_back(Effect::Learn(EndpointFact::Accepts(accepts)));
        }
    }

    pub(super) fn file_hashed(&mut self, result: Result<Digests, Error>, now: Instant) {
        let Phase::Hashing { restored_chunks } = self.phase else { return };
        let changed = |detail: String| Error::new(Kind::FileChanged, "hashing the file", detail);
        match result {
            Err(error) => self.fail(error, now),
            Ok(digests) if self.config.expected.is_some_and(|expected| expected != digests.file) => {
                let detail = format!("its digest is {}, not that of the upload that was begun", digests.file);
                self.fail(changed(detail), now);
            }
            Ok(digests) if digests.chunks.len() == self.config.cut.count() => {
                self.begin(digests, restored_chunks, None);
                self.save(now);
            }
            Ok(_) => self.fail(changed("its size changed while it was read".to_owned()), now),
        }
    }

    /// Gives up the requests that show no sign of life.
    pub(super) fn watch(&mut self, now: Instant) {
        for id in self.exchange.late(now) {
            self.effects.push_back(Effect::Cancel(id));
            let steps = self.exchange.stalled(id, now);
            self.follow(steps, now);
            if self.is_over() {
                return;
            }
        }
        if self.exchange.silent_at(self.pace.is_sequential()).is_some_and(|at| at <= now)
            && let Some(id) = self.exchange.ask(CONNECTIONS)
        {
            self.effects.push_back(Effect::Cancel(id));
            self.pace.at_most(CONNECTIONS - 1);
        }
    }

    /// Returns the first moment at which a request is late, or at which nothing has come from the server for too long.
    pub(super) fn late_at(&self) -> Option<Instant> {
        self.exchange.late_at(self.pace.is_sequential())
    }

    /// Sends what may be sent.
    pub(super) fn pump(&mut self, now: Instant) {
        self.retry.tick(now);
        loop {
            let full = match self.next(now) {
                Next::Send(id, request) => {
                    self.effects.push_back(Effect::Send(id, request));
                    continue;
                }
                Next::Check(index, bytes) => {
                    self.effects.push_back(Effect::Check(index, bytes));
                    continue;
                }
                Next::Full => true,
                Next::Nothing => false,
            };
            if !self.pace.tick(full, now) {
                break;
            }
        }
        let prepared = self.exchange.prepare_next(self.pace.is_sequential());
        self.effects.extend(prepared.map(Effect::Prepare));
    }

    fn next(&mut self, now: Instant) -> Next {
        if self.phase != Phase::Exchanging || self.slots == 0 || !self.retry.may_send(now) {
            return Next::Nothing;
        }
        self.exchange.next_request(&self.limits(now), now)
    }

    fn limits(&self, now: Instant) -> Limits {
        let shares = matches!(self.config.concurrency, Concurrency::Auto(_));
        Limits {
            at_once: self.pace.limit(),
            soon: self.pace.soon(),
            // Where the page says how many, that stands above the scheduler.
            slots: if shares { self.slots } else { usize::MAX },
            sequential: self.pace.is_sequential(),
            speed: self.meter.speed(now),
        }
    }

    /// Cancels every request; the server is asked anew before anything else is sent.
    pub(super) fn recall(&mut self) {
        let recalled = self.exchange.recall();
        self.cancel(recalled);
    }

    fn cancel(&mut self, requests: Vec<RequestId>) {
        self.effects.extend(requests.into_iter().map(Effect::Cancel));
    }

    /// Does what an answer leads to.
    pub(super) fn answered(&mut self, steps: Vec<Step>, now: Instant) {
        if steps.is_empty() {
            return;
        }
        self.follow(steps, now);
        // After handshakes too: the other chunks may all have been confirmed before there was a speed to speak of.
        if self.meter.measured(now).is_some() {
            self.exchange.tighten(&self.limits(now));
        }
    }

    /// Does what the exchange says, until that ends the upload.
    pub(super) fn follow(&mut self, steps: Vec<Step>, now: Instant) {
        for step in steps {
            if !self.is_over() {
                self.take(step, now);
            }
        }
    }

    fn take(&mut self, step: Step, now: Instant) {
        match step {
            Step::Reached(sent) => self.retry.reached(sent),
            Step::Authorized(id) => self.retry.authorized(id),
            Step::Unauthorized(id, error) => {
                match self.retry.unauthorized(id, self.config.can_refresh_headers, now) {
                    Unauthorized::Ask => self.effects.push_back(Effect::RefreshHeaders),
                    Unauthorized::Replay => {}
                    Unauthorized::GiveUp => self.fail(error, now),
                }
            }
            Step::Accepts(accepts) => self.accepts(accepts),
            Step::Learn(fact) => self.effects.push_back(Effect::Learn(fact)),
            Step::Met(sent) => {
                self.meter.start(now);
                self.pace.met(sent, now);
            }
            Step::Gained => self.retry.progress(),
            Step::Arrived { bytes, in_flight } => {
                self.retry.progress();
                self.meter.add(bytes, now);
                self.pace.confirmed(bytes, in_flight, now);
            }
            Step::Confirmed { bytes, reused } => {
                self.confirmed = self.confirmed.max(bytes);
                self.reused = reused;
            }
            Step::OneAtATime => self.pace.at_most(1),
            Step::Cancel(id) => self.effects.push_back(Effect::Cancel(id)),
            Step::Note(error) => self.report.note(error.doing.clone(), report::found(&error), now),
            Step::Charge(failure) => self.charge(failure, now),
            Step::Hold => self.retry.hold(now),
            Step::CutSmaller(chunk) => {
                let cut = Cut::new(self.config.cut.size, chunk);
                self.config.cut = cut;
                self.config.expected.get_or_insert(self.exchange.digests().file);
                self.hash_again();
            }
            // What an earlier visit left is of another file with this one's name, size and time.
            Step::NotAsRestored(_) if self.config.expected.is_none() => self.hash_again(),
            Step::NotAsRestored(error) | Step::Fail(error) => self.fail(error, now),
            Step::Done(url) => self.done(url, now),
        }
    }

    /// Charges a failure to the budget; when that is spent, the error ends the upload.
    fn charge(&mut self, failure: Failure, now: Instant) {
        let Failure { sent, retry_after, fewer, error } = failure;
        if fewer {
            self.pace.too_many(sent, now);
            self.refusal = Some(sent);
        }
        self.report.note(error.doing.clone(), report::found(&error), now);
        let error = self.retry.blame(self.placed(error));
        let goes_on = if error.kind == Kind::Network {
            self.retry.lost(sent, now)
        } else {
            self.retry.failed(sent, retry_after, now)
        };
        if !goes_on {
            let unanswered = matches!(error.kind, Kind::Network | Kind::Stalled);
            let kind = if unanswered && self.retry.is_offline() { Kind::Offline } else { error.kind };
            let attempts = self.retry.total_failures();
            self.fail(Error { kind, ..error.with_attempts(attempts) }, now);
        }
    }

    /// Says in an error of the exchange where it was asked.
    fn placed(&self, error: Error) -> Error {
        match error.kind {
            Kind::Network | Kind::Offline | Kind::Stalled | Kind::Server | Kind::Rejected => {
                error.at(&self.config.endpoint)
            }
            _ => error,
        }
    }

    pub(super) fn fail(&mut self, error: Error, now: Instant) {
        let error = self.placed(error);
        if error.kind == Kind::FileChanged {
            self.effects.push_back(Effect::Forget);
        } else {
            self.save(now);
        }
        self.end(State::Failed, Err(error));
    }

    fn done(&mut self, url: String, now: Instant) {
        let outcome = self.exchange.finish(url, now);
        (self.confirmed, self.reused) = (outcome.size, outcome.reused);
        self.effects.push_back(Effect::Forget);
        self.end(State::Done, Ok(outcome));
    }

    pub(super) fn end(&mut self, state: State, result: Result<Outcome, Error>) {
        if self.is_hashing() {
            self.effects.push_back(Effect::StopHash);
        }
        self.recall();
        self.phase = Phase::Ended(state);
        self.effects.push_back(Effect::Settle(result));
    }

    /// Returns when what is confirmed is to be saved, if it is not yet.
    pub(super) fn save_at(&self) -> Option<Instant> {
        if self.phase != Phase::Exchanging {
            return None;
        }
        match self.saved {
            // Before the server has answered, an earlier visit knew more.
            None => self.exchange.has_met().then_some(Instant::default()),
            Some((_, confirmed)) if confirmed == self.confirmed => None,
            Some(_) if self.exchange.is_complete() => Some(Instant::default()),
            Some((at, _)) => Some(at + SAVE_EVERY),
        }
    }

    pub(super) fn save_if(&mut self, due: impl Fn(Instant) -> bool, now: Instant) {
        if self.save_at().is_some_and(due) {
            self.save(now);
        }
    }

    fn save(&mut self, now: Instant) {
        if self.phase != Phase::Exchanging {
            return;
        }
        let (chunk, confirmed) = (self.config.cut.chunk, self.confirmed);
        self.saved = Some((now, confirmed));
        let announced = Some((self.exchange.digests().clone(), self.exchange.naming()));
        self.effects.push_back(Effect::Save(Checkpoint { chunk, announced, confirmed }));
    }
}
