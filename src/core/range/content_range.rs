//! The `Content-Range` of an answer: which bytes its body has, of how many.

use std::fmt;
use std::str::FromStr;

use super::{Malformed, digits};

/// A `Content-Range` value (RFC 9110 section 14.4) in unit `bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentRange {
    /// `bytes first-last/total`, in a 206; `*` for a total that the server does not know.
    Part {
        /// The first byte.
        first: u64,
        /// The last byte, included; not before `first`, and before `total`.
        last: u64,
        /// The size of the whole.
        total: Option<u64>,
    },
    /// `bytes */total`, in a 416.
    Unsatisfied {
        /// The size of the whole.
        total: u64,
    },
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ContentRange::Part { first, last, total: Some(total) } => {
                write!(f, "bytes {first}-{last}/{total}")
            }
            ContentRange::Part { first, last, total: None } => write!(f, "bytes {first}-{last}/*"),
            ContentRange::Unsatisfied { total } => write!(f, "bytes */{total}"),
        }
    }
}

impl FromStr for ContentRange {
    type Err = Malformed;

    /// Reads the value; one that RFC 9110 calls invalid (last before first, total not behind last) is an error,
    /// since a recipient must not combine what it describes with anything.
    fn from_str(text: &str) -> Result<ContentRange, Malformed> {
        const BAD: Malformed = Malformed("Content-Range");
        let (unit, rest) = text.trim_ascii().split_once(' ').ok_or(BAD)?;
        // Range units are case-insensitive (RFC 9110 section 14.1).
        if !unit.eq_ignore_ascii_case("bytes") {
            return Err(BAD);
        }
        let (range, total) = rest.trim_ascii_start().split_once('/').ok_or(BAD)?;
        let total = if total == "*" { None } else { Some(digits(total).ok_or(BAD)?) };
        if range == "*" {
            return total.map(|total| ContentRange::Unsatisfied { total }).ok_or(BAD);
        }
        let (first, last) = range.split_once('-').ok_or(BAD)?;
        let (first, last) = (digits(first).ok_or(BAD)?, digits(last).ok_or(BAD)?);
        if last < first || last == u64::MAX || total.is_some_and(|total| total <= last) {
            return Err(BAD);
        }
        Ok(ContentRange::Part { first, last, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_9110_examples() {
        for (text, value) in [
            ("bytes 42-1233/1234", ContentRange::Part { first: 42, last: 1233, total: Some(1234) }),
            ("bytes 42-1233/*", ContentRange::Part { first: 42, last: 1233, total: None }),
            ("bytes */1234", ContentRange::Unsatisfied { total: 1234 }),
            ("bytes */0", ContentRange::Unsatisfied { total: 0 }),
            ("bytes 0-0/1", ContentRange::Part { first: 0, last: 0, total: Some(1) }),
        ] {
            assert_eq!(text.parse(), Ok(value));
            assert_eq!(value.to_string(), text);
        }
        assert!("Bytes  0-4/5".parse::<ContentRange>().is_ok());
    }

    #[test]
    fn refuses_invalid_values() {
        for bad in [
            "",
            "bytes",
            "bytes ",
            "bytes */*",
            "bytes 5-4/10",
            "bytes 0-9/9",
            "bytes 0-10/10",
            "bytes 0-0/0",
            "bytes -5/10",
            "bytes 5-/10",
            "bytes 0-4",
            "bytes=0-4/5",
            "bytes: 0-4/5",
            "bytes 0-4/5, bytes 5-9/10",
            "bytes 0-4/5;x",
            "bytes +0-4/5",
            "bytes 0x0-4/5",
            "bytes 0 - 4/5",
            "bytes 0-4/-5",
            "items 0-4/5",
            "none 0-4/5",
            "bytes 0-99999999999999999999/*",
            "bytes 0-18446744073709551615/*",
            "bytes 0-4/99999999999999999999",
            "bytes ٠-٤/٥",
        ] {
            assert!(bad.parse::<ContentRange>().is_err(), "{bad}");
        }
    }
}
