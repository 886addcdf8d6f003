//! What is known of the resource that is downloaded.

use super::record::Record;
use crate::core::range::{Head, Known, Validators};

/// What is known of the resource; nothing of it is before the first good answer.
#[derive(Debug, Clone)]
pub struct Resource {
    pub total: Option<u64>,
    /// `total` is certain, or was derived from a range's length; otherwise it is a 200's length, which an encoding
    /// may belie.
    pub exact: bool,
    /// The end was told, not derived.
    pub end_proven: bool,
    pub validators: Validators,
    pub content_type: Option<String>,
}

/// A size as an answer tells it.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub total: Option<u64>,
    /// See [`Resource::exact`].
    pub exact: bool,
    /// See [`Resource::end_proven`].
    pub end_proven: bool,
}

impl Resource {
    /// Takes what a first answer says.
    pub fn of(head: &Head, validators: Validators, size: Size) -> Resource {
        let Size { total, exact, end_proven } = size;
        Resource { total, exact, end_proven, validators, content_type: head.media_type() }
    }

    /// Takes what an earlier visit knew.
    pub fn restored(record: Record) -> Resource {
        Resource {
            total: record.total,
            exact: record.total.is_some(),
            end_proven: record.end_proven,
            validators: record.validators,
            content_type: record.content_type,
        }
    }

    /// Makes one of which only the size is known.
    pub fn sized(total: u64) -> Resource {
        Resource {
            total: Some(total),
            exact: true,
            end_proven: true,
            validators: Validators::default(),
            content_type: None,
        }
    }

    /// Returns the size, if it is certain.
    pub fn size(&self) -> Option<u64> {
        self.total.filter(|_| self.exact)
    }

    /// Returns the size as a 200 announced it.
    pub fn hint(&self) -> Option<u64> {
        self.total.filter(|_| !self.exact)
    }

    /// Takes over a size that is certain; tells whether it is news.
    pub fn learn(&mut self, size: Size) -> bool {
        let better = size.exact && size.total.is_some() && (self.total != size.total || !self.exact);
        if better {
            self.total = size.total;
            self.exact = true;
            self.end_proven = size.end_proven;
        }
        better
    }

    /// Notes that it ends at `total`, as a body's end or a 416 says.
    pub fn ends_at(&mut self, total: u64) {
        self.total = Some(total);
        self.exact = true;
        self.end_proven = true;
    }

    /// Forgets a size that was derived from a range's length, where the end of a whole body is to come: that is the better
    /// witness. Tells whether it was derived.
    pub fn forget_derived_size(&mut self) -> bool {
        let derived = self.exact && !self.end_proven;
        if derived {
            self.total = None;
            self.exact = false;
            self.end_proven = true;
        }
        derived
    }

    /// Returns what an answer is held against; `complete` says that all bytes are there.
    pub fn known(&self, complete: bool) -> Known<'_> {
        Known {
            total: self.size(),
            end_proven: self.end_proven,
            validators: &self.validators,
            content_type: self.content_type.as_deref(),
            complete,
        }
    }
}
