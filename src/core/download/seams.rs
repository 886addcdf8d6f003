//! The offsets at which bodies meet that are not proven to be of one version.

/// A set of offsets: a handful, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seams(Vec<u64>);

impl Seams {
    /// Reads a record's offsets, in any order.
    pub fn new(offsets: &[u64]) -> Seams {
        let mut seams = Seams::default();
        for offset in offsets {
            seams.insert(*offset);
        }
        seams
    }

    /// Adds an offset; tells whether it is new.
    pub fn insert(&mut self, offset: u64) -> bool {
        let at = self.0.partition_point(|seam| *seam < offset);
        let new = self.0.get(at) != Some(&offset);
        if new {
            self.0.insert(at, offset);
        }
        new
    }

    /// Takes an offset out.
    pub fn remove(&mut self, offset: u64) {
        self.0.retain(|seam| *seam != offset);
    }

    /// Keeps only the offsets before `end`.
    pub fn cut(&mut self, end: u64) {
        self.0.retain(|seam| *seam < end);
    }

    /// Returns the offsets, smallest first.
    pub fn offsets(&self) -> &[u64] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_in_order_and_once() {
        let mut seams = Seams::new(&[7, 3, 9, 3]);
        assert_eq!(seams.offsets(), [3, 7, 9]);
        assert!(!seams.insert(7) && seams.insert(8));
        seams.remove(3);
        seams.cut(9);
        assert_eq!(seams.offsets(), [7, 8]);
    }
}
