//! Texts put together from pieces. `format!` would link the standard library's formatting: 2 KB of the engine's gzip for
//! widths, signs and alignments that nobody asks for.

use crate::core::md5::Digest;

/// Makes a `String` of texts, numbers and digests, one behind the other.
macro_rules! text {
    ($($piece:expr),+ $(,)?) => {{
        let mut text = String::new();
        $($crate::core::text::Piece::add_to(&$piece, &mut text);)+
        text
    }};
}
pub(crate) use text;

/// Takes an `end` off the end of a text, as often as it is there.
pub fn without_end(text: &str, end: char) -> &str {
    let mut text = text;
    while let Some(shorter) = text.strip_suffix(end) {
        text = shorter;
    }
    text
}

/// Returns what stands before and behind the first `at`, an ASCII character. Like `str::split_once`, which brings a search
/// for characters of any length.
pub fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let place = text.bytes().position(|byte| byte == at)?;
    Some((text.get(..place)?, text.get(place + 1..)?))
}

/// Returns what stands between the `at`s, like `str::split`.
pub fn parts(text: &str, at: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (part, behind) = cut(text, at).map_or((text, None), |(part, behind)| (part, Some(behind)));
        rest = behind;
        Some(part)
    })
}

/// What a text can be made of.
pub trait Piece {
    /// Writes it to the end of `text`.
    fn add_to(&self, text: &mut String);
}

impl<P: Piece + ?Sized> Piece for &P {
    fn add_to(&self, text: &mut String) {
        (*self).add_to(text);
    }
}

impl Piece for str {
    fn add_to(&self, text: &mut String) {
        text.push_str(self);
    }
}

impl Piece for String {
    fn add_to(&self, text: &mut String) {
        text.push_str(self);
    }
}

impl Piece for u64 {
    fn add_to(&self, text: &mut String) {
        if *self > 9 {
            (*self / 10).add_to(text);
        }
        text.push(char::from(b'0' + (*self % 10) as u8));
    }
}

impl Piece for u32 {
    fn add_to(&self, text: &mut String) {
        u64::from(*self).add_to(text);
    }
}

impl Piece for u16 {
    fn add_to(&self, text: &mut String) {
        u64::from(*self).add_to(text);
    }
}

impl Piece for usize {
    fn add_to(&self, text: &mut String) {
        (*self as u64).add_to(text);
    }
}

impl Piece for Digest {
    fn add_to(&self, text: &mut String) {
        text.push_str(&self.to_hex());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_as_str_does() {
        for text in ["", "-", "a", "a-b", "中-文-", "--x"] {
            assert_eq!(cut(text, b'-'), text.split_once('-'));
            assert!(parts(text, b'-').eq(text.split('-')), "{text}");
        }
    }

    #[test]
    fn writes_as_format_does() {
        for number in [0, 9, 10, 1_234_567_890, u64::MAX] {
            assert_eq!(text!("“", number, "” of ", &7_usize, String::from(".")), format!("“{number}” of 7."));
        }
    }
}
