//! What of the resource is stored: which bytes, which of them an earlier visit brought, and where they are not proven
//! to be of one version.

use super::cursor::BodyCursor;
use super::record::Restored;
use super::requests::Purpose;
use super::spans::{Seams, Spans};
use std::ops::Range;

/// The bytes that were handed to the sink, and what is known of them.
#[derive(Debug)]
pub struct Stored {
    /// The size of a piece, in bytes.
    piece: u64,
    have: Spans,
    /// Those of them that an earlier visit had stored.
    reused: Spans,
    seams: Seams,
    /// The bytes from the start that were given to be hashed.
    hashed: u64,
    pub sink: SinkState,
    /// There are seams that the saved record does not have.
    changed: bool,
}

/// Whether the sink is ready to take bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkState {
    Unprepared,
    Asked,
    Ready,
}

impl Stored {
    /// Starts with nothing, in pieces of `piece` bytes.
    pub fn new(piece: u64) -> Stored {
        Stored {
            piece: piece.max(1),
            have: Spans::default(),
            reused: Spans::default(),
            seams: Seams::default(),
            hashed: 0,
            sink: SinkState::Unprepared,
            changed: false,
        }
    }

    /// Takes over what an earlier visit left.
    pub fn restore(&mut self, restored: &Restored) {
        self.piece = restored.record.piece;
        self.have = restored.bytes();
        self.reused = self.have.clone();
        self.seams = Seams::new(&restored.record.seams);
    }

    /// Forgets every byte, since the sink throws them away.
    pub fn discard(&mut self) {
        // What is being prepared is not prepared again.
        let sink = if self.sink == SinkState::Ready { SinkState::Unprepared } else { self.sink };
        *self = Stored { sink, ..Stored::new(self.piece) };
    }

    /// Returns the size of a piece, in bytes.
    pub fn piece(&self) -> u64 {
        self.piece
    }

    /// Returns the bytes that are there.
    pub fn have(&self) -> &Spans {
        &self.have
    }

    /// Returns those that an earlier visit had stored.
    pub fn reused(&self) -> &Spans {
        &self.reused
    }

    /// Tells whether every byte of a resource of `size` bytes is there.
    pub fn is_complete(&self, size: u64) -> bool {
        self.have.gap(0).0 >= size
    }

    /// Notes bytes that were handed to the sink.
    pub fn insert(&mut self, bytes: Range<u64>) {
        self.have.insert(bytes);
    }

    /// Returns how many bytes in front of `at` a continued body is to be compared with, at most `most`.
    pub fn overlap(&self, at: u64, most: u64) -> u64 {
        self.have.behind(at).min(most)
    }

    /// Returns what the bytes of a whole resource from `from` on are for: it passes over what is there, compares at
    /// most `most` bytes in front of the first gap, and fills that. `size` is the resource's, where it is certain.
    pub fn stream_cursor(&self, from: u64, size: Option<u64>, most: u64) -> BodyCursor {
        let (at, end) = self.have.gap(from);
        let compare = self.overlap(at, most).min(at - from);
        BodyCursor { skip: at - from - compare, compare, at, limit: end.or(size) }
    }

    /// Notes that bodies meet at `at` that nothing proves to be of one version.
    pub fn add_seam(&mut self, at: u64) {
        self.changed |= self.seams.insert(at);
    }

    /// Notes that a body for `purpose`, which writes from `at` on, had the stored bytes where they were compared.
    pub fn compared(&mut self, purpose: Purpose, at: u64) {
        match purpose {
            Purpose::Seam(seam) => self.seams.remove(seam),
            // Proven by the body's end alone.
            Purpose::Tail => {}
            Purpose::Fill => self.seams.remove(at),
        }
    }

    /// Forgets the seams behind the end of a resource of `size` bytes.
    pub fn cut_seams(&mut self, size: u64) {
        self.seams.cut(size);
    }

    /// Returns the first seam of a resource of `size` bytes.
    pub fn first_seam(&self, size: u64) -> Option<u64> {
        self.seams.offsets().first().copied().filter(|seam| *seam < size)
    }

    /// Returns all seams.
    pub fn seams(&self) -> &[u64] {
        self.seams.offsets()
    }

    /// Tells whether seams were added since this was last asked.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Returns up to where the bytes from the start can be hashed, if these are at least `ahead` more than the last
    /// time.
    pub fn hash_ahead(&mut self, ahead: u64) -> Option<u64> {
        let end = self.have.gap(0).0 / self.piece * self.piece;
        if end < self.hashed + ahead {
            return None;
        }
        self.hashed = end;
        Some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(spans: &[Range<u64>]) -> Stored {
        let mut stored = Stored::new(10);
        for span in spans {
            stored.insert(span.clone());
        }
        stored
    }

    #[test]
    fn a_stream_passes_over_what_is_there_and_compares_in_front_of_a_gap() {
        let stored = stored(&[0..30, 40..90]);
        let cursor = |skip, compare, at, limit| BodyCursor { skip, compare, at, limit };
        assert_eq!(stored.stream_cursor(0, Some(200), 8), cursor(22, 8, 30, Some(40)));
        assert_eq!(stored.stream_cursor(0, None, 100), cursor(0, 30, 30, Some(40)));
        // It stands at 40, with nothing of what follows seen yet.
        assert_eq!(stored.stream_cursor(40, Some(200), 8), cursor(42, 8, 90, Some(200)));
        assert_eq!(stored.stream_cursor(40, None, 100), cursor(0, 50, 90, None));
        assert_eq!(stored.stream_cursor(90, None, 8), cursor(0, 0, 90, None));
        assert!(stored.is_complete(30) && !stored.is_complete(31));
    }

    #[test]
    fn what_is_discarded_leaves_no_trace_and_asks_for_no_second_preparation() {
        for (before, after) in [
            (SinkState::Unprepared, SinkState::Unprepared),
            (SinkState::Asked, SinkState::Asked),
            (SinkState::Ready, SinkState::Unprepared),
        ] {
            let mut stored = stored(&[0..10, 10..30]);
            stored.sink = before;
            stored.add_seam(20);
            assert_eq!(stored.hash_ahead(10), Some(30));
            stored.discard();
            assert_eq!((stored.have().len(), stored.seams(), stored.sink), (0, &[][..], after));
            assert!(!stored.take_changed());
            stored.insert(0..10);
            assert_eq!(stored.hash_ahead(10), Some(10));
        }
    }

    #[test]
    fn a_seam_is_news_once_and_goes_with_its_comparison() {
        let mut stored = stored(&[0..10, 10..30]);
        stored.add_seam(20);
        assert!(stored.take_changed() && !stored.take_changed());
        stored.add_seam(20);
        stored.add_seam(10);
        assert!(stored.take_changed());
        stored.compared(Purpose::Tail, 10);
        assert_eq!(stored.first_seam(30), Some(10));
        stored.compared(Purpose::Fill, 10);
        assert_eq!(stored.first_seam(30), Some(20));
        stored.compared(Purpose::Seam(20), 30);
        assert_eq!(stored.first_seam(30), None);
        stored.add_seam(30);
        assert_eq!(stored.first_seam(30), None, "it lies at the end");
        stored.cut_seams(30);
        assert_eq!(stored.first_seam(31), None);
    }
}
