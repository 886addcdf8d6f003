//! What the server answers, or fails to.

use xuchuan::core::error::Kind;
use xuchuan::core::progress::State;
use xuchuan::core::protocol::wire::{Answer, msg};
use xuchuan::core::retry::Policy;
use xuchuan::core::upload::{Concurrency, Effect, Input, Request};

use crate::bench::*;

#[test]
fn server_errors_back_off_with_full_jitter() {
    let mut b = Bench::hashed("a", |_| {});
    let mut waits = vec![];
    for id in 1..8 {
        b.answer(id, page(502));
        waits.push(b.until_it_sends());
    }
    for (n, wait) in waits.iter().enumerate() {
        assert!(*wait <= (500 << n).min(30_000), "{waits:?}");
    }
    assert!(waits.iter().max() > Some(&1_000), "{waits:?}");
}

#[test]
fn retry_after_is_honoured_for_all_requests_together() {
    let mut b = Bench::sending("abcd");
    b.answer(2, later(429, 20_000));
    b.now += 10;
    b.answer(3, needed("acd"));
    b.pass(19_980);
    assert_eq!(b.sent(), []);
    b.pass(20);
    assert_eq!(b.sent().len(), 1, "and half as many after it");
}

#[test]
fn retry_after_outlives_a_pause_a_rumour_and_a_probe() {
    for inputs in [
        [Input::Pause, Input::Resume],
        [Input::Online(false), Input::Online(true)],
        [Input::Online(true), Input::Wake],
    ] {
        let mut b = Bench::hashed("ab", |_| {});
        b.answer(1, later(503, 60_000));
        for input in inputs.clone() {
            b.give(input);
        }
        b.pass(59_000);
        assert_eq!(b.sent(), [], "{inputs:?}");
        b.pass(1_000);
        assert_eq!(b.handshakes(), [2], "{inputs:?}");
    }
    let mut b = Bench::sending("ab");
    b.answer(2, later(503, 60_000));
    b.give(Input::Online(false));
    b.lose(3);
    b.pass(59_000);
    assert_eq!(b.sent(), [], "a probe waits for it too");
}

#[test]
fn retry_after_0_is_no_licence_to_hammer() {
    let mut b = Bench::hashed("a", |_| {});
    let begun = b.now;
    for id in 1..=20 {
        b.answer(id, later(503, 0));
        b.until_it_sends();
    }
    assert!(b.now - begun > 30_000, "{}", b.now - begun);
}

#[test]
fn the_budget_is_time_without_one_confirmed_byte() {
    let mut b = Bench::hashed("a", |_| {});
    let (begun, mut id) = (b.now, 0);
    while b.failure().is_none() {
        id += 1;
        assert!(b.now - begun < 700_000, "it never ends");
        b.answer(id, page(500));
        if b.failure().is_none() {
            b.until_it_sends();
        }
    }
    assert!((600_000..640_000).contains(&(b.now - begun)), "{}", b.now - begun);
    assert_eq!(b.failure(), Some(Kind::Server));
    assert!(id > 20, "not a count");
}

#[test]
fn a_byte_confirmed_by_a_handshake_resets_the_budget() {
    // Every chunk arrives and every answer to a chunk is lost.
    let mut b = Bench::hashed("abcdefgh", |c| {
        (c.concurrency, c.retry.budget) = (Concurrency::Fixed(1), 100_000);
    });
    b.answer(1, needed("abcdefgh"));
    let rest = ["bcdefgh", "cdefgh", "defgh", "efgh", "fgh", "gh", "h"];
    for names in rest {
        let [(id, _)] = b.chunks()[..] else { panic!("{:?}", b.effects) };
        b.now += 80_000;
        b.lose(id);
        assert_eq!(b.failure(), None);
        b.until_it_sends();
        let [id] = b.handshakes()[..] else { panic!("{:?}", b.effects) };
        b.answer(id, needed(names));
    }
}

#[test]
fn a_lost_answer_is_settled_by_a_handshake() {
    let mut b = Bench::sending("abc");
    b.lose(2);
    b.until_it_sends();
    assert_eq!(b.handshakes(), [4], "before the chunk is sent a second time");
    b.answer(4, needed("bc"));
    assert_eq!(b.chunks(), [(5, 2)], "it had arrived");
}

#[test]
fn what_a_handshake_says_of_a_chunk_in_flight_is_believed() {
    let mut b = Bench::sending("abc");
    b.answer(2, refusal(413, "太大"));
    assert_eq!(b.handshakes(), [4]);
    b.answer(4, needed("ac"));
    assert_eq!(b.cancelled(), [3], "the server has chunk 2 already");
    assert_eq!(b.chunks(), [(5, 0), (6, 2)]);
}

#[test]
fn refused_twice_is_rejected_with_its_msg() {
    for status in [400, 403, 404, 413, 415] {
        let mut b = Bench::sending("ab");
        b.answer(2, refusal(status, "不行"));
        assert_eq!(b.handshakes(), [4], "what does the server think?");
        b.answer(4, needed("ab"));
        b.answer(5, refusal(status, "不行"));
        let error = b.error().unwrap();
        assert_eq!((error.kind, error.status, error.detail.as_str()), (Kind::Rejected, Some(status), "不行"));
        assert_eq!(b.cancelled(), [3]);
    }
    let mut b = Bench::hashed("a", |_| {});
    b.answer(1, refusal(403, msg::NO_EXT));
    b.until_it_sends();
    b.answer(2, refusal(403, msg::NO_EXT));
    assert_eq!(b.failure(), Some(Kind::Rejected));
}

#[test]
fn a_refusal_by_a_proxys_page_is_rejected_too() {
    let mut b = Bench::sending("a");
    b.answer(2, page(413));
    b.answer(3, needed("a"));
    b.answer(4, page(413));
    assert_eq!(b.failure(), Some(Kind::Rejected));
}

#[test]
fn what_is_not_the_protocol_ends_it_soon_and_is_shown() {
    let mut b = Bench::hashed("a", |_| {});
    for id in 1..=3 {
        assert_eq!(b.failure(), None);
        b.answer(id, page(200));
        if id < 3 {
            b.until_it_sends();
        }
    }
    let error = b.error().unwrap();
    assert!(error.kind == Kind::Server && error.detail.contains("<html>"), "{error}");
    let mut b = Bench::hashed("", |_| {});
    b.answer(1, answer(Answer::Url(String::new())));
    assert_eq!(b.outcome(), None, "an empty URL names nothing");
}

#[test]
fn one_failure_of_each_kind_is_not_two_of_one() {
    let mut b = Bench::hashed("a", |c| c.concurrency = Concurrency::Fixed(1));
    b.answer(1, needed("a"));
    let mut id = 2;
    for response in [None, None, Some(refusal(422, "内容不符"))] {
        match response {
            None => b.lose(id),
            Some(response) => b.answer(id, response),
        }
        while b.chunks().is_empty() {
            assert_eq!(b.failure(), None, "losses are not refusals of the bytes");
            if b.effects.contains(&check(0)) {
                b.give(Input::Checked(0, Ok(digest(b'a'))));
                continue;
            }
            b.until_it_sends();
            if let [handshake] = b.handshakes()[..] {
                b.answer(handshake, needed("a"));
            }
        }
        id = b.chunks()[0].0;
    }
}

#[test]
fn a_handshake_refused_once_after_pages_is_asked_again() {
    let mut b = Bench::hashed("a", |_| {});
    b.answer(1, page(200));
    b.until_it_sends();
    b.answer(2, page(200));
    b.until_it_sends();
    b.answer(3, needed("a"));
    assert_eq!(b.chunks(), [(4, 0)]);
}

#[test]
fn headers_are_asked_for_once_for_all_in_flight() {
    let mut b = Bench::sending("abc");
    b.answer(2, refusal(401, "登录已过期"));
    assert_eq!(b.asked(&Effect::RefreshHeaders), 1);
    b.answer(3, refusal(401, "登录已过期"));
    assert_eq!(b.asked(&Effect::RefreshHeaders), 0);
    b.pass(3_000_000);
    assert_eq!(b.sent(), []);
    b.give(Input::Refreshed(Ok(())));
    assert_eq!(b.chunks(), [(4, 0), (5, 1)], "replayed");
    assert_eq!(b.machine.attempts().1, 0, "no retry charged");
    b.answer(4, refusal(401, "登录已过期"));
    assert_eq!(b.failure(), Some(Kind::Rejected), "the second in a row");
}

#[test]
fn a_late_401_to_old_headers_asks_for_nothing() {
    let mut b = Bench::sending("abc");
    b.answer(2, refusal(401, ""));
    b.give(Input::Refreshed(Ok(())));
    assert_eq!(b.chunks(), [(4, 0)]);
    b.answer(4, needed("bc"));
    b.answer(3, refusal(401, ""));
    assert_eq!(b.asked(&Effect::RefreshHeaders), 0, "request 3 went out with the old ones");
    assert_eq!(b.chunks(), [(6, 1)]);
    b.answer(6, refusal(401, ""));
    assert_eq!(b.asked(&Effect::RefreshHeaders), 1, "but these have expired since");
}

#[test]
fn a_servers_failure_does_not_prove_new_headers() {
    let mut b = Bench::hashed("a", |_| {});
    b.answer(1, refusal(401, ""));
    b.give(Input::Refreshed(Ok(())));
    b.answer(2, page(502));
    b.until_it_sends();
    b.answer(3, refusal(401, ""));
    assert_eq!(b.failure(), Some(Kind::Rejected));
}

#[test]
fn waiting_for_new_headers_is_not_charged() {
    let mut b = Bench::hashed("a", |_| {});
    b.answer(1, page(500));
    b.until_it_sends();
    b.answer(2, refusal(401, ""));
    b.now += 3_000_000;
    b.give(Input::Refreshed(Ok(())));
    b.answer(3, page(500));
    assert_eq!(b.failure(), None, "the person took a while to log in");
}

#[test]
fn a_401_without_a_way_to_get_headers_or_with_a_page_that_fails() {
    let mut b = Bench::hashed("a", |c| c.can_refresh_headers = false);
    b.answer(1, refusal(401, "请登录"));
    assert_eq!(b.failure(), Some(Kind::Rejected));
    let mut b = Bench::hashed("a", |_| {});
    b.answer(1, refusal(401, "请登录"));
    b.give(Input::Refreshed(Err("no".into())));
    assert_eq!(b.failure(), Some(Kind::Rejected));
}

#[test]
fn answers_out_of_order() {
    let mut b = Bench::sending("abcd");
    b.answer(3, needed("acd"));
    b.answer(2, needed("bcd"));
    assert_eq!(b.chunks(), [(5, 3)], "the list was made before chunk b arrived");
    b.answer(4, needed("bd"));
    b.answer(5, needed("b"));
    b.until_it_sends();
    assert_eq!(b.chunks(), [(6, 1)], "this request was sent after b's acknowledgement: the server lost it");
}

#[test]
fn a_stale_list_of_a_handshake_is_no_empty_one() {
    let mut b = Bench::sending("ab");
    b.lose(2);
    b.until_it_sends();
    assert_eq!(b.handshakes(), [4]);
    b.answer(3, needed(""));
    b.answer(4, needed("b"));
    assert_eq!(b.handshakes(), [5], "a had arrived, and b since request 4 went out");
    b.answer(5, needed(""));
    assert_eq!(b.failure(), None);
    b.until_it_sends();
    b.answer(6, url());
    assert!(b.outcome().is_some());
}

#[test]
fn hangs_at_100_percent() {
    let mut b = Bench::sending("a");
    b.answer(2, needed(""));
    assert_eq!((b.handshakes(), b.state()), (vec![3], State::Finishing));
    b.pass(2 * STALL);
    assert_eq!(b.effects, [], "putting a file together takes time");
    b.pass(9 * STALL);
    assert_eq!((b.cancelled(), b.handshakes()), (vec![3], vec![4]));
    b.answer(4, url());
    assert!(b.outcome().is_some());

    let mut b = Bench::hashed("a", |c| c.finish_timeout = 5_000);
    b.answer(1, needed("a"));
    b.answer(2, needed(""));
    b.pass(5_500);
    assert_eq!((b.cancelled(), b.handshakes()), (vec![3], vec![4]), "it has a time limit of its own");
}

#[test]
fn the_last_answer_is_lost() {
    let mut b = Bench::sending("a");
    b.lose(2);
    b.until_it_sends();
    b.answer(3, url());
    assert_eq!(b.outcome().map(|o| (o.url.as_str(), o.instant)), Some((URL, false)));
}

#[test]
fn no_url_for_a_complete_file_gets_one_more_handshake_then_an_error() {
    let mut b = Bench::sending("a");
    b.answer(2, needed(""));
    b.answer(3, needed(""));
    b.until_it_sends();
    b.answer(4, needed(""));
    assert_eq!(b.failure(), Some(Kind::Server));

    let mut b = Bench::hashed("a", |c| c.retry = Policy::NEVER);
    b.answer(1, needed("a"));
    b.answer(2, needed(""));
    b.answer(3, needed(""));
    assert_eq!(b.failure(), None, "that is the protocol, not a failure");
    b.answer(4, url());
    assert!(b.outcome().is_some());
}

#[test]
fn lost_sessions_get_a_new_handshake() {
    let mut b = Bench::sending("abc");
    b.answer(2, needed("bc"));
    b.answer(3, refusal(404, msg::UNKNOWN_FILE));
    b.answer(4, refusal(404, msg::UNKNOWN_FILE));
    b.until_it_sends();
    assert_eq!(b.handshakes(), [5]);
    b.answer(5, needed("abc"));
    b.until_it_sends();
    assert_eq!(b.chunks(), [(6, 0), (7, 1)]);
}

#[test]
fn a_handshake_from_before_the_restart_does_not_settle_the_doubt() {
    let mut b = Bench::sending("ab");
    b.answer(2, refusal(413, ""));
    assert_eq!(b.handshakes(), [4]);
    b.answer(3, refusal(404, msg::UNKNOWN_FILE));
    b.answer(4, needed("ab"));
    b.until_it_sends();
    assert_eq!(b.handshakes(), [5], "the server forgot the file after it took request 4");
}

#[test]
fn a_server_that_loses_a_chunk_again_and_again_is_not_fed_for_ever() {
    let mut b = Bench::sending("a");
    let mut sent = 0;
    while b.failure().is_none() {
        b.until_it_sends();
        let (id, request) = b.sent()[0];
        let response = if matches!(request, Request::Chunk { .. }) { needed("") } else { needed("a") };
        sent += u32::from(matches!(request, Request::Chunk { .. }));
        assert!(sent < 10, "it never ends");
        b.answer(id, response);
    }
    assert_eq!(b.failure(), Some(Kind::Server));
}
