//! How long a server asks a client to wait: `Retry-After`.

use crate::core::clock::Millis;

/// The longest `Retry-After` that is obeyed, in ms; a longer one is cut to it.
pub const MAX_RETRY_AFTER: Millis = 5 * 60_000;

/// Reads a `Retry-After` value (RFC 9110 section 10.2.3: seconds, or an HTTP date) as a wait in ms. `unix_now` is
/// the wall clock and `date` the platform's reader of dates, both in ms since 1970. A date in the past is 0; nonsense
/// is nothing.
pub fn retry_after(value: &str, unix_now: Millis, date: impl Fn(&str) -> Option<Millis>) -> Option<Millis> {
    let value = value.trim_ascii();
    let wait = if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // What does not fit is longer than the longest.
        value.parse().map_or(MAX_RETRY_AFTER, |seconds: Millis| seconds.saturating_mul(1000))
    } else if value.starts_with(|c: char| c.is_ascii_alphabetic()) {
        // All three forms of an HTTP date begin with the day's name; readers of dates take much more than those.
        date(value)?.saturating_sub(unix_now)
    } else {
        return None;
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

// The dates are the browser's to read; natively a crate stands in for it.
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

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
}
