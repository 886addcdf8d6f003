//! A small seeded generator, so that a schedule is its seed.

use std::ops::Range;

/// SplitMix64.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts from `seed`.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// Returns the next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a number of `range`, which must not be empty.
    pub fn pick(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    /// Returns one of `items`, which must not be empty.
    pub fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.pick(0..items.len() as u64) as usize]
    }

    /// Returns true `percent` times of a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.pick(0..100) < percent
    }
}
