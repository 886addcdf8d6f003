//! How many requests at once a server has refused, and until when it is not asked to take as many again.

use crate::core::clock::{Instant, Millis};

/// How long a number that the server refused is not tried again, in ms; doubles each time.
pub(super) const REMEMBERED: Millis = 60_000;

/// What a server refused by asking for fewer requests (429, 503).
#[derive(Debug, Clone)]
pub struct Refusals {
    /// As many requests the server would not have, and is not asked to have again until then.
    refused: usize,
    refused_until: Instant,
    /// How long the next refusal is remembered, in ms.
    remembered: Millis,
    /// When the server last asked for less.
    lowered: Instant,
}

/// What a refusal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The server wants fewer than there were.
    New,
    /// It refused one more of those that were under way when it first did: so many of them it seems to take.
    Again {
        /// How many.
        taken: usize,
    },
}

impl Default for Refusals {
    fn default() -> Refusals {
        let never = Instant::default();
        Refusals { refused: 0, refused_until: never, remembered: REMEMBERED, lowered: never }
    }
}

impl Refusals {
    /// Notes at `now` that a request of the moment `sent` was refused while `limit` were allowed. What the server refuses
    /// of those that were under way at the first refusal tells how many it took.
    pub fn note(&mut self, sent: Instant, limit: usize, now: Instant) -> Refusal {
        if sent >= self.lowered {
            self.lowered = now;
            self.refused = limit;
            self.refused_until = now + self.remembered;
            self.remembered = self.remembered.saturating_mul(2);
            return Refusal::New;
        }
        // Two at least: a server that had no time for any may have it again.
        if self.refused <= 3 {
            return Refusal::Again { taken: usize::MAX };
        }
        self.refused -= 1;
        Refusal::Again { taken: self.refused - 1 }
    }

    /// Returns how many requests the server may be asked to take at `now`: one fewer than it refused, and any number once
    /// that was a while ago.
    pub fn most(&self, now: Instant) -> usize {
        if now < self.refused_until { self.refused.saturating_sub(1).max(1) } else { usize::MAX }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_remembered_for_a_minute_and_then_twice_as_long_each_time() {
        let mut refusals = Refusals::default();
        assert_eq!(refusals.most(Instant(0)), usize::MAX);
        let mut now = Instant(1_000);
        for span in [REMEMBERED, 2 * REMEMBERED, 4 * REMEMBERED] {
            assert_eq!(refusals.note(now, 4, now), Refusal::New);
            assert_eq!(refusals.most(now + (span - 1)), 3);
            now = now + span;
            assert_eq!(refusals.most(now), usize::MAX);
        }
        assert_eq!(refusals.note(now, 1, now), Refusal::New);
        assert_eq!(refusals.most(now), 1, "one request there always is");
    }

    #[test]
    fn those_that_were_under_way_together_tell_how_many_were_taken() {
        let mut refusals = Refusals::default();
        let (sent, now) = (Instant(1_000), Instant(1_100));
        assert_eq!(refusals.note(sent, 6, now), Refusal::New);
        let again: Vec<_> = (0..4).map(|_| refusals.note(sent, 3, now)).collect();
        let taken = [4, 3, 2, usize::MAX].map(|taken| Refusal::Again { taken });
        assert_eq!(again, taken);
        assert_eq!(refusals.most(now), 2);
        assert_eq!(refusals.note(now, 2, now + 50), Refusal::New, "it was sent after the first refusal");
    }
}
