//! Whether and when requests may go out: paused, offline, backing off, waiting for new credentials.

use crate::core::cause::Cause;
use crate::core::clock::{Instant, Millis};
use crate::core::error::Error;
use crate::core::progress::Wait;
use crate::core::retry::{Budget, Jitter, Policy};

/// A request that is lost within this time did not get through, in ms.
const AT_ONCE: Millis = 1_000;
/// While no request gets through, the backoff grows no further than after so many failures: to 2 s, with the usual
/// base. `navigator.onLine` is only a hint, and an attempt that ends before it reaches a server costs it nothing.
const STEADY: u32 = 3;

/// The one door through which every request of a transfer goes.
#[derive(Debug, Clone)]
pub struct Gate {
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
    /// The first request that went out with the present credentials.
    credentials_since: u64,
    /// How often anything failed; never reset.
    total_failures: u32,
    /// What failed last, until something goes well.
    trouble: Option<Error>,
}

/// Where the page's credentials stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credentials {
    /// Nobody has complained; or a request with them went well.
    Good,
    /// The page was asked for new ones.
    Asked,
    /// They are new, and nothing has gone well with them yet.
    Unproven,
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
            backoff: None,
            ordered: None,
            paused: false,
            offline_since: None,
            credentials: Credentials::Good,
            credentials_since: 0,
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
    pub fn is_open(&self, now: Instant) -> bool {
        !self.paused
            && self.credentials != Credentials::Asked
            && self.closed_until().is_none_or(|at| now >= at)
    }

    /// Forgets the waits that are over at `now`.
    pub fn tick(&mut self, now: Instant) {
        self.backoff = self.backoff.filter(|at| *at > now);
        self.ordered = self.ordered.filter(|at| *at > now);
    }

    /// Returns the moment at which the gate opens by itself.
    pub fn opens_at(&self) -> Option<Instant> {
        if self.paused { None } else { self.closed_until() }
    }

    fn closed_until(&self) -> Option<Instant> {
        self.backoff.max(self.ordered)
    }

    /// Tells why nothing goes out at `now`, if time or the network is the reason.
    pub fn waiting_for(&self, now: Instant) -> Option<Wait> {
        let until = self.closed_until().filter(|at| *at > now)?;
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

    /// Closes the gate for a first backoff, without a failure.
    pub fn hold(&mut self, now: Instant) {
        self.backoff = self.backoff.max(Some(now + self.policy.backoff(1, self.jitter.draw())));
    }

    /// Tells whether the failure of a request sent at `sent` says more than the last one did.
    fn is_news(&self, sent: Instant) -> bool {
        self.last_failure.is_none_or(|last| sent >= last)
    }

    /// Notes the failure at `now` of a request sent at `sent`, and closes the gate for a backoff and for what the
    /// server asked for. Requests that fail together count as one failure. Returns false when the budget is spent.
    pub fn failed(&mut self, sent: Instant, retry_after: Option<Millis>, now: Instant) -> bool {
        self.fails(sent, retry_after, false, now)
    }

    /// Does as [`Gate::failed`] for a request that got no answer. Where such requests fail at once and again and again,
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
        match self.credentials {
            Credentials::Asked => Unauthorized::Replay,
            _ if id < self.credentials_since => Unauthorized::Replay,
            Credentials::Good if can_ask => {
                self.credentials = Credentials::Asked;
                // A person may have to log in.
                self.budget.freeze(now);
                Unauthorized::Ask
            }
            Credentials::Good | Credentials::Unproven => Unauthorized::Give,
        }
    }

    /// Notes that request `id` was accepted, as far as credentials go.
    pub fn authorized(&mut self, id: u64) {
        if self.credentials == Credentials::Unproven && id >= self.credentials_since {
            self.credentials = Credentials::Good;
        }
    }

    /// Notes that the credentials that were asked for are there, for requests from number `next` on.
    pub fn refreshed(&mut self, next: u64) {
        if self.credentials == Credentials::Asked {
            self.credentials = Credentials::Unproven;
            self.credentials_since = next;
        }
    }

    /// Returns how often something failed.
    pub fn total_failures(&self) -> u32 {
        self.total_failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::cause::Loss;

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
    fn what_was_found_out_stays_until_something_goes_well() {
        let mut gate = gate();
        let lost = |cause| Error::lost("sending", Loss::new(cause, "Failed to fetch"));
        assert_eq!(gate.blame(lost(Cause::Cors)).cause, Some(Cause::Cors));
        assert_eq!(gate.blame(lost(Cause::Unanswered)).cause, Some(Cause::Cors), "less is known of this one");
        assert_eq!(gate.blame(lost(Cause::Unreachable)).cause, Some(Cause::Unreachable), "looked at again");
        assert_eq!(gate.trouble().and_then(|trouble| trouble.cause), Some(Cause::Unreachable));
        gate.reached(Instant(0));
        assert_eq!(gate.trouble(), None);
        assert_eq!(gate.blame(lost(Cause::Unanswered)).cause, Some(Cause::Unanswered));
    }

    #[test]
    fn sleep_is_not_failure() {
        let mut gate = gate();
        assert!(gate.failed(Instant(0), None, Instant(0)));
        gate.slept(4_999_000);
        assert!(gate.failed(Instant(1), None, Instant(5_000_000)));
        assert!(!gate.failed(Instant(2), None, Instant(5_599_000)));
    }

    #[test]
    fn moving_bytes_lift_no_wait() {
        let mut gate = gate();
        assert!(gate.failed(Instant(0), None, Instant(0)));
        let opens = gate.opens_at();
        assert!(opens > Some(Instant(0)));
        gate.moved();
        assert_eq!(gate.opens_at(), opens);
        assert_eq!(gate.failures, 0);
    }

    #[test]
    fn a_network_that_is_gone_is_probed_steadily_and_a_server_in_trouble_is_not() {
        let waits = |fail: &dyn Fn(&mut Gate, Instant)| {
            let (mut gate, mut now) = (gate(), Instant(0));
            let wait = |_| {
                fail(&mut gate, now);
                let opens = gate.opens_at().unwrap();
                let wait = opens.since(now);
                now = opens;
                wait
            };
            (0..60).map(wait).collect::<Vec<_>>()
        };
        let gone = waits(&|gate, now| assert!(gate.lost(now, now)));
        assert!(gone.iter().all(|wait| *wait < 2_000), "{gone:?}");
        assert!(
            (500..1_500).contains(&(gone.iter().sum::<u64>() / 60)),
            "jitter, but no hammering: {gone:?}"
        );
        let busy = waits(&|gate, now| _ = gate.failed(now, None, now));
        let slow = waits(&|gate, now| _ = gate.lost(now, now + AT_ONCE));
        for waits in [busy, slow] {
            assert!(waits.iter().max() > Some(&20_000), "{waits:?}");
        }
        let mut told = gate();
        told.online(false, Instant(0));
        assert!((0..20).all(|n| told.failed(Instant(n), None, Instant(n))));
        assert!(told.opens_at() < Some(Instant(2_020)));
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
    fn what_the_server_asked_for_is_lifted_by_time_alone() {
        let lift: [fn(&mut Gate); 4] = [
            |g| g.progress(),
            |g| g.resume(),
            |g| g.online(true, Instant(9)),
            |g| assert!(g.failed(Instant(9), Some(5), Instant(9))),
        ];
        for lift in lift {
            let mut gate = gate();
            assert!(gate.failed(Instant(0), Some(20_000), Instant(0)));
            lift(&mut gate);
            assert!(!gate.is_open(Instant(19_999)));
            assert!(gate.is_open(Instant(20_000)));
        }
    }

    #[test]
    fn only_what_was_sent_while_offline_proves_the_network() {
        let mut gate = gate();
        gate.online(false, Instant(100));
        gate.online(false, Instant(200));
        gate.reached(Instant(100));
        assert!(gate.is_offline());
        gate.reached(Instant(101));
        assert!(!gate.is_offline());
    }

    #[test]
    fn credentials_are_asked_for_once_for_all() {
        let mut gate = gate();
        let now = Instant(0);
        gate.refreshed(1);
        assert_eq!(gate.unauthorized(1, false, now), Unauthorized::Give);
        assert_eq!(gate.unauthorized(1, true, now), Unauthorized::Ask);
        assert!(!gate.is_open(now));
        assert_eq!(gate.unauthorized(2, true, now), Unauthorized::Replay);
        gate.refreshed(4);
        assert_eq!(gate.unauthorized(3, true, now), Unauthorized::Replay, "sent with the old ones");
        gate.authorized(3);
        assert_eq!(gate.unauthorized(4, true, now), Unauthorized::Give);
        gate.authorized(4);
        assert_eq!(gate.unauthorized(3, true, now), Unauthorized::Replay, "sent with the old ones");
        assert_eq!(gate.unauthorized(9, true, now), Unauthorized::Ask, "they expired again");
    }
}
