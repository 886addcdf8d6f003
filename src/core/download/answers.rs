//! What each verdict on an answer leads to.

use super::flight::{Flight, Job, Phase};
use super::machine::{Address, Download, Ranges, Resource, Sink, Stage};
use super::record::MAX_SIZE;
use super::{Effect, RequestId};
use crate::core::clock::Instant;
use crate::core::credentials::Unauthorized;
use crate::core::error::{Error, Kind};
use crate::core::range::{Head, Known, Validators, Verdict, verdict};

/// Unusable answers in a row before ranges are given up.
const RANGE_REJECTS: u32 = 2;
/// Unusable answers in a row before the download is.
const REJECTS: u32 = 5;
/// How often an ETag that differs alone is asked about before it counts as another version.
const DOUBTS: usize = 3;

impl Download {
    pub(super) fn flight(&mut self, id: RequestId) -> Option<&mut Flight> {
        self.flights.iter_mut().find(|flight| flight.id == id)
    }

    pub(super) fn head(&mut self, id: RequestId, head: &Head, now: Instant) {
        let Some(flight) = self.flight(id).filter(|flight| flight.phase == Phase::Sent) else { return };
        flight.moved = now;
        let (asked, sent, gulp) = (flight.asked, flight.sent, flight.gulp);
        self.unanswered = 0;
        self.retry.reached(sent);
        let known = self.resource.as_ref().map(|resource| Known {
            total: resource.total.filter(|_| resource.exact),
            end_proven: resource.end_proven,
            validators: &resource.validators,
            content_type: resource.content_type.as_deref(),
            complete: self.is_complete(),
        });
        let verdict = verdict(&asked, known.as_ref(), head, self.config.unix_now);
        if !matches!(verdict, Verdict::Whole { .. } | Verdict::Part { .. }) {
            self.cancel(id);
            if gulp {
                self.slip();
            }
        }
        if matches!(verdict, Verdict::Whole { .. } | Verdict::Part { .. } | Verdict::End { .. }) {
            self.retry.authorized(id);
        }
        let doing = "downloading";
        match verdict {
            Verdict::Whole { length, proven } => self.whole(id, head, length, proven, now),
            Verdict::Part { start, end, total, blind, proven } => {
                self.part(id, head, Part { start, end, total, blind, proven }, now);
            }
            Verdict::End { total, .. } if total < self.have.end() => self.changed("its size differs", now),
            Verdict::End { total, .. } if self.hint().is_some_and(|hint| hint != total) => {
                self.reject(id, sent, "it refused a range that it has", head, now);
            }
            Verdict::End { total, proven } => self.ends_at(total, proven),
            Verdict::Plain(why) => {
                self.note(doing, why, now);
                self.ranges = Ranges::Off(why);
            }
            Verdict::Unconditional => {
                self.note(doing, "the server mishandles If-Match, or it failed", now);
                self.conditional = false;
            }
            Verdict::Reject(why) => self.reject(id, sent, why, head, now),
            // A login page, a proxy's, a service worker's: something stands before a server that had the resource.
            Verdict::Stray => {
                let error = refusal(Kind::Server, "an HTML page came instead of the resource", head);
                self.failed(sent, error, None, now);
            }
            Verdict::Doubtful { etag } => self.doubt(etag, now),
            Verdict::Changed(why) => self.changed(why, now),
            Verdict::Later { after, fewer } => {
                if fewer {
                    self.pace.too_many(sent, now);
                }
                let error = refusal(Kind::Server, format!("HTTP {}", head.status), head);
                self.failed(sent, error, after, now);
            }
            Verdict::Unauthorized => {
                match self.retry.unauthorized(id, self.config.can_refresh_headers, now) {
                    Unauthorized::Ask => self.effects.push_back(Effect::RefreshHeaders),
                    Unauthorized::Replay => {}
                    Unauthorized::GiveUp => self.gone(id, head),
                }
            }
            Verdict::Gone => self.gone(id, head),
            Verdict::Refused => self.fail(refusal(Kind::Rejected, "the server refused", head)),
            Verdict::Broken(why) => self.fail(refusal(Kind::Server, why, head)),
        }
    }

    /// The URL does not serve it any more: a signed one has expired.
    fn gone(&mut self, id: RequestId, head: &Head) {
        match self.address {
            Address::Asked => {}
            Address::Fresh(since) if id < since => {}
            Address::Good if self.config.can_refresh_url => {
                self.address = Address::Asked;
                self.effects.push_back(Effect::RefreshUrl);
            }
            Address::Good | Address::Fresh(_) => {
                self.fail(refusal(Kind::Rejected, "the server does not give it out", head));
            }
        }
    }

    pub(super) fn reject(
        &mut self,
        id: RequestId,
        sent: Instant,
        why: &'static str,
        head: &Head,
        now: Instant,
    ) {
        // Requests that were under way together count once.
        if id >= self.rejects.1 {
            self.rejects = (self.rejects.0 + 1, self.next_id);
        }
        if self.rejects.0 >= REJECTS {
            return self.fail(refusal(Kind::Server, why, head));
        }
        if self.rejects.0 >= RANGE_REJECTS {
            self.ranges = Ranges::Off(why);
        }
        self.failed(sent, refusal(Kind::Server, why, head), None, now);
    }

    /// The ETag differs and nothing else does. Asked again, a changed resource shows the same new ETag each time; a
    /// server that makes them up, or several that do not agree, show yet another or the old one.
    fn doubt(&mut self, etag: String, now: Instant) {
        self.note("downloading", format!("the ETag is {etag}"), now);
        let flapping = self.doubts.first().is_some_and(|first| *first != etag);
        self.doubts.push(etag);
        if flapping {
            self.distrust_etag(now);
        } else if self.doubts.len() >= DOUBTS {
            self.changed("its ETag differs", now);
        }
    }

    /// Drops an unstable ETag from the identity: from here on bytes are compared, and the date only disproves.
    fn distrust_etag(&mut self, now: Instant) {
        self.note("downloading", "the server's ETags change by themselves", now);
        self.doubts.clear();
        self.conditional = false;
        if let Some(resource) = self.resource.as_mut() {
            resource.validators.etag = None;
            resource.validators.settled = false;
        }
        self.remember();
    }

    fn ends_at(&mut self, total: u64, proven: bool) {
        if !proven {
            // A shorter version would say the same: the last bytes are compared once more.
            self.seams.insert(total.saturating_sub(1));
        }
        let resource = self.resource.get_or_insert_with(|| Resource {
            total: None,
            exact: false,
            end_proven: true,
            validators: Validators::default(),
            content_type: None,
        });
        resource.total = Some(total);
        resource.exact = true;
        resource.end_proven = true;
        self.met = true;
    }

    /// Takes over what a good answer says of the resource. Returns false if that ends the download.
    fn learn(
        &mut self,
        head: &Head,
        total: Option<u64>,
        exact: bool,
        end_proven: bool,
        now: Instant,
    ) -> bool {
        if !self.doubts.is_empty() && head.etag.is_some() {
            // The old tag is back.
            self.distrust_etag(now);
        }
        if let Some(total) = total
            && total > self.config.cap.unwrap_or(MAX_SIZE).min(MAX_SIZE)
        {
            self.too_large(total);
            return false;
        }
        let unix_now = self.config.unix_now;
        let fresh = self.resource.is_none();
        let resource = self.resource.get_or_insert_with(|| Resource {
            total,
            exact,
            end_proven,
            validators: Validators::of(head, unix_now),
            content_type: head.media_type(),
        });
        let better = exact && total.is_some() && (resource.total != total || !resource.exact);
        if better {
            resource.total = total;
            resource.exact = true;
            resource.end_proven = end_proven;
        }
        self.met = true;
        if fresh || better {
            self.remember();
        }
        true
    }

    pub(super) fn too_large(&mut self, size: u64) {
        let what = format!("{size} bytes do not fit where they were asked for");
        self.fail(Error::new(Kind::TooLarge, "downloading", what));
    }

    /// Has the sink make room before the first byte, then lets the body come.
    fn accept(&mut self, id: RequestId) {
        if self.sink == Sink::Ready {
            return self.receive(id);
        }
        if let Some(flight) = self.flight(id) {
            flight.phase = Phase::Held;
        }
        self.prepare();
    }

    pub(super) fn prepare(&mut self) {
        if self.sink == Sink::Unprepared {
            self.sink = Sink::Asked;
            let (total, exact) =
                self.resource.as_ref().map_or((None, false), |it| (it.total, it.exact && it.end_proven));
            self.effects.push_back(Effect::Prepare { total, exact });
        }
    }

    fn part(&mut self, id: RequestId, head: &Head, part: Part, now: Instant) {
        let Some(flight) = self.flight(id) else { return };
        let (from, sent) = (flight.asked.range.map_or(0, |range| range.first), flight.sent);
        let (at, job) = (flight.at, flight.job);
        let derived = part.end.filter(|_| part.blind && flight.asked.range.is_some_and(|r| r.last.is_none()));
        // A blind answer that has nothing to hold it against tells the size by its length.
        let total = part.total.or(derived);
        let unknown = self.resource.as_ref().is_some_and(|resource| resource.total.is_none());
        if part.end == Some(at) && job == Job::Fill && unknown && part.total.is_none() {
            // Nothing behind the overlap: that may be the end. Asked for the next byte alone, a 416 will say so.
            self.cancel(id);
            self.at_end = true;
            return;
        }
        if part.end.is_some_and(|end| end < at || (end == at && job == Job::Fill)) {
            self.cancel(id);
            return self.reject(id, sent, "it answered less than the overlap", head, now);
        }
        if !self.learn(head, total, true, !part.blind, now) {
            return;
        }
        if head.accept_ranges.as_deref().is_some_and(|unit| unit.trim_ascii().eq_ignore_ascii_case("none")) {
            self.solo.get_or_insert("the server says it has no ranges");
        }
        let total = self.resource.as_ref().and_then(|resource| resource.total);
        if total.is_none() {
            self.solo.get_or_insert("the server does not tell the size");
        }
        let Some(flight) = self.flight(id) else { return };
        flight.skip = from.saturating_sub(part.start);
        flight.left = part.end.map(|end| end.saturating_sub(part.start));
        flight.blind = part.blind && head.length().is_some();
        flight.proven = part.proven;
        match job {
            // The file goes on where it was believed to end: the server had capped its first answer.
            Job::Tail if total.is_some_and(|total| total > at) => return self.cancel(id),
            Job::Tail | Job::Seam(_) => {}
            Job::Fill => flight.end = [flight.end, part.end, total].into_iter().flatten().min(),
        }
        let unproven = job == Job::Fill && !flight.proven && flight.compare == 0 && at > 0;
        if unproven && self.seams.insert(at) {
            self.remember();
        }
        self.accept(id);
    }

    /// Returns the size as a 200 announced it.
    fn hint(&self) -> Option<u64> {
        self.resource.as_ref().and_then(|resource| resource.total.filter(|_| !resource.exact))
    }

    fn whole(&mut self, id: RequestId, head: &Head, length: Option<u64>, proven: bool, now: Instant) {
        let others: Vec<_> = self.flights.iter().map(|flight| flight.id).filter(|it| *it != id).collect();
        for other in others {
            self.leave_seam(other);
            self.cancel(other);
        }
        let stored = self.have.end();
        let decoded =
            self.resource.as_ref().is_some_and(|it| it.total.is_none()) && self.ranges != Ranges::On;
        if !decoded && length.is_some_and(|length| length < stored) {
            self.cancel(id);
            return self.changed("its size differs", now);
        }
        if let Some(resource) = self.resource.as_mut()
            && resource.exact
            && !resource.end_proven
        {
            // The end of this body is a better witness than the length of a range.
            resource.total = None;
            resource.exact = false;
            resource.end_proven = true;
            if let Some(flight) = self.flight(id) {
                flight.job = Job::Fill;
            }
        }
        if !proven && length.zip(self.hint()).is_some_and(|(length, hint)| length != hint) {
            self.cancel(id);
            return self.changed("its size differs", now);
        }
        let why = match self.ranges {
            Ranges::On => "the server does not answer ranges",
            Ranges::Bare => "requests with a Range get no answer (the server's CORS rules must allow it)",
            Ranges::Off(why) => why,
        };
        if head.is_encoded() {
            // Ranges would count encoded bytes.
            self.ranges = Ranges::Off("the server compresses it");
        } else if self.ranges == Ranges::Bare {
            self.ranges = Ranges::Off(why);
        }
        if self.flight(id).is_some_and(|flight| flight.job == Job::Fill) {
            self.whole.get_or_insert(why);
            self.solo.get_or_insert(why);
        }
        if !self.learn(head, length, false, true, now) {
            return;
        }
        if let Some(resource) = self.resource.as_mut()
            && resource.total.is_none()
        {
            resource.total = length.filter(|length| *length >= stored);
        }
        let overlap = self.config.overlap;
        let total = self.resource.as_ref().and_then(|it| it.total.filter(|_| it.exact));
        let (start, next) = self.have.gap(0);
        let behind = self.have.behind(start).min(overlap);
        let Some(flight) = self.flight(id) else { return };
        flight.stream = true;
        flight.proven = proven;
        flight.left = length;
        match flight.job {
            Job::Fill => {
                flight.at = start;
                flight.compare = behind;
                flight.skip = start - behind;
                flight.end = next.or(total);
            }
            Job::Seam(_) | Job::Tail => flight.skip = flight.at.saturating_sub(flight.compare),
        }
        self.accept(id);
    }

    /// Tells the driver where the body's bytes go.
    pub(super) fn receive(&mut self, id: RequestId) {
        if self.stage != Stage::Running {
            return;
        }
        let Some(flight) = self.flight(id) else { return };
        flight.phase = Phase::Body;
        flight.settle_gulp();
        let effect = Effect::Receive {
            id,
            skip: flight.skip,
            compare: flight.compare,
            at: flight.at,
            limit: flight.end,
            at_once: flight.gulp,
        };
        self.effects.push_back(effect);
    }
}

/// Makes the failure of an answer that was not wanted.
fn refusal(kind: Kind, why: impl AsRef<str>, head: &Head) -> Error {
    let error = Error::new(kind, "downloading", why).with_status(Some(head.status));
    Error { redirected: head.redirected.clone(), ..error }
}

/// What a good 206 says of itself.
#[derive(Debug, Clone, Copy)]
struct Part {
    start: u64,
    end: Option<u64>,
    total: Option<u64>,
    blind: bool,
    proven: bool,
}
