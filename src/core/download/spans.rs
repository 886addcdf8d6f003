//! Sets of byte offsets: which bytes are there, and where bodies meet that are not proven to be of one version.

use std::ops::Range;

/// Which bytes are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spans {
    /// Ascending, none empty, none touching the next.
    spans: Vec<Range<u64>>,
    len: u64,
}

impl Spans {
    /// Returns how many bytes are in it.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns the first offset behind the last byte, 0 if there is none.
    pub fn end(&self) -> u64 {
        self.spans.last().map_or(0, |span| span.end)
    }

    /// Adds `range` and returns how many of its bytes were new.
    pub fn insert(&mut self, range: Range<u64>) -> u64 {
        if range.is_empty() {
            return 0;
        }
        let from = self.spans.partition_point(|span| span.end < range.start);
        let to = self.spans.partition_point(|span| span.start <= range.end);
        let mut joined = range.clone();
        let mut before = 0;
        for span in self.spans.get(from..to).unwrap_or_default() {
            joined = joined.start.min(span.start)..joined.end.max(span.end);
            before += span.end - span.start;
        }
        let new = joined.end - joined.start - before;
        // Mostly none or one; `splice` would cost as much wasm as all the rest here.
        for _ in from..to {
            self.spans.remove(from);
        }
        self.spans.insert(from, joined);
        self.len += new;
        new
    }

    /// Returns the span that holds `at`.
    pub fn around(&self, at: u64) -> Option<&Range<u64>> {
        let index = self.spans.partition_point(|span| span.end <= at);
        self.spans.get(index).filter(|span| span.start <= at)
    }

    /// Returns how many bytes without a gap end at `at`.
    pub fn behind(&self, at: u64) -> u64 {
        at.checked_sub(1).and_then(|last| self.around(last)).map_or(0, |span| at - span.start)
    }

    /// Returns the first gap at or behind `at`; without an end where no byte follows.
    pub fn gap(&self, at: u64) -> (u64, Option<u64>) {
        let start = self.around(at).map_or(at, |span| span.end);
        let next = self.spans.partition_point(|span| span.start < start);
        (start, self.spans.get(next).map(|span| span.start))
    }

    /// Returns how many bytes of `range` are in it.
    pub fn count(&self, range: Range<u64>) -> u64 {
        let from = self.spans.partition_point(|span| span.end <= range.start);
        self.spans
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(|span| span.start < range.end)
            .map(|span| span.end.min(range.end).saturating_sub(span.start.max(range.start)))
            .sum()
    }
}

/// The offsets at which bodies meet that are not proven to be of one version: a handful, in order.
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
    fn agrees_with_a_table_of_flags() {
        let mut random = crate::core::retry::Jitter::new(7);
        for _ in 0..300 {
            let (mut spans, mut flags) = (Spans::default(), [false; 40]);
            for _ in 0..12 {
                let a = (random.draw() * 40.0) as usize;
                let b = (a + (random.draw() * 9.0) as usize).min(40);
                let new = flags[a..b]
                    .iter_mut()
                    .map(|flag| usize::from(!std::mem::replace(flag, true)))
                    .sum::<usize>();
                assert_eq!(spans.insert(a as u64..b as u64), new as u64);
                assert!(spans.spans.windows(2).all(|pair| pair[0].end < pair[1].start));
            }
            assert_eq!(spans.len(), flags.iter().filter(|flag| **flag).count() as u64);
            assert_eq!(spans.end(), flags.iter().rposition(|flag| *flag).map_or(0, |at| at as u64 + 1));
            for at in 0..40 {
                assert_eq!(spans.around(at as u64).is_some(), flags[at]);
                let behind = flags[..at].iter().rev().take_while(|flag| **flag).count();
                assert_eq!(spans.behind(at as u64), behind as u64);
                let start = (at..40).find(|i| !flags[*i]).unwrap_or(40);
                let end = (start..40).find(|i| flags[*i]).map(|i| i as u64);
                assert_eq!(spans.gap(at as u64), (start as u64, end));
                let count = flags[at..(at + 7).min(40)].iter().filter(|flag| **flag).count() as u64;
                assert_eq!(spans.count(at as u64..at as u64 + 7), count);
            }
        }
    }

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
