//! Moments of a monotonic clock that the caller reads; the core never asks for the time.

use std::ops::Add;

/// A moment, in milliseconds since an origin that stays the same for one machine (`performance.now()` in a page).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Instant(pub u64);

/// A span of time, in milliseconds.
pub type Millis = u64;

impl Instant {
    /// Returns how long ago `earlier` was, or 0 if the clock went back.
    pub fn since(self, earlier: Instant) -> Millis {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Millis> for Instant {
    type Output = Instant;

    fn add(self, span: Millis) -> Instant {
        Instant(self.0.saturating_add(span))
    }
}
