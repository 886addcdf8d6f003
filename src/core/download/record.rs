//! What is saved of a download between visits, and what of it counts when it is found again.

use super::spans::Spans;
use crate::core::md5::Digest;
use crate::core::plan::Cut;
use crate::core::range::Validators;

/// The version of [`Record`]; a record of another version is not used.
pub const VERSION: u32 = 1;

/// The largest size that JavaScript's numbers can address, in bytes.
pub const MAX_SIZE: u64 = 1 << 53;

/// An unfinished download. Which pieces are stored is not in it: that is what the sink finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// [`VERSION`].
    pub version: u32,
    /// The URL as the page gave it.
    pub url: String,
    /// The file's name.
    pub name: String,
    /// The size of a piece, in bytes.
    pub piece: u64,
    /// The resource's size in bytes, where known.
    pub total: Option<u64>,
    /// Whether the size was told, or follows from a length and is still to be checked at the end.
    pub end_proven: bool,
    /// The resource's version.
    pub validators: Validators,
    /// Its media type.
    pub content_type: Option<String>,
    /// Offsets at which bodies meet that are not proven to be of one version.
    pub seams: Vec<u64>,
}

impl Record {
    /// Tells whether it can be used.
    pub fn is_sound(&self) -> bool {
        self.version == VERSION
            && (1..=MAX_SIZE).contains(&self.piece)
            && self.total.is_none_or(|total| total <= MAX_SIZE)
            && self.validators.digest.as_deref().is_none_or(|digest| Digest::from_hex(digest).is_some())
    }

    /// Says what an earlier visit left: of the pieces that are stored, each an index and a size in bytes, those that
    /// are whole. What is shorter was not written to its end, and what lies behind the end is of another version.
    pub fn restore(self, stored: impl IntoIterator<Item = (usize, u64)>) -> Restored {
        let cut = self.cut();
        let is_whole = |(index, size): (usize, u64)| (size > 0 && size == cut.len(index)).then_some(index);
        let mut pieces: Vec<usize> = stored.into_iter().filter_map(is_whole).collect();
        pieces.sort_unstable();
        Restored { record: self, pieces }
    }

    /// Returns the pieces, as far as their number is known.
    fn cut(&self) -> Cut {
        Cut::new(self.total.unwrap_or(MAX_SIZE), self.piece)
    }
}

/// What an earlier visit left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The last record that was saved.
    pub record: Record,
    /// The indexes of the pieces that are stored whole, smallest first.
    pub pieces: Vec<usize>,
}

impl Restored {
    /// Tells whether a piece is stored whole.
    pub fn has(&self, index: usize) -> bool {
        self.pieces.binary_search(&index).is_ok()
    }

    /// Returns the bytes of the stored pieces; indexes that the resource does not have are passed over.
    pub(super) fn bytes(&self) -> Spans {
        let cut = self.record.cut();
        let mut spans = Spans::default();
        for index in &self.pieces {
            spans.insert(cut.range(*index));
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            version: VERSION,
            url: String::new(),
            name: String::new(),
            piece: 10,
            total: Some(25),
            end_proven: true,
            validators: Validators::default(),
            content_type: None,
            seams: vec![],
        }
    }

    #[test]
    fn a_damaged_record_is_not_used() {
        let good = record();
        assert!(good.is_sound());
        assert!(!Record { version: 2, ..good.clone() }.is_sound());
        assert!(!Record { piece: 0, ..good.clone() }.is_sound());
        assert!(!Record { total: Some(u64::MAX), ..good.clone() }.is_sound());
        assert!(
            !Record {
                validators: Validators { digest: Some("zz".into()), ..Validators::default() },
                ..good.clone()
            }
            .is_sound()
        );
        let restored = Restored { record: good, pieces: vec![0, 2, 3, usize::MAX] };
        assert_eq!(restored.bytes().len(), 15);
    }

    #[test]
    fn only_whole_pieces_count() {
        let stored = [(2, 5), (0, 10), (1, 9), (3, 10), (4, 0), (usize::MAX, 10)];
        let restored = record().restore(stored);
        assert_eq!(restored.pieces, [0, 2]);
        assert!(restored.has(2) && !restored.has(1) && !restored.has(3));
        // While the size is unknown none is known to be the last one.
        let endless = Record { total: None, ..record() }.restore(stored);
        assert_eq!(endless.pieces, [0, 3]);
    }
}
