//! Whether and when requests may go out: paused, offline, backing off, waiting for new credentials.

use crate::core::clock::{Instant, Millis};
use crate::core::progress::Wait;
use crate::core::retry::{Budget, Jitter, Policy};

/// While offline, a request is tried this often: `navigator.onLine` is only a hint.
const PROBE: Millis = 15_000;

/// A timer that is later than this was asleep with its device, in ms.
const SLEEP: Millis = 10_000;

/// The one door through which every request of a transfer goes.
#[derive(Debug, Clone)]
pub struct Gate {
    policy: Policy,
    jitter: Jitter,
    budget: Budget,
    failures: u32,
    last_failure: Option<Instant>,
    not_before: Option<Instant>,
    /// The server asked for the wait, so progress elsewhere does not end it.
    ordered: bool,
    paused: bool,
    offline: bool,
    credentials: Credentials,
    /// How often anything failed; never reset.
    total_failures: u32,
}

/// Where the page's credentials stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credentials {
    /// Nobody has complained; or a request with them went well.
    Good,
    /// The page was asked for new ones.
    Asked,
    /// They are new since the request with this number, and unproven.
    Fresh(u64),
}

/// What a 401 leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unauthorized {
    /// The page must be asked for new credentials.
    Ask,
    /// It has been asked already; the request is sent again when they are there.
    Replay,
    /// The new ones are no good either.
    Give,
}

impl Gate {
    /// Starts open.
    pub fn new(policy: Policy, jitter: Jitter) -> Gate {
        Gate {
            policy,
            jitter,
            budget: Budget::default(),
            failures: 0,
            last_failure: None,
            not_before: None,
            ordered: false,
            paused: false,
            offline: false,
            credentials: Credentials::Good,
            total_failures: 0,
        }
    }

    /// Tells whether a request may go out at `now`.
    pub fn is_open(&self, now: Instant) -> bool {
        !self.paused && self.credentials != Credentials::Asked && self.not_before.is_none_or(|at| now >= at)
    }

    /// Forgets a wait that is over at `now`.
    pub fn tick(&mut self, now: Instant) {
        if self.not_before.is_some_and(|at| at <= now) {
            self.not_before = None;
            self.ordered = false;
        }
    }

    /// Notes that a call wanted at `due` came only at `now`: the time between is left out of the budget, unless it is
    /// so short that a busy page explains it.
    pub fn overslept(&mut self, due: Instant, now: Instant) {
        let late = now.since(due);
        if late > SLEEP {
            self.budget.skip(late);
        }
    }

    /// Returns the moment at which the gate opens by itself.
    pub fn opens_at(&self) -> Option<Instant> {
        if self.paused { None } else { self.not_before }
    }

    /// Tells why nothing goes out at `now`, if time or the network is the reason.
    pub fn waiting_for(&self, now: Instant) -> Option<Wait> {
        let until = self.not_before.filter(|at| *at > now)?;
        Some(if self.offline { Wait::Network } else { Wait::Backoff { until } })
    }

    /// Tells whether the page has paused the transfer.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Tells whether the network was last reported gone.
    pub fn is_offline(&self) -> bool {
        self.offline
    }

    /// Pauses; the budget stands still.
    pub fn pause(&mut self, now: Instant) {
        self.paused = true;
        self.budget.freeze(now);
    }

    /// Ends a pause and every wait.
    pub fn resume(&mut self) {
        self.paused = false;
        self.not_before = None;
        self.ordered = false;
        self.failures = 0;
    }

    /// Notes that the network went or came back; when it comes back every wait ends.
    pub fn online(&mut self, online: bool, now: Instant) {
        self.offline = !online;
        if online {
            self.not_before = None;
            self.ordered = false;
            self.failures = 0;
        } else {
            self.budget.freeze(now);
        }
    }

    /// Notes a confirmed byte: the budget is whole again, and only a wait that the server asked for goes on.
    pub fn progress(&mut self) {
        self.budget.reset();
        self.failures = 0;
        if !self.ordered {
            self.not_before = None;
        }
    }

    /// Notes bytes that moved: the budget is whole again, and every wait goes on. For transfers that confirm byte by
    /// byte, where lifting the wait would let a failing request come back at once.
    pub fn moved(&mut self) {
        self.budget.reset();
        self.failures = 0;
    }

    /// Notes that an answer was accepted, as far as credentials go.
    pub fn authorized(&mut self) {
        if matches!(self.credentials, Credentials::Fresh(_)) {
            self.credentials = Credentials::Good;
        }
    }

    /// Notes the failure at `now` of a request sent at `sent`, and closes the gate for a backoff or for what the
    /// server asked for. Requests that fail together count as one failure. Returns false when the budget is spent.
    pub fn failed(&mut self, sent: Instant, retry_after: Option<Millis>, now: Instant) -> bool {
        self.total_failures = self.total_failures.saturating_add(1);
        if self.policy == Policy::NEVER {
            return false;
        }
        if self.last_failure.is_none_or(|last| sent >= last) {
            self.failures = self.failures.saturating_add(1);
        }
        self.last_failure = Some(now);
        if self.offline {
            self.not_before = Some(now + PROBE);
            return true;
        }
        self.budget.run(now);
        let wait = retry_after.unwrap_or_else(|| self.policy.backoff(self.failures, self.jitter.draw()));
        let until = now + wait;
        self.ordered = retry_after.is_some() || (self.ordered && !self.is_open(now));
        self.not_before = Some(self.not_before.map_or(until, |at| at.max(until)));
        // A transfer that was told to wait longer than its budget waits all the same, and then has one more try.
        self.budget.spent(now) < self.policy.budget
    }

    /// Decides on a 401 to request `id`; `can_ask` tells whether the page gave a function for its headers.
    pub fn unauthorized(&mut self, id: u64, can_ask: bool) -> Unauthorized {
        match self.credentials {
            Credentials::Asked => Unauthorized::Replay,
            Credentials::Fresh(since) if id < since => Unauthorized::Replay,
            Credentials::Good if can_ask => {
                self.credentials = Credentials::Asked;
                Unauthorized::Ask
            }
            Credentials::Good | Credentials::Fresh(_) => Unauthorized::Give,
        }
    }

    /// Notes that new credentials are there, for requests from number `next` on.
    pub fn refreshed(&mut self, next: u64) {
        self.credentials = Credentials::Fresh(next);
    }

    /// Returns how often something failed.
    pub fn total_failures(&self) -> u32 {
        self.total_failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        Gate::new(Policy::default(), Jitter::new(1))
    }

    #[test]
    fn requests_that_fail_together_count_once() {
        let mut gate = gate();
        for _ in 0..6 {
            assert!(gate.failed(Instant(0), None, Instant(100)));
        }
        assert_eq!(gate.failures, 1);
        assert!(gate.failed(Instant(200), None, Instant(300)));
        assert_eq!(gate.failures, 2);
    }

    #[test]
    fn the_budget_is_time_without_progress() {
        let mut gate = gate();
        assert!(gate.failed(Instant(0), None, Instant(0)));
        assert!(gate.failed(Instant(1), None, Instant(599_999)));
        assert!(!gate.failed(Instant(2), None, Instant(600_000)));
        gate.progress();
        assert!(gate.failed(Instant(3), None, Instant(700_000)));
        gate.online(false, Instant(700_000));
        assert!(gate.failed(Instant(4), None, Instant(9_000_000)), "offline time does not count");
        assert_eq!(gate.waiting_for(Instant(9_000_001)), Some(Wait::Network));
        gate.online(true, Instant(9_000_100));
        assert!(gate.is_open(Instant(9_000_100)));
        assert!(!Gate::new(Policy::NEVER, Jitter::new(0)).failed(Instant(0), None, Instant(0)));
    }

    #[test]
    fn sleep_is_not_failure() {
        let mut gate = gate();
        assert!(gate.failed(Instant(0), None, Instant(0)));
        gate.overslept(Instant(1_000), Instant(5_000_000));
        assert!(gate.failed(Instant(1), None, Instant(5_000_000)));
        gate.overslept(Instant(5_000_000), Instant(5_010_000));
        assert!(!gate.failed(Instant(2), None, Instant(5_599_000)));
    }

    #[test]
    fn retry_after_is_obeyed() {
        let mut gate = gate();
        assert!(gate.failed(Instant(0), Some(20_000), Instant(100)));
        assert!(!gate.is_open(Instant(20_099)));
        gate.progress();
        assert!(!gate.is_open(Instant(20_099)), "another request's success does not lift it");
        assert!(gate.is_open(Instant(20_100)));
        assert!(gate.failed(Instant(20_200), None, Instant(20_200)));
        gate.progress();
        assert!(gate.is_open(Instant(20_200)), "a backoff of our own is lifted");
    }

    #[test]
    fn credentials_are_asked_for_once_for_all() {
        let mut gate = gate();
        assert_eq!(gate.unauthorized(1, false), Unauthorized::Give);
        assert_eq!(gate.unauthorized(1, true), Unauthorized::Ask);
        assert!(!gate.is_open(Instant(0)));
        assert_eq!(gate.unauthorized(2, true), Unauthorized::Replay);
        gate.refreshed(4);
        assert_eq!(gate.unauthorized(3, true), Unauthorized::Replay, "sent with the old ones");
        assert_eq!(gate.unauthorized(4, true), Unauthorized::Give);
        gate.authorized();
        assert_eq!(gate.unauthorized(9, true), Unauthorized::Ask, "they expired again");
    }
}
