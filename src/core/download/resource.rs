//! What is known of the resource that is downloaded, and of the page's URL for it.

use super::messages::RequestId;
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

    /// Forgets a size that was derived from a range's length, where the end of a whole body is to come: that is the
    /// better witness. Tells whether it was derived.
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

/// Where the page's URL stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageUrl {
    Good,
    /// The page was asked for a new one.
    Asked,
    /// It is new since the request with this number, and no byte came from it yet.
    Fresh(RequestId),
}

/// What a URL that does not serve the resource any more leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// A new one is there or on its way.
    Replay,
    /// The page must be asked for a new one.
    Ask,
    /// The download fails.
    Give,
}

impl PageUrl {
    /// Tells whether nothing can be sent, since the page was asked for a new one.
    pub fn is_asked(self) -> bool {
        self == PageUrl::Asked
    }

    /// Decides on an answer to request `id` that the resource is not there; `can_ask` tells whether the page gave a
    /// function for a new URL.
    pub fn gone(&mut self, id: RequestId, can_ask: bool) -> Gone {
        match *self {
            PageUrl::Asked => Gone::Replay,
            PageUrl::Fresh(since) if id < since => Gone::Replay,
            PageUrl::Good if can_ask => {
                *self = PageUrl::Asked;
                Gone::Ask
            }
            PageUrl::Good | PageUrl::Fresh(_) => Gone::Give,
        }
    }

    /// Notes that the URL is a new one, for requests from number `next` on.
    pub fn renewed(&mut self, next: RequestId) {
        if self.is_asked() {
            *self = PageUrl::Fresh(next);
        }
    }

    /// Notes that the body of request `id` brought bytes.
    pub fn brought(&mut self, id: RequestId) {
        if matches!(*self, PageUrl::Fresh(since) if id >= since) {
            *self = PageUrl::Good;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_url_is_asked_for_once_until_it_worked() {
        let mut url = PageUrl::Good;
        assert_eq!(url.gone(1, false), Gone::Give);
        assert_eq!((url.gone(1, true), url.gone(2, true)), (Gone::Ask, Gone::Replay));
        assert!(url.is_asked());
        url.renewed(3);
        assert_eq!(url.gone(2, true), Gone::Replay, "it was sent to the old one");
        url.brought(2);
        assert_eq!(url.gone(3, true), Gone::Give);
        url.brought(3);
        assert_eq!(url.gone(4, true), Gone::Ask);
    }
}
