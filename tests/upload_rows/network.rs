//! What the network does: silence, absence, a switch.

use xuchuan::core::clock::Instant;
use xuchuan::core::error::Kind;
use xuchuan::core::machine::Machine;
use xuchuan::core::plan::Cut;
use xuchuan::core::progress::{State, Wait};
use xuchuan::core::retry::Policy;
use xuchuan::core::upload::{Concurrency, Input, Request};

use crate::bench::*;

#[test]
fn no_bytes_move_no_error() {
    let mut b = Bench::sending("abc");
    assert_eq!(b.chunks(), [(2, 0), (3, 1)]);
    b.pass(20_000);
    b.answer(2, needed("bc"));
    assert_eq!(b.chunks(), [(4, 2)]);
    b.pass(15_000);
    assert_eq!(b.cancelled(), [3], "that chunk alone");
    assert_eq!(b.failure(), None);
    assert_eq!(b.handshakes(), [5]);
    b.answer(4, needed("b"));
    b.answer(5, needed("b"));
    assert_eq!(b.chunks(), [(6, 1)], "queued again");
}

/// Chunks of 4 MiB, as real ones are, so that a chunk's own time limit is far above the stall timeout.
fn sending_big(names: &str, limit: usize) -> Bench {
    let mut bench = Bench::hashed(names, |c| {
        c.cut = Cut::new((names.len() as u64) << 22, 1 << 22);
        c.concurrency = Concurrency::Fixed(limit);
    });
    bench.answer(1, needed(names));
    bench
}

#[test]
fn a_line_that_is_dead_is_told_from_one_that_is_slow() {
    // Nothing comes: after a stall timeout the server is asked, and after another one every request is given up.
    let mut b = sending_big("abc", 2);
    b.pass(STALL);
    assert_eq!((b.handshakes(), b.cancelled()), (vec![4], vec![]));
    b.pass(STALL - 1);
    assert_eq!(b.effects, []);
    b.pass(1);
    assert_eq!(b.cancelled(), [2, 3, 4]);
    assert_eq!(b.machine.attempts().1, 3);
    b.until_it_sends();
    b.answer(5, needed("abc"));
    assert_eq!(b.chunks().len(), 2);
    // Perhaps it was only very slow: the next time silence is borne twice as long.
    b.pass(2 * STALL - 1);
    assert_eq!(b.effects, []);
    b.pass(1);
    assert_eq!(b.handshakes(), [8]);
    b.pass(2 * STALL - 1);
    assert_eq!(b.cancelled(), []);
    b.answer(6, needed("bc"));
    b.answer(8, needed("bc"));
    b.pass(STALL);
    assert_eq!(b.handshakes().len(), 1, "a chunk has arrived, so it is as before");

    // The server answers: the chunks have the time that a slow line needs.
    let mut b = sending_big("abc", 2);
    for id in [4, 5, 6] {
        b.pass(STALL);
        assert_eq!(b.handshakes(), [id]);
        b.answer(id, needed("abc"));
        assert_eq!((b.cancelled(), b.chunks()), (vec![], vec![]));
    }
    b.answer(2, needed("bc"));
    assert_eq!(b.machine.attempts().1, 0);
}

#[test]
fn the_last_chunk_of_a_fast_file_does_not_stall_for_the_time_of_a_slow_line() {
    let mut b = Bench::hashed("abc", |c| {
        (c.cut, c.stall_timeout) = (Cut::new(3 << 18, 1 << 18), 500);
        c.concurrency = Concurrency::Fixed(3);
    });
    b.answer(1, needed("abc"));
    // Too soon for a speed.
    b.pass(40);
    b.answer(2, needed("bc"));
    b.answer(3, needed("c"));
    let mut waited = 40;
    while b.chunks().is_empty() {
        waited += b.until_it_sends();
        if let Some(id) = b.handshakes().first() {
            b.answer(*id, needed("c"));
        }
    }
    assert_eq!(b.chunks()[0].1, 2);
    assert!(waited < 8_000, "{waited}");
}

#[test]
fn the_question_whether_the_line_is_dead_has_a_connection_of_its_own() {
    // A browser opens six to an origin: behind six slow chunks the question would wait, and look unanswered.
    let mut b = sending_big("abcdefgh", 6);
    assert_eq!(b.chunks().len(), 6);
    b.pass(STALL);
    assert_eq!((b.handshakes(), b.cancelled()), (vec![8], vec![7]), "the youngest makes room");
    b.answer(8, needed("abcdefgh"));
    assert_eq!(b.chunks(), [], "five stay");
    assert_eq!(b.machine.attempts().1, 0);
}

#[test]
fn an_answer_that_has_begun_ends_soon() {
    let mut b = sending_big("ab", 2);
    b.pass(20_000);
    b.give(Input::Headed(2));
    b.pass(20_000);
    b.answer(3, needed("a"));
    b.pass(9_999);
    assert_eq!(b.effects, []);
    b.pass(1);
    assert_eq!(b.cancelled(), [2], "it began, and then nothing more came");
    b.until_it_sends();
    assert_eq!(b.handshakes(), [4]);
}

#[test]
fn a_chunk_that_hangs_while_others_go_on_is_given_up_by_their_speed() {
    let mut b = sending_big("abcdefghijklmnopqrstuvwxyz", 2);
    // The other connection carries 4 MiB a second.
    let mut id = 3;
    let begun = b.now;
    while b.cancelled().is_empty() {
        assert!(b.now - begun < 60_000, "it hangs for ever");
        b.pass(1_000);
        if b.cancelled().is_empty() {
            b.answer(id, needed("a"));
            id = b.chunks().first().map_or(id, |(id, _)| *id);
        }
    }
    assert_eq!(b.cancelled(), [2]);
    assert!(b.now - begun >= STALL);
}

#[test]
fn a_chunk_that_stalled_is_sent_from_memory() {
    let from_memory = |b: &Bench| {
        let sent = b.sent().into_iter();
        sent.filter_map(|(_, r)| {
            if let Request::Chunk { index, from_memory, .. } = r {
                Some((*index, *from_memory))
            } else {
                None
            }
        })
        .collect::<Vec<_>>()
    };
    let mut b = Bench::sending("ab");
    assert_eq!(from_memory(&b), [(0, false), (1, false)]);
    b.pass(10_000);
    b.answer(3, needed("a"));
    b.pass(20_000);
    assert_eq!(b.cancelled(), [2]);
    b.until_it_sends();
    b.answer(4, needed("a"));
    b.until_it_sends();
    assert_eq!(from_memory(&b), [(0, true)], "a file-backed body may be what hung");
    b.lose(5);
    b.until_it_sends();
    b.answer(6, needed("a"));
    b.until_it_sends();
    b.give(Input::Checked(0, Ok(digest(b'a'))));
    assert!(from_memory(&b).contains(&(0, true)), "it stays so");
}

#[test]
fn an_abort_that_nobody_asked_for_is_a_network_error() {
    let mut b = Bench::sending("ab");
    b.give(Input::Lost(2, "AbortError: The operation was aborted".into()));
    assert_eq!((b.failure(), b.machine.attempts().1), (None, 1));
    b.until_it_sends();
    assert_eq!(b.handshakes(), [4]);
}

#[test]
fn offline_is_a_state() {
    let mut b = Bench::sending("ab");
    b.give(Input::Online(false));
    b.lose(2);
    b.lose(3);
    assert_eq!(b.state(), State::Waiting);
    assert_eq!(b.machine.progress(Instant(b.now)).waiting_for, Some(Wait::Network));
    for _ in 0..1_000 {
        b.until_it_sends();
        let [(probe, _)] = b.sent()[..] else { panic!("one probe at a time") };
        b.lose(probe);
    }
    assert_eq!(b.failure(), None, "hours of it cost nothing");
    b.give(Input::Online(true));
    assert_eq!(b.handshakes().len(), 1, "goes on at once");
}

/// Loses every request at once until `back`; then lets the machine go on until it sends, and returns how long that
/// takes.
fn outage(b: &mut Bench, back: u64) -> u64 {
    b.lose(2);
    b.lose(3);
    loop {
        let begun = b.now;
        let wait = b.until_it_sends();
        if b.now >= back {
            return b.now - back.max(begun);
        }
        let [(probe, _)] = b.sent()[..] else { panic!("one probe at a time: {:?}", b.effects) };
        // A refused connection, or no route: it takes no time and never reaches a server.
        b.now += 20;
        b.lose(probe);
        assert_eq!(b.failure(), None);
        assert!(wait <= 2_000, "a probe after {wait} ms");
    }
}

#[test]
fn offline_longer_than_any_retry_goes_on_within_2_s() {
    for hours in [1, 3, 10] {
        for shift in 0..20 {
            let mut b = Bench::sending("ab");
            b.give(Input::Online(false));
            // The network comes back, and the browser does not say so.
            let back = b.now + hours * 3_600_000 + shift * 97;
            assert!(outage(&mut b, back) <= 2_000);
            let [id] = b.handshakes()[..] else { panic!("{:?}", b.effects) };
            b.answer(id, needed("ab"));
            assert_eq!((b.chunks().len(), b.state()), (2, State::Transferring));
        }
    }
}

#[test]
fn offline_without_a_word_from_the_browser_goes_on_within_2_s() {
    for minutes in [1, 4, 9] {
        for shift in 0..20 {
            let mut b = Bench::sending("ab");
            let back = b.now + minutes * 60_000 + shift * 97;
            assert!(outage(&mut b, back) <= 2_000);
        }
    }
}

#[test]
fn a_server_that_takes_requests_and_drops_them_is_not_probed_like_a_network_that_is_gone() {
    let mut b = Bench::hashed("a", |c| c.retry.budget = u64::MAX);
    let begun = b.now;
    for id in 1..=40 {
        b.now += 3_000;
        b.lose(id);
        b.until_it_sends();
    }
    assert!(b.now - begun > 40 * 8_000, "{}", b.now - begun);
}

#[test]
fn offline_and_not_to_try_again_is_an_error_of_its_own() {
    let mut b = Bench::hashed("a", |c| c.retry = Policy::NEVER);
    b.give(Input::Online(false));
    b.lose(1);
    assert_eq!(b.failure(), Some(Kind::Offline));
}

#[test]
fn offline_ends_when_a_probe_gets_through() {
    let mut b = Bench::sending("ab");
    b.give(Input::Online(false));
    b.lose(2);
    b.lose(3);
    b.until_it_sends();
    b.answer(4, needed("ab"));
    let mut failed = 4;
    for _ in 0..10_000 {
        let last = b.sent().last().map_or(failed, |(id, _)| *id);
        (failed + 1..=last).for_each(|id| b.lose(id));
        failed = last;
        if b.failure().is_some() {
            return;
        }
        b.until_it_sends();
    }
    panic!("`onLine` was wrong, but the budget stands still");
}

#[test]
fn an_answer_from_before_does_not_end_offline() {
    let mut b = Bench::sending("ab");
    b.now += 10;
    b.give(Input::Online(false));
    b.answer(2, needed("b"));
    b.lose(3);
    assert_eq!(b.machine.progress(Instant(b.now)).waiting_for, Some(Wait::Network));
}

#[test]
fn the_network_switches() {
    let mut b = Bench::sending("abc");
    b.answer(2, needed("bc"));
    b.give(Input::Online(false));
    b.give(Input::Online(true));
    assert_eq!(b.cancelled(), [3, 4]);
    assert_eq!(b.handshakes(), [5]);
    assert_eq!(b.sent().len(), 1);
    b.answer(5, needed("c"));
    assert_eq!(b.chunks(), [(6, 2)], "only what is missing");
}

#[test]
fn the_network_switches_without_a_word() {
    let mut b = Bench::sending("abcd");
    b.answer(2, needed("bcd"));
    b.lose(3);
    b.lose(4);
    b.until_it_sends();
    assert_eq!((b.handshakes(), b.sent().len()), (vec![5], 1), "one handshake");
    b.answer(5, needed("d"));
    b.until_it_sends();
    assert_eq!(b.chunks(), [(6, 3)], "only what is missing");
}
