//! Whether and when a transfer's next request may go out: paused, offline, backing off, waiting for new credentials.

use super::budget::Budget;
use super::policy::{Jitter, Policy};
use crate::core::cause::Cause;
use crate::core::clock::{Instant, Millis};
use crate::core::credentials::{Credentials, Unauthorized};
use crate::core::error::Error;
use crate::core::progress::Wait;

/// A request that is lost within this time did not get through, in ms.
const AT_ONCE: Millis = 1_000;
/// While no request gets through, the backoff grows no further than after so many failures: to 2 s, with the usual
/// base. `navigator.onLine` is only a hint, and an attempt that ends before it reaches a server costs it nothing.
const STEADY: u32 = 3;

/// What holds a transfer's requests back, and how often and for how long they have failed.
#[derive(Debug, Clone)]
pub struct Retry {
    policy: Policy,
    jitter: Jitter,
    budget: Budget,
    failures: u32,
    last_failure: Option<Instant>,
    /// The end of our own wait; progress and a network that comes back end it sooner.
    backoff: Option<Instant>,
    /// The end of the wait that the server asked for; only time ends it.
    ordered: Option<Instant>,
    paused: bool,
    offline_since: Option<Instant>,
    credentials: Credentials,
    /// How often anything failed; never reset.
    total_failures: u32,
    /// What failed last, until something goes well.
    trouble: Option<Error>,
}

impl Retry {
    /// Starts with nothing that holds requests back.
    pub fn new(policy: Policy, jitter: Jitter) -> Retry {
        Retry {
            policy,
            jitter,
            budget: Budget::default(),
            failures: 0,
            last_failure: None,
            backoff: None,
            ordered: None,
            paused: false,
            offline_since: None,
            credentials: Credentials::default(),
            total_failures: 0,
            trouble: None,
        }
    }

    /// Notes what failed. Returns it with what was found out about the same trouble before, where it says less itself.
    pub fn blame(&mut self, error: Error) -> Error {
        let mut error = error;
        let earlier =
            self.trouble.as_ref().and_then(|trouble| trouble.cause).filter(|cause| cause.is_finding());
        if matches!(error.cause, Some(Cause::Unanswered | Cause::Connection)) {
            error.cause = earlier.or(error.cause);
        }
        self.trouble = Some(error.clone());
        error
    }

    /// Returns what failed last, while nothing has gone well since.
    pub fn trouble(&self) -> Option<&Error> {
        self.trouble.as_ref()
    }

    /// Tells whether a request may go out at `now`.
    pub fn may_send(&self, now: Instant) -> bool {
        !self.paused && !self.credentials.are_awaited() && self.waits_until().is_none_or(|at| now >= at)
    }

    /// Forgets the waits that are over at `now`.
    pub fn tick(&mut self, now: Instant) {
        self.backoff = self.backoff.filter(|at| *at > now);
        self.ordered = self.ordered.filter(|at| *at > now);
    }

    /// Returns the moment at which a wait ends by itself.
    pub fn ends_at(&self) -> Option<Instant> {
        if self.paused { None } else { self.waits_until() }
    }

    fn waits_until(&self) -> Option<Instant> {
        self.backoff.max(self.ordered)
    }

    /// Tells why nothing goes out at `now`, if time or the network is the reason.
    pub fn waiting_for(&self, now: Instant) -> Option<Wait> {
        let until = self.waits_until().filter(|at| *at > now)?;
        Some(if self.is_offline() { Wait::Network } else { Wait::Backoff { until } })
    }

    /// Tells whether the page has paused the transfer.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Tells whether the network was last reported gone, and nothing has got through since.
    pub fn is_offline(&self) -> bool {
        self.offline_since.is_some()
    }

    /// Pauses; the budget stands still.
    pub fn pause(&mut self, now: Instant) {
        self.paused = true;
        self.budget.freeze(now);
    }

    /// Ends a pause and every wait of our own.
    pub fn resume(&mut self) {
        self.paused = false;
        self.start_over();
    }

    /// Notes that the network went or came back; when it comes back every wait of our own ends.
    pub fn online(&mut self, online: bool, now: Instant) {
        if online {
            self.offline_since = None;
            self.start_over();
        } else {
            self.offline_since.get_or_insert(now);
            self.budget.freeze(now);
        }
    }

    fn start_over(&mut self) {
        self.backoff = None;
        self.failures = 0;
    }

    /// Notes that a request sent at `sent` was answered: what was sent while offline proves that we are not.
    pub fn reached(&mut self, sent: Instant) {
        self.trouble = None;
        self.offline_since = self.offline_since.filter(|since| sent <= *since);
    }

    /// Notes that the device slept for the last `span` ms: that is not charged.
    pub fn slept(&mut self, span: Millis) {
        self.budget.skip(span);
    }

    /// Notes a confirmed byte: the budget is whole again, and only a wait that the server asked for goes on.
    pub fn progress(&mut self) {
        self.trouble = None;
        self.budget.reset();
        self.start_over();
    }

    /// Notes bytes that moved: the budget is whole again, and every wait goes on. For transfers that confirm byte by
    /// byte, where lifting the wait would let a failing request come back at once.
    pub fn moved(&mut self) {
        self.trouble = None;
        self.budget.reset();
        self.failures = 0;
    }

    /// Waits for a first backoff, without a failure.
    pub fn hold(&mut self, now: Instant) {
        self.backoff = self.backoff.max(Some(now + self.policy.backoff(1, self.jitter.draw())));
    }

    /// Tells whether the failure of a request sent at `sent` says more than the last one did.
    fn is_news(&self, sent: Instant) -> bool {
        self.last_failure.is_none_or(|last| sent >= last)
    }

    /// Notes the failure at `now` of a request sent at `sent`, and waits for a backoff and for what the server
    /// asked for. Requests that fail together count as one failure. Returns false when the budget is spent.
    pub fn failed(&mut self, sent: Instant, retry_after: Option<Millis>, now: Instant) -> bool {
        self.fails(sent, retry_after, false, now)
    }

    /// Does as [`Retry::failed`] for a request that got no answer. Where such requests fail at once and again and again,
    /// the network is gone: it is probed steadily, since a long backoff would go on after it is back.
    pub fn lost(&mut self, sent: Instant, now: Instant) -> bool {
        self.fails(sent, None, now.since(sent) < AT_ONCE, now)
    }

    fn fails(&mut self, sent: Instant, retry_after: Option<Millis>, at_once: bool, now: Instant) -> bool {
        self.total_failures = self.total_failures.saturating_add(1);
        if self.policy == Policy::NEVER {
            return false;
        }
        if self.is_news(sent) {
            self.failures = self.failures.saturating_add(1);
        }
        self.last_failure = Some(now);
        self.ordered = self.ordered.max(retry_after.map(|wait| now + wait));
        let gone = at_once || self.is_offline();
        let failures = if gone { self.failures.min(STEADY) } else { self.failures };
        // In addition to what the server asks for, so that a `Retry-After: 0` is no licence to hammer.
        let wait = self.policy.backoff(failures, self.jitter.draw());
        if self.is_offline() {
            self.backoff = Some(now + wait);
            return true;
        }
        self.budget.run(now);
        self.backoff = self.backoff.max(Some(now + wait));
        // A transfer that was told to wait longer than its budget waits all the same, and then has one more try.
        self.budget.spent(now) < self.policy.budget
    }

    /// Decides on a 401 to request `id` at `now`; `can_ask` tells whether the page gave a function for its headers.
    pub fn unauthorized(&mut self, id: u64, can_ask: bool, now: Instant) -> Unauthorized {
        let leads_to = self.credentials.refused(id, can_ask);
        if leads_to == Unauthorized::Ask {
            // A person may have to log in.
            self.budget.freeze(now);
        }
        leads_to
    }

    /// Notes that request `id` was accepted, as far as credentials go.
    pub fn authorized(&mut self, id: u64) {
        self.credentials.accepted(id);
    }

    /// Notes that the credentials that were asked for are there, for requests from number `next` on.
    pub fn refreshed(&mut self, next: u64) {
        self.credentials.renewed(next);
    }

    /// Returns how often something failed.
    pub fn total_failures(&self) -> u32 {
        self.total_failures
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
