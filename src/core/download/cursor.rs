//! What each byte of a body is for: the rule by which the machine counts a body's bytes and its reader treats them.

/// Where the bytes of a body go, from the next one on: `skip` are of no use, `compare` after them must be the stored
/// ones that end at `at`, and the rest is written from `at` on, up to `limit`.
///
/// The machine and the reader of a body each have a copy, which passes over the same bytes by the same rule. So they
/// agree on where the body stands whenever the machine changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyCursor {
    /// Bytes to drop.
    pub skip: u64,
    /// Bytes to compare after that.
    pub compare: u64,
    /// The offset at which to write after that.
    pub at: u64,
    /// The first offset not to write; nothing while the end is unknown.
    pub limit: Option<u64>,
}

/// What the next bytes of a body are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To be dropped.
    Skip(u64),
    /// To be compared with the stored bytes from `from` on.
    Compare {
        /// The offset of the first of them.
        from: u64,
        /// How many.
        len: u64,
    },
    /// To be written.
    Write {
        /// The offset of the first of them.
        at: u64,
        /// How many.
        len: u64,
    },
    /// Nothing: they lie behind the limit.
    Excess,
}

impl Step {
    /// Returns how many bytes it takes.
    pub fn len(self) -> u64 {
        match self {
            Step::Skip(len) | Step::Compare { len, .. } | Step::Write { len, .. } => len,
            Step::Excess => 0,
        }
    }

    /// Tells whether it takes none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl BodyCursor {
    /// Makes a cursor that writes everything from `at` up to `limit`.
    pub fn write(at: u64, limit: Option<u64>) -> BodyCursor {
        BodyCursor { skip: 0, compare: 0, at, limit }
    }

    /// Passes over the first of `len` more bytes that are for one purpose, and returns it; of the others it is asked
    /// again.
    pub fn take(&mut self, len: u64) -> Step {
        if self.skip > 0 {
            let len = len.min(self.skip);
            self.skip -= len;
            return Step::Skip(len);
        }
        if self.compare > 0 {
            let (from, len) = (self.at.saturating_sub(self.compare), len.min(self.compare));
            self.compare -= len;
            return Step::Compare { from, len };
        }
        let at = self.at;
        let len = self.limit.map_or(len, |limit| len.min(limit.saturating_sub(at)));
        if len == 0 {
            return Step::Excess;
        }
        self.at = at.saturating_add(len);
        Step::Write { at, len }
    }

    /// Tells whether nothing is left to drop or to compare.
    pub fn is_writing(&self) -> bool {
        self.skip == 0 && self.compare == 0
    }

    /// Tells whether the next byte lies behind the limit.
    pub fn is_at_limit(&self) -> bool {
        self.is_writing() && self.limit == Some(self.at)
    }

    /// Returns how many bytes are still to be written; nothing while the end is unknown.
    pub fn room(&self) -> Option<u64> {
        self.limit.map(|limit| limit.saturating_sub(self.at))
    }

    /// Tells whether the byte at `offset` is still to be written.
    pub fn covers(&self, offset: u64) -> bool {
        self.at <= offset && self.limit.is_none_or(|limit| offset < limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::retry::Jitter;

    /// What becomes of one byte.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Fate {
        Dropped,
        Compared(u64),
        Written(u64),
        Excess,
    }

    /// The rule byte by byte, as [`BodyCursor`]'s doc says it.
    fn fate(start: &BodyCursor, index: u64) -> Fate {
        if index < start.skip {
            return Fate::Dropped;
        }
        let index = index - start.skip;
        if index < start.compare {
            return Fate::Compared(start.at - start.compare + index);
        }
        let offset = start.at + index - start.compare;
        if start.limit.is_some_and(|limit| offset >= limit) { Fate::Excess } else { Fate::Written(offset) }
    }

    #[test]
    fn each_byte_is_for_one_purpose_however_the_body_is_cut() {
        let mut random = Jitter::new(3);
        let mut below = |bound: u64| (random.draw() * bound as f64) as u64;
        for _ in 0..2_000 {
            let (skip, compare, at) = (below(9), below(9), 20 + below(9));
            let limit = (below(3) > 0).then(|| at + below(12));
            let start = BodyCursor { skip, compare, at, limit };
            let (mut cursor, mut index) = (start, 0);
            while index < 40 {
                let len = 1 + below(15);
                let step = cursor.take(len);
                assert!(step.len() <= len && step.is_empty() == (step == Step::Excess));
                if step.is_empty() {
                    assert_eq!(fate(&start, index), Fate::Excess, "{start:?} {index}");
                    assert!(cursor.is_at_limit());
                    break;
                }
                for n in 0..step.len() {
                    let expected = match step {
                        Step::Skip(_) => Fate::Dropped,
                        Step::Compare { from, .. } => Fate::Compared(from + n),
                        Step::Write { at, .. } => Fate::Written(at + n),
                        Step::Excess => Fate::Excess,
                    };
                    assert_eq!(fate(&start, index + n), expected, "{start:?} {index}+{n}");
                }
                index += step.len();
                let next_is_excess = fate(&start, index) == Fate::Excess;
                assert_eq!(cursor.is_at_limit(), next_is_excess, "{start:?} {index}");
            }
        }
    }

    #[test]
    fn a_limit_that_is_moved_in_the_middle_holds_for_the_bytes_behind_it() {
        let mut cursor = BodyCursor::write(100, None);
        assert_eq!(cursor.take(30), Step::Write { at: 100, len: 30 });
        assert!(cursor.covers(1 << 40) && !cursor.covers(129));
        cursor.limit = Some(150);
        assert_eq!((cursor.room(), cursor.covers(149), cursor.covers(150)), (Some(20), true, false));
        assert_eq!(cursor.take(30), Step::Write { at: 130, len: 20 });
        assert_eq!(cursor.take(10), Step::Excess);
        // A limit before what was written already is passed, and nothing more.
        cursor.limit = Some(120);
        assert_eq!((cursor.take(1), cursor.at), (Step::Excess, 150));
    }
}
