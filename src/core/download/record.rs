//! What is remembered of a download between visits.

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

    /// Returns the bytes of the stored `pieces`; indexes that the resource does not have are passed over.
    pub(super) fn stored(&self, pieces: &[usize]) -> Spans {
        let cut = Cut::new(self.total.unwrap_or(MAX_SIZE), self.piece);
        let mut spans = Spans::default();
        for index in pieces {
            spans.insert(cut.range(*index));
        }
        spans
    }
}

/// What an earlier visit left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The last record that was remembered.
    pub record: Record,
    /// The indexes of the pieces that are stored whole, in any order.
    pub pieces: Vec<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_record_is_not_used() {
        let good = Record {
            version: VERSION,
            url: String::new(),
            name: String::new(),
            piece: 10,
            total: Some(25),
            end_proven: true,
            validators: Validators::default(),
            content_type: None,
            seams: vec![],
        };
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
        assert_eq!(good.stored(&[2, 0, 3, usize::MAX]).len(), 15);
    }
}
