//! For how long a transfer goes on without progress.

use crate::core::clock::{Instant, Millis};

/// The time a transfer has been failing without progress; stands still while it is paused or offline.
#[derive(Debug, Clone, Copy, Default)]
pub struct Budget {
    spent: Millis,
    running_since: Option<Instant>,
}

impl Budget {
    /// Notes progress: the budget is whole again.
    pub fn reset(&mut self) {
        *self = Budget::default();
    }

    /// Notes a failure at `now`: the time runs from here on.
    pub fn run(&mut self, now: Instant) {
        self.running_since.get_or_insert(now);
    }

    /// Stops the time at `now`, as while offline or paused; the next failure starts it again.
    pub fn freeze(&mut self, now: Instant) {
        self.spent = self.spent(now);
        self.running_since = None;
    }

    /// Leaves out `span` ms in which nothing could run: the device slept.
    pub fn skip(&mut self, span: Millis) {
        self.running_since = self.running_since.map(|since| since + span);
    }

    /// Returns how much is spent at `now`, in ms.
    pub fn spent(&self, now: Instant) -> Millis {
        self.spent + self.running_since.map_or(0, |since| now.since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_stands_still_while_frozen() {
        let mut budget = Budget::default();
        assert_eq!(budget.spent(Instant(9)), 0);
        budget.run(Instant(10));
        budget.run(Instant(15));
        assert_eq!(budget.spent(Instant(30)), 20);
        budget.freeze(Instant(30));
        assert_eq!(budget.spent(Instant(1_000_000)), 20);
        budget.run(Instant(1_000_000));
        assert_eq!(budget.spent(Instant(1_000_005)), 25);
        budget.skip(3);
        assert_eq!(budget.spent(Instant(1_000_009)), 26);
        budget.reset();
        assert_eq!(budget.spent(Instant(2_000_000)), 0);
    }
}
