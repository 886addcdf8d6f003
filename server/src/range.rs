//! The `Range` header (RFC 9110, section 14).

use http_range_header::{RangeUnsatisfiableError, parse_range_header};

/// What a `Range` header asks of a representation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The whole: no range, a malformed one, another unit, or several at once (which a server may answer whole).
    Whole,
    /// The bytes from the first up to, not including, the second.
    Part(u64, u64),
    /// Nothing that exists: 416.
    Unsatisfiable,
}

/// Reads `header` for a representation of `size` bytes.
pub fn asked(header: &str, size: u64) -> Asked {
    let parts = header.split_once('=').and_then(|(unit, set)| Some((unit, set.split_once('-')?)));
    let Some((unit, (first, last))) = parts else { return Asked::Whole };
    // Of several ranges the crate leaves out those that do not exist.
    if header.contains(',') {
        return Asked::Whole;
    }
    // White space between the parts is let pass; the crate is stricter.
    let range = format!("{}={}-{}", unit.trim(), first.trim(), last.trim());
    match parse_range_header(&range).and_then(|ranges| ranges.validate(size)).as_deref() {
        Ok([part]) => Asked::Part(*part.start(), part.end() + 1),
        // Of a file without bytes there are no ranges.
        Ok(_) | Err(RangeUnsatisfiableError::Unsatisfiable) => Asked::Unsatisfiable,
        Err(_) => Asked::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked::*, *};

    #[test]
    fn ranges() {
        for (header, size, expected) in [
            ("bytes=0-4", 10, Part(0, 5)),
            ("bytes=0-", 10, Part(0, 10)),
            ("bytes=9-9", 10, Part(9, 10)),
            ("bytes=5-99", 10, Part(5, 10)),
            ("bytes=5-18446744073709551615", 10, Part(5, 10)),
            ("bytes=5-99999999999999999999999", 10, Part(5, 10)),
            ("bytes=-3", 10, Part(7, 10)),
            ("bytes=-30", 10, Part(0, 10)),
            ("BYTES = 1 - 2 ", 10, Part(1, 3)),
            ("bytes=10-", 10, Unsatisfiable),
            ("bytes=99999999999999999999999-", 10, Unsatisfiable),
            ("bytes=-0", 10, Unsatisfiable),
            ("bytes=0-", 0, Unsatisfiable),
            ("bytes=-1", 0, Unsatisfiable),
            ("bytes=3-2", 10, Whole),
            ("bytes=0-1,3-4", 10, Whole),
            ("bytes=0-1, -4", 10, Whole),
            ("items=0-1", 10, Whole),
            ("bytes=a-b", 10, Whole),
            ("bytes=+1-2", 10, Whole),
            ("bytes=-", 10, Whole),
            ("bytes=", 10, Whole),
            ("", 10, Whole),
        ] {
            assert_eq!(asked(header, size), expected, "{header} of {size}");
        }
    }
}
