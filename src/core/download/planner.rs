//! What to ask for next.

use super::flight::{Flight, Job, Phase};
use super::machine::{Address, Download, Ranges, Sink, Stage};
use super::{Effect, RequestId};
use crate::core::clock::Instant;
use crate::core::range::{Asked, ByteRange};

impl Download {
    /// Sends what can be sent, and moves the end on.
    pub(super) fn pump(&mut self, now: Instant) {
        if self.stage != Stage::Running || self.retry.is_paused() || self.sink == Sink::Asked {
            return;
        }
        if self.is_complete() {
            return self.complete(now);
        }
        while self.may_send(now) {
            let Some((start, end)) = self.first_gap().or_else(|| self.split(now)) else { return };
            self.fill(start, end, now);
        }
    }

    fn may_send(&self, now: Instant) -> bool {
        // Before the first good answer nobody knows what there is to share out.
        let single = !self.met || self.solo.is_some() || self.ranges != Ranges::On;
        let limit = if single { 1 } else { self.pace.limit() };
        // A body that brought its bytes and does not end holds its connection: no more of those than of the busy.
        self.retry.may_send(now)
            && self.address != Address::Asked
            && self.flights.len() < 2 * limit
            && self.flights.iter().filter(|flight| flight.is_busy()).count() < limit
    }

    /// Every byte is here: has what is unproven checked, then the result finished.
    fn complete(&mut self, now: Instant) {
        if self.sink == Sink::Unprepared {
            return self.prepare();
        }
        if !self.flights.is_empty() {
            return;
        }
        let Some(resource) = &self.resource else { return };
        let (total, end_proven) = (resource.total.unwrap_or(0), resource.end_proven);
        let k = self.config.overlap.max(1);
        self.seams.cut(total);
        let check = match self.seams.offsets().first() {
            Some(seam) => {
                let (from, to) = (seam.saturating_sub(k), seam.saturating_add(k).min(total));
                Some((Job::Seam(*seam), from, to, ByteRange::until(from, to)))
            }
            None if !end_proven => {
                // One byte: less than any cap on a server's answers, which is what this is to find out.
                let from = total.saturating_sub(1);
                Some((Job::Tail, from, total, Some(ByteRange::from(from))))
            }
            None => None,
        };
        match check {
            Some((job, from, to, range)) if self.may_send(now) => {
                self.send(job, range, to, Some(to), to - from, now);
            }
            Some(_) => {}
            None => self.conclude(),
        }
    }

    /// Returns the first bytes that are neither stored nor on their way.
    fn first_gap(&self) -> Option<(u64, Option<u64>)> {
        let total = self.resource.as_ref().and_then(|resource| resource.total.filter(|_| resource.exact));
        let mut at = 0;
        loop {
            let (start, stored) = self.have.gap(at);
            if total.is_some_and(|total| start >= total) {
                return None;
            }
            if let Some(flight) = self.flights.iter().find(|flight| flight.owns(start)) {
                at = flight.end?;
                continue;
            }
            let ahead = self.flights.iter().map(|flight| flight.at).filter(|at| *at > start);
            return Some((start, ahead.chain(stored).chain(total).min()));
        }
    }

    /// Takes the second half of the largest span that is coming in, if it is worth a request; cut on a piece's edge
    /// where that leaves enough, so that few pieces have two writers.
    fn split(&mut self, now: Instant) -> Option<(u64, Option<u64>)> {
        let min = self.config.min_split.max(1);
        let pace = self.pace_of_one(now);
        let left = |flight: &Flight| flight.end.map_or(0, |end| end.saturating_sub(flight.at));
        let largest = self
            .flights
            .iter_mut()
            .filter(|flight| {
                let reading = flight.phase == Phase::Body && flight.job == Job::Fill;
                reading && !flight.stream && !flight.gulp
            })
            .max_by_key(|flight| left(flight))?;
        let (id, end, half) = (largest.id, largest.end?, left(largest) / 2);
        let gains = self.config.min_gain == 0
            || pace.is_some_and(|pace| half as f64 * 2000.0 > pace * self.config.min_gain as f64);
        if half < min || !gains {
            return None;
        }
        let middle = largest.at + half;
        let edge = middle.div_ceil(self.piece).saturating_mul(self.piece);
        let cut = if end.checked_sub(edge).is_some_and(|rest| rest >= min) { edge } else { middle };
        self.limit(id, cut);
        Some((cut, Some(end)))
    }

    /// Leaves what a body would bring from `end` on to others.
    pub(super) fn limit(&mut self, id: RequestId, end: u64) {
        if let Some(flight) = self.flight(id) {
            flight.end = Some(end);
            self.effects.push_back(Effect::Limit { id, end });
        }
    }

    /// Returns what one connection brings, in bytes/s, once that is known.
    fn pace_of_one(&self, now: Instant) -> Option<f64> {
        let running = self.flights.iter().filter(|flight| flight.phase == Phase::Body).count();
        Some(self.meter.measured(now)? / running.max(1) as f64)
    }

    /// Tells whether no validator can prove the version.
    pub(super) fn is_unsure(&self) -> bool {
        self.resource.as_ref().is_some_and(|resource| !resource.validators.is_strong())
    }

    /// Asks for the bytes from `start` to `end`, with an overlap in front where no validator can prove the version.
    fn fill(&mut self, start: u64, end: Option<u64>, now: Instant) {
        let unsure = self.is_unsure();
        let overlap = if unsure && !std::mem::take(&mut self.at_end) {
            self.have.behind(start).min(self.config.overlap)
        } else {
            0
        };
        let from = start - overlap;
        let (end, gulp) = match end {
            Some(end) if !unsure => {
                let (end, gulp) = self.portion(start..end);
                (Some(end), gulp)
            }
            end => (end, false),
        };
        let range = end.map_or(Some(ByteRange::from(from)), |end| ByteRange::until(from, end));
        self.send(Job::Fill, range, start, end, overlap, now);
        if gulp && let Some(flight) = self.flights.last_mut() {
            flight.gulp = true;
        }
    }

    fn send(
        &mut self,
        job: Job,
        range: Option<ByteRange>,
        at: u64,
        end: Option<u64>,
        compare: u64,
        now: Instant,
    ) {
        let range = range.filter(|_| self.ranges == Ranges::On);
        let if_match = self
            .resource
            .as_ref()
            .filter(|_| self.conditional)
            .and_then(|resource| resource.validators.condition());
        let id = self.next_id;
        self.next_id += 1;
        self.flights.push(Flight {
            id,
            asked: Asked { range, conditional: if_match.is_some() },
            job,
            phase: Phase::Sent,
            at,
            end,
            skip: 0,
            compare,
            left: None,
            wrote: 0,
            proven: false,
            stream: false,
            gulp: false,
            blind: false,
            sent: now,
            moved: now,
        });
        self.effects.push_back(Effect::Send { id, range, if_match });
    }
}
