//! What a request leads to that brought no answer.

use super::errors;
use super::requests::InFlight;
use super::state::{Exchange, TRIES};
use super::step::Step;
use crate::core::cause::{Cause, Loss};
use crate::core::clock::{Instant, Millis};
use crate::core::error::{Error, Kind};
use crate::core::protocol::RequestId;

/// A chunk that is lost within this time was refused by something that would not read it, in ms.
const AT_ONCE: Millis = 1_000;

impl Exchange {
    /// Takes a request that brought no answer, for this cause; the device may have been `offline`.
    pub fn lost(&mut self, id: RequestId, loss: Loss, offline: bool, now: Instant) -> Vec<Step> {
        let Some(purpose) = self.requests.purpose(id) else { return Vec::new() };
        if loss.is_final(offline) {
            // The end gives it up with the others.
            return vec![Step::Fail(Error::lost(self.doing(purpose), loss))];
        }
        let Some(mut request) = self.requests.remove(id) else { return Vec::new() };
        // How soon it was lost says much; what came after that, nothing.
        request.sent = request.sent + loss.looked;
        self.release(request.purpose);
        let cause = loss.cause;
        let error = Error { kind: Kind::Network, ..Error::lost(self.doing(purpose), loss) };
        let refused = !offline && !matches!(cause, Cause::Unreadable | Cause::Page);
        let at_once = refused && now.since(request.sent) < AT_ONCE;
        if cause == Cause::Unreadable
            && let Some(chunk) = self.chunk_of(&request)
        {
            // Whether it is the file's fault shows when it is hashed again.
            chunk.verified = false;
        }
        self.unanswered(&request, at_once, error)
    }

    /// Takes a request that was given up, since it showed no sign of life.
    pub fn stalled(&mut self, id: RequestId, now: Instant) -> Vec<Step> {
        let Some(request) = self.requests.remove(id) else { return Vec::new() };
        self.release(request.purpose);
        if let Some(chunk) = self.chunk_of(&request) {
            chunk.troubles.stalls += 1;
        }
        let detail = format!("no answer for {} s", now.since(request.sent) / 1000);
        let error = Error::new(Kind::Stalled, self.doing(request.purpose), detail);
        self.unanswered(&request, false, error)
    }

    fn unanswered(&mut self, request: &InFlight, at_once: bool, error: Error) -> Vec<Step> {
        // Since the last loss a handshake got through.
        let between = self.server.doubt.is_none();
        // The server may have done the work.
        self.doubt();
        let Some(chunk) = self.chunk_of(request) else { return vec![self.charged(request, error)] };
        chunk.troubles.losses += 1;
        // A file that changed on disk fails like the network does; from the second failure on it is looked at.
        chunk.verified &= chunk.troubles.losses < 2;
        let len = chunk.len;
        self.server.lost_at_once += u32::from(at_once && between);
        if self.server.lost_at_once < TRIES {
            return vec![self.charged(request, error)];
        }
        let error = errors::refused_unseen(error, len);
        match self.cut_smaller(len, error.detail.clone()) {
            Some(chunk) => vec![self.noted(request, error), Step::CutSmaller(chunk)],
            None => vec![self.charged(request, error)],
        }
    }
}
