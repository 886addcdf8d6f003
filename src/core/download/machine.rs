//! The download machine: takes inputs to the parts they belong to, and effects out of what these answer.

use super::checkpoint::Checkpoint;
use super::config::Config;
use super::finish::{Conclusion, Expected, Finish};
use super::messages::{Effect, EffectQueue, Input, Outcome, RequestId, StoreFailure};
use super::planner::Planner;
use super::record::Restored;
use super::requests::{Ask, Phase, Requests};
use super::resource::{PageUrl, Resource};
use super::server::Server;
use super::slots::Slots;
use super::stored::{SinkState, Stored};
use crate::core::cause::{Cause, Loss};
use crate::core::clock::{Instant, Millis};
use crate::core::error::{Error, Kind};
use crate::core::machine::Machine;
use crate::core::progress::{Meter, Progress, State, Trouble};
use crate::core::report::Report;
use crate::core::retry::{Jitter, Retry};
use crate::core::thrown::Thrown;

/// A machine that is called this much later than it asked for was asleep with its device, in ms; what is shorter a
/// busy page explains.
const SLEPT: Millis = 10_000;

/// A download.
#[derive(Debug)]
pub struct Download {
    pub(super) config: Config,
    pub(super) stage: Stage,
    /// What is known of the server and its resource.
    pub(super) server: Server,
    pub(super) url: PageUrl,
    /// What is stored here.
    pub(super) stored: Stored,
    /// What is under way.
    pub(super) requests: Requests,
    pub(super) slots: Slots,
    pub(super) retry: Retry,
    pub(super) finish: Finish,
    pub(super) effects: EffectQueue,
    pub(super) checkpoint: Checkpoint,
    pub(super) meter: Meter,
    /// Bytes that came in this visit.
    pub(super) received: u64,
    pub(super) report: Report,
    /// The sink takes no more for now.
    pub(super) full: bool,
    /// When the last input came.
    last: Instant,
}

/// Where the life of a download stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Queued,
    Running,
    Ended(State),
}

impl Machine for Download {
    type Input = Input;
    type Effect = Effect;

    fn handle(&mut self, input: Input, now: Instant) {
        if matches!(self.stage, Stage::Ended(_)) {
            return;
        }
        // With nothing to wake up for it was the page, the queue or the sink that was waited for.
        let late = now.since(self.poll_timeout().unwrap_or(self.last));
        if late > SLEPT {
            self.retry.slept(late);
        }
        self.last = now;
        self.retry.tick(now);
        match input {
            Input::Start(restored) => self.start(restored, now),
            Input::Slots(slots) => self.give_slots(slots),
            Input::ServerLimit(most) => self.slots.limit_server(most),
            Input::Head(id, head) => self.head(id, &head, now),
            Input::Data(id, len) => self.data(id, len, now),
            Input::Excess(id) => self.excess(id, now),
            Input::End(id) => self.over(id, None, now),
            Input::Lost(id, loss) => self.lost(id, loss, now),
            Input::Differs(id) => self.differs(id, now),
            Input::Prepared(result) => self.prepared(result, now),
            Input::StoreFailed(failure) => self.store_failed(failure),
            Input::Full(full) => self.fill(full, now),
            Input::Headers(result) => self.headers(result),
            Input::Url(result) => self.url(result),
            Input::Finished(result) => self.finish.answered(result),
            Input::Wake => {}
            Input::Online(online) => self.retry.online(online, now),
            Input::Pause => self.pause(now),
            Input::Resume => self.resume(now),
            Input::Abort => {
                let error = Error::new(Kind::Aborted, "the download", "the page aborted it");
                self.settle(Err(error), State::Aborted);
            }
        }
        // After the input: bytes that come late, as after a sleep, are a sign of life all the same.
        self.watch(now);
        self.pump(now);
        self.save_changes();
    }

    fn poll(&mut self) -> Option<Effect> {
        self.effects.pop()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        if self.stage != Stage::Running {
            return None;
        }
        let deadline = self.requests.next_deadline(self.config.stall_timeout).filter(|_| !self.full);
        deadline.into_iter().chain(self.retry.ends_at()).min()
    }

    /// `confirmed` goes back only to 0, and only when the resource turned out to be
    /// another version and the download starts again; what was stored of the old one is thrown away then.
    fn progress(&self, now: Instant) -> Progress {
        let state = self.state(now);
        let (total, confirmed) = (self.server.total(), self.stored.have().len());
        let eta = total.and_then(|total| self.meter.eta(total.saturating_sub(confirmed), now));
        Progress {
            state,
            total,
            hashed: 0,
            sent: self.received,
            confirmed,
            reused: self.stored.reused().len(),
            speed: self.meter.speed(now),
            eta: eta.filter(|_| !state.is_final()),
            waiting_for: self.retry.waiting_for(now).filter(|_| state == State::Waiting),
            trouble: self.retry.trouble().filter(|_| state == State::Waiting).map(Trouble::from),
        }
    }

    fn wake() -> Input {
        Input::Wake
    }

    fn online(online: bool) -> Input {
        Input::Online(online)
    }
}

impl Download {
    /// Makes a download that waits for [`Input::Start`].
    pub fn new(config: Config) -> Download {
        Download {
            stage: Stage::Queued,
            server: Server::new(&config),
            url: PageUrl::Good,
            stored: Stored::new(config.piece),
            requests: Requests::new(config.bulk),
            slots: Slots::new(config.concurrency),
            retry: Retry::new(config.retry, Jitter::new(config.seed)),
            finish: Finish::No,
            effects: EffectQueue::default(),
            checkpoint: Checkpoint::new(&config),
            meter: Meter::default(),
            received: 0,
            report: Report::default(),
            full: false,
            last: Instant::default(),
            config,
        }
    }

    fn start(&mut self, restored: Option<Box<Restored>>, now: Instant) {
        if self.stage != Stage::Queued {
            return;
        }
        if restored.is_some() {
            self.checkpoint.found();
        }
        match restored {
            // Of one that left no bytes nothing is worth keeping, and a size that was told then may be wrong now.
            Some(restored) if restored.record.is_sound() && !restored.pieces.is_empty() => {
                self.stored.restore(&restored);
                self.server.restore(Resource::restored(restored.record));
            }
            Some(_) => {
                self.push(Effect::Discard);
                self.forget();
            }
            None => {}
        }
        self.stage = Stage::Running;
        self.meter.start(now);
    }

    /// Takes the number of slots from here on. Requests beyond it are given up where that loses no bytes: another transfer
    /// waits for their connections.
    fn give_slots(&mut self, slots: usize) {
        self.slots.give(slots);
        while self.slots.is_exceeded_by(self.requests.busy())
            && let Some(id) = self.requests.dispensable()
        {
            self.leave_seam(id);
            self.cancel(id);
        }
    }

    /// Notes whether the sink takes more. That it does again is as good as bytes that come.
    fn fill(&mut self, full: bool, now: Instant) {
        self.full = full;
        self.requests.touch(now);
        self.retry.moved();
    }

    fn pause(&mut self, now: Instant) {
        if !self.retry.is_paused() {
            self.retry.pause(now);
            self.cancel_all();
        }
    }

    fn resume(&mut self, now: Instant) {
        if self.retry.is_paused() {
            self.retry.resume();
            self.meter.start(now);
        }
    }

    fn headers(&mut self, result: Result<(), Thrown>) {
        match result {
            Ok(()) => self.retry.refreshed(self.requests.next_id()),
            Err(why) => self.fail(Error::lost("asking the page for headers", Loss::thrown(Cause::Page, why))),
        }
    }

    fn url(&mut self, result: Result<(), Thrown>) {
        match result {
            _ if !self.url.is_asked() => {}
            Ok(()) => self.url.renewed(self.requests.next_id()),
            Err(why) => {
                self.fail(Error::lost("asking the page for a new URL", Loss::thrown(Cause::Page, why)))
            }
        }
    }

    fn prepared(&mut self, result: Result<(), StoreFailure>, now: Instant) {
        if self.stored.sink != SinkState::Asked {
            return;
        }
        match result {
            Ok(()) => {
                self.stored.sink = SinkState::Ready;
                if let Some(held) = self.requests.first_in(Phase::Held) {
                    held.moved = now;
                    let id = held.id;
                    self.receive(id);
                }
            }
            Err(failure) => self.store_failed(failure),
        }
    }

    /// Has the sink make room, once.
    pub(super) fn prepare(&mut self) {
        if self.stored.sink == SinkState::Unprepared {
            self.stored.sink = SinkState::Asked;
            let resource = self.server.resource();
            let (total, exact) = resource.map_or((None, false), |it| (it.total, it.exact && it.end_proven));
            self.push(Effect::Prepare { total, exact });
        }
    }

    /// Sends what can be sent, and moves the end on.
    fn pump(&mut self, now: Instant) {
        let waits = self.retry.is_paused() || self.stored.sink == SinkState::Asked || self.full;
        if self.stage != Stage::Running || waits {
            return;
        }
        if let Some(size) = self.complete_size() {
            return self.complete(size, now);
        }
        while self.may_send(now) {
            let Some(plan) = self.planner(now).next() else { return };
            if let Some((id, end)) = plan.limit {
                self.limit(id, end);
            }
            self.server.set_at_end(false);
            self.send(plan.ask, now);
        }
    }

    /// Returns what chooses the next request.
    pub(super) fn planner(&self, now: Instant) -> Planner<'_> {
        Planner {
            server: &self.server,
            stored: &self.stored,
            requests: &self.requests,
            config: &self.config,
            speed: self.meter.measured(now),
        }
    }

    fn may_send(&self, now: Instant) -> bool {
        let limit = self.slots.limit().min(if self.server.takes_one() { 1 } else { usize::MAX });
        // A body that brought its bytes and does not end holds its connection: no more of those than of the busy.
        self.retry.may_send(now)
            && !self.url.is_asked()
            && self.requests.len() < limit.saturating_mul(2)
            && self.requests.busy() < limit
    }

    fn send(&mut self, ask: Ask, now: Instant) {
        let range = ask.range.filter(|_| self.server.takes_ranges());
        let if_match = self.server.if_match();
        let id = self.requests.add(Ask { range, ..ask }, if_match.is_some(), now);
        self.push(Effect::Send { id, range, if_match });
    }

    /// Leaves what a body would bring from `end` on to others.
    pub(super) fn limit(&mut self, id: RequestId, end: u64) {
        if let Some(request) = self.requests.get(id) {
            request.cursor.limit = Some(end);
            self.push(Effect::Limit { id, end });
        }
    }

    /// Returns the size of the resource if every byte of it is here.
    pub(super) fn complete_size(&self) -> Option<u64> {
        self.server.size().filter(|size| self.stored.is_complete(*size))
    }

    /// Every byte is here: has what is unproven checked, then the result finished.
    fn complete(&mut self, size: u64, now: Instant) {
        if self.stored.sink == SinkState::Unprepared {
            return self.prepare();
        }
        if !self.requests.is_empty() {
            return;
        }
        self.stored.cut_seams(size);
        match self.planner(now).check(size) {
            Some(ask) if self.may_send(now) => self.send(ask, now),
            Some(_) => {}
            None => self.conclude(size),
        }
    }

    /// Asks the sink to finish, or ends with its answer.
    fn conclude(&mut self, size: u64) {
        let expected = Expected::new(self.config.md5, self.server.resource());
        match self.finish.next(expected) {
            Conclusion::Ask { hash } => {
                let content_type = self.server.resource().and_then(|it| it.content_type.clone());
                self.push(Effect::Finish { total: size, hash, content_type });
            }
            Conclusion::Wait => {}
            Conclusion::StoreFailed(failure) => self.store_failed(failure),
            Conclusion::Mismatch { found, wanted } => {
                self.discard();
                let what = format!("the MD5 is {found}, not {wanted}");
                self.fail(Error::new(Kind::DigestMismatch, "checking what was downloaded", what));
            }
            Conclusion::Done(verified) => {
                let (mode, reason) = self.server.mode();
                let resource = self.server.resource();
                let outcome = Outcome {
                    size,
                    content_type: resource.and_then(|it| it.content_type.clone()),
                    etag: resource.and_then(|it| it.validators.etag.clone()),
                    verified,
                    mode,
                    reason,
                    reused: self.stored.reused().len(),
                };
                self.forget();
                self.settle(Ok(outcome), State::Done);
            }
        }
    }

    /// Adds an effect; what has become known goes before it.
    pub(super) fn push(&mut self, effect: Effect) {
        self.save_changes();
        self.effects.push(effect);
    }

    /// Saves what has become known, if it is to be remembered.
    pub(super) fn save_changes(&mut self) {
        if let Some(record) = self.checkpoint.changes(&mut self.server, &mut self.stored)
            && self.stage == Stage::Running
        {
            self.effects.push(Effect::Save(Box::new(record)));
        }
    }

    fn forget(&mut self) {
        if self.checkpoint.forget() {
            self.push(Effect::Forget);
        }
    }

    /// Throws away what is stored, and ends every request.
    pub(super) fn discard(&mut self) {
        self.cancel_all();
        self.stored.discard();
        // The record goes with it, whatever it lacks.
        self.server.take_changed();
        self.effects.discard();
        self.forget();
    }

    pub(super) fn store_failed(&mut self, failure: StoreFailure) {
        let doing = "storing what was downloaded";
        self.fail(match failure {
            StoreFailure::Quota => Error::new(Kind::Quota, doing, "the storage is full"),
            StoreFailure::Other(why) => Error::thrown(Kind::Unsupported, doing, why),
        });
    }

    pub(super) fn fail(&mut self, error: Error) {
        self.settle(Err(error.at(&self.config.address)), State::Failed);
    }

    fn settle(&mut self, result: Result<Outcome, Error>, state: State) {
        if matches!(self.stage, Stage::Ended(_)) {
            return;
        }
        self.cancel_all();
        self.save_changes();
        self.stage = Stage::Ended(state);
        self.effects.settle(result);
    }
}
