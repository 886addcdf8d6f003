//! What a server refused: more requests at once than it takes (429, 503), remembered for a while for all transfers to
//! its origin.

use crate::core::clock::{Instant, Millis};

/// How long a number that the server refused is not tried again, in ms; doubles each time, up to an hour.
const REMEMBERED: Millis = 60_000;
const LONGEST: Millis = 3_600_000;

/// What one origin refused.
#[derive(Debug, Clone)]
pub struct Refusals {
    /// So many at once it would not have; 0 while it refused none.
    refused: usize,
    until: Instant,
    remembered: Millis,
    /// When it last refused a number that it had not refused before.
    lowered: Instant,
}

impl Default for Refusals {
    fn default() -> Refusals {
        Refusals {
            refused: 0,
            until: Instant::default(),
            remembered: REMEMBERED,
            lowered: Instant::default(),
        }
    }
}

impl Refusals {
    /// Notes that a request of the moment `sent` was refused, while `in_flight` of them (with it) were under way. What else
    /// is refused of those that were under way then tells how many the server took.
    pub fn note(&mut self, in_flight: usize, sent: Instant, now: Instant) {
        if sent < self.lowered {
            // Two at least: a server that had no time for any may have it again.
            if self.refused > 3 {
                self.refused -= 1;
            }
            return;
        }
        self.lowered = now;
        self.refused = in_flight.max(1);
        self.until = now + self.remembered;
        self.remembered = (2 * self.remembered).min(LONGEST);
    }

    /// Returns how many requests the server takes at `now`, at least 1; nothing while no number is known.
    pub fn limit(&self, now: Instant) -> Option<usize> {
        (now < self.until).then(|| self.refused.saturating_sub(1).max(1))
    }

    /// Tells whether it has ever refused anything.
    pub fn was_refused(&self) -> bool {
        self.refused > 0
    }

    /// Returns when [`Refusals::limit`] is lifted, if there is one at `now`.
    pub fn lifted_at(&self, now: Instant) -> Option<Instant> {
        (now < self.until).then_some(self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_that_are_refused_at_once_it_learns_how_many_were_taken() {
        // (under way, refused; how many the server takes)
        for (under_way, refused, taken) in [(6, 4, 2), (6, 3, 3), (6, 1, 5), (4, 2, 2), (6, 6, 2), (2, 2, 1)]
        {
            let mut refusals = Refusals::default();
            for ms in 1..=refused {
                refusals.note(under_way, Instant(100), Instant(100 + ms));
            }
            assert_eq!(refusals.limit(Instant(200)), Some(taken), "{refused} of {under_way}");
        }
    }

    #[test]
    fn a_number_is_tried_again_less_and_less_often() {
        let mut refusals = Refusals::default();
        let (mut now, mut gaps) = (Instant(1), Vec::new());
        for _ in 0..5 {
            refusals.note(6, now, now);
            let lifted = refusals.lifted_at(now).unwrap();
            assert_eq!(refusals.limit(Instant(lifted.0 - 1)), Some(5));
            assert_eq!(refusals.limit(lifted), None);
            gaps.push(lifted.since(now));
            now = lifted;
        }
        assert_eq!(gaps, [60_000, 120_000, 240_000, 480_000, 960_000]);
    }
}
