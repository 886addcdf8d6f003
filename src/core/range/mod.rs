//! Range requests: the headers, read strictly, and the verdict on each answer.
//!
//! What a server may and may not do is RFC 9110 section 14 (ranges), 8.8 (validators) and 15.3.7 (206); what servers
//! and browsers really do is in the tests.

mod byte_range;
mod content_range;
mod digest;
mod head;
mod validators;
mod verdict;

pub use byte_range::ByteRange;
pub use content_range::ContentRange;
pub use digest::repr_md5;
pub use head::Head;
pub use validators::{ETag, Sameness, Validators};
pub use verdict::{Asked, Known, Verdict, verdict};

use std::fmt;

/// A header value that is not what its grammar asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed {}", self.0)
    }
}

impl std::error::Error for Malformed {}

/// Reads `1*DIGIT` and nothing else: `u64::from_str` would take a sign, too.
pub(crate) fn digits(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0u64, |number, digit| {
        let digit = char::from(digit).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}
