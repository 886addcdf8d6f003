//! What the machine does with each answer, with the bytes of its body, and with what fails.

use super::answers::{GoodAnswer, Part, Reaction, end_told, refusal, request_over};
use super::machine::{Download, Stage};
use super::messages::{Effect, RequestId};
use super::requests::{Phase, Purpose};
use super::resource::Gone;
use super::stored::SinkState;
use super::tolerance::Doubt;
use crate::core::cause::Loss;
use crate::core::clock::{Instant, Millis};
use crate::core::credentials::Unauthorized;
use crate::core::error::{Error, Kind};
use crate::core::range::{Head, Verdict};

/// What is being done, in messages.
const DOING: &str = "downloading";

impl Download {
    pub(super) fn head(&mut self, id: RequestId, head: &Head, now: Instant) {
        let request = self.requests.get(id).filter(|request| request.phase == Phase::Sent);
        let Some(request) = request else { return };
        request.moved = now;
        let (asked, sent, bulk) = (request.asked, request.sent, request.bulk);
        self.server.tolerance.answered();
        self.retry.reached(sent);
        let verdict = self.server.judge(&asked, self.complete_size().is_some(), head);
        let brings_body = matches!(verdict, Verdict::Whole { .. } | Verdict::Part { .. });
        if brings_body || matches!(verdict, Verdict::End { .. }) {
            self.retry.authorized(id);
        }
        if !brings_body {
            self.cancel(id);
            if bulk {
                self.requests.bulk.bulk_failed();
            }
        }
        let reaction = match verdict {
            Verdict::Whole { .. } | Verdict::Part { .. } => self.good_answer(id, head, &verdict, now),
            Verdict::End { total, proven } => {
                end_told(&mut self.server, &mut self.stored, head, total, proven)
            }
            Verdict::Plain(why) => {
                self.note(why, now);
                self.server.give_up_ranges(why);
                Reaction::GoOn
            }
            Verdict::Unconditional => {
                self.note("the server mishandles If-Match, or it failed", now);
                self.server.give_up_conditions();
                Reaction::GoOn
            }
            Verdict::Reject(why) => Reaction::unusable(why, head),
            // A login page, a proxy's, a service worker's: something stands before a server that had the resource.
            Verdict::Stray => {
                let what = "an HTML page came instead of the resource";
                Reaction::Failed(refusal(Kind::Server, what, head), None)
            }
            Verdict::Doubtful { etag } => self.doubt(etag, now),
            Verdict::Changed(why) => Reaction::Changed(why),
            Verdict::Later { after, fewer } => {
                if fewer {
                    self.slots.too_many(sent, now);
                }
                Reaction::Failed(refusal(Kind::Server, format!("HTTP {}", head.status), head), after)
            }
            Verdict::Unauthorized => {
                match self.retry.unauthorized(id, self.config.can_refresh_headers, now) {
                    Unauthorized::Ask => {
                        self.push(Effect::RefreshHeaders);
                        Reaction::GoOn
                    }
                    Unauthorized::Replay => Reaction::GoOn,
                    Unauthorized::GiveUp => self.gone(id, head),
                }
            }
            Verdict::Gone => self.gone(id, head),
            Verdict::Refused => Reaction::Fail(refusal(Kind::Rejected, "the server refused", head)),
            Verdict::Broken(why) => Reaction::Fail(refusal(Kind::Server, why, head)),
        };
        self.react(id, sent, reaction, now);
    }

    fn good_answer(&mut self, id: RequestId, head: &Head, verdict: &Verdict, now: Instant) -> Reaction {
        if self.server.tolerance.has_doubts() && head.etag.is_some() {
            // The old tag is back.
            self.distrust_etag(now);
        }
        if matches!(verdict, Verdict::Whole { .. }) {
            // It brings what the others were to bring.
            for other in self.requests.ids().into_iter().filter(|other| *other != id) {
                self.leave_seam(other);
                self.cancel(other);
            }
        }
        let Some(request) = self.requests.get(id) else { return Reaction::GoOn };
        let (server, stored, overlap) = (&mut self.server, &self.stored, self.config.overlap);
        let answer = GoodAnswer { head, request, server, stored, overlap };
        match *verdict {
            Verdict::Whole { length, proven } => answer.whole(length, proven),
            Verdict::Part { start, end, total, blind, proven } => {
                answer.part(Part { start, end, total, blind, proven })
            }
            _ => Reaction::GoOn,
        }
    }

    fn doubt(&mut self, etag: String, now: Instant) -> Reaction {
        self.note(format!("the ETag is {etag}"), now);
        match self.server.tolerance.doubt(etag) {
            Doubt::Open => Reaction::GoOn,
            Doubt::Unstable => {
                self.distrust_etag(now);
                Reaction::GoOn
            }
            Doubt::Changed => Reaction::Changed("its ETag differs"),
        }
    }

    fn distrust_etag(&mut self, now: Instant) {
        self.note("the server's ETags change by themselves", now);
        self.server.distrust_etag();
    }

    /// The URL does not serve it any more: a signed one has expired.
    fn gone(&mut self, id: RequestId, head: &Head) -> Reaction {
        match self.url.gone(id, self.config.can_refresh_url) {
            Gone::Replay => Reaction::GoOn,
            Gone::Ask => {
                self.push(Effect::RefreshUrl);
                Reaction::GoOn
            }
            Gone::Give => Reaction::Fail(refusal(Kind::Rejected, "the server does not give it out", head)),
        }
    }

    /// Does what an answer, or the end of the body of request `id`, leads to; it was sent at `sent`.
    fn react(&mut self, id: RequestId, sent: Instant, reaction: Reaction, now: Instant) {
        if matches!(reaction, Reaction::Read) {
            return self.accept(id);
        }
        self.cancel(id);
        match reaction {
            Reaction::GoOn | Reaction::Read => {}
            Reaction::Unusable(why, error) => {
                if self.server.reject(id, self.requests.next_id(), why) {
                    self.failed(sent, error, None, now);
                } else {
                    self.fail(error);
                }
            }
            Reaction::Unanswered(error) => self.unanswered(sent, error, now),
            Reaction::Failed(error, after) => self.failed(sent, error, after, now),
            Reaction::Changed(why) => self.changed(why, now),
            Reaction::Fail(error) => self.fail(error),
        }
    }

    /// Lets the body come, once the sink has made room.
    fn accept(&mut self, id: RequestId) {
        let Some(request) = self.requests.get(id) else { return };
        if let Some(at) = request.begins_unproven() {
            self.stored.add_seam(at);
        }
        if self.stored.sink == SinkState::Ready {
            return self.receive(id);
        }
        request.phase = Phase::Held;
        self.prepare();
    }

    /// Tells the driver what the body's bytes are for.
    pub(super) fn receive(&mut self, id: RequestId) {
        if self.stage != Stage::Running {
            return;
        }
        let Some(request) = self.requests.get(id) else { return };
        request.phase = Phase::Body;
        request.settle_bulk();
        let (cursor, bulk) = (request.cursor, request.bulk);
        self.push(Effect::Receive { id, cursor, bulk });
    }

    pub(super) fn data(&mut self, id: RequestId, len: u64, now: Instant) {
        self.received = self.received.saturating_add(len);
        let Some(request) = self.requests.get(id) else { return };
        let Some(passed) = request.pass(len, now) else { return };
        let written = passed.written;
        if passed.compared {
            self.stored.compared(request.purpose, written.start);
        }
        if !written.is_empty() {
            let bytes = written.end - written.start;
            self.stored.insert(written);
            self.retry.moved();
            self.meter.add(bytes, now);
            self.url.brought(id);
            let fits = self.server.brought(request);
            self.slots.brought(bytes, self.requests.reading(), now);
            if let Err(too_large) = fits {
                return self.fail(too_large.error());
            }
            self.try_bulk(id, now);
            self.hash_ahead();
        }
        if self.requests.get(id).is_some_and(|request| request.cursor.is_at_limit()) {
            self.limit_reached(id, now);
        }
    }

    /// Has the rest of a body that comes in fast read in bulk.
    fn try_bulk(&mut self, id: RequestId, now: Instant) {
        // Overlaps would have to be compared.
        if !self.server.is_unsure()
            && let Some(stop) = self.requests.try_bulk(id, self.stored.piece(), now)
        {
            self.limit(id, stop);
        }
    }

    /// Has what is there from the start hashed while the rest comes, if there is a digest to check.
    fn hash_ahead(&mut self) {
        if (self.config.md5.is_some() || self.server.tells_digest())
            && let Some(end) = self.stored.hash_ahead(self.config.ahead)
        {
            self.push(Effect::Hash(end));
        }
    }

    /// A body has brought what it was to bring, up to its limit.
    fn limit_reached(&mut self, id: RequestId, now: Instant) {
        let (size, overlap) = (self.server.size(), self.config.overlap);
        let Some(request) = self.requests.get(id) else { return };
        if request.stream && request.purpose == Purpose::Fill {
            // A stream passes over what is stored already and goes on behind it.
            let cursor = self.stored.stream_cursor(request.cursor.at, size, overlap);
            if size.is_none_or(|size| cursor.at < size) {
                request.cursor = cursor;
                return self.receive(id);
            }
        }
        self.drain_or_cancel(id, now);
    }

    /// Lets a body end by itself where nothing is left of it, since aborting closes an HTTP/1.1 connection.
    fn drain_or_cancel(&mut self, id: RequestId, now: Instant) {
        self.leave_seam(id);
        let Some(request) = self.requests.get(id) else { return };
        if request.left != Some(0) && !request.tells_end() {
            return self.cancel(id);
        }
        request.phase = Phase::Drain;
        request.moved = now;
        if request.tells_end() && request.purpose == Purpose::Fill {
            self.server.doubt_end();
        }
    }

    /// Marks where an unproven body stops: what follows is not known to be of its version.
    pub(super) fn leave_seam(&mut self, id: RequestId) {
        let stops = self.requests.get(id).and_then(|request| request.stops_unproven());
        if let Some(at) = stops.filter(|at| self.server.total() != Some(*at)) {
            self.stored.add_seam(at);
        }
    }

    /// The body goes on behind its limit. Where Content-Range told the limit, that is the server's mistake; where
    /// only the length did, the body was decoded on the way and the length means nothing.
    pub(super) fn excess(&mut self, id: RequestId, now: Instant) {
        let request = self.requests.get(id).filter(|request| request.phase == Phase::Drain);
        let Some(request) = request else { return };
        let (blind, told) = (request.blind, request.tells_end());
        self.cancel(id);
        if told {
            self.changed("it is longer than it was", now);
        } else if blind {
            self.start_again("its length does not fit its body", now);
            self.server.give_up_ranges("the server compresses its ranges");
        }
    }

    pub(super) fn differs(&mut self, id: RequestId, now: Instant) {
        let request = self.requests.get(id).filter(|request| request.phase == Phase::Body);
        if request.is_some_and(|request| request.cursor.compare > 0) {
            self.cancel(id);
            self.changed("its bytes differ", now);
        }
    }

    pub(super) fn lost(&mut self, id: RequestId, loss: Loss, now: Instant) {
        let Some(request) = self.requests.get(id) else { return };
        // How soon it was lost says much; what came after that, nothing.
        request.sent = request.sent + loss.looked;
        let preflighted = request.phase == Phase::Sent && request.asked.conditional;
        if loss.is_final(self.retry.is_offline()) {
            return self.fail(Error::lost(DOING, loss));
        }
        let error = Error { kind: Kind::Network, ..Error::lost(DOING, loss) };
        if preflighted {
            // The condition needs a preflight, which the server may not answer.
            self.requests.remove(id);
            self.server.give_up_conditions();
            return self.note(format!("{}; trying without If-Match", error.detail), now);
        }
        self.over(id, Some(error), now);
    }

    /// A request is over: by the end of its body, or by a failure.
    pub(super) fn over(&mut self, id: RequestId, failure: Option<Error>, now: Instant) {
        self.leave_seam(id);
        let Some(request) = self.requests.remove(id) else { return };
        if request.bulk && request.is_busy() {
            self.requests.bulk.bulk_failed();
        }
        let reaction = request_over(&mut self.server, &request, failure);
        self.react(id, request.sent, reaction, now);
    }

    /// Gives up requests that show no sign of life.
    pub(super) fn watch(&mut self, now: Instant) {
        if self.full {
            // Nobody reads what they bring.
            return;
        }
        for id in self.requests.late(self.config.stall_timeout, now) {
            let Some(request) = self.requests.get(id) else { continue };
            if request.is_mute() {
                // It may well be on its way: asked for to be read in parts it will show.
                self.requests.bulk.bulk_failed();
                self.cancel(id);
                continue;
            }
            // A body of which every byte came is as good as over, unless its end is what matters.
            let drained = request.phase == Phase::Drain && !request.tells_end();
            self.push(Effect::Cancel(id));
            let stalled = Error::new(Kind::Stalled, DOING, "nothing came any more");
            self.over(id, (!drained).then_some(stalled), now);
        }
    }

    /// Aborts a request, if it is under way.
    pub(super) fn cancel(&mut self, id: RequestId) {
        if self.requests.remove(id).is_some() {
            self.save_changes();
            self.effects.cancel(id);
        }
    }

    pub(super) fn cancel_all(&mut self) {
        for id in self.requests.ids() {
            // What an unproven body brought stays to be checked.
            self.leave_seam(id);
            self.cancel(id);
        }
    }

    /// The resource is another version: starts again from 0 once, then fails.
    fn changed(&mut self, why: &'static str, now: Instant) {
        if self.server.tolerance.may_restart() {
            return self.start_again(why, now);
        }
        self.discard();
        self.fail(Error::new(Kind::ResourceChanged, DOING, format!("the resource changed: {why}")));
    }

    /// Throws away what is stored and begins anew.
    fn start_again(&mut self, why: &'static str, now: Instant) {
        if !self.config.discards && self.stored.have().len() > 0 {
            let what = format!("what was handed on cannot be taken back, and {why}");
            return self.fail(Error::new(Kind::ResourceChanged, DOING, what));
        }
        self.note(format!("starting again from 0: {why}"), now);
        self.discard();
        self.server.start_again();
    }

    fn unanswered(&mut self, sent: Instant, error: Error, now: Instant) {
        let error = self.blame(error, now);
        let counts = !self.retry.is_offline();
        if let Some(error) = self.server.unanswered(&error, counts) {
            return self.fail(error);
        }
        if !self.retry.lost(sent, now) {
            self.spent(error);
        }
    }

    /// Counts a failure, and gives up where time without progress is spent.
    fn failed(&mut self, sent: Instant, error: Error, after: Option<Millis>, now: Instant) {
        let error = self.blame(error, now);
        if !self.retry.failed(sent, after, now) {
            self.spent(error);
        }
    }

    /// Notes a failure, for the report and for who asks what is waited for. Returns it with what is known of its cause.
    fn blame(&mut self, error: Error, now: Instant) -> Error {
        self.note(error.detail.clone(), now);
        self.retry.blame(error.at(&self.config.address))
    }

    /// Fails, since the time without progress is spent.
    fn spent(&mut self, error: Error) {
        let kind = if self.retry.is_offline() { Kind::Offline } else { error.kind };
        self.fail(Error { kind, ..error }.with_attempts(self.retry.total_failures()));
    }

    fn note(&mut self, what: impl Into<String>, now: Instant) {
        self.report.note(DOING.to_owned(), what.into(), now);
    }
}
