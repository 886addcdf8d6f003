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
    #[test]
    fn writes_as_format_does() {
        for number in [0, 9, 10, 1_234_567_890, u64::MAX] {
            assert_eq!(text!("“", number, "” of ", &7_usize, String::from(".")), format!("“{number}” of 7."));
        }
    }
}
