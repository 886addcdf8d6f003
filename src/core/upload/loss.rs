//! Requests that brought no answer: which of them end the upload at once, and where each message says that it was asked.

use super::RequestId;
use super::machine::{Phase, Upload};
use super::outbox::What;
use crate::core::cause::{Cause, Loss};
use crate::core::clock::Instant;
use crate::core::error::{Error, Kind};

impl Upload {
    /// Takes a request that brought no answer.
    pub(super) fn missed(&mut self, id: RequestId, loss: Loss, now: Instant) {
        let Some(what) = self.requests.get(&id).map(|request| request.what) else { return };
        if loss.is_final(self.gate.is_offline()) {
            return self.fail(Error::lost(self.doing(what), loss), now);
        }
        if loss.cause == Cause::Unreadable
            && let (What::Chunk(at), Phase::Exchanging(exchange)) = (what, &mut self.phase)
            && let Some(chunk) = exchange.table.get_mut(at)
        {
            // Whether it is the file's fault shows when it is hashed again.
            chunk.trusted = false;
        }
        self.lost(id, Kind::Network, loss, now);
    }

    /// Says in an error of the exchange where it was asked.
    pub(super) fn placed(&self, error: Error) -> Error {
        match error.kind {
            Kind::Network | Kind::Offline | Kind::Stalled | Kind::Server | Kind::Rejected => {
                error.at(&self.config.endpoint)
            }
            _ => error,
        }
    }
}
