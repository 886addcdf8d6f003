//! When to try again: backoff with full jitter, `Retry-After`, and a budget of time without progress.

use crate::core::clock::{Instant, Millis};
use crate::core::range::digits;

/// How a transfer retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How long a transfer may go without one confirmed byte, in ms.
    pub budget: Millis,
    /// The first backoff's upper bound, in ms.
    pub base: Millis,
    /// The largest backoff's upper bound, in ms.
    pub cap: Millis,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy { budget: 10 * 60_000, base: 500, cap: 30_000 }
    }
}

impl Policy {
    /// Never tries again.
    pub const NEVER: Policy = Policy { budget: 0, base: 0, cap: 0 };

    /// Returns how long to wait after the `failures`th failure in a row (from 1), in ms: a random share of an
    /// interval that doubles up to the cap, so that clients that failed together do not come back together.
    ///
    /// `random` is uniform in [0, 1). Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    pub fn backoff(&self, failures: u32, random: f64) -> Millis {
        let doublings = failures.saturating_sub(1).min(20);
        let bound = self.base.saturating_mul(1 << doublings).min(self.cap);
        (bound as f64 * random.clamp(0.0, 1.0)) as Millis
    }
}

/// The longest `Retry-After` that is obeyed, in ms; a longer one is cut to it.
pub const MAX_RETRY_AFTER: Millis = 5 * 60_000;

/// Reads a `Retry-After` value (RFC 9110 section 10.2.3: seconds, or an HTTP date) as a wait in ms. `unix_now` is
/// the wall clock and `date` the platform's reader of dates, both in ms since 1970. A date in the past is 0; nonsense
/// is nothing.
pub fn retry_after(value: &str, unix_now: Millis, date: impl Fn(&str) -> Option<Millis>) -> Option<Millis> {
    let value = value.trim_ascii();
    let wait = if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        digits(value).map_or(MAX_RETRY_AFTER, |seconds| seconds.saturating_mul(1000))
    } else if value.starts_with(|c: char| c.is_ascii_alphabetic()) {
        // All three forms of an HTTP date begin with the day's name; readers of dates take much more than those.
        date(value)?.saturating_sub(unix_now)
    } else {
        return None;
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

/// Tells whether a request that got this HTTP status may be sent again as it is.
pub fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599) && !matches!(status, 501 | 505 | 507)
}

/// A small seeded generator for jitter (SplitMix64); the seed comes from outside, so every schedule can be replayed.
#[derive(Debug, Clone)]
pub struct Jitter(u64);

impl Jitter {
    /// Starts from `seed`.
    pub fn new(seed: u64) -> Jitter {
        Jitter(seed)
    }

    /// Returns the next number, uniform in [0, 1).
    pub fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

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
    fn backoff_doubles_to_the_cap_and_is_fully_jittered() {
        let policy = Policy::default();
        assert_eq!(
            [1, 2, 3, 6, 7, 60].map(|n| policy.backoff(n, 1.0)),
            [500, 1000, 2000, 16_000, 30_000, 30_000]
        );
        assert_eq!([1, 5, 60].map(|n| policy.backoff(n, 0.0)), [0, 0, 0]);
        assert_eq!(policy.backoff(3, 0.5), 1000);
        assert_eq!(policy.backoff(1, f64::NAN), 0);
        assert_eq!(Policy { base: u64::MAX, cap: 10, budget: 0 }.backoff(9, 1.0), 10);
    }

    // The dates are the browser's to read; natively a crate stands in for it.
    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn retry_after_in_seconds_and_dates() {
        let date = |text: &str| {
            let date = httpdate::parse_http_date(text).ok()?;
            date.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis().try_into().ok()
        };
        let retry_after = |value: &str, now| retry_after(value, now, date);
        // RFC 9110's own example date, in its three forms: 784111777 s.
        let now = 784_111_777_000 - 30_000;
        for date in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(retry_after(date, now), Some(30_000), "{date}");
            assert_eq!(retry_after(date, now + 60_000), Some(0));
        }
        assert_eq!(retry_after(" 120 ", 0), Some(120_000));
        assert_eq!(retry_after("0", 0), Some(0));
        assert_eq!(retry_after("99999999999999999999999", 0), Some(MAX_RETRY_AFTER));
        for nonsense in ["", "-1", "1.5", "soon", "١٢"] {
            assert_eq!(retry_after(nonsense, 0), None, "{nonsense}");
        }
    }

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
