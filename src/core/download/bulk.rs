//! Ranges that are read in bulk: on a fast line a body that passes through JavaScript in parts costs more than the line
//! does, while one that the browser makes a Blob of itself never comes there. See decision 012.
//!
//! What is lost when such a body breaks is all of it. So it is asked for only where a body that was read in parts
//! showed the speed, no larger than a moment's traffic, and never again for long where that did not hold.

use std::ops::Range;

use super::config::Bulk;
use super::cursor::BodyCursor;
use crate::core::clock::Millis;
use crate::core::plan::Cut;

/// The traffic that one may be, in ms at the speed measured: the most that a broken one loses.
const SPAN: u64 = 250;
/// One that takes so much longer than that is given up, and its bytes are asked for to be read in parts, in ms.
pub const PATIENCE: Millis = 2_000;

/// Whether ranges are read in bulk, and how large they are then.
#[derive(Debug, Clone, Copy)]
pub struct BulkReads {
    config: Option<Bulk>,
    /// The size of the next one, in bytes; none while it is 0.
    next: u64,
    /// Those that failed.
    failures: u32,
}

impl BulkReads {
    /// Starts with none.
    pub fn new(config: Option<Bulk>) -> BulkReads {
        BulkReads { config, next: 0, failures: 0 }
    }

    /// Looks at how fast a body comes in that has brought `bytes` in `millis`, and now stands at `cursor`. If that is
    /// fast enough, returns where it is to stop, since the rest is read in bulk from here on.
    pub fn try_bulk(&mut self, bytes: u64, millis: Millis, cursor: &BodyCursor, piece: u64) -> Option<u64> {
        let Bulk { after, pace, most } = self.config.filter(|_| self.next == 0)?;
        if bytes < after << self.failures.min(16) {
            return None;
        }
        let per_ms = bytes / millis.max(1);
        let end = cursor.limit.filter(|_| per_ms >= pace)?;
        let stop = cursor.at.div_ceil(piece) * piece;
        let next = (per_ms * SPAN).min(most) / piece * piece;
        // What is on its way already is lost by the cut: not for less than there is to gain.
        let pays = next > 0 && end >= stop + next;
        if pays {
            self.next = next;
        }
        pays.then_some(stop)
    }

    /// Notes that one came to nothing: bodies are read in parts again.
    pub fn bulk_failed(&mut self) {
        self.next = 0;
        self.failures += 1;
    }

    /// Returns where the next request for the `gap` is to end, and whether it is read in bulk: whole pieces.
    pub fn portion(&self, gap: Range<u64>, piece: u64, total: Option<u64>) -> (u64, bool) {
        let Range { start, end } = gap;
        if self.next == 0 {
            return (end, false);
        }
        let begun = start % piece;
        if begun > 0 {
            return (end.min(start - begun + piece), false);
        }
        let most = end.min(start + self.next);
        let whole = if total == Some(most) { most } else { most - most % piece };
        if whole > start { (whole, true) } else { (end, false) }
    }
}

/// Returns what counts of a body that was read in bulk, whose first byte is a piece's edge: the pieces that are whole
/// in `body`, as indexes.
pub fn whole_pieces(cut: Cut, body: Range<u64>) -> Range<usize> {
    let first = body.start / cut.chunk;
    let end = if body.end >= cut.size { cut.size.div_ceil(cut.chunk) } else { body.end / cut.chunk };
    let index = |at| usize::try_from(at).unwrap_or(usize::MAX);
    index(first)..index(end.max(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_body_only_whole_pieces_count() {
        let cut = Cut::new(350, 100);
        let rows = [
            (0..350, 0..4),
            (100..250, 1..2),
            (100..199, 1..1),
            (200..400, 2..4),
            (300..349, 3..3),
            (300..350, 3..4),
            (300..300, 3..3),
        ];
        for (body, pieces) in rows {
            assert_eq!(whole_pieces(cut, body.clone()), pieces, "{body:?}");
        }
        assert_eq!(whole_pieces(Cut::new(u64::MAX, 100), 0..250), 0..2, "the size is unknown");
    }
}
