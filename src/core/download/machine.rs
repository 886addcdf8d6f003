//! The download machine: what it knows, and where each input goes.

use super::flight::{Flight, Phase};
use super::gulp::{Gulps, PATIENCE};
use super::record::{Record, Restored};
use super::seams::Seams;
use super::spans::Spans;
use super::{Concurrency, Config, Effect, Input, RequestId, StoreFailure};
use crate::core::cause::{Cause, Loss};
use crate::core::clock::{Instant, Millis};
use crate::core::error::{Error, Kind};
use crate::core::machine::Machine;
use crate::core::md5::Digest;
use crate::core::pace::Pace;
use crate::core::progress::{Meter, Progress, State};
use crate::core::range::Validators;
use crate::core::report::{Event, Report};
use crate::core::retry::Jitter;
use crate::core::retry::Retry;
use std::collections::VecDeque;

/// How long the end of a body is waited for after its last byte, in ms.
const DRAIN: Millis = 2_000;
/// A machine that is called this much later than it asked for was asleep with its device, in ms; what is shorter a
/// busy page explains.
const SLEPT: Millis = 10_000;

/// A download.
#[derive(Debug)]
pub struct Download {
    pub(super) config: Config,
    pub(super) piece: u64,
    pub(super) stage: Stage,
    pub(super) retry: Retry,
    pub(super) pace: Pace,
    pub(super) meter: Meter,
    pub(super) effects: VecDeque<Effect>,
    pub(super) flights: Vec<Flight>,
    pub(super) next_id: RequestId,
    /// The bytes that were handed to the sink.
    pub(super) have: Spans,
    /// Those of them that an earlier visit had stored.
    pub(super) reused: Spans,
    /// What is known of the resource; nothing before the first good answer.
    pub(super) resource: Option<Resource>,
    /// A good answer came in this visit.
    pub(super) met: bool,
    pub(super) sink: Sink,
    pub(super) ranges: Ranges,
    /// `If-Match` may still be sent: no server has mishandled it.
    pub(super) conditional: bool,
    /// Why there is one request at a time, if so.
    pub(super) solo: Option<&'static str>,
    /// Why it is one stream, if it is.
    pub(super) whole: Option<&'static str>,
    pub(super) seams: Seams,
    pub(super) address: Address,
    /// ETags seen that differ from the known one, in a row.
    pub(super) doubts: Vec<String>,
    pub(super) restarts: u32,
    /// Answers in a row that could not be used, and the first request sent after the last of them.
    pub(super) rejects: (u32, RequestId),
    /// Requests that failed while no request had ever been answered.
    pub(super) unanswered: u32,
    /// While the size is unknown: the next byte may not exist, so it is asked for without an overlap.
    pub(super) at_end: bool,
    /// Bodies in a row that ended cleanly and brought nothing.
    pub(super) idle: u32,
    /// Blind ranges in a row that brought nothing.
    pub(super) barren: u32,
    pub(super) gulps: Gulps,
    /// The bytes from the start that were given to be hashed.
    pub(super) hashed: u64,
    pub(super) finish: Finish,
    /// A record of this download may exist.
    pub(super) remembered: bool,
    pub(super) sent: u64,
    pub(super) report: Report,
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

/// What is known of the resource.
#[derive(Debug, Clone)]
pub struct Resource {
    pub total: Option<u64>,
    /// `total` is certain, or was derived from a range's length; otherwise it is a 200's length, which an encoding
    /// may belie.
    pub exact: bool,
    /// The end was told, not derived.
    pub end_proven: bool,
    pub validators: Validators,
    pub content_type: Option<String>,
}

/// Whether the sink is ready to take bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    Unprepared,
    Asked,
    Ready,
}

/// Whether `Range` is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ranges {
    On,
    /// Not in the next request, to see whether that gets an answer at all.
    Bare,
    Off(&'static str),
}

/// Where the page's URL stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    Good,
    Asked,
    /// It is new since the request with this number, and no byte came from it yet.
    Fresh(RequestId),
}

/// How far the end is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    No,
    Asked,
    Answered(Result<Option<Digest>, StoreFailure>),
}

impl Machine for Download {
    type Input = Input;
    type Effect = Effect;

    fn handle(&mut self, input: Input, now: Instant) {
        if matches!(self.stage, Stage::Ended(_)) {
            return;
        }
        // With nothing to wake up for it was the page or the sink that was waited for.
        let late = now.since(self.poll_timeout().unwrap_or(self.last));
        if late > SLEPT {
            self.retry.slept(late);
        }
        self.last = now;
        self.retry.tick(now);
        match input {
            Input::Start(restored) => self.start(restored, now),
            Input::Head(id, head) => self.head(id, &head, now),
            Input::Data(id, len) => self.data(id, len, now),
            Input::Excess(id) => self.excess(id, now),
            Input::End(id) => self.body_over(id, None, now),
            Input::Lost(id, loss) => self.lost(id, loss, now),
            Input::Differs(id) => self.differs(id, now),
            Input::Prepared(result) => self.prepared(result, now),
            Input::StoreFailed(failure) => self.store_failed(failure),
            Input::Headers(result) => self.headers(result),
            Input::Url(result) => self.url(result),
            Input::Finished(result) if self.finish == Finish::Asked => self.finish = Finish::Answered(result),
            Input::Finished(_) | Input::Wake => {}
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
    }

    fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        if self.stage != Stage::Running {
            return None;
        }
        let deadlines = self.flights.iter().filter_map(|flight| self.deadline(flight));
        deadlines.chain(self.retry.ends_at()).min()
    }

    /// `confirmed` goes back only to 0, and only when the resource turned out to be
    /// another version and the download starts again; what was stored of the old one is thrown away then.
    fn progress(&self, now: Instant) -> Progress {
        let state = self.state(now);
        let total = self.resource.as_ref().and_then(|resource| resource.total);
        let confirmed = self.have.len();
        let eta = total.and_then(|total| self.meter.eta(total.saturating_sub(confirmed), now));
        Progress {
            state,
            total,
            hashed: 0,
            sent: self.sent,
            confirmed,
            reused: self.reused.len(),
            speed: self.meter.speed(now),
            eta: eta.filter(|_| !state.is_final()),
            waiting_for: self.retry.waiting_for(now).filter(|_| state == State::Waiting),
            trouble: self.retry.trouble().filter(|_| state == State::Waiting).cloned(),
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
        let (Concurrency::Auto(most) | Concurrency::Fixed(most)) = config.concurrency;
        let (pace, single) = (Pace::new(config.concurrency), most <= 1);
        Download {
            piece: config.piece.max(1),
            stage: Stage::Queued,
            retry: Retry::new(config.retry, Jitter::new(config.seed)),
            pace,
            meter: Meter::default(),
            effects: VecDeque::default(),
            flights: Vec::new(),
            next_id: 1,
            have: Spans::default(),
            reused: Spans::default(),
            resource: None,
            met: false,
            sink: Sink::Unprepared,
            ranges: Ranges::On,
            conditional: config.conditional,
            solo: single.then_some("one connection was asked for"),
            whole: None,
            seams: Seams::default(),
            address: Address::Good,
            doubts: Vec::new(),
            restarts: 0,
            rejects: (0, 0),
            unanswered: 0,
            at_end: false,
            barren: 0,
            idle: 0,
            gulps: Gulps::default(),
            hashed: 0,
            finish: Finish::No,
            remembered: false,
            sent: 0,
            report: Report::default(),
            last: Instant::default(),
            config,
        }
    }

    fn start(&mut self, restored: Option<Box<Restored>>, now: Instant) {
        if !matches!(self.stage, Stage::Queued) {
            return;
        }
        self.remembered = restored.is_some();
        match restored {
            Some(restored) if restored.record.is_sound() => self.restore(*restored),
            Some(_) => {
                self.effects.push_back(Effect::Discard);
                self.forget();
            }
            None => {}
        }
        self.stage = Stage::Running;
        self.meter.start(now);
    }

    fn restore(&mut self, Restored { record, pieces }: Restored) {
        self.piece = record.piece;
        self.have = record.stored(&pieces);
        self.reused = self.have.clone();
        self.seams = Seams::new(&record.seams);
        self.resource = Some(Resource {
            total: record.total,
            exact: record.total.is_some(),
            end_proven: record.end_proven,
            validators: record.validators,
            content_type: record.content_type,
        });
        if record.total.is_none() {
            self.solo.get_or_insert("the server does not tell the size");
        }
    }

    /// Returns what did not go as wished, oldest first; the oldest are dropped behind 200.
    pub fn events(&self) -> &[Event] {
        self.report.events()
    }

    pub(super) fn note(&mut self, doing: impl Into<String>, what: impl Into<String>, now: Instant) {
        self.report.note(doing.into(), what.into(), now);
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

    fn prepared(&mut self, result: Result<(), StoreFailure>, now: Instant) {
        if self.sink != Sink::Asked {
            return;
        }
        match result {
            Ok(()) => {
                self.sink = Sink::Ready;
                if let Some(held) = self.flights.iter_mut().find(|flight| flight.phase == Phase::Held) {
                    held.moved = now;
                    let id = held.id;
                    self.receive(id);
                }
            }
            Err(failure) => self.store_failed(failure),
        }
    }

    fn headers(&mut self, result: Result<(), String>) {
        match result {
            Ok(()) => self.retry.refreshed(self.next_id),
            Err(why) => self.fail(Error::lost("asking the page for headers", Loss::new(Cause::Page, why))),
        }
    }

    fn url(&mut self, result: Result<(), String>) {
        match result {
            _ if self.address != Address::Asked => {}
            Ok(()) => self.address = Address::Fresh(self.next_id),
            Err(why) => self.fail(Error::lost("asking the page for a new URL", Loss::new(Cause::Page, why))),
        }
    }

    /// Returns when a request that shows no sign of life is given up.
    fn deadline(&self, flight: &Flight) -> Option<Instant> {
        let timeout = self.config.stall_timeout.max(1);
        match flight.phase {
            Phase::Body if flight.is_mute() => Some(flight.moved + timeout.min(PATIENCE)),
            Phase::Drain if !flight.tells_end() => Some(flight.moved + DRAIN),
            Phase::Sent | Phase::Body | Phase::Drain => Some(flight.moved + timeout),
            // Our own sink is what it waits for.
            Phase::Held => None,
        }
    }

    /// Gives up requests that show no sign of life.
    fn watch(&mut self, now: Instant) {
        let late: Vec<_> = self
            .flights
            .iter()
            .filter(|flight| self.deadline(flight).is_some_and(|deadline| now >= deadline))
            .map(|flight| flight.id)
            .collect();
        for id in late {
            if self.stage == Stage::Running && self.flights.iter().any(|flight| flight.id == id) {
                if self.flight(id).is_some_and(|flight| flight.is_mute()) {
                    // It may well be on its way: asked for piece by piece it will show.
                    self.slip();
                    self.cancel(id);
                    continue;
                }
                self.effects.push_back(Effect::Cancel(id));
                // A body of which every byte came is as good as over, unless its end is what matters.
                let drained = self.flight(id).is_some_and(|it| it.phase == Phase::Drain && !it.tells_end());
                let stalled = Error::new(Kind::Stalled, "downloading", "nothing came any more");
                self.body_over(id, (!drained).then_some(stalled), now);
            }
        }
    }

    /// Aborts a request; one that was not handed out yet is never sent.
    pub(super) fn cancel(&mut self, id: RequestId) {
        self.flights.retain(|flight| flight.id != id);
        let before = self.effects.len();
        self.effects.retain(|effect| !matches!(effect, Effect::Send { id: it, .. } if *it == id));
        let unsent = self.effects.len() < before;
        self.effects.retain(|effect| match effect {
            Effect::Receive { id: it, .. } | Effect::Limit { id: it, .. } => *it != id,
            _ => true,
        });
        if !unsent {
            self.effects.push_back(Effect::Cancel(id));
        }
    }

    pub(super) fn cancel_all(&mut self) {
        while let Some(id) = self.flights.first().map(|flight| flight.id) {
            // What an unproven body brought stays to be checked.
            self.leave_seam(id);
            self.cancel(id);
        }
    }

    /// Returns what is remembered for a later visit.
    pub(super) fn record(&self) -> Option<Record> {
        // A stream cannot be resumed; but what was remembered before must keep up with what is stored.
        let resumable = self.remembered || (self.ranges == Ranges::On && self.whole.is_none());
        let resource = self.resource.as_ref().filter(|_| resumable)?;
        Some(Record {
            version: super::VERSION,
            url: self.config.url.clone(),
            name: self.config.name.clone(),
            piece: self.piece,
            total: resource.total.filter(|_| resource.exact),
            end_proven: resource.end_proven,
            validators: resource.validators.clone(),
            content_type: resource.content_type.clone(),
            seams: self.seams.offsets().to_vec(),
        })
    }

    pub(super) fn remember(&mut self) {
        if self.config.remember
            && let Some(record) = self.record()
        {
            self.remembered = true;
            self.effects.push_back(Effect::Remember(Box::new(record)));
        }
    }

    pub(super) fn forget(&mut self) {
        if std::mem::take(&mut self.remembered) {
            self.effects.push_back(Effect::Forget);
        }
    }
}
