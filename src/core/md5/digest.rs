//! A digest, and those of a file and its chunks.

use std::fmt;

/// An MD5 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    /// Writes 32 lower-case hex digits.
    pub fn to_hex(&self) -> String {
        let mut hex = String::with_capacity(32);
        for byte in self.0 {
            for half in [byte >> 4, byte & 15] {
                hex.extend(char::from_digit(half.into(), 16));
            }
        }
        hex
    }

    /// Reads 32 lower- or upper-case hex digits.
    pub fn from_hex(text: &str) -> Option<Digest> {
        let mut digits = text.bytes().map(|digit| char::from(digit).to_digit(16));
        let mut bytes = [0; 16];
        for byte in &mut bytes {
            let (high, low) = (digits.next()??, digits.next()??);
            *byte = (high << 4 | low) as u8;
        }
        digits.next().is_none().then_some(Digest(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The digests of a file and of its chunks, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digests {
    /// The whole file's.
    pub file: Digest,
    /// Each chunk's; empty for an empty file.
    pub chunks: Vec<Digest>,
}

impl Digests {
    /// Writes them as bytes: the file's 16, then each chunk's.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.file.0.to_vec();
        for chunk in &self.chunks {
            bytes.extend_from_slice(&chunk.0);
        }
        bytes
    }

    /// Reads what [`Digests::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Digests> {
        let (file, chunks) = bytes.split_first_chunk()?;
        Some(Digests { file: Digest(*file), chunks: list(chunks)? })
    }
}

/// Reads digests that stand one behind the other.
pub(super) fn list(bytes: &[u8]) -> Option<Vec<Digest>> {
    let (digests, rest) = bytes.as_chunks();
    rest.is_empty().then(|| digests.iter().map(|bytes| Digest(*bytes)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_1321_vectors() {
        for (text, hex) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
            (
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                "d174ab98d277d9f5a5611c2c9f419d9f",
            ),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a",
            ),
        ] {
            assert_eq!(Digest::of(text.as_bytes()).to_string(), hex);
            assert_eq!(Digest::from_hex(hex), Some(Digest::of(text.as_bytes())));
        }
        assert_eq!(Digest::from_hex("zz"), None);
    }

    #[test]
    fn bytes_and_back() {
        let digests = Digests { file: Digest([1; 16]), chunks: vec![Digest([2; 16]), Digest([3; 16])] };
        let bytes = digests.to_bytes();
        assert_eq!(Digests::from_bytes(&bytes), Some(digests));
        assert_eq!(Digests::from_bytes(&bytes[..47]), None);
        assert_eq!(Digests::from_bytes(&[]), None);
    }
}
