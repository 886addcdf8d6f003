//! Ranges that are taken in one go: on a fast line a body that passes through JavaScript piece by piece costs more than
//! the line does, while one that the browser makes a Blob of itself never comes there.
//!
//! What is lost when such a body breaks is all of it. So it is asked for only where a body that was read piece by piece
//! showed the speed, no larger than a moment's traffic, and never again for long where that did not hold.

use std::ops::Range;

use super::RequestId;
use super::flight::{Flight, Phase};
use super::machine::Download;
use crate::core::clock::{Instant, Millis};

/// The traffic that one may be, in ms at the speed measured: the most that a broken one loses.
const SPAN: u64 = 250;
/// One that takes so much longer than that is given up, and its bytes are asked for piece by piece, in ms.
pub(super) const PATIENCE: Millis = 2_000;

/// When ranges are taken in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gulp {
    /// The bytes that one body must have brought before; twice as many after each gulp that failed.
    pub after: u64,
    /// How fast it must have brought them, in bytes/ms: where streaming costs more than the line.
    pub pace: u64,
    /// The most bytes in one go.
    pub most: u64,
}

/// How it stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gulps {
    /// The size of the next one, in bytes; none while it is 0.
    next: u64,
    /// Those that failed.
    slips: u32,
}

impl Download {
    /// Takes note of how fast a body comes in. If that is fast enough, the rest of it is left to gulps.
    pub(super) fn quicken(&mut self, id: RequestId, now: Instant) {
        let Some(Gulp { after, pace, most }) = self.config.gulp.filter(|_| self.gulps.next == 0) else {
            return;
        };
        let (after, piece) = (after << self.gulps.slips.min(16), self.piece);
        let Some(flight) = self.flight(id).filter(|it| it.proven && !it.stream && it.wrote >= after) else {
            return;
        };
        let per_ms = flight.wrote / now.since(flight.sent).max(1);
        let cut = flight.at.div_ceil(piece) * piece;
        let Some(end) = flight.end.filter(|_| per_ms >= pace) else { return };
        if self.is_unsure() {
            // Overlaps would have to be compared.
            return;
        }
        let next = (per_ms * SPAN).min(most) / piece * piece;
        // What is on its way already is lost by the cut: not for less than there is to gain.
        if next > 0 && end >= cut + next {
            self.gulps.next = next;
            self.limit(id, cut);
        }
    }

    /// A gulp came to nothing: bodies are read piece by piece again.
    pub(super) fn slip(&mut self) {
        self.gulps = Gulps { next: 0, slips: self.gulps.slips + 1 };
    }

    /// Cuts a gap to what the next request is to bring of it, and tells whether that is a gulp: whole pieces.
    pub(super) fn portion(&self, gap: Range<u64>) -> (u64, bool) {
        let Range { start, end } = gap;
        let next = self.gulps.next;
        if next == 0 {
            return (end, false);
        }
        let begun = start % self.piece;
        if begun > 0 {
            return (end.min(start - begun + self.piece), false);
        }
        let total = self.resource.as_ref().and_then(|resource| resource.total);
        let most = end.min(start + next);
        let whole = if total == Some(most) { most } else { most - most % self.piece };
        if whole > start { (whole, true) } else { (end, false) }
    }
}

impl Flight {
    /// Settles whether it is a gulp: its body must be just the bytes that it was to bring.
    pub(super) fn settle_gulp(&mut self) {
        let left = self.end.map(|end| end.saturating_sub(self.at));
        self.gulp &= self.left == left && !self.blind && self.skip + self.compare == 0;
    }

    /// Tells whether nothing shows how far its body is.
    pub(super) fn is_mute(&self) -> bool {
        self.phase == Phase::Body && self.gulp && self.wrote == 0
    }
}
