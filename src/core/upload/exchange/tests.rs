//! Tests of the exchange by itself: what each answer leads to, and what lists change in its table.

use super::table::{Changes, Status, Table};
use super::*;
use crate::core::clock::Instant;
use crate::core::error::Kind;
use crate::core::md5::{Digest, Digests};
use crate::core::plan::{self, Cut};
use crate::core::protocol::wire::{Accepts, Answer, Envelope};
use crate::core::protocol::{Body, Naming, Request, RequestId, Response};
use crate::core::retry::Policy;
use crate::core::upload::{Concurrency, Config, EndpointFact, Vouched};

const NOW: Instant = Instant(1_000);
const LIMITS: Limits = Limits { at_once: 2, soon: 2, slots: usize::MAX, sequential: false, speed: 0.0 };
const CHUNK: u64 = 8 << 20;

/// The digests of a file of chunks with these names.
fn digests(names: &str) -> Digests {
    Digests { file: Digest([9; 16]), chunks: names.bytes().map(|name| Digest([name; 16])).collect() }
}

/// An exchange about a file of chunks with these names, before its first handshake.
fn exchange(names: &str, restored_chunks: usize) -> Exchange {
    let cut = Cut::new(names.len() as u64 * CHUNK, CHUNK);
    let mut exchange = Exchange::new(&Config {
        endpoint: String::new(),
        cut,
        naming: None,
        vouched: Vouched::default(),
        accepted: None,
        expected: None,
        ext: String::new(),
        concurrency: Concurrency::Fixed(2),
        retry: Policy::default(),
        stall_timeout: 30_000,
        finish_timeout: 300_000,
        can_refresh_headers: false,
        seed: 1,
    });
    exchange.begin(File { digests: digests(names), cut, restored_chunks }, None, Accepts::default());
    exchange
}

fn answer(answer: Answer) -> Response {
    let body = Body::Envelope(Envelope::success(answer));
    Response { status: 200, retry_after: None, body, redirected: None }
}

fn needed(names: &str) -> Response {
    answer(Answer::Needed(names.bytes().map(|name| Digest([name; 16]).to_hex()).collect()))
}

fn page(status: u16) -> Response {
    Response { status, retry_after: Some(7), body: Body::Other(String::new()), redirected: None }
}

/// Returns the next thing to be done: a handshake, or a chunk's index, with the request's number.
fn sends(exchange: &mut Exchange) -> Option<(RequestId, Option<usize>)> {
    match exchange.next_request(&LIMITS, NOW) {
        Next::Send(id, Request::Handshake(_)) => Some((id, None)),
        Next::Send(id, Request::Chunk { index, .. }) => Some((id, Some(index))),
        _ => None,
    }
}

#[test]
fn a_file_goes_from_the_handshake_to_its_url() {
    let mut exchange = exchange("ab", 0);
    assert_eq!(sends(&mut exchange), Some((1, None)));
    assert_eq!(sends(&mut exchange), None, "nothing before its answer");
    let accepts = Step::Accepts(Accepts::default());
    let none = Step::Confirmed { bytes: 0, reused: 0 };
    let first = [Step::Reached(NOW), Step::Authorized(1), accepts, Step::Met(NOW), none];
    assert_eq!(exchange.answered(1, needed("ab"), NOW), first);
    assert_eq!((sends(&mut exchange), sends(&mut exchange)), (Some((2, Some(0))), Some((3, Some(1)))));
    assert_eq!(exchange.next_request(&LIMITS, NOW), Next::Nothing, "all is on its way");
    let arrived = Step::Arrived { bytes: CHUNK, in_flight: 2 };
    let confirmed = Step::Confirmed { bytes: CHUNK, reused: 0 };
    let second = [Step::Reached(NOW), Step::Authorized(2), arrived, confirmed];
    assert_eq!(exchange.answered(2, needed("b"), NOW), second);
    assert_eq!(exchange.answered(2, needed("b"), NOW), [], "nobody waits for it");
    let last = exchange.answered(3, answer(Answer::Url("/f".into())), NOW);
    assert_eq!(last.last(), Some(&Step::Done("/f".into())));
    let outcome = exchange.finish("/f".into(), NOW);
    assert_eq!((outcome.size, outcome.reused, outcome.instant), (2 * CHUNK, 0, false));
}

#[test]
fn a_server_that_wants_fewer_requests_is_charged_and_keeps_its_chunk_missing() {
    let mut exchange = exchange("ab", 0);
    sends(&mut exchange);
    exchange.answered(1, needed("ab"), NOW);
    sends(&mut exchange);
    let steps = exchange.answered(2, page(429), NOW + 5);
    let [Step::Reached(_), Step::Charge(failure)] = &steps[..] else { panic!("{steps:?}") };
    assert_eq!((failure.sent, failure.retry_after, failure.fewer), (NOW, Some(7), true));
    assert_eq!(exchange.map(), [0, 0]);
    assert_eq!(sends(&mut exchange), Some((3, Some(0))), "it did nothing, so that there is no doubt");
}

#[test]
fn a_body_that_is_too_large_is_cut_smaller_as_long_as_that_can_help() {
    let mut exchange = exchange("a", 0);
    sends(&mut exchange);
    exchange.answered(1, needed("a"), NOW);
    sends(&mut exchange);
    let steps = exchange.answered(2, page(413), NOW);
    let smaller = plan::smaller(CHUNK).unwrap();
    assert_eq!(steps.last(), Some(&Step::CutSmaller(smaller)));
    assert!(exchange.leave().is_empty());
    assert!(exchange.map().is_empty(), "the file is hashed anew");
    // The first chunk that arrives proves the smaller size.
    let cut = Cut::new(CHUNK, smaller);
    let chunks = (0..cut.count()).map(|index| Digest([index as u8; 16])).collect();
    let digests = Digests { file: Digest([0; 16]), chunks };
    exchange.begin(File { digests, cut, restored_chunks: 0 }, None, Accepts::default());
    assert_eq!(sends(&mut exchange), Some((3, None)));
    exchange.answered(3, needed("\0\u{1}"), NOW);
    sends(&mut exchange);
    let steps = exchange.answered(4, needed("\u{1}"), NOW);
    assert!(steps.contains(&Step::Learn(EndpointFact::LargestChunk(smaller))), "{steps:?}");
}

#[test]
fn restored_chunks_are_hashed_again_before_they_are_sent() {
    let mut exchange = exchange("ab", 1);
    sends(&mut exchange);
    exchange.answered(1, needed("ab"), NOW);
    assert_eq!(exchange.next_request(&LIMITS, NOW), Next::Check(0, 0..CHUNK));
    assert_eq!(sends(&mut exchange), Some((2, Some(1))), "this one was hashed in this visit");
    assert_eq!(exchange.checked(1, Ok(Digest([b'a'; 16]))), [], "which nobody asked for");
    let steps = exchange.checked(0, Ok(Digest([b'x'; 16])));
    assert!(
        matches!(&steps[..], [Step::NotAsRestored(error)] if error.kind == Kind::FileChanged),
        "{steps:?}"
    );
}

#[test]
fn a_line_that_is_dead_gives_every_request_up_and_is_borne_longer_the_next_time() {
    let mut exchange = exchange("ab", 0);
    sends(&mut exchange);
    exchange.answered(1, needed("ab"), NOW);
    sends(&mut exchange);
    sends(&mut exchange);
    assert_eq!(exchange.silent_at(false), Some(NOW + 30_000));
    assert_eq!(exchange.silent_at(true), None, "nothing goes out beside a chunk there");
    assert_eq!(exchange.ask(6), None, "there is a connection for the question");
    let Next::Send(4, _) = exchange.next_request(&LIMITS, NOW + 30_000) else { panic!("it does not ask") };
    assert_eq!(exchange.late_at(false), Some(NOW + 60_000));
    let late = exchange.late(NOW + 60_000);
    assert_eq!(late, [2, 3, 4]);
    for id in late {
        let steps = exchange.stalled(id, NOW + 60_000);
        let [Step::Charge(failure)] = &steps[..] else { panic!("{steps:?}") };
        assert_eq!(failure.error.kind, Kind::Stalled);
    }
    assert_eq!((exchange.in_flight(), exchange.map()), (0, vec![0, 0]));
}

#[test]
fn a_repeated_chunk_is_one_chunk_with_many_places() {
    let mut table = Table::new(Cut::new(45, 10), &digests("aabac"), Naming::Md5, 0);
    assert_eq!(
        table.iter().map(|c| (c.index, c.len, c.bytes)).collect::<Vec<_>>(),
        [(0, 10, 30), (2, 10, 10), (4, 5, 5)]
    );
    assert_eq!((table.ids().len(), table.has_repeats()), (5, true));
    table.get_mut(0).unwrap().status = Status::Confirmed { at: 1, reused: false };
    assert_eq!(table.confirmed(Instant(5)), (30, 20));
    assert_eq!(table.map(), [3, 3, 0, 3, 0]);
}

#[test]
fn a_list_says_nothing_of_what_was_acknowledged_after_its_request_went_out() {
    let mut table = Table::new(Cut::new(40, 10), &digests("abcd"), Naming::Md5, 0);
    let ids = table.ids();
    table.get_mut(0).unwrap().status = Status::Confirmed { at: 4, reused: false };
    table.get_mut(0).unwrap().sent_alone = true;
    table.get_mut(1).unwrap().status = Status::Confirmed { at: 5, reused: false };
    table.get_mut(2).unwrap().status = Status::InFlight;
    let changes = table.apply_handshake_list(&[ids[0].clone(), ids[1].clone(), ids[3].clone()], 5, 8, false);
    let expected = Changes { gained: true, arrived: vec![2], reneged: Some(1), overtaken: true, unknown: 0 };
    assert_eq!(changes, expected);
    assert_eq!(table.map(), [0, 3, 2, 0]);
    assert_eq!(table.apply_chunk_list(&ids, 8), Some(0), "b, which was not sent alone");
    assert_eq!(table.map(), [0, 0, 2, 0]);
    table.complete(9);
    assert!(table.is_complete());
}

#[test]
fn a_list_of_another_cut_confirms_nothing() {
    let mut table = Table::new(Cut::new(20, 10), &digests("ab"), Naming::Md5, 0);
    let other = Digest([7; 16]).to_hex();
    let changes = table.apply_handshake_list(&[other], 1, 1, false);
    assert_eq!(changes, Changes { unknown: 1, ..Changes::default() });
    assert_eq!(table.map(), [0, 0]);
}

#[test]
fn with_the_index_every_place_is_its_own() {
    let table = Table::new(Cut::new(45, 10), &digests("aabac"), Naming::Md5Index, 0);
    assert_eq!((table.iter().count(), table.has_repeats()), (5, false));
    assert!(table.ids().iter().enumerate().all(|(i, id)| id.get(32..) == Some(&i.to_string())));
    assert_eq!(table.find(&table.ids()[3]), Some(3));
}
