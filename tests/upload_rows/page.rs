//! What the page, its user and the file do, and what they are told.

use xuchuan::core::clock::Instant;
use xuchuan::core::error::{Error, Kind};
use xuchuan::core::machine::Machine;
use xuchuan::core::md5::{FileHasher, Portable};
use xuchuan::core::plan::Cut;
use xuchuan::core::progress::State;
use xuchuan::core::upload::{Checkpoint, Concurrency, Effect, Input, Naming, Request, Restored};

use crate::bench::*;

#[test]
fn pause_stops_every_request_and_timer() {
    let mut b = Bench::sending("abc");
    b.give(Input::Pause);
    assert_eq!(b.cancelled(), [2, 3]);
    assert_eq!((b.state(), b.machine.poll_timeout()), (State::Paused, None));
    for input in [
        Input::Answered(2, needed("bc")),
        Input::Lost(3, String::new().into()),
        Input::Online(true),
        Input::Wake,
    ] {
        b.give(input);
        assert_eq!(b.effects, []);
    }
    b.now += 9_000_000;
    b.give(Input::Resume);
    assert_eq!(b.handshakes(), [4]);
    b.lose(4);
    assert_eq!(b.failure(), None, "the pause is not charged");
}

#[test]
fn abort_stops_everything_for_good() {
    let mut b = Bench::sending("abc");
    b.give(Input::Abort);
    assert_eq!(b.cancelled(), [2, 3]);
    assert_eq!(b.asked(&Effect::Forget), 1);
    assert_eq!((b.failure(), b.state()), (Some(Kind::Aborted), State::Aborted));
    for input in [
        Input::Resume,
        Input::Answered(2, needed("bc")),
        Input::Wake,
        Input::Abort,
        Input::Start(Restored::Nothing),
    ] {
        b.give(input);
        assert_eq!(b.effects, []);
    }
    assert_eq!(b.machine.poll_timeout(), None);
}

#[test]
fn the_page_reloads() {
    let mut b = Bench::idle("abc", |_| {});
    b.give(Input::Start(Restored::Digests(digests("abc"))));
    assert_eq!(b.handshakes(), [1], "no hashing");
    b.answer(1, needed("bc"));
    assert_eq!((b.asked(&check(1)), b.asked(&check(2))), (1, 1), "checked before they are sent");
    assert_eq!(b.sent(), []);
    b.give(Input::Checked(1, Ok(digest(b'b'))));
    assert_eq!(b.chunks(), [(2, 1)]);
    let checkpoint =
        Checkpoint { chunk: CHUNK, announced: Some((digests("abc"), Naming::Md5)), confirmed: 10 };
    b.give(Input::Checked(2, Ok(digest(b'c'))));
    b.answer(2, needed("c"));
    b.answer(3, needed(""));
    b.answer(4, url());
    let outcome = b.outcome().unwrap();
    assert_eq!((outcome.instant, outcome.reused), (false, 10));
    assert_eq!(b.asked(&Effect::Forget), 1);
    assert_ne!(checkpoint.announced, None);
}

#[test]
fn digests_of_another_cut_are_not_believed() {
    let mut b = Bench::idle("abc", |_| {});
    b.give(Input::Start(Restored::Digests(digests("ab"))));
    assert_eq!(b.asked(&Effect::Hash(CHUNK, None)), 1);
}

#[test]
fn the_file_changed_since_the_visit_that_is_gone_on_with() {
    let mut b = Bench::idle("abc", |c| c.expected = Some(digests("abc").file));
    b.give(Input::Start(Restored::Digests(digests("abc"))));
    b.answer(1, needed("bc"));
    b.give(Input::Checked(1, Ok(digest(b'x'))));
    let error = b.error().unwrap();
    assert!(error.kind == Kind::FileChanged && error.doing.contains("chunk 2 of 3"), "{error}");
    assert_eq!(b.asked(&Effect::Forget), 1);
}

#[test]
fn digests_of_an_earlier_visit_that_do_not_fit_are_made_anew() {
    let mut b = Bench::idle("abc", |_| {});
    b.give(Input::Start(Restored::Digests(digests("abc"))));
    b.answer(1, needed("bc"));
    b.give(Input::Checked(1, Ok(digest(b'x'))));
    assert_eq!((b.asked(&Effect::Hash(CHUNK, None)), b.state()), (1, State::Hashing));
    b.give(Input::Hashed(Ok(digests("axc"))));
    assert_eq!(b.handshakes(), [2]);
    b.answer(2, needed("x"));
    assert_eq!(b.chunks(), [(3, 1)], "what was hashed in this visit is not looked at again");
    b.answer(3, needed(""));
    b.answer(4, url());
    assert_eq!(b.outcome().map(|outcome| outcome.file_id), Some(digests("axc").file));
}

#[test]
fn hashing_goes_on_where_an_earlier_visit_was() {
    let mut b = Bench::idle("abc", |_| {});
    let snapshot = |chunk: u64| {
        let mut hasher = FileHasher::new(chunk);
        hasher.update(&[0; 15], &Portable);
        Box::new(hasher.snapshot().unwrap())
    };
    b.give(Input::Start(Restored::Partly(snapshot(CHUNK))));
    assert_eq!(b.asked(&Effect::Hash(CHUNK, Some(snapshot(CHUNK)))), 1);
    assert_eq!(b.machine.progress(Instant(b.now)).hashed, 15);
    b.give(Input::Hashed(Ok(digests("abc"))));
    b.answer(1, needed("abc"));
    // The first chunk is an earlier visit's; the second was begun in it.
    assert_eq!((b.asked(&check(0)), b.asked(&check(1)), b.sent().len()), (1, 1, 0));
    b.give(Input::Checked(0, Ok(digest(b'a'))));
    b.give(Input::Checked(1, Ok(digest(b'b'))));
    b.answer(2, needed("bc"));
    assert_eq!((b.chunks(), b.asked(&check(2))), (vec![(4, 2)], 0), "the third is this visit's");

    let mut b = Bench::idle("abc", |_| {});
    b.give(Input::Start(Restored::Partly(snapshot(7))));
    assert_eq!(b.asked(&Effect::Hash(CHUNK, None)), 1, "of another cut");
}

#[test]
fn a_chunk_that_the_server_rejects_is_hashed_again() {
    let mut b = Bench::sending("a");
    b.answer(2, refusal(422, "内容不符"));
    b.pass(600);
    assert_eq!((b.asked(&check(0)), b.sent().len()), (1, 0));
    b.give(Input::Checked(0, Ok(digest(b'a'))));
    assert_eq!(b.chunks(), [(3, 0)], "it was the wire");
    b.answer(3, refusal(422, "内容不符"));
    b.pass(1_100);
    b.give(Input::Checked(0, Ok(digest(b'x'))));
    assert_eq!(b.failure(), Some(Kind::FileChanged));
}

#[test]
fn a_chunk_that_keeps_failing_is_looked_at() {
    // A file that is gone fails a request like a network that is gone.
    let mut b = Bench::sending("a");
    b.lose(2);
    b.until_it_sends();
    b.answer(3, needed("a"));
    b.lose(4);
    b.until_it_sends();
    b.answer(5, needed("a"));
    assert_eq!((b.asked(&check(0)), b.sent().len()), (1, 0));
    b.give(Input::Checked(0, Err(Error::new(Kind::FileUnreadable, "reading", "NotFoundError"))));
    assert_eq!(b.failure(), Some(Kind::FileUnreadable));
}

#[test]
fn sizes_0_1_exactly_n_and_over_4_gib() {
    let mut b = Bench::hashed("", |_| {});
    b.answer(1, url());
    assert_eq!(b.outcome().map(|o| (o.size, o.instant)), Some((0, true)));

    for (size, names) in [(1, "a"), (CHUNK, "a"), (2 * CHUNK, "ab"), (2 * CHUNK + 1, "abc")] {
        let mut b = Bench::hashed(names, |c| c.cut = Cut::new(size, CHUNK));
        b.answer(1, needed(names));
        for id in 2..2 + names.len() as u64 {
            b.answer(id, needed(&names[id as usize - 1..]));
        }
        assert_eq!(b.machine.progress(Instant(b.now)).confirmed, size);
        b.answer(2 + names.len() as u64, url());
        assert_eq!(b.outcome().map(|o| o.size), Some(size));
    }
    let mut b = Bench::hashed("abcde", |c| c.cut = Cut::new((4 << 30) + 1, 1 << 30));
    b.answer(1, needed("e"));
    b.answer(2, needed(""));
    assert_eq!(b.machine.progress(Instant(b.now)).confirmed, (4 << 30) + 1);
}

#[test]
fn hashing_can_be_paused_and_aborted() {
    let mut b = Bench::idle("ab", |_| {});
    b.give(Input::Start(Restored::Nothing));
    assert_eq!(b.asked(&Effect::Hash(CHUNK, None)), 1);
    b.give(Input::Hashing(10));
    assert_eq!((b.state(), b.machine.progress(Instant(b.now)).hashed), (State::Hashing, 10));
    b.give(Input::Pause);
    assert_eq!(b.effects, [Effect::HoldHash]);
    b.give(Input::Hashed(Ok(digests("ab"))));
    assert_eq!(b.sent(), [], "it was done before it could be held");
    b.give(Input::Resume);
    assert_eq!(b.handshakes(), [1]);

    let mut b = Bench::idle("ab", |_| {});
    b.give(Input::Start(Restored::Nothing));
    b.give(Input::Abort);
    assert_eq!(b.asked(&Effect::StopHash), 1);
    let mut b = Bench::idle("ab", |_| {});
    b.give(Input::Start(Restored::Nothing));
    b.give(Input::Hashed(Ok(digests("abc"))));
    assert_eq!(b.failure(), Some(Kind::FileChanged));
}

#[test]
fn requests_at_once_start_at_4_or_near_the_server_at_2_and_halve_once_for_all_that_fail_together() {
    let names = "abcdefghijklmnopqrst";
    for (handshake, at_once) in [(80, 2), (81, 4)] {
        let mut b = Bench::hashed(names, |c| c.concurrency = Concurrency::Auto(6));
        b.now += handshake;
        b.answer(1, needed(names));
        assert_eq!(b.chunks().len(), at_once, "the handshake took {handshake} ms");
    }

    let mut b = Bench::hashed(names, |c| c.concurrency = Concurrency::Fixed(4));
    b.answer(1, needed(names));
    b.now += 50;
    for id in 2..=5 {
        b.answer(id, later(429, 1_000));
    }
    b.until_it_sends();
    assert_eq!(b.sent().len(), 2, "half of four");
}

#[test]
fn requests_at_once_grow_while_nothing_is_answered() {
    let names = "abcdefghijklmnopqrst";
    for (handshake, more) in [(80, 4), (81, 2)] {
        let mut b = Bench::hashed(names, |c| c.concurrency = Concurrency::Auto(6));
        b.now += handshake;
        b.answer(1, needed(names));
        b.pass(2_000);
        assert_eq!(b.chunks().len(), more, "six are in flight");
    }
    // With nothing left to send there is nothing to wake for.
    let mut b = Bench::hashed("ab", |c| c.concurrency = Concurrency::Auto(6));
    b.answer(1, needed("ab"));
    assert_eq!(b.machine.poll_timeout(), Some(Instant(b.now + STALL)));
}

#[test]
fn the_report_tells_how_each_chunk_fared() {
    let mut b = Bench::sending("abc");
    b.now += 100;
    b.answer(2, needed("bc"));
    b.lose(3);
    b.until_it_sends();
    b.answer(5, needed("bc"));
    let lost = b.now;
    let reports = |b: &Bench| {
        let mut all = vec![];
        b.machine.chunk_reports(&mut |chunk| all.push(chunk.clone()));
        all.sort_by_key(|chunk| chunk.index);
        all
    };
    let told = |b: &Bench| {
        let reports = reports(b).into_iter();
        reports.map(|c| (c.index, c.tries, c.sent.0, c.confirmed.map(|at| at.0))).collect::<Vec<_>>()
    };
    assert_eq!(told(&b), [(0, 1, 1_000, Some(1_100)), (1, 2, 1_000, None), (2, 1, 1_100, None)]);
    assert_eq!(reports(&b)[1].failure.as_deref(), Some("failed to fetch"));
    b.now += 7;
    b.answer(6, url());
    assert!(b.outcome().is_some());
    let at = Some(lost + 7);
    assert_eq!(
        told(&b),
        [(0, 1, 1_000, Some(1_100)), (1, 2, 1_000, at), (2, 1, 1_100, at)],
        "after the end too"
    );
}

#[test]
fn repeated_chunks_are_sent_once() {
    let mut b = Bench::hashed("aaba", |_| {});
    let Some((_, Request::Handshake(handshake))) = b.sent().into_iter().next() else { panic!() };
    assert_eq!(handshake.chunk_ids.len(), 4);
    b.answer(1, needed("ab"));
    assert_eq!(b.chunks(), [(2, 0), (3, 2)]);
    b.answer(2, needed("b"));
    assert_eq!(b.machine.progress(Instant(b.now)).confirmed, 30);
    assert_eq!(b.machine.chunks(), [3, 3, 1, 3]);
}

#[test]
fn the_device_sleeps() {
    let mut b = Bench::sending("ab");
    b.lose(2);
    b.lose(3);
    // It is woken hours after it wanted to be.
    b.now += 9 * 3_600_000;
    b.give(Input::Wake);
    assert_eq!(b.handshakes(), [4]);
    b.lose(4);
    assert_eq!(b.failure(), None, "the sleep is not charged");

    let mut b = Bench::sending("ab");
    b.now += 9 * 3_600_000;
    b.give(Input::Wake);
    assert_eq!(b.cancelled(), [2, 3]);
    assert_eq!(b.handshakes(), [4], "asks at once what arrived");
    assert_eq!(b.machine.attempts().1, 0, "nothing stalled: nobody looked");
}

#[test]
fn progress_counts_apart_and_never_goes_back() {
    let mut b = Bench::hashed("abcd", |_| {});
    b.answer(1, needed("abc"));
    let read = |b: &Bench| {
        let p = b.machine.progress(Instant(b.now));
        (p.sent, p.confirmed, p.reused)
    };
    assert_eq!(read(&b), (0, 10, 10), "of two chunks on their way nobody knows what has left");
    b.answer(2, needed("bc"));
    assert_eq!(read(&b), (10, 20, 10));
    b.lose(3);
    b.answer(4, needed("b"));
    b.until_it_sends();
    b.answer(5, needed("ab"));
    b.until_it_sends();
    assert_eq!(
        read(&b),
        (20, 30, 10),
        "repeated attempts count; a chunk that the server lost takes nothing back"
    );
    b.answer(6, needed("b"));
    b.answer(7, needed(""));
    b.answer(8, url());
    assert_eq!(b.state(), State::Done);
    assert_eq!(read(&b), (40, 40, 10), "the last reading too");
    assert_eq!(b.machine.chunks(), [3, 3, 3, 2]);
}

#[test]
fn other_uploads_leave_it_so_much_room() {
    let sends = |concurrency, room| {
        let mut b = Bench::hashed("abcdef", |config| config.concurrency = concurrency);
        b.give(Input::Slots(room));
        b.answer(1, needed("abcdef"));
        let at_once = b.sent().len();
        // Time enough for as many as it would have by itself.
        b.pass(2_000);
        (at_once + b.sent().len(), b)
    };
    assert_eq!(sends(Concurrency::Auto(6), usize::MAX).0, 6);
    let (one, mut b) = sends(Concurrency::Auto(6), 1);
    assert_eq!(one, 1);
    b.answer(2, needed("bcdef"));
    assert_eq!(b.sent().len(), 1, "the next one");
    assert_eq!(sends(Concurrency::Fixed(3), 1).0, 3, "the page says how many");
    let (none, mut b) = sends(Concurrency::Fixed(3), 0);
    assert_eq!((none, b.state()), (0, State::Queued));
    b.give(Input::Slots(1));
    assert_eq!((b.sent().len(), b.state()), (3, State::Transferring));
    assert_eq!(b.machine.demand(Instant(b.now)), Some(6));
    b.answer(2, needed("bcdef"));
    assert_eq!(b.machine.demand(Instant(b.now)), Some(5));
    b.answer(3, refusal(401, "who are you?"));
    assert_eq!(b.machine.demand(Instant(b.now)), Some(1), "a person may have to log in");
    b.give(Input::Refreshed(Ok(())));
    assert_eq!(b.machine.demand(Instant(b.now)), Some(5));
}
