//! What the page and the queue are shown of a download.

use super::finish::Finish;
use super::machine::{Download, Stage};
use crate::core::clock::Instant;
use crate::core::plan::Cut;
use crate::core::progress::State;
use crate::core::report::Event;

impl Download {
    /// Returns the state at `now`.
    pub fn state(&self, now: Instant) -> State {
        let idle = self.requests.is_empty();
        match self.stage {
            Stage::Queued => State::Queued,
            Stage::Ended(state) => state,
            Stage::Running if self.retry.is_paused() => State::Paused,
            Stage::Running if self.finish != Finish::No => State::Finishing,
            Stage::Running if idle && self.slots.is_empty() && self.demand(now).is_some() => State::Queued,
            Stage::Running if idle && self.retry.waiting_for(now).is_some() => State::Waiting,
            Stage::Running if self.complete_size().is_some() => State::Finishing,
            Stage::Running if self.server.is_met() => State::Transferring,
            Stage::Running => State::Negotiating,
        }
    }

    /// Returns how many requests it has in flight; those whose bytes have all come, and only the end not yet, do not
    /// count.
    pub fn in_flight(&self) -> usize {
        self.requests.busy()
    }

    /// Takes the moment at which a request was sent that the server refused, since there were too many.
    pub fn take_refusal(&mut self) -> Option<Instant> {
        self.slots.take_refusal()
    }

    /// Returns how many requests it would have in flight at `now` if it were alone: one at least while it waits for its
    /// server or for what it asked the page for, and nothing while it makes none.
    pub fn demand(&self, now: Instant) -> Option<usize> {
        if self.stage != Stage::Running || self.retry.is_paused() || self.finish != Finish::No {
            return None;
        }
        let busy = self.requests.busy();
        if let Some(size) = self.complete_size() {
            let checks = usize::from(self.planner(now).check(size).is_some());
            return Some(busy.max(checks)).filter(|requests| *requests > 0);
        }
        if !self.retry.may_send(now) || self.url.is_asked() {
            return Some(busy.max(1));
        }
        let most = if self.server.takes_one() { 1 } else { self.slots.alone() };
        Some(self.planner(now).demand(most).max(busy))
    }

    /// Returns one byte for each piece: 0 missing, 1 in flight, 2 from an earlier visit, 3 confirmed. While the size
    /// is unknown there are as many as have been touched.
    pub fn pieces(&self) -> Vec<u8> {
        let (have, reused) = (self.stored.have(), self.stored.reused());
        let cut = Cut::new(self.server.total().unwrap_or(0).max(have.end()), self.piece());
        let coming = self.requests.coming();
        (0..cut.count())
            .map(|index| {
                let range = cut.range(index);
                let len = cut.len(index);
                if reused.count(range.clone()) == len {
                    2
                } else if have.count(range.clone()) == len {
                    3
                } else {
                    u8::from(coming.iter().any(|span| span.start < range.end && range.start < span.end))
                }
            })
            .collect()
    }

    /// Returns the size of a piece, in bytes: a restored record's, or the configuration's.
    pub fn piece(&self) -> u64 {
        self.stored.piece()
    }

    /// Returns what did not go as wished, oldest first; the oldest are dropped behind 200.
    pub fn events(&self) -> &[Event] {
        self.report.events()
    }
}
