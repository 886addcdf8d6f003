//! How many requests at once: grows while goodput may grow, halves when the server asks for less, and settles on the
//! fewest that carry as much as any number did.
//!
//! A chunk of some MiB is answered after many seconds on a slow line, and until then nothing is known of goodput.
//! Where distance or loss holds each connection back, waiting for that first answer at a few requests costs half the
//! time of a small file; so as long as no answer comes, time alone opens further requests. A server that is near needs
//! no such haste, and there a request that is refused would cost a whole chunk for nothing. See decision 013.

#[cfg(test)]
mod tests;

use crate::core::clock::{Instant, Millis};

/// How many requests there are before anything is known.
const START: usize = 4;
/// The shortest window over which goodput is measured, in ms.
const MIN_WINDOW: Millis = 500;
/// While nothing is answered another request is opened each so many ms.
const STEP: Millis = 150;
/// A server that gives its first answer within so many ms is near: with TLS that is a round trip of some 20 ms.
const NEAR: Millis = 80;
/// How many requests a near server gets before anything is known, and after how many ms another one; the next ones
/// come sooner and sooner.
const NEAR_START: usize = 2;
const NEAR_STEP: Millis = 1_250;
/// A step up must bring this much more goodput to be kept.
const WORTHWHILE: f64 = 1.05;
/// A step down is kept if at least this much of the best goodput is left.
const AS_GOOD: f64 = 0.97;
/// How much of the best goodput is believed a window later.
const FADES: f64 = 0.99;
/// How many windows pass before another step is tried after one that was taken back; doubles each time.
const PATIENCE: u32 = 4;

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
    /// What `max` is the least of: what was asked for at the start, what the server accepts, what showed since, and what the
    /// server refuses to go beyond for all transfers together.
    asked: usize,
    accepted: usize,
    ceiling: usize,
    server_limit: usize,
    adaptive: bool,
    /// Nothing is known of goodput yet: time opens further requests.
    blind: bool,
    /// After how many ms it opens another.
    step: Millis,
    /// Since when all that is allowed is in flight and nothing was answered.
    full_since: Option<Instant>,
    /// When the window began, and what it has had: bytes and answers.
    window: Option<Instant>,
    bytes: u64,
    answers: usize,
    /// Goodput, in bytes/ms, of the last window before the present step.
    before: f64,
    /// The best goodput of late.
    best: f64,
    /// The direction of the present step, or of the next, and whether the window tries it.
    up: bool,
    trying: bool,
    /// Windows before another step is tried, and how many there will be after one that is taken back.
    rest: u32,
    patience: u32,
    /// When the server last asked for less.
    lowered: Instant,
}

impl Pace {
    /// Starts as `concurrency` says.
    // Both machines have one; inlined, each would have this too.
    #[inline(never)]
    pub fn new(concurrency: Concurrency) -> Pace {
        let (limit, max, adaptive) = match concurrency {
            Concurrency::Auto(max) => (START.min(max), max, true),
            Concurrency::Fixed(limit) => (limit, limit, false),
        };
        Pace {
            limit: limit.max(1),
            max: max.max(1),
            asked: max.max(1),
            accepted: usize::MAX,
            ceiling: usize::MAX,
            server_limit: usize::MAX,
            adaptive,
            blind: adaptive,
            step: STEP,
            full_since: None,
            window: None,
            bytes: 0,
            answers: 0,
            before: 0.0,
            best: 0.0,
            up: true,
            trying: false,
            rest: 0,
            patience: PATIENCE,
            lowered: Instant::default(),
        }
    }

    /// Starts at `START` and adapts, up to `max`.
    pub fn adaptive(max: usize) -> Pace {
        Pace::new(Concurrency::Auto(max))
    }

    /// Keeps to `limit`, but for servers that ask for less.
    pub fn fixed(limit: usize) -> Pace {
        Pace::new(Concurrency::Fixed(limit))
    }

    /// Returns how many requests may be in flight; changes after [`Pace::tick`], [`Pace::confirmed`] and
    /// [`Pace::too_many`].
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Returns how many requests there may be before the next answer.
    pub fn soon(&self) -> usize {
        if self.blind { self.max } else { self.limit }
    }

    /// Notes that the first answer, to a request of the moment `sent`, has come, and that there is much to send now.
    pub fn met(&mut self, sent: Instant, now: Instant) {
        if self.blind && now.since(sent) <= NEAR {
            self.limit = self.limit.min(NEAR_START);
            self.step = NEAR_STEP;
            self.window = Some(now);
        }
    }

    /// Notes how many requests the server accepts at once. A number that the page fixed is the page's word.
    pub fn accepts(&mut self, parallel: usize) {
        if !self.adaptive || parallel == self.accepted {
            return;
        }
        self.accepted = parallel;
        self.bound();
        if self.blind && self.max > 1 {
            self.limit = START.min(self.max);
        }
    }

    /// Never allows more than `ceiling` from here on, whoever asked for it.
    pub fn at_most(&mut self, ceiling: usize) {
        self.ceiling = self.ceiling.min(ceiling);
        self.bound();
    }

    /// Never allows more than `limit` until it is lifted (`None`): the server refused more than so many requests at once.
    pub fn server_limit(&mut self, limit: Option<usize>) {
        self.server_limit = limit.unwrap_or(usize::MAX);
        self.bound();
    }

    /// Returns the most that the server is known to take.
    fn taken(&self) -> usize {
        self.accepted.min(self.ceiling).min(self.server_limit)
    }

    fn bound(&mut self) {
        self.max = self.asked.min(self.taken()).max(1);
        if self.limit > self.max {
            self.limit = self.max;
            // What was tried with more is not to be taken back from here.
            (self.window, self.full_since, self.trying) = (None, None, false);
        }
    }

    /// Tells whether there is never more than one request, so that nothing goes out beside it either.
    pub fn is_sequential(&self) -> bool {
        self.max == 1
    }

    /// Returns how many of so many requests could come to be in flight, as far as the server decides that; one at least.
    pub fn bounded(&self, requests: usize) -> usize {
        requests.min(self.taken()).max(1)
    }

    /// Notes at `now` whether all that is allowed is in flight and more is to be sent; returns whether another
    /// request may go out, since nothing was answered for a while.
    pub fn tick(&mut self, full: bool, now: Instant) -> bool {
        if !full || !self.blind || self.limit >= self.max {
            self.full_since = None;
            return false;
        }
        let grows = now.since(*self.full_since.get_or_insert(now)) >= self.step;
        if grows {
            self.limit += 1;
            // What was measured with fewer under way says nothing of more.
            (self.full_since, self.window) = (None, None);
            self.step = STEP.max(self.step / 4);
        }
        grows
    }

    /// Returns when [`Pace::tick`] is wanted.
    pub fn ticks_at(&self) -> Option<Instant> {
        self.full_since.map(|since| since + self.step)
    }

    /// Notes an answer that confirmed `bytes`, while `in_flight` requests (with it) were under way.
    pub fn confirmed(&mut self, bytes: u64, in_flight: usize, now: Instant) {
        self.full_since = None;
        if in_flight < self.limit {
            // Fewer requests than allowed say nothing about the limit: the tail of a transfer, or a pause.
            self.window = None;
            return;
        }
        if self.blind && self.limit < START.min(self.max) {
            // Where answers come fast, one more that is refused costs little; else it is goodput that asks for it.
            self.blind = self.window.is_some_and(|since| now.since(since) < MIN_WINDOW);
            self.limit += usize::from(self.blind);
        }
        let is_capped = self.server_limit < self.asked.min(self.accepted).min(self.ceiling);
        if self.limit < self.max && (is_capped || !self.adaptive) {
            // The server refused more than that, but that much it took.
            self.limit += 1;
            self.window = None;
            return;
        }
        let Some(since) = self.window.filter(|_| self.adaptive) else {
            (self.window, self.bytes, self.answers) = (Some(now), 0, 0);
            return;
        };
        self.bytes += bytes;
        self.answers += 1;
        let span = now.since(since);
        if span >= MIN_WINDOW && self.answers >= 2 * self.limit {
            self.window = None;
            self.judge(self.bytes as f64 / span as f64);
        }
    }

    /// Takes the goodput of a whole window, and decides on the next.
    fn judge(&mut self, goodput: f64) {
        self.blind = false;
        let wanted = if self.up { self.before * WORTHWHILE } else { self.best * AS_GOOD };
        if std::mem::replace(&mut self.trying, false) && goodput < wanted {
            self.up = !self.up;
            self.step();
            self.rest = self.patience;
            self.patience = (2 * self.patience).min(64);
            return;
        }
        self.before = goodput;
        self.best = goodput.max(self.best * FADES);
        if self.rest > 0 {
            self.rest -= 1;
            return;
        }
        // On in the same direction where that is possible, else in the other.
        self.up = if self.up { self.limit < self.max } else { self.limit <= 2 };
        self.trying = if self.up { self.limit < self.max } else { self.limit > 2 };
        if self.trying {
            self.step();
        }
    }

    fn step(&mut self) {
        self.limit = if self.up { self.limit + 1 } else { self.limit - 1 };
    }

    /// Notes that the server asked for less (429, 503) in answer to a request of the moment `sent`: half as many at first.
    /// How many it takes, and for how long that is remembered, the scheduler says by [`Pace::server_limit`].
    pub fn too_many(&mut self, sent: Instant, now: Instant) {
        // Of those that were under way together one counts.
        if sent < self.lowered {
            return;
        }
        self.lowered = now;
        self.limit = (self.limit / 2).max(1);
        (self.window, self.full_since) = (None, None);
        (self.trying, self.blind) = (false, false);
    }
}
