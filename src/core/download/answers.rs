//! What an answer, or the end of its body, says of the server and leads to.

use super::requests::{InFlight, Phase, Purpose};
use super::resource::Size;
use super::server::Server;
use super::stored::Stored;
use super::tolerance::Idleness;
use crate::core::cause::{Cause, Loss};
use crate::core::clock::Millis;
use crate::core::error::{Error, Kind};
use crate::core::range::Head;

/// What an answer, or the end of its body, leads to. But for [`Reaction::Read`] the request is over.
#[derive(Debug, Clone, PartialEq)]
pub enum Reaction {
    /// Nothing but what is asked for next.
    GoOn,
    /// The body is read, by the request's cursor.
    Read,
    /// The answer cannot be used, for this reason: the same is asked again a few times, and not always in the same way.
    Unusable(&'static str, Error),
    /// No answer came.
    Unanswered(Error),
    /// It failed, and is tried again for as long as the policy allows; not before so many ms, if the server said that.
    Failed(Error, Option<Millis>),
    /// The resource is another version, for this reason.
    Changed(&'static str),
    /// The download fails.
    Fail(Error),
}

impl Reaction {
    /// Makes the reaction to an answer that cannot be used.
    pub fn unusable(why: &'static str, head: &Head) -> Reaction {
        Reaction::Unusable(why, refusal(Kind::Server, why, head))
    }
}

/// Makes the failure of an answer that was not wanted.
pub fn refusal(kind: Kind, why: impl AsRef<str>, head: &Head) -> Error {
    let error = Error::new(kind, "downloading", why).with_status(Some(head.status));
    Error { redirected: head.redirected.clone(), ..error }
}

/// A good answer with what it is held against.
pub struct GoodAnswer<'a> {
    pub head: &'a Head,
    pub request: &'a mut InFlight,
    pub server: &'a mut Server,
    pub stored: &'a Stored,
    /// How many bytes are compared where no validator proves the version.
    pub overlap: u64,
}

/// What a good 206 says of its body.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub start: u64,
    pub end: Option<u64>,
    pub total: Option<u64>,
    pub blind: bool,
    pub proven: bool,
}

impl GoodAnswer<'_> {
    /// Takes a 206.
    pub fn part(self, part: Part) -> Reaction {
        let GoodAnswer { head, request, server, .. } = self;
        let (at, is_fill) = (request.cursor.at, request.purpose == Purpose::Fill);
        let is_open = request.asked.range.is_some_and(|range| range.last.is_none());
        let unknown = server.resource().is_some_and(|resource| resource.total.is_none());
        if part.end == Some(at) && is_fill && unknown && part.total.is_none() {
            // Nothing behind the overlap: that may be the end. Asked for the next byte alone, a 416 will say so.
            server.set_at_end(true);
            return Reaction::GoOn;
        }
        if part.end.is_some_and(|end| end < at || (end == at && is_fill)) {
            return Reaction::unusable("it answered less than the overlap", head);
        }
        // A blind answer that has nothing to hold it against tells the size by its length.
        let derived = part.end.filter(|_| part.blind && is_open);
        let size = Size { total: part.total.or(derived), exact: true, end_proven: !part.blind };
        if let Err(too_large) = server.learn(head, size) {
            return Reaction::Fail(too_large.error());
        }
        if head.accept_ranges.as_deref().is_some_and(|unit| unit.trim_ascii().eq_ignore_ascii_case("none")) {
            server.give_up_parallel("the server says it has no ranges");
        }
        server.give_up_parallel_without_size();
        let total = server.total();
        if request.purpose == Purpose::Tail && total.is_some_and(|total| total > at) {
            // The file goes on where it was believed to end: the server had capped its first answer.
            return Reaction::GoOn;
        }
        let from = request.asked.range.map_or(0, |range| range.first);
        request.cursor.skip = from.saturating_sub(part.start);
        request.left = part.end.map(|end| end.saturating_sub(part.start));
        request.blind = part.blind && head.length().is_some();
        request.proven = part.proven;
        if is_fill {
            request.cursor.limit = [request.cursor.limit, part.end, total].into_iter().flatten().min();
        }
        Reaction::Read
    }

    /// Takes a 200, which announces `length` bytes; `proven` says that a strong validator knows the version.
    pub fn whole(self, length: Option<u64>, proven: bool) -> Reaction {
        let GoodAnswer { head, request, server, stored, overlap } = self;
        let end = stored.have().end();
        let decoded =
            server.resource().is_some_and(|resource| resource.total.is_none()) && !server.takes_ranges();
        if !decoded && length.is_some_and(|length| length < end) {
            return Reaction::Changed("its size differs");
        }
        // The end of this body is a better witness than the length of a range.
        if server.forget_derived_size() {
            request.purpose = Purpose::Fill;
        }
        let hint = server.resource().and_then(|resource| resource.hint());
        if !proven && length.zip(hint).is_some_and(|(length, hint)| length != hint) {
            return Reaction::Changed("its size differs");
        }
        let why = server.answered_whole(head.is_encoded());
        if request.purpose == Purpose::Fill {
            server.becomes_whole(why);
        }
        let size = Size { total: length, exact: false, end_proven: true };
        if let Err(too_large) = server.learn(head, size) {
            return Reaction::Fail(too_large.error());
        }
        server.announce(length.filter(|length| *length >= end));
        request.stream = true;
        request.proven = proven;
        request.left = length;
        if request.purpose == Purpose::Fill {
            request.cursor = stored.stream_cursor(0, server.size(), overlap);
        } else {
            request.cursor.skip = request.cursor.at.saturating_sub(request.cursor.compare);
        }
        Reaction::Read
    }
}

/// Takes a 416 which says that the resource has just `total` bytes; `proven` says that a strong validator knows the
/// version.
pub fn end_told(server: &mut Server, stored: &mut Stored, head: &Head, total: u64, proven: bool) -> Reaction {
    if total < stored.have().end() {
        return Reaction::Changed("its size differs");
    }
    let hint = server.resource().and_then(|resource| resource.hint());
    if hint.is_some_and(|hint| hint != total) {
        return Reaction::unusable("it refused a range that it has", head);
    }
    if !proven {
        // A shorter version would say the same: the last bytes are compared once more.
        stored.add_seam(total.saturating_sub(1));
    }
    server.ends_at(total);
    Reaction::GoOn
}

/// Takes a request that is over: by the end of its body, or by a `failure`.
pub fn request_over(server: &mut Server, request: &InFlight, failure: Option<Error>) -> Reaction {
    let clean = failure.is_none();
    match request.phase {
        Phase::Drain if clean || !request.tells_end() => {
            if request.tells_end() {
                server.set_end_proven(true);
            }
            return Reaction::GoOn;
        }
        Phase::Sent => {
            return Reaction::Unanswered(failure.unwrap_or_else(|| cut("the answer ended before it began")));
        }
        _ => {}
    }
    let at = request.cursor.at;
    // Every byte that was wanted of it so far was taken, and nothing says where it was to end.
    let is_endless =
        request.phase == Phase::Body && request.cursor.limit.is_none() && request.cursor.is_writing();
    if request.stream && is_endless && clean && server.total().is_none_or(|total| total == at) {
        server.stream_ended(at);
        return Reaction::GoOn;
    }
    // Fewer bytes than asked for are allowed (RFC 9110 section 15.3.7), if they are all the answer announced.
    let kept_its_word = clean && request.left.is_none_or(|left| left == 0);
    if kept_its_word && !request.stream {
        if request.wrote > 0 {
            return Reaction::GoOn;
        }
        if is_endless && request.asked.range.is_some_and(|range| range.first < at) {
            server.set_at_end(true);
            return Reaction::GoOn;
        }
    }
    if clean && request.wrote == 0 {
        match server.tolerance.idle(request.stream && kept_its_word) {
            Idleness::Borne => {}
            Idleness::Shorter => return Reaction::Changed("it is shorter than it was"),
            Idleness::Enough(bodies) => {
                let what = "the server's answers keep ending before the first byte that is missing";
                return Reaction::Fail(Error::new(Kind::Server, "downloading", what).with_attempts(bodies));
            }
        }
    }
    if request.blind && request.wrote == 0 && request.is_behind_start() && server.tolerance.barren() {
        server.give_up_ranges("the server's ranges cannot be read");
    }
    Reaction::Failed(failure.unwrap_or_else(|| cut("the body ended early")), None)
}

/// Makes the failure of an answer that broke off.
fn cut(why: &str) -> Error {
    Error::lost("downloading", Loss::new(Cause::Cut, why))
}
