//! Tests of [`super::Pace`], with what the scheduler remembers of the server's refusals.

use super::*;
use crate::core::scheduler::Refusals;

#[test]
fn a_ceiling_ends_the_step_that_was_being_tried() {
    // A step up is being tried when the server turns out to take one at a time; were it taken back, none would be left.
    let mut pace = Pace { limit: 5, trying: true, blind: false, before: 1e9, best: 1e9, ..Pace::adaptive(6) };
    pace.at_most(1);
    for now in (0..5_000).step_by(100) {
        pace.confirmed(10, 1, Instant(now));
        assert_eq!(pace.limit(), 1);
    }
}

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

/// A pace, what is remembered of the server that it sends to, and the clock.
struct Run {
    pace: Pace,
    refusals: Refusals,
    now: f64,
}

impl Run {
    fn of(pace: Pace) -> Run {
        Run { pace, refusals: Refusals::default(), now: 0.0 }
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
            self.pace.server_limit(self.refusals.limit(self.now()));
            self.pace.confirmed(1_000_000, self.limit(), self.now());
        }
    }

    /// The server refuses a request that was just sent.
    fn refuse(&mut self) {
        self.refuse_of(self.limit(), self.now(), self.now());
    }

    /// The server refuses one of so many requests that were sent at `sent`.
    fn refuse_of(&mut self, in_flight: usize, sent: Instant, now: Instant) {
        self.pace.too_many(sent, now);
        self.refusals.note(in_flight, sent, now);
        self.pace.server_limit(self.refusals.limit(now));
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
            run.refuse_of(under_way, sent, sent + ms);
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
    assert!(gaps.is_sorted() && gaps[0] >= 60_000, "{gaps:?}");
    run.answers(1000.0, 1e9, 2);
    assert_eq!(run.limit(), 2, "what it did not refuse comes back at once");
}

#[test]
fn what_the_server_refuses_for_all_caps_the_pace_until_it_is_lifted() {
    let mut run = Run::of(Pace::adaptive(6));
    run.answers(1000.0, 1e9, 300);
    let sent = run.now();
    for ms in 1..=4 {
        run.refuse_of(6, sent, sent + ms);
    }
    assert_eq!((run.limit(), run.pace.bounded(9)), (2, 2));
    // Less than a minute of them.
    run.answers(1000.0, 1e9, 80);
    assert_eq!(run.limit(), 2);
    run.pace.server_limit(Some(0));
    assert_eq!(run.limit(), 1, "one request there always is");
    assert!(run.pace.is_sequential());
    run.pace.server_limit(None);
    run.answers(1000.0, 1e9, 300);
    assert!(run.limit() > 4, "{}", run.limit());
    let mut page = Pace::fixed(4);
    page.server_limit(Some(3));
    assert_eq!(page.limit(), 3, "the page's word is not the server's");
}
