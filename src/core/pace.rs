//! How many requests at once: grows while goodput may grow, halves when the server asks for less, and settles on the
//! fewest that carry as much as any number did.
//!
//! A chunk of some MiB is answered after many seconds on a slow line, and until then nothing is known of goodput.
//! Where distance or loss holds each connection back, waiting for that first answer at a few requests costs half the
//! time of a small file; so as long as no answer comes, time alone opens further requests. A server that is near needs
//! no such haste, and there a request that is refused would cost a whole chunk for nothing. See decision 013.

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
/// How long a number that the server refused is not tried again, in ms; doubles each time.
const REMEMBERED: Millis = 60_000;

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
    /// What `max` is the least of: what was asked for at the start, what the server accepts, and what showed since.
    asked: usize,
    accepted: usize,
    ceiling: usize,
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
    /// As many requests the server would not have, and is not asked to have again until then.
    refused: usize,
    refused_until: Instant,
    remembered: Millis,
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
            refused: 0,
            refused_until: Instant::default(),
            remembered: REMEMBERED,
            lowered: Instant::default(),
        }
    }

    /// Starts at [`START`] and adapts, up to `max`.
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

    fn bound(&mut self) {
        self.max = self.asked.min(self.accepted).min(self.ceiling).max(1);
        self.limit = self.limit.min(self.max);
    }

    /// Tells whether there is never more than one request, so that nothing goes out beside it either.
    pub fn is_sequential(&self) -> bool {
        self.max == 1
    }

    /// Returns how many of so many requests could come to be in flight, as far as the server decides that; one at least.
    pub fn bounded(&self, requests: usize) -> usize {
        requests.min(self.accepted).min(self.ceiling).max(1)
    }

    /// Returns the most that is allowed at `now`.
    fn most(&self, now: Instant) -> usize {
        if now < self.refused_until { self.refused.saturating_sub(1).max(1).min(self.max) } else { self.max }
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
        let most = self.most(now);
        if in_flight < self.limit {
            // Fewer requests than allowed say nothing about the limit: the tail of a transfer, or a pause.
            self.window = None;
            return;
        }
        if self.blind && self.limit < START.min(most) {
            // Where answers come fast, one more that is refused costs little; else it is goodput that asks for it.
            self.blind = self.window.is_some_and(|since| now.since(since) < MIN_WINDOW);
            self.limit += usize::from(self.blind);
        }
        if self.limit < most && (most < self.max || !self.adaptive) {
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
            self.judge(self.bytes as f64 / span as f64, most);
        }
    }

    /// Takes the goodput of a whole window, and decides on the next.
    fn judge(&mut self, goodput: f64, most: usize) {
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
        self.up = if self.up { self.limit < most } else { self.limit <= 2 };
        self.trying = if self.up { self.limit < most } else { self.limit > 2 };
        if self.trying {
            self.step();
        }
    }

    fn step(&mut self) {
        self.limit = if self.up { self.limit + 1 } else { self.limit - 1 };
    }

    /// Notes that the server asked for less (429, 503) in answer to a request of the moment `sent`: half as many, then
    /// fewer than now until a while has passed. What else it refuses of those that were under way then tells how many
    /// it took.
    pub fn too_many(&mut self, sent: Instant, now: Instant) {
        if sent < self.lowered {
            // Two at least: a server that had no time for any may have it again.
            if self.refused > 3 {
                self.refused -= 1;
                self.limit = self.limit.min(self.refused - 1);
            }
            return;
        }
        self.lowered = now;
        self.refused = self.limit;
        self.refused_until = now + self.remembered;
        self.remembered = self.remembered.saturating_mul(2);
        self.limit = (self.limit / 2).max(1);
        (self.window, self.full_since) = (None, None);
        (self.trying, self.blind) = (false, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parallel_is_the_servers_word() {
        let mut pace = Pace::adaptive(6);
        pace.accepts(1);
        assert!(pace.is_sequential());
        assert_eq!((pace.limit(), pace.soon()), (1, 1));
        assert!(!pace.tick(true, Instant(0)) && !pace.tick(true, Instant(60_000)));
        pace.accepts(3);
        assert_eq!((pace.limit(), pace.bounded(9)), (3, 3));
        pace.accepts(100);
        assert_eq!((pace.limit(), pace.max), (START, 6));
        pace.at_most(1);
        pace.accepts(6);
        assert!(pace.is_sequential(), "what showed outlives what is said");
        let mut page = Pace::fixed(4);
        page.accepts(1);
        assert_eq!(page.limit(), 4, "the page's word");
        page.at_most(1);
        assert_eq!(page.limit(), 1);
    }

    /// A pace and its clock.
    struct Run {
        pace: Pace,
        now: f64,
    }

    impl Run {
        fn of(pace: Pace) -> Run {
            Run { pace, now: 0.0 }
        }

        fn now(&self) -> Instant {
            Instant(self.now as u64)
        }

        fn limit(&self) -> usize {
            self.pace.limit()
        }

        /// Takes answers of 1 MB on a link that gives each request `each` bytes/ms, and `all` at most.
        fn answers(&mut self, each: f64, all: f64, count: usize) {
            for _ in 0..count {
                self.now += 1e6 / (each * self.limit() as f64).min(all);
                self.pace.confirmed(1_000_000, self.limit(), self.now());
            }
        }

        /// The server refuses a request that was just sent.
        fn refuse(&mut self) {
            self.pace.too_many(self.now(), self.now());
        }
    }

    #[test]
    fn grows_while_it_pays_and_steps_back_when_it_does_not() {
        // (bytes/ms of one request, and of all; where it settles)
        for (each, all, settled) in [(1000.0, 1e9, 6), (1000.0, 3000.0, 3), (9000.0, 9000.0, 2)] {
            let mut run = Run::of(Pace::adaptive(6));
            run.answers(each, all, 300);
            let mut there = 0;
            for _ in 0..1000 {
                run.answers(each, all, 1);
                there += usize::from(run.limit() == settled);
            }
            assert!(there > 850, "{there} of 1000 at {settled}");
        }
    }

    #[test]
    fn a_fixed_pace_moves_only_for_the_server() {
        let mut run = Run::of(Pace::fixed(5));
        run.answers(1000.0, 1e9, 100);
        assert_eq!(run.limit(), 5);
        run.refuse();
        assert_eq!(run.limit(), 2);
        run.answers(1000.0, 1e9, 2);
        assert_eq!(run.limit(), 4, "one fewer than was refused comes back, with each answer one");
        run.answers(1000.0, 1e9, 100);
        assert_eq!(run.limit(), 4);
        run.answers(1000.0, 1e9, 400);
        assert_eq!(run.limit(), 5, "after a minute the whole is tried again");
        run.refuse();
        run.refuse();
        assert_eq!(run.limit(), 1);
    }

    #[test]
    fn of_many_that_are_refused_at_once_it_learns_how_many_were_taken() {
        // (under way, refused; how many it has from there on)
        for (under_way, refused, left) in [(6, 4, 2), (6, 3, 3), (6, 1, 5), (4, 2, 2), (6, 6, 2), (2, 2, 1)] {
            let mut run = Run::of(Pace::fixed(under_way));
            run.answers(1000.0, 1e9, 10);
            let sent = run.now();
            for ms in 1..=refused {
                run.pace.too_many(sent, sent + ms);
            }
            run.answers(1000.0, 1e9, 20);
            assert_eq!(run.limit(), left, "{refused} of {under_way}");
        }
    }

    #[test]
    fn while_nothing_is_answered_time_opens_more() {
        let mut pace = Pace::adaptive(6);
        assert!(!pace.tick(true, Instant(0)));
        assert_eq!(pace.ticks_at(), Some(Instant(STEP)));
        assert!(!pace.tick(true, Instant(STEP - 1)));
        for more in 1..=2 {
            assert!(pace.tick(true, Instant(more * STEP)));
            pace.tick(true, Instant(more * STEP));
        }
        assert_eq!((pace.limit(), pace.ticks_at()), (6, None));
        assert!(!pace.tick(true, Instant(100 * STEP)));
        // Not where something else than the limit holds it back, and not against the page's word.
        let mut pace = Pace::adaptive(6);
        pace.tick(true, Instant(0));
        pace.tick(false, Instant(1));
        assert!(!pace.tick(true, Instant(STEP)));
        let mut pace = Pace::fixed(2);
        pace.tick(true, Instant(0));
        assert!(!pace.tick(true, Instant(STEP)));
    }

    #[test]
    fn a_near_server_gets_few_requests_unless_its_answers_come_fast() {
        let met = |took| {
            let mut pace = Pace::adaptive(6);
            pace.met(Instant(0), Instant(took));
            pace
        };
        assert_eq!(met(NEAR + 1).limit(), START);
        let mut near = met(NEAR);
        assert_eq!(near.limit(), NEAR_START);
        assert!(!near.tick(true, Instant(NEAR)));
        assert!(!near.tick(true, Instant(NEAR + NEAR_STEP - 1)));
        assert!(near.tick(true, Instant(NEAR + NEAR_STEP)));
        // (ms from one answer to the next, and the requests after three of them)
        for (apart, limit) in [(20, START), (600, NEAR_START)] {
            let mut pace = met(NEAR);
            for answer in 1..=3 {
                pace.confirmed(1_000_000, pace.limit(), Instant(NEAR + answer * apart));
            }
            assert_eq!(pace.limit(), limit, "{apart} ms");
        }
        let mut pace = Pace::fixed(5);
        pace.met(Instant(0), Instant(1));
        assert_eq!(pace.limit(), 5, "not against the page's word");
    }

    #[test]
    fn what_was_refused_before_any_answer_is_remembered_too() {
        let mut run = Run { now: 1e6, ..Run::of(Pace::adaptive(6)) };
        run.refuse();
        run.answers(1000.0, 1e9, 20);
        assert_eq!(run.limit(), 3, "one fewer than was refused");
    }

    #[test]
    fn what_the_server_refused_is_remembered_and_tried_again_less_and_less_often() {
        let mut run = Run::of(Pace::adaptive(6));
        let mut refusals = vec![];
        while run.now < 4.0 * 3_600_000.0 {
            run.answers(1000.0, 1e9, 1);
            if run.limit() > 2 {
                let half = run.limit() / 2;
                run.refuse();
                assert_eq!(run.limit(), half);
                refusals.push(run.now().0);
            }
        }
        assert!((3..12).contains(&refusals.len()), "{refusals:?}");
        // 4 and then 3 are refused at once; from there on only time makes it try again.
        let refusals = refusals.split_off(1);
        let gaps: Vec<u64> = refusals.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.is_sorted() && gaps[0] >= REMEMBERED, "{gaps:?}");
        run.answers(1000.0, 1e9, 2);
        assert_eq!(run.limit(), 2, "what it did not refuse comes back at once");
    }
}
