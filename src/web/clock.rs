//! The two clocks: the monotonic one for the machines, the wall clock for what is remembered.

use super::object::to_u64;
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

/// Reads a date as the browser does, in ms since 1970; nothing for what is no date or lies before that.
pub fn parse_date(text: &str) -> Option<Millis> {
    to_u64(js_sys::Date::parse(text))
}
