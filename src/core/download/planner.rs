//! What to ask the server for next, chosen from what is known and stored and under way; nothing is changed here.

use super::config::Config;
use super::cursor::BodyCursor;
use super::messages::RequestId;
use super::requests::{Ask, Purpose, Requests};
use super::server::Server;
use super::stored::Stored;
use crate::core::clock::Millis;
use crate::core::range::ByteRange;

/// What is chosen from, and by which rules.
pub struct Planner<'a> {
    pub server: &'a Server,
    pub stored: &'a Stored,
    pub requests: &'a Requests,
    pub config: &'a Config,
    /// What all requests together bring, in bytes/s, once that is known.
    pub speed: Option<f64>,
}

/// The next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    pub ask: Ask,
    /// The request whose second half it takes, and where that one is to stop.
    pub limit: Option<(RequestId, u64)>,
}

impl Planner<'_> {
    /// Chooses the next request for bytes that are missing: the first ones, or the second half of what another is to
    /// bring.
    pub fn next(&self) -> Option<Plan> {
        if let Some((start, end)) = self.requests.gap(0, self.stored.have(), self.server.size()) {
            return Some(Plan { ask: self.fill(start, end), limit: None });
        }
        let (id, stop, end) = self.split()?;
        Some(Plan { ask: self.fill(stop, Some(end)), limit: Some((id, stop)) })
    }

    /// Chooses what has to be checked once every byte of `size` is there; nothing if that is proven.
    pub fn check(&self, size: u64) -> Option<Ask> {
        let reach = self.config.overlap.max(1);
        let (purpose, from, to, range) = match self.stored.first_seam(size) {
            Some(seam) => {
                let (from, to) = (seam.saturating_sub(reach), seam.saturating_add(reach).min(size));
                (Purpose::Seam(seam), from, to, ByteRange::until(from, to))
            }
            None if self.server.resource().is_some_and(|resource| !resource.end_proven) => {
                // One byte: less than any cap on a server's answers, which is what this is to find out.
                let from = size.saturating_sub(1);
                (Purpose::Tail, from, size, Some(ByteRange::from(from)))
            }
            None => return None,
        };
        let cursor = BodyCursor { compare: to - from, ..BodyCursor::write(to, Some(to)) };
        Some(Ask { purpose, range, cursor, bulk: false })
    }

    /// Returns how many requests could be in flight, `most` at most, with all that is missing shared out.
    pub fn demand(&self, most: usize) -> usize {
        let mut parts = self.requests.busy();
        for left in self.requests.divisible() {
            parts += self.shares(left, most) - 1;
        }
        let mut at = 0;
        while parts < most {
            let Some((start, end)) = self.requests.gap(at, self.stored.have(), self.server.size()) else {
                break;
            };
            let Some(end) = end else { return parts + 1 };
            let (stop, _) = self.portion(start, end);
            parts += if stop < end { 1 } else { self.shares(end - start, most) };
            at = stop;
        }
        parts.min(most)
    }

    /// Asks for the bytes from `start` to `end`, with an overlap in front where no validator can prove the version.
    fn fill(&self, start: u64, end: Option<u64>) -> Ask {
        let unsure = self.server.is_unsure();
        let compare = if unsure && !self.server.is_at_end() {
            self.stored.overlap(start, self.config.overlap)
        } else {
            0
        };
        let portion = end.map(|end| self.portion(start, end));
        let (limit, bulk) = portion.map_or((None, false), |(end, bulk)| (Some(end), bulk));
        let from = start - compare;
        let range = limit.map_or(Some(ByteRange::from(from)), |end| ByteRange::until(from, end));
        let cursor = BodyCursor { compare, ..BodyCursor::write(start, limit) };
        Ask { purpose: Purpose::Fill, range, cursor, bulk }
    }

    /// Returns where the next request for a gap is to end, and whether it is read in bulk: not where overlaps would
    /// have to be compared.
    fn portion(&self, start: u64, end: u64) -> (u64, bool) {
        if self.server.is_unsure() {
            return (end, false);
        }
        self.requests.bulk.portion(start..end, self.stored.piece(), self.server.total())
    }

    /// Takes the second half of the largest span that is coming in, if it is worth a request; cut on a piece's edge
    /// where that leaves enough, so that few pieces have two writers. Returns whose it is, from where and up to where.
    fn split(&self) -> Option<(RequestId, u64, u64)> {
        let (min, piece, speed) = (self.min_split(), self.stored.piece(), self.speed_of_one());
        let largest = self.requests.largest()?;
        let (end, half) = (largest.cursor.limit?, largest.cursor.room()? / 2);
        if !is_worthwhile(half, min, self.config.min_gain, speed) {
            return None;
        }
        let middle = largest.cursor.at + half;
        let edge = middle.div_ceil(piece).saturating_mul(piece);
        let stop = if end.checked_sub(edge).is_some_and(|rest| rest >= min) { edge } else { middle };
        Some((largest.id, stop, end))
    }

    /// Returns into how many requests `left` bytes could be shared out, by halves.
    fn shares(&self, left: u64, most: usize) -> usize {
        let (min, speed) = (self.min_split(), self.speed_of_one());
        let (mut shares, mut half) = (1, left / 2);
        while shares < most && is_worthwhile(half, min, self.config.min_gain, speed) {
            shares *= 2;
            half /= 2;
        }
        shares
    }

    fn min_split(&self) -> u64 {
        self.config.min_split.max(1)
    }

    /// Returns what one connection brings, in bytes/s, once that is known.
    fn speed_of_one(&self) -> Option<f64> {
        Some(self.speed? / self.requests.reading().max(1) as f64)
    }
}

/// Tells whether half of what a request is to bring is worth another: it has at least `min` bytes, and would take the
/// one longer than `min_gain` ms at `speed`.
fn is_worthwhile(half: u64, min: u64, min_gain: Millis, speed: Option<f64>) -> bool {
    let gains = min_gain == 0 || speed.is_some_and(|speed| half as f64 * 2000.0 > speed * min_gain as f64);
    half >= min && gains
}
