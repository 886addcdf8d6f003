//! What the scheduler tells an upload, and what it asks of it: slots, the server's limit, refusals.

use xuchuan::core::clock::Instant;
use xuchuan::core::upload::{Concurrency, Input};

use crate::bench::*;

#[test]
fn it_tells_how_many_requests_are_in_flight() {
    let mut b = Bench::hashed("abc", |_| {});
    assert_eq!(b.machine.in_flight(), 1);
    b.answer(1, needed("abc"));
    assert_eq!(b.machine.in_flight(), 2);
    b.give(Input::Pause);
    assert_eq!(b.machine.in_flight(), 0);
}

#[test]
fn what_the_server_refuses_of_all_caps_an_upload_until_it_is_lifted() {
    for concurrency in [Concurrency::Fixed(4), Concurrency::Auto(6)] {
        let mut b = Bench::hashed("abcdef", |config| config.concurrency = concurrency);
        b.give(Input::ServerLimit(Some(2)));
        assert_eq!(b.machine.demand(Instant(b.now)), Some(2));
        b.answer(1, needed("abcdef"));
        assert_eq!(b.chunks(), [(2, 0), (3, 1)]);
        b.now += 1_000;
        b.answer(2, needed("bcdef"));
        assert_eq!(b.chunks(), [(4, 2)], "{concurrency:?}");
        b.give(Input::ServerLimit(None));
        assert_eq!(b.machine.demand(Instant(b.now)), Some(5));
    }
    let mut b = Bench::hashed("abcdef", |config| config.concurrency = Concurrency::Fixed(4));
    b.give(Input::ServerLimit(Some(2)));
    b.answer(1, needed("abcdef"));
    b.give(Input::ServerLimit(None));
    b.answer(2, needed("bcdef"));
    assert_eq!(b.chunks(), [(4, 2), (5, 3)], "one for the one that arrived, and one more");
}

#[test]
fn a_limit_lowered_while_more_are_in_flight_lets_them_end() {
    let mut b = Bench::sending("abcd");
    b.give(Input::ServerLimit(Some(1)));
    assert_eq!((b.cancelled(), b.machine.in_flight()), (vec![], 2));
    b.answer(2, needed("bcd"));
    assert_eq!(b.chunks(), []);
    b.answer(3, needed("cd"));
    assert_eq!(b.chunks(), [(4, 2)]);
}

#[test]
fn a_refusal_is_told_once_with_the_moment_of_its_request() {
    for status in [429, 503] {
        let mut b = Bench::sending("abc");
        let sent = Instant(b.now);
        assert_eq!(b.refused, []);
        b.now += 50;
        b.answer(2, page(status));
        assert_eq!(b.refused, [sent]);
        b.give(Input::Wake);
        b.answer(3, page(500));
        assert_eq!(b.refused, [sent], "that is not about how many there are");
    }
}
