//! How much is borne of a server: how many answers in a row that could not be used, until something is given up.

use super::messages::RequestId;

/// Unusable answers in a row before ranges are given up.
const RANGE_REJECTS: u32 = 2;
/// Unusable answers in a row before the download is.
const REJECTS: u32 = 5;
/// How often an ETag that differs alone is asked about before it counts as another version.
const DOUBTS: usize = 3;
/// Requests without any answer before one is sent without `Range`.
const BARE_AFTER: u32 = 3;
/// Requests without any answer before the download fails: a page whose server does not let it in at all should
/// not have to wait for the whole budget.
const UNANSWERED: u32 = 8;
/// Bodies in a row that ended, without an error, before they brought a new byte: time does not mend that.
const IDLE: u32 = 8;
/// Whole bodies in a row that ended where they said, if they said, and before what is stored: it became shorter.
const SHORT: u32 = 3;
/// Ranges behind 0 in a row that failed before their first byte while Content-Encoding is hidden: the browser cannot
/// decode a compressed stream from its middle (Chromium: ERR_CONTENT_DECODING_FAILED).
const BARREN: u32 = 3;
/// How often a download starts again from 0 because the resource changed.
const RESTARTS: u32 = 1;

/// What was borne so far.
#[derive(Debug, Default)]
pub struct Tolerance {
    /// ETags seen that differ from the known one, in a row.
    doubts: Vec<String>,
    /// Answers in a row that could not be used, and the first request sent after the last of them.
    rejects: (u32, RequestId),
    /// Requests that failed while no request had ever been answered.
    unanswered: u32,
    /// Bodies in a row that ended cleanly and brought nothing.
    idle: u32,
    /// Blind ranges in a row that brought nothing.
    barren: u32,
    restarts: u32,
}

/// What an answer that could not be used leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// The same is asked again.
    Again,
    /// Ranges are given up.
    NoRanges,
    /// The download is.
    Enough,
}

/// What an ETag that differs, and nothing else, leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It is asked about again.
    Open,
    /// The server makes its ETags up.
    Unstable,
    /// It is another version.
    Changed,
}

/// What a request without an answer leads to, while none was ever answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// The same is asked again.
    Again,
    /// It is asked without `Range`.
    Bare,
    /// The download is given up.
    Enough,
}

/// What a body that ended cleanly and brought nothing leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idleness {
    /// It is a failure like another.
    Borne,
    /// The resource became shorter.
    Shorter,
    /// So many bodies: the download is given up.
    Enough(u32),
}

impl Tolerance {
    /// Notes that the answer to request `id` cannot be used; `next` is the request that is sent next.
    pub fn reject(&mut self, id: RequestId, next: RequestId) -> Rejection {
        // Requests that were under way together count once.
        if id >= self.rejects.1 {
            self.rejects = (self.rejects.0 + 1, next);
        }
        match self.rejects.0 {
            REJECTS.. => Rejection::Enough,
            RANGE_REJECTS.. => Rejection::NoRanges,
            _ => Rejection::Again,
        }
    }

    /// Notes an ETag that differs alone. Asked again, a changed resource shows the same new ETag each time; a server
    /// that makes them up, or several that do not agree, show yet another or the old one.
    pub fn doubt(&mut self, etag: String) -> Doubt {
        let is_another = self.doubts.first().is_some_and(|first| *first != etag);
        self.doubts.push(etag);
        if is_another {
            Doubt::Unstable
        } else if self.doubts.len() >= DOUBTS {
            Doubt::Changed
        } else {
            Doubt::Open
        }
    }

    /// Tells whether an ETag is in doubt.
    pub fn has_doubts(&self) -> bool {
        !self.doubts.is_empty()
    }

    /// Notes that the doubts are settled, whichever way.
    pub fn clear_doubts(&mut self) {
        self.doubts.clear();
    }

    /// Notes that a request got no answer, and none ever did.
    pub fn unanswered(&mut self) -> Silence {
        self.unanswered += 1;
        match self.unanswered {
            BARE_AFTER => Silence::Bare,
            UNANSWERED.. => Silence::Enough,
            _ => Silence::Again,
        }
    }

    /// Returns how many requests got no answer while none ever did.
    pub fn silences(&self) -> u32 {
        self.unanswered
    }

    /// Notes that a request was answered.
    pub fn answered(&mut self) {
        self.unanswered = 0;
    }

    /// Notes a body that ended cleanly and brought nothing; `is_whole` says that it was a whole resource that ended
    /// where it said.
    pub fn idle(&mut self, is_whole: bool) -> Idleness {
        self.idle += 1;
        if is_whole && self.idle >= SHORT {
            self.idle = 0;
            return Idleness::Shorter;
        }
        if self.idle >= IDLE { Idleness::Enough(self.idle) } else { Idleness::Borne }
    }

    /// Notes that a blind range behind the first byte brought nothing; tells whether ranges are given up for it.
    pub fn barren(&mut self) -> bool {
        self.barren += 1;
        self.barren >= BARREN
    }

    /// Notes that the body of request `id` brought bytes: of a range, and of one behind the first byte, or not.
    pub fn brought(&mut self, id: RequestId, of_range: bool, behind_start: bool) {
        self.idle = 0;
        if of_range && id >= self.rejects.1 {
            self.rejects.0 = 0;
        }
        if of_range && behind_start {
            self.barren = 0;
        }
    }

    /// Notes that the resource is another version; tells whether the download may start again for it.
    pub fn may_restart(&mut self) -> bool {
        let may = self.restarts < RESTARTS;
        self.restarts += u32::from(may);
        may
    }

    /// Forgets what was held against the old version.
    pub fn start_again(&mut self) {
        self.doubts.clear();
        self.rejects = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_cannot_be_used_cost_ranges_and_then_the_download() {
        let mut it = Tolerance::default();
        assert_eq!(it.reject(1, 4), Rejection::Again);
        // 2 and 3 were under way with 1.
        assert_eq!((it.reject(2, 4), it.reject(3, 4)), (Rejection::Again, Rejection::Again));
        assert_eq!((it.reject(4, 5), it.reject(5, 6)), (Rejection::NoRanges, Rejection::NoRanges));
        it.brought(5, true, true);
        assert_eq!(it.reject(6, 7), Rejection::NoRanges, "5 was under way with the last of them");
        assert_eq!(it.reject(7, 8), Rejection::Enough);
        it.brought(8, false, false);
        assert_eq!(it.reject(8, 9), Rejection::Enough, "a whole body says nothing of ranges");
        it.brought(9, true, false);
        assert_eq!(it.reject(9, 10), Rejection::Again);
    }

    #[test]
    fn an_etag_that_differs_is_asked_about() {
        let mut it = Tolerance::default();
        assert_eq!((it.doubt("a".into()), it.doubt("a".into())), (Doubt::Open, Doubt::Open));
        assert_eq!(it.doubt("a".into()), Doubt::Changed);
        it.clear_doubts();
        assert!(!it.has_doubts());
        assert_eq!((it.doubt("a".into()), it.doubt("b".into())), (Doubt::Open, Doubt::Unstable));
    }

    #[test]
    fn a_server_that_never_answers_is_asked_without_a_range_once() {
        let mut it = Tolerance::default();
        let silences: Vec<Silence> = (0..8).map(|_| it.unanswered()).collect();
        assert_eq!(silences.iter().position(|it| *it == Silence::Bare), Some(2));
        assert_eq!(silences.iter().position(|it| *it == Silence::Enough), Some(7));
        it.answered();
        assert_eq!((it.unanswered(), it.silences()), (Silence::Again, 1));
    }

    #[test]
    fn bodies_that_bring_nothing_are_borne_for_a_while() {
        let mut it = Tolerance::default();
        assert_eq!([0; 3].map(|_| it.idle(true)), [Idleness::Borne, Idleness::Borne, Idleness::Shorter]);
        assert!((0..7).all(|_| it.idle(false) == Idleness::Borne));
        assert_eq!(it.idle(false), Idleness::Enough(8));
        it.brought(1, true, true);
        assert_eq!(it.idle(false), Idleness::Borne);
        assert_eq!([0; 3].map(|_| it.barren()), [false, false, true]);
        it.brought(2, true, false);
        assert!(it.barren(), "the first byte needs no range");
        it.brought(3, true, true);
        assert!(!it.barren());
        assert!(it.may_restart() && !it.may_restart());
    }
}
