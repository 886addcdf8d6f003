//! What happens while a body comes in, and when it ends.

use super::RequestId;
use super::flight::{Flight, Job, Phase};
use super::machine::{Address, Download, Ranges};
use crate::core::cause::{Cause, Loss};
use crate::core::clock::{Instant, Millis};
use crate::core::error::{Error, Kind};

/// Requests without any answer before one is sent without `Range`.
const BARE_AFTER: u32 = 3;
/// Requests without any answer before the download fails: a page whose server does not let it in at all should
/// not have to wait for the whole budget.
const UNANSWERED: u32 = 8;

/// Bodies in a row that ended, without an error, before they brought a new byte: time does not mend that.
const IDLE: u32 = 8;
/// Whole bodies in a row that ended where they said, if they said, and before what is stored: it became shorter.
const SHORT: u32 = 3;
/// Ranges behind 0 in a row that failed before their first byte while Content-Encoding is hidden: the browser cannot
/// decode a compressed stream from its middle (Chromium: ERR_CONTENT_DECODING_FAILED).
const BARREN: u32 = 3;

impl Download {
    pub(super) fn data(&mut self, id: RequestId, len: u64, now: Instant) {
        self.sent = self.sent.saturating_add(len);
        let Some(flight) = self.flight(id) else { return };
        flight.moved = now;
        if flight.phase != Phase::Body {
            return;
        }
        flight.left = flight.left.map(|left| left.saturating_sub(len));
        let skipped = len.min(flight.skip);
        flight.skip -= skipped;
        let compared = (len - skipped).min(flight.compare);
        flight.compare -= compared;
        let rest = len - skipped - compared;
        let from = flight.at;
        let written = flight.end.map_or(rest, |end| rest.min(end.saturating_sub(from)));
        flight.at = from.saturating_add(written);
        flight.wrote += written;
        let (at, job, stream) = (flight.at, flight.job, flight.stream);
        let checked = compared > 0 && flight.compare == 0;
        if checked {
            self.checked(job, from);
        }
        if written > 0 {
            self.have.insert(from..at);
            self.moved(id, written, stream, now);
            if self.config.cap.is_some_and(|cap| at > cap) {
                return self.too_large(at);
            }
            self.outgrown(at, stream);
            self.quicken(id, now);
            self.hash_ahead();
        }
        let is_over = |it: &Flight| it.skip == 0 && it.compare == 0 && it.end == Some(at);
        if self.flights.iter().any(|it| it.id == id && is_over(it)) {
            self.leg_over(id, now);
        }
    }

    /// Notes bytes that came.
    fn moved(&mut self, id: RequestId, bytes: u64, stream: bool, now: Instant) {
        self.retry.moved();
        self.idle = 0;
        self.meter.add(bytes, now);
        let busy = self.flights.iter().filter(|flight| flight.phase == Phase::Body).count();
        self.pace.confirmed(bytes, busy, now);
        if matches!(self.address, Address::Fresh(since) if id >= since) {
            self.address = Address::Good;
        }
        if !stream && id >= self.rejects.1 {
            self.rejects.0 = 0;
        }
        if !stream && self.flight(id).is_some_and(|it| it.asked.range.is_some_and(|range| range.first > 0)) {
            self.barren = 0;
        }
    }

    /// A stream that is longer than its Content-Length was decoded on the way, though the header that would say so
    /// is hidden: its size is unknown, and ranges would count other bytes.
    fn outgrown(&mut self, at: u64, stream: bool) {
        if let Some(resource) = self.resource.as_mut()
            && stream
            && !resource.exact
            && resource.total.is_some_and(|total| at > total)
        {
            resource.total = None;
            self.ranges = Ranges::Off("the server compresses it");
        }
    }

    /// The bytes of a comparison were equal.
    fn checked(&mut self, job: Job, at: u64) {
        match job {
            Job::Seam(seam) => {
                self.seams.remove(seam);
            }
            // Proven by the body's end alone.
            Job::Tail => {}
            Job::Fill => {
                self.seams.remove(at);
            }
        }
    }

    fn set_end_proven(&mut self, proven: bool) {
        if let Some(resource) = self.resource.as_mut() {
            resource.end_proven = proven;
        }
    }

    /// A body has brought what it was to bring, up to its limit.
    fn leg_over(&mut self, id: RequestId, now: Instant) {
        let overlap = self.config.overlap;
        let total = self.resource.as_ref().and_then(|it| it.total.filter(|_| it.exact));
        let Some(at) = self.flight(id).filter(|it| it.stream && it.job == Job::Fill).map(|it| it.at) else {
            return self.drain_or_cancel(id, now);
        };
        // A stream passes over what is stored already and goes on behind it.
        let (next, end) = self.have.gap(at);
        if total.is_some_and(|total| next >= total) {
            return self.drain_or_cancel(id, now);
        }
        let compare = self.have.behind(next).min(overlap).min(next - at);
        if let Some(flight) = self.flight(id) {
            flight.skip = next - at - compare;
            flight.compare = compare;
            flight.at = next;
            flight.end = end.or(total);
        }
        self.receive(id);
    }

    /// Lets a body end by itself where nothing is left of it, since aborting closes an HTTP/1.1 connection.
    fn drain_or_cancel(&mut self, id: RequestId, now: Instant) {
        self.leave_seam(id);
        let Some(flight) = self.flight(id) else { return };
        if flight.left == Some(0) || flight.tells_end() {
            flight.phase = Phase::Drain;
            flight.moved = now;
            if flight.tells_end() && flight.job == Job::Fill {
                // Should it be lost before its end, that is asked for.
                self.set_end_proven(false);
                self.remember();
            }
        } else {
            self.cancel(id);
        }
    }

    /// Marks where an unproven body stopped: what follows is not known to be of its version.
    pub(super) fn leave_seam(&mut self, id: RequestId) {
        let total = self.resource.as_ref().and_then(|resource| resource.total);
        let Some(flight) = self.flight(id) else { return };
        let at = flight.at;
        let leaves =
            flight.job == Job::Fill && flight.phase == Phase::Body && !flight.proven && flight.wrote > 0;
        if leaves && total != Some(at) && self.seams.insert(at) {
            self.remember();
        }
    }

    /// The body goes on behind its limit. Where Content-Range told the limit, that is the server's mistake; where
    /// only the length did, the body was decoded on the way and the length means nothing.
    pub(super) fn excess(&mut self, id: RequestId, now: Instant) {
        let Some(flight) = self.flight(id).filter(|flight| flight.phase == Phase::Drain) else { return };
        let (blind, told) = (flight.blind, flight.tells_end());
        self.cancel(id);
        if told {
            self.changed("it is longer than it was", now);
        } else if blind {
            self.start_again("its length does not fit its body", now);
            self.ranges = Ranges::Off("the server compresses its ranges");
        }
    }

    pub(super) fn differs(&mut self, id: RequestId, now: Instant) {
        let Some(flight) = self.flight(id) else { return };
        if flight.phase == Phase::Body && flight.compare > 0 {
            self.cancel(id);
            self.changed("its bytes differ", now);
        }
    }

    pub(super) fn lost(&mut self, id: RequestId, loss: Loss, now: Instant) {
        let Some(flight) = self.flight(id) else { return };
        // How soon it was lost says much; what came after that, nothing.
        flight.sent = flight.sent + loss.looked;
        let (phase, conditional) = (flight.phase, flight.asked.conditional);
        if loss.is_final(self.retry.is_offline()) {
            return self.fail(Error::lost("downloading", loss));
        }
        let error = Error { kind: Kind::Network, ..Error::lost("downloading", loss) };
        if phase != Phase::Sent {
            return self.body_over(id, Some(error), now);
        }
        if conditional {
            // The condition needs a preflight, which the server may not answer.
            self.flights.retain(|flight| flight.id != id);
            self.conditional = false;
            return self.note("downloading", format!("{}; trying without If-Match", error.detail), now);
        }
        self.body_over(id, Some(error), now);
    }

    /// A request is over: by the end of its body, or by a failure.
    pub(super) fn body_over(&mut self, id: RequestId, failure: Option<Error>, now: Instant) {
        self.leave_seam(id);
        let Some(index) = self.flights.iter().position(|flight| flight.id == id) else { return };
        let flight = self.flights.remove(index);
        let at = flight.at;
        if flight.gulp && flight.phase != Phase::Drain {
            self.slip();
        }
        if flight.phase == Phase::Drain && (failure.is_none() || !flight.tells_end()) {
            if flight.tells_end() {
                self.set_end_proven(true);
            }
            return;
        }
        if flight.phase == Phase::Sent {
            let failure = failure.unwrap_or_else(|| cut("the answer ended before it began"));
            return self.unanswered(flight.sent, failure, now);
        }
        let clean = failure.is_none();
        if flight.phase == Phase::Body
            && flight.stream
            && flight.end.is_none()
            && flight.skip + flight.compare == 0
        {
            let expected = self.resource.as_ref().and_then(|resource| resource.total);
            if clean && expected.is_none_or(|expected| expected == at) {
                return self.stream_over(at);
            }
        }
        // Fewer bytes than asked for are allowed (RFC 9110 section 15.3.7), if they are all the answer announced.
        let kept_its_word = clean && flight.left.is_none_or(|left| left == 0) && !flight.stream;
        if kept_its_word && flight.wrote > 0 {
            return;
        }
        if kept_its_word
            && flight.end.is_none()
            && flight.skip + flight.compare == 0
            && flight.phase == Phase::Body
            && flight.asked.range.is_some_and(|range| range.first < at)
        {
            self.at_end = true;
            return;
        }
        if clean && flight.wrote == 0 {
            self.idle += 1;
            if flight.stream && flight.left.is_none_or(|left| left == 0) && self.idle >= SHORT {
                self.idle = 0;
                return self.changed("it is shorter than it was", now);
            }
            if self.idle >= IDLE {
                let what = "the server's answers keep ending before the first byte that is missing";
                let error = Error::new(Kind::Server, "downloading", what).with_attempts(self.idle);
                return self.fail(error);
            }
        }
        if flight.blind && flight.wrote == 0 && flight.asked.range.is_some_and(|range| range.first > 0) {
            self.barren += 1;
            if self.barren >= BARREN {
                self.ranges = Ranges::Off("the server's ranges cannot be read");
            }
        }
        let failure = failure.unwrap_or_else(|| cut("the body ended early"));
        self.failed(flight.sent, failure, None, now);
    }

    fn stream_over(&mut self, at: u64) {
        if let Some(resource) = self.resource.as_mut() {
            resource.total = Some(at);
            resource.exact = true;
            resource.end_proven = true;
        }
    }

    /// A request got no answer at all: the network, or the server's CORS rules; the browser does not say which.
    fn unanswered(&mut self, sent: Instant, error: Error, now: Instant) {
        let error = self.blame(error, now);
        if self.ranges == Ranges::Bare {
            self.ranges = Ranges::On;
        }
        if !self.met && !self.retry.is_offline() {
            self.unanswered += 1;
            if self.unanswered == BARE_AFTER && self.ranges == Ranges::On {
                self.ranges = Ranges::Bare;
            }
            if self.unanswered >= UNANSWERED {
                let hint = "no request was ever answered; on another origin the server must send \
                            Access-Control-Allow-Origin, allow the Range header and expose Content-Range and ETag";
                let unsure = error.cause.is_none_or(|cause| cause == Cause::Unanswered);
                let detail = if unsure { format!("{}; {hint}", error.detail) } else { error.detail.clone() };
                return self.fail(Error { detail, ..error }.with_attempts(self.unanswered));
            }
        }
        if !self.retry.lost(sent, now) {
            self.spent(error);
        }
    }

    /// Notes a failure, for the report and for who asks what is waited for. Returns it with what is known of its cause.
    fn blame(&mut self, error: Error, now: Instant) -> Error {
        self.note(error.doing.clone(), error.detail.clone(), now);
        let error = error.at(&self.config.address);
        self.retry.blame(error)
    }

    /// Counts a failure, and gives up where time without progress is spent.
    pub(super) fn failed(&mut self, sent: Instant, error: Error, after: Option<Millis>, now: Instant) {
        let error = self.blame(error, now);
        if !self.retry.failed(sent, after, now) {
            self.spent(error);
        }
    }

    /// Fails, since the time without progress is spent.
    fn spent(&mut self, error: Error) {
        let kind = if self.retry.is_offline() { Kind::Offline } else { error.kind };
        self.fail(Error { kind, ..error }.with_attempts(self.retry.total_failures()));
    }
}

/// Makes the failure of an answer that broke off.
fn cut(why: &str) -> Error {
    Error::lost("downloading", Loss::new(Cause::Cut, why))
}
