//! The `Range` header (RFC 9110, section 14).

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
    let Some((unit, set)) = header.split_once('=') else { return Asked::Whole };
    let Some((first, last)) = set.trim().split_once('-') else { return Asked::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Asked::Whole;
    }
    match (first.trim(), last.trim()) {
        ("", suffix) => match number(suffix) {
            None => Asked::Whole,
            Some(0) => Asked::Unsatisfiable,
            Some(_) if size == 0 => Asked::Unsatisfiable,
            Some(n) => Asked::Part(size.saturating_sub(n), size),
        },
        (first, last) => {
            let Some(first) = number(first) else { return Asked::Whole };
            let last = match last {
                "" => u64::MAX,
                last => match number(last) {
                    Some(last) => last,
                    None => return Asked::Whole,
                },
            };
            if last < first {
                Asked::Whole
            } else if first >= size {
                Asked::Unsatisfiable
            } else {
                Asked::Part(first, last.saturating_add(1).min(size))
            }
        }
    }
}

/// Reads digits; a number too large for any file is one.
fn number(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u64::MAX))
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
