//! Where the page's URL stands: signed ones expire, and the page gives another.

use super::effect::RequestId;

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

    /// Decides on an answer to request `id` that the resource is not there; `can_ask` tells whether the page gave a function
    /// for a new URL.
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
