//! The report of a transfer: what did not go as wished.

use crate::core::clock::Instant;

/// How many events are kept.
const EVENTS: usize = 200;

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What was being done.
    pub doing: String,
    /// What happened.
    pub what: String,
}

/// The latest events, oldest first; the oldest are dropped behind 200.
#[derive(Debug, Default)]
pub struct Report(Vec<Event>);

impl Report {
    /// Notes that something happened at `at`.
    pub fn note(&mut self, doing: String, what: String, at: Instant) {
        if self.0.len() >= EVENTS {
            self.0.remove(0);
        }
        self.0.push(Event { at, doing, what });
    }

    /// Returns the events.
    pub fn events(&self) -> &[Event] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept() {
        let mut report = Report::default();
        (0..250).for_each(|at| report.note(String::new(), String::new(), Instant(at)));
        assert_eq!(report.events().first().map(|event| event.at), Some(Instant(50)));
        assert_eq!(report.events().last().map(|event| event.at), Some(Instant(249)));
    }
}
