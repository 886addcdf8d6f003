//! How many requests at once: grows while the measured goodput grows, halves when the server asks for less.

use crate::core::clock::{Instant, Millis};

/// The shortest window over which goodput is measured, in ms.
const MIN_WINDOW: Millis = 500;
/// A step up must bring this much more goodput to be kept.
const WORTHWHILE: f64 = 1.05;
/// How many windows pass before another step up is tried after one that brought nothing.
const PATIENCE: u32 = 8;

/// How many requests may be in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// As goodput says, up to a limit.
    Auto(usize),
    /// As the page says.
    Fixed(usize),
}

/// The number of requests a transfer may have in flight.
#[derive(Debug, Clone)]
pub struct Pace {
    limit: usize,
    max: usize,
    adaptive: bool,
    window: Option<Window>,
    /// Goodput, in bytes/ms, of the last window at the limit before the present one.
    before: f64,
    trying: bool,
    rest: u32,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    since: Instant,
    bytes: u64,
    answers: usize,
}

impl Pace {
    /// Starts as `concurrency` says.
    pub fn new(concurrency: Concurrency) -> Pace {
        match concurrency {
            Concurrency::Auto(max) => Pace::adaptive(max),
            Concurrency::Fixed(limit) => Pace::fixed(limit),
        }
    }

    /// Starts at 2 and adapts, up to `max`.
    pub fn adaptive(max: usize) -> Pace {
        let max = max.max(1);
        Pace { limit: max.min(2), max, adaptive: true, window: None, before: 0.0, trying: false, rest: 0 }
    }

    /// Keeps to `limit`, but for servers that ask for less.
    pub fn fixed(limit: usize) -> Pace {
        Pace { limit: limit.max(1), adaptive: false, ..Pace::adaptive(limit) }
    }

    /// Returns how many requests may be in flight; changes after [`Pace::confirmed`] and [`Pace::too_many`].
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Notes an answer that confirmed `bytes`, while `in_flight` requests (with it) were under way.
    pub fn confirmed(&mut self, bytes: u64, in_flight: usize, now: Instant) {
        if !self.adaptive {
            return;
        }
        if in_flight < self.limit {
            // Fewer requests than allowed say nothing about the limit: the tail of a transfer, or a pause.
            self.window = None;
            return;
        }
        let Some(window) = self.window.as_mut() else {
            self.window = Some(Window { since: now, bytes: 0, answers: 0 });
            return;
        };
        window.bytes += bytes;
        window.answers += 1;
        let span = now.since(window.since);
        if span < MIN_WINDOW || window.answers < 2 * self.limit {
            return;
        }
        let goodput = window.bytes as f64 / span as f64;
        self.window = None;
        self.judge(goodput);
    }

    fn judge(&mut self, goodput: f64) {
        if self.trying && goodput < self.before * WORTHWHILE {
            self.limit = (self.limit - 1).max(1);
            self.trying = false;
            self.rest = PATIENCE;
            return;
        }
        self.before = goodput;
        self.trying = false;
        if self.rest > 0 {
            self.rest -= 1;
        } else if self.limit < self.max {
            self.limit += 1;
            self.trying = true;
        }
    }

    /// Notes that the server asked for less (429, 503): half as many, and no step up for a while.
    pub fn too_many(&mut self) {
        self.limit = (self.limit / 2).max(1);
        self.window = None;
        self.trying = false;
        self.rest = PATIENCE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs answers of 1 MB on a link that gives each request `per_request` bytes/ms, `total` at most.
    fn run(pace: &mut Pace, per_request: f64, total: f64, answers: usize) {
        let mut now = 0.0;
        for _ in 0..answers {
            let rate = (per_request * pace.limit() as f64).min(total);
            now += 1e6 / rate;
            pace.confirmed(1_000_000, pace.limit(), Instant(now as u64));
        }
    }

    #[test]
    fn grows_while_it_pays_and_steps_back_when_it_does_not() {
        let mut latency_bound = Pace::adaptive(6);
        run(&mut latency_bound, 1000.0, 1e9, 1000);
        assert_eq!(latency_bound.limit(), 6);

        let mut saturated = Pace::adaptive(6);
        run(&mut saturated, 1000.0, 3000.0, 60);
        assert!((3..=4).contains(&saturated.limit()), "{}", saturated.limit());
    }

    #[test]
    fn a_fixed_pace_moves_only_for_the_server() {
        let mut pace = Pace::fixed(5);
        run(&mut pace, 1000.0, 1e9, 100);
        assert_eq!(pace.limit(), 5);
        pace.too_many();
        assert_eq!(pace.limit(), 2);
        pace.too_many();
        pace.too_many();
        assert_eq!(pace.limit(), 1);
    }
}
