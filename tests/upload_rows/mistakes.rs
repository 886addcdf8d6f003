//! What can never be sent, what stands before the server, and what is said of a failure while it waits.

use xuchuan::core::cause::{Cause, Loss};
use xuchuan::core::clock::Instant;
use xuchuan::core::error::Kind;
use xuchuan::core::machine::Machine;
use xuchuan::core::progress::State;
use xuchuan::core::progress::Trouble;
use xuchuan::core::upload::{Effect, Input};

use crate::bench::*;

const BUDGET: u64 = 600_000;

fn trouble(b: &Bench) -> Option<Trouble> {
    b.machine.progress(Instant(b.now)).trouble
}

#[test]
fn what_can_never_be_sent_ends_the_upload_at_once() {
    for cause in [Cause::Unsendable, Cause::Page, Cause::Policy] {
        let mut b = Bench::hashed("ab", |_| {});
        b.give(Input::Lost(1, Loss::new(cause, "the header “X-File-Name” can't be sent")));
        let error = b.error().expect("it goes on").clone();
        assert_eq!((error.kind, error.cause, b.machine.attempts()), (Kind::Rejected, Some(cause), (1, 0)));
        assert!(error.message().contains("X-File-Name"), "{error}");
        assert!(!error.message().contains("secret"), "{error}");
    }
    let mut b = Bench::sending("ab");
    b.give(Input::Lost(3, Loss::new(Cause::Page, "headers() failed: boom")));
    assert_eq!(b.failure(), Some(Kind::Rejected), "in the midst of it, too");
    assert_eq!(b.cancelled(), [2, 3]);
}

#[test]
fn a_function_that_fails_while_there_is_no_network_is_asked_again() {
    let mut b = Bench::sending("ab");
    b.give(Input::Online(false));
    b.give(Input::Lost(2, Loss::new(Cause::Page, "headers() failed: Failed to fetch")));
    b.lose(3);
    assert_eq!((b.failure(), b.state()), (None, State::Waiting));
    b.give(Input::Online(true));
    assert_eq!(b.handshakes().len(), 1);
}

#[test]
fn what_is_wrong_is_said_while_it_waits() {
    let mut b = Bench::hashed("ab", |_| {});
    b.give(Input::Lost(1, Loss::new(Cause::Cors, "TypeError: Failed to fetch")));
    assert_eq!(b.state(), State::Waiting);
    let said = trouble(&b).expect("it waits in silence");
    assert_eq!((said.kind, said.cause), (Kind::Network, Some(Cause::Cors)));
    let message = said.message;
    assert!(message.contains("(https://server.example/api/upload)"), "{message}");
    assert!(message.contains("Access-Control-Allow-Origin") && !message.contains("secret"), "{message}");
    b.until_it_sends();
    assert_eq!(trouble(&b), None, "it tries");
    b.lose(2);
    assert_eq!(trouble(&b).and_then(|said| said.cause), Some(Cause::Cors), "nothing new is known");
    b.until_it_sends();
    b.answer(3, page(502));
    let said = trouble(&b).expect("it waits in silence");
    assert_eq!((said.kind, said.status, said.cause), (Kind::Server, Some(502), None), "it answers now");
    // At the end the same is said.
    let mut b = Bench::hashed("ab", |_| {});
    b.give(Input::Lost(1, Loss::new(Cause::Unreachable, "Failed to fetch")));
    for id in 2.. {
        b.until_it_sends();
        b.lose(id);
        if let Some(error) = b.error() {
            assert_eq!((error.kind, error.cause), (Kind::Network, Some(Cause::Unreachable)));
            break;
        }
    }
}

#[test]
fn a_stall_says_what_helps_against_stalls() {
    let mut b = Bench::hashed("a", |_| {});
    b.pass(STALL);
    let said = trouble(&b).expect("it waits in silence");
    assert_eq!((said.kind, said.cause), (Kind::Stalled, None));
    assert!(said.message.contains("stallTimeout"), "{said:?}");
}

/// Answers each request with what is no envelope; returns how many there were and how long it took to give up.
fn before_a_login_page(b: &mut Bench, first: u64) -> (u64, u64) {
    let begun = b.now;
    for id in first.. {
        b.answer(id, page(200));
        if let Some(error) = b.error() {
            assert_eq!(error.kind, Kind::Server);
            return (id + 1 - first, b.now - begun);
        }
        b.until_it_sends();
    }
    panic!("never")
}

#[test]
fn a_login_page_before_a_server_that_knew_the_protocol_is_borne_for_the_budget_of_time() {
    let mut b = Bench::hashed("ab", |_| {});
    assert_eq!(before_a_login_page(&mut b, 1).0, 3, "who never spoke the protocol is no server of it");
    let mut b = Bench::sending("ab");
    b.lose(2);
    b.lose(3);
    b.until_it_sends();
    let (tries, span) = before_a_login_page(&mut b, 4);
    assert!(tries > 5 && span >= BUDGET - 30_000, "{tries} tries in {span} ms");
    // The session is back: it goes on.
    let mut b = Bench::sending("abcd");
    b.answer(2, needed("bcd"));
    b.answer(3, page(200));
    assert!(trouble(&b).is_none() || b.failure().is_none());
    for id in 5..12 {
        b.until_it_sends();
        b.answer(id, page(200));
    }
    assert_eq!(b.failure(), None);
    b.until_it_sends();
    b.answer(12, needed("bcd"));
    assert!(!b.chunks().is_empty());
}

#[test]
fn a_chunk_that_was_never_answered_in_the_protocol_is_tried_twice() {
    let mut b = Bench::sending("a");
    b.answer(2, page(200));
    b.until_it_sends();
    b.answer(3, needed("a"));
    assert_eq!(b.chunks(), [(4, 0)]);
    b.answer(4, page(200));
    assert_eq!(b.failure(), Some(Kind::Server));
}

#[test]
fn bytes_that_could_not_be_read_are_looked_at_before_they_are_sent_again() {
    let mut b = Bench::sending("a");
    b.give(Input::Lost(2, Loss::new(Cause::Unreadable, "NotReadableError")));
    b.until_it_sends();
    b.answer(3, needed("a"));
    assert!(b.effects.iter().any(|effect| matches!(effect, Effect::Check(0, _))), "{:?}", b.effects);
}
