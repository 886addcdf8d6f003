//! The value of a `Range` request header: one range of bytes, in the form that needs no preflight.

use std::fmt;
use std::str::FromStr;

use super::{Malformed, digits};

/// A range of bytes as asked for, both ends included; without `last` to the end of the resource.
///
/// Only `bytes=S-E` and `bytes=S-` exist here: they are CORS-safelisted, `bytes=-N` and lists are not (Fetch
/// standard, "CORS-safelisted request-header", `range`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ByteRange {
    /// The first byte.
    pub first: u64,
    /// The last byte, not before `first`.
    pub last: Option<u64>,
}

impl ByteRange {
    /// Asks for everything from `first` on.
    pub fn from(first: u64) -> ByteRange {
        ByteRange { first, last: None }
    }

    /// Asks for the bytes from `first` up to, not including, `end`; nothing if that is empty.
    pub fn until(first: u64, end: u64) -> Option<ByteRange> {
        (first < end).then(|| ByteRange { first, last: Some(end - 1) })
    }

    /// Writes it as a header's value.
    pub fn text(&self) -> String {
        match self.last {
            Some(last) => format!("bytes={}-{last}", self.first),
            None => format!("bytes={}-", self.first),
        }
    }

    /// Returns the first byte behind the range.
    pub fn end(&self) -> Option<u64> {
        self.last.map(|last| last.saturating_add(1))
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl FromStr for ByteRange {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<ByteRange, Malformed> {
        const BAD: Malformed = Malformed("Range");
        let (first, last) = text.strip_prefix("bytes=").and_then(|rest| rest.split_once('-')).ok_or(BAD)?;
        let first = digits(first).ok_or(BAD)?;
        let last = if last.is_empty() { None } else { Some(digits(last).ok_or(BAD)?) };
        if last.is_some_and(|last| last < first) { Err(BAD) } else { Ok(ByteRange { first, last }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_it_reads() {
        for text in ["bytes=0-", "bytes=0-0", "bytes=7-18446744073709551615"] {
            assert_eq!(text.parse::<ByteRange>().unwrap().to_string(), text);
        }
        assert_eq!(ByteRange::until(5, 9).unwrap().to_string(), "bytes=5-8");
        assert_eq!(ByteRange::until(5, 9).unwrap().end(), Some(9));
        assert_eq!(ByteRange::until(5, 5), None);
        assert_eq!(ByteRange::from(5).end(), None);
    }

    #[test]
    fn refuses_what_would_need_a_preflight_or_means_nothing() {
        for bad in [
            "bytes=-5",
            "bytes=",
            "bytes=5",
            "bytes=5-4",
            "bytes= 5-6",
            "Bytes=5-6",
            "bytes=0-1,3-4",
            "items=0-1",
            "bytes=+1-2",
        ] {
            assert!(bad.parse::<ByteRange>().is_err(), "{bad}");
        }
    }
}
