//! MD5 of a file and of its chunks, from one pass over the bytes, with a state that can be saved.

use std::fmt;

use md5::digest::common::hazmat::SerializableState;
use md5::{Digest as _, Md5};

/// How many bytes go to one chain before the other gets them: small enough to stay in the L1 cache.
const STRIPE: usize = 16 * 1024;

/// An MD5 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    /// Returns the digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(Md5::digest(bytes).into())
    }

    /// Reads 32 lower- or upper-case hex digits.
    pub fn from_hex(text: &str) -> Option<Digest> {
        let mut digits = text.chars().map(|digit| digit.to_digit(16));
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
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
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

/// A chunk size that says: no chunks, the file's digest alone.
pub const WHOLE: u64 = u64::MAX;

/// Takes a file's bytes once, in order, and yields its digest and its chunks'.
#[derive(Debug, Clone)]
pub struct FileHasher {
    chunk: u64,
    at: u64,
    file: Md5,
    current: Md5,
    done: Vec<Digest>,
}

impl FileHasher {
    /// Starts a file that is cut into chunks of `chunk` bytes (at least 1), or into none ([`WHOLE`]).
    pub fn new(chunk: u64) -> FileHasher {
        FileHasher { chunk: chunk.max(1), at: 0, file: Md5::new(), current: Md5::new(), done: Vec::new() }
    }

    /// Returns how many bytes have gone in.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// Takes the next bytes, of any length.
    pub fn update(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let left = self.chunk - self.at % self.chunk;
            let take = rest.len().min(STRIPE).min(usize::try_from(left).unwrap_or(STRIPE));
            let (stripe, behind) = rest.split_at(take);
            self.file.update(stripe);
            if self.chunk != WHOLE {
                self.current.update(stripe);
            }
            self.at += take as u64;
            if self.at.is_multiple_of(self.chunk) {
                self.done.push(Digest(self.current.finalize_reset().into()));
            }
            rest = behind;
        }
    }

    /// Ends the file.
    pub fn finish(mut self) -> Digests {
        if !self.at.is_multiple_of(self.chunk) && self.chunk != WHOLE {
            self.done.push(Digest(self.current.finalize().into()));
        }
        Digests { file: Digest(self.file.finalize().into()), chunks: self.done }
    }

    /// Saves the state: everything needed to go on later without the bytes that went in.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            chunk: self.chunk,
            at: self.at,
            file: self.file.serialize().to_vec(),
            current: self.current.serialize().to_vec(),
            done: self.done.clone(),
        }
    }

    /// Goes on from a saved state, or returns nothing if it contradicts itself.
    pub fn restore(snapshot: &Snapshot) -> Option<FileHasher> {
        let Snapshot { chunk, at, file, current, done } = snapshot;
        if *chunk == 0 || done.len() as u64 != at / chunk {
            return None;
        }
        let state = |bytes: &[u8]| Md5::deserialize(bytes.try_into().ok()?).ok();
        Some(FileHasher {
            chunk: *chunk,
            at: *at,
            file: state(file)?,
            current: state(current)?,
            done: done.clone(),
        })
    }
}

/// A saved [`FileHasher`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The chunk size in bytes.
    pub chunk: u64,
    /// How many bytes had gone in.
    pub at: u64,
    /// The file's chain.
    pub file: Vec<u8>,
    /// The chain of the chunk that was begun.
    pub current: Vec<u8>,
    /// The chunks that were done.
    pub done: Vec<Digest>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 31 + i / 251) as u8).collect()
    }

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
    fn one_pass_gives_both_digests_however_it_is_fed() {
        let data = bytes(100_003);
        for chunk in [1, 63, 64, 65, 4096, 16 * 1024 + 1, 100_003, 200_000] {
            for step in [1, 7, 64, 5000, 100_003] {
                let mut hasher = FileHasher::new(chunk);
                if step == 1 && chunk > 100 {
                    continue;
                }
                data.chunks(step).for_each(|part| hasher.update(part));
                let digests = hasher.finish();
                assert_eq!(digests.file, Digest::of(&data));
                let each: Vec<_> = data.chunks(chunk as usize).map(Digest::of).collect();
                assert_eq!(digests.chunks, each, "chunk {chunk}, step {step}");
            }
        }
        assert_eq!(FileHasher::new(4).finish().chunks, []);
        let mut whole = FileHasher::new(WHOLE);
        whole.update(&data);
        assert_eq!(whole.finish(), Digests { file: Digest::of(&data), chunks: vec![] });
    }

    #[test]
    fn goes_on_from_any_snapshot() {
        let data = bytes(10_000);
        let whole = {
            let mut hasher = FileHasher::new(777);
            hasher.update(&data);
            hasher.finish()
        };
        for cut in [0, 1, 64, 776, 777, 778, 5000, 10_000] {
            let mut first = FileHasher::new(777);
            first.update(&data[..cut]);
            let mut second = FileHasher::restore(&first.snapshot()).unwrap();
            assert_eq!(second.position(), cut as u64);
            second.update(&data[cut..]);
            assert_eq!(second.finish(), whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_damaged_snapshot_is_refused() {
        let mut hasher = FileHasher::new(10);
        hasher.update(&bytes(35));
        let good = hasher.snapshot();
        assert!(FileHasher::restore(&good).is_some());
        assert!(FileHasher::restore(&Snapshot { chunk: 0, ..good.clone() }).is_none());
        assert!(FileHasher::restore(&Snapshot { at: 45, ..good.clone() }).is_none());
        assert!(FileHasher::restore(&Snapshot { file: vec![1, 2], ..good.clone() }).is_none());
    }
}
