//! How long to wait before the next try: backoff with full jitter.

use crate::core::clock::Millis;

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
}
