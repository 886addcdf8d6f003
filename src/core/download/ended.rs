//! What the end of a request says, by its body's end or by a failure.

use super::in_flight::{InFlight, Phase};
use super::reaction::Reaction;
use super::server::Server;
use super::tolerance::Idleness;
use crate::core::cause::{Cause, Loss};
use crate::core::error::{Error, Kind};

/// Takes a request that is over: by the end of its body, or by a `failure`.
pub fn ended(server: &mut Server, request: &InFlight, failure: Option<Error>) -> Reaction {
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
