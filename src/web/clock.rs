//! The two clocks: the monotonic one for the machines, the wall clock for what is remembered.

use super::sys;
use crate::core::clock::{Instant, Millis};

/// Returns the monotonic time.
pub fn now() -> Instant {
    Instant(sys::performance_now() as u64)
}

/// Returns the wall clock in ms since 1970.
pub fn unix_now() -> Millis {
    js_sys::Date::now() as u64
}
