//! How many requests a download may have in flight: as goodput says, as many as it has slots for, and as many as its
//! server takes.

use crate::core::clock::Instant;
use crate::core::pace::{Concurrency, Pace};

/// What bounds the number of requests in flight.
#[derive(Debug)]
pub struct Slots {
    pace: Pace,
    /// The number is fixed: any slot will do.
    fixed: bool,
    /// How many it was given.
    given: usize,
    /// How many the server takes of all that is sent to it.
    server: Option<usize>,
    /// When a request was sent that the server refused, since there were too many.
    refused: Option<Instant>,
}

impl Slots {
    /// Starts with as many as `concurrency` says.
    pub fn new(concurrency: Concurrency) -> Slots {
        let fixed = matches!(concurrency, Concurrency::Fixed(_));
        Slots { pace: Pace::new(concurrency), fixed, given: usize::MAX, server: None, refused: None }
    }

    /// Takes the number of slots from here on.
    pub fn give(&mut self, slots: usize) {
        self.given = slots;
    }

    /// Takes how many requests the server takes at once, of all that is sent to it.
    pub fn limit_server(&mut self, most: Option<usize>) {
        self.server = most;
    }

    /// Tells whether nothing may go out.
    pub fn is_empty(&self) -> bool {
        self.given == 0
    }

    /// Tells whether so many requests are more than it has slots for.
    pub fn is_exceeded_by(&self, requests: usize) -> bool {
        requests > if self.fixed && self.given > 0 { usize::MAX } else { self.given }
    }

    /// Returns how many requests may be in flight.
    pub fn limit(&self) -> usize {
        match self.given {
            0 => 0,
            _ if self.fixed => self.alone(),
            given => self.alone().min(given),
        }
    }

    /// Returns how many there would be if there were slots without end; one at least.
    pub fn alone(&self) -> usize {
        self.pace.limit().min(self.server.unwrap_or(usize::MAX)).max(1)
    }

    /// Notes `bytes` that came while `reading` requests brought some.
    pub fn brought(&mut self, bytes: u64, reading: usize, now: Instant) {
        self.pace.confirmed(bytes, reading, now);
    }

    /// Notes that the server asked for fewer requests, in answer to one that was sent at `sent`.
    pub fn too_many(&mut self, sent: Instant, now: Instant) {
        self.pace.too_many(sent, now);
        self.refused = Some(sent);
    }

    /// Takes the moment at which a request was sent that was refused since there were too many.
    pub fn take_refusal(&mut self) -> Option<Instant> {
        self.refused.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_all_that_bounds_it_counts() {
        let mut slots = Slots::new(Concurrency::Auto(4));
        let mut rows = Vec::new();
        for (given, server) in
            [(usize::MAX, None), (3, None), (3, Some(2)), (1, Some(2)), (0, None), (9, Some(0))]
        {
            slots.give(given);
            slots.limit_server(server);
            rows.push((slots.limit(), slots.alone()));
        }
        assert_eq!(rows, [(4, 4), (3, 4), (2, 2), (1, 2), (0, 4), (1, 1)]);
    }

    #[test]
    fn a_fixed_number_needs_just_any_slot() {
        let mut slots = Slots::new(Concurrency::Fixed(5));
        slots.give(1);
        assert_eq!(slots.limit(), 5);
        slots.limit_server(Some(2));
        assert_eq!(slots.limit(), 2, "what the server refused is not asked for again");
        assert!(!slots.is_exceeded_by(5));
        slots.give(0);
        assert!(slots.is_empty() && slots.limit() == 0 && slots.is_exceeded_by(1));
    }
}
