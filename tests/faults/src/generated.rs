//! Bytes that follow from a seed and an offset, so that a body of any size needs no file.

/// An endless run of bytes; any part of it can be made without the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generated(
    /// The seed.
    pub u64,
);

impl Generated {
    /// Fills `out` with the bytes from `offset` on.
    pub fn fill(self, offset: u64, out: &mut [u8]) {
        let mut at = offset;
        let mut out = out;
        while !out.is_empty() {
            let word = self.word(at / 8).to_le_bytes();
            let skip = usize::try_from(at % 8).unwrap_or(0);
            let part = word.get(skip..).unwrap_or(&[]);
            let length = part.len().min(out.len());
            let (head, tail) = out.split_at_mut(length);
            head.copy_from_slice(part.get(..length).unwrap_or(&[]));
            at += length as u64;
            out = tail;
        }
    }

    /// Returns the `length` bytes from `offset` on.
    pub fn bytes(self, offset: u64, length: usize) -> Vec<u8> {
        let mut out = vec![0; length];
        self.fill(offset, &mut out);
        out
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014), entered at its `index`th step.
    fn word(self, index: u64) -> u64 {
        let mut z = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(index.wrapping_add(1)));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_equals_the_whole() {
        let whole = Generated(7).bytes(0, 100);
        for (from, to) in [(0, 0), (0, 1), (3, 9), (8, 24), (7, 100), (99, 100)] {
            assert_eq!(Generated(7).bytes(from as u64, to - from), whole[from..to], "{from}..{to}");
        }
        assert_ne!(Generated(8).bytes(0, 100), whole);
        // SplitMix64's first number from the seed 0.
        assert_eq!(Generated(0).bytes(0, 8), 0xe220_a839_7b1d_cdaf_u64.to_le_bytes());
    }
}
