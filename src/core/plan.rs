//! From a file's size to its chunk size and the table of its chunks.

use std::ops::Range;

const MIB: u64 = 1 << 20;
/// The smallest default chunk, in bytes.
pub const MIN_CHUNK: u64 = 4 * MIB;
/// The largest default chunk, in bytes.
pub const MAX_CHUNK: u64 = 64 * MIB;

/// Returns the default chunk size for a file of `size` bytes: a thousandth of it in whole MiB, 4 to 64 MiB.
///
/// It follows from the size alone, so that the same file has the same chunk ids on every device; and chunks are
/// few, because each answer of the server lists what is still missing.
pub fn chunk_size(size: u64) -> u64 {
    size.div_ceil(1000).div_ceil(MIB).saturating_mul(MIB).clamp(MIN_CHUNK, MAX_CHUNK)
}

/// What a file is cut into where a server refuses larger bodies, each tried once: what fits below the limits of 4.5 to 10
/// MB that hosting platforms have, below nginx's 1 MiB (`client_max_body_size`) with room for the form's own lines, and
/// the least that makes sense.
const SMALLER: [u64; 3] = [4 * MIB, 960 << 10, 512 << 10];

/// Returns the next smaller chunk size for a server that refused a body with `len` bytes of a chunk; nothing where it is
/// small already.
pub fn smaller(len: u64) -> Option<u64> {
    SMALLER.into_iter().find(|size| *size < len)
}

/// A file of `size` bytes cut into chunks of `chunk` bytes, the last one shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The file's size in bytes.
    pub size: u64,
    /// A chunk's size in bytes, at least 1.
    pub chunk: u64,
}

impl Cut {
    /// Cuts `size` bytes into chunks of `chunk` bytes; a chunk of 0 counts as 1.
    pub fn new(size: u64, chunk: u64) -> Cut {
        Cut { size, chunk: chunk.max(1) }
    }

    /// Returns how many chunks there are; none for an empty file.
    pub fn count(&self) -> usize {
        usize::try_from(self.size.div_ceil(self.chunk)).unwrap_or(usize::MAX)
    }

    /// Returns the bytes of chunk `index`; empty behind the end.
    pub fn range(&self, index: usize) -> Range<u64> {
        let start = (index as u64).saturating_mul(self.chunk).min(self.size);
        start..start.saturating_add(self.chunk).min(self.size)
    }

    /// Returns how many bytes chunk `index` has.
    pub fn len(&self, index: usize) -> u64 {
        let range = self.range(index);
        range.end - range.start
    }

    /// Tells whether there is nothing to cut.
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_chunk_is_a_thousandth_in_whole_mib() {
        for (size, mib) in [
            (0, 4),
            (1, 4),
            (4 << 30, 5),
            (4000 * MIB, 4),
            (4000 * MIB + 1, 5),
            (20 << 30, 21),
            (1 << 40, 64),
        ] {
            assert_eq!(chunk_size(size), mib * MIB, "{size}");
        }
        assert_eq!(chunk_size(u64::MAX), MAX_CHUNK);
    }

    #[test]
    fn a_refused_chunk_is_cut_smaller_down_to_512_kib() {
        let mut sizes = vec![MAX_CHUNK];
        while let Some(next) = smaller(sizes[sizes.len() - 1]) {
            sizes.push(next);
        }
        assert_eq!(sizes, [64 * MIB, 4 * MIB, 960 << 10, 512 << 10]);
        assert_eq!(smaller(MIB), Some(960 << 10));
        assert_eq!(smaller(0), None);
    }

    #[test]
    fn chunks_cover_the_file_exactly() {
        for (size, chunk) in [(0, 4), (1, 4), (3, 4), (4, 4), (5, 4), (8, 4), (1000, 7), (5 << 32, 64 << 20)]
        {
            let cut = Cut::new(size, chunk);
            let mut at = 0;
            for index in 0..cut.count() {
                let range = cut.range(index);
                assert_eq!(range.start, at);
                assert!(range.end > range.start);
                assert_eq!(cut.len(index), range.end - range.start);
                at = range.end;
            }
            assert_eq!(at, size);
            assert_eq!(cut.len(cut.count()), 0);
        }
    }
}
