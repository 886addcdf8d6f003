//! What the page is shown.

use super::flight::Phase;
use super::machine::{Download, Finish, Stage};
use crate::core::clock::Instant;
use crate::core::plan::Cut;
use crate::core::progress::State;

impl Download {
    /// Returns the state at `now`.
    pub fn state(&self, now: Instant) -> State {
        match self.stage {
            Stage::Queued => State::Queued,
            Stage::Ended(state) => state,
            Stage::Running if self.retry.is_paused() => State::Paused,
            Stage::Running if self.finish != Finish::No => State::Finishing,
            Stage::Running if self.flights.is_empty() && self.retry.waiting_for(now).is_some() => {
                State::Waiting
            }
            Stage::Running if self.is_complete() => State::Finishing,
            Stage::Running if self.met => State::Transferring,
            Stage::Running => State::Negotiating,
        }
    }

    /// Returns one byte for each piece: 0 missing, 1 in flight, 2 from an earlier visit, 3 confirmed. While the size
    /// is unknown there are as many as have been touched.
    pub fn pieces(&self) -> Vec<u8> {
        let known = self.resource.as_ref().and_then(|resource| resource.total);
        let cut = Cut::new(known.unwrap_or(0).max(self.have.end()), self.piece);
        let coming: Vec<_> = self
            .flights
            .iter()
            .filter(|flight| flight.phase != Phase::Drain)
            .map(|flight| flight.at..flight.end.unwrap_or(u64::MAX))
            .collect();
        (0..cut.count())
            .map(|index| {
                let range = cut.range(index);
                let len = cut.len(index);
                if self.reused.count(range.clone()) == len {
                    2
                } else if self.have.count(range.clone()) == len {
                    3
                } else {
                    u8::from(coming.iter().any(|span| span.start < range.end && range.start < span.end))
                }
            })
            .collect()
    }

    /// Returns the size of a piece, in bytes: a restored record's, or the configuration's.
    pub fn piece(&self) -> u64 {
        self.piece
    }
}
