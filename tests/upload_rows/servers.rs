//! Servers as people write them: they say nothing of what they accept, lose what comes side by side, or refuse large bodies.

use xuchuan::core::cause::{Cause, Loss};
use xuchuan::core::error::Kind;
use xuchuan::core::machine::Machine;
use xuchuan::core::md5::Digests;
use xuchuan::core::plan::Cut;
use xuchuan::core::progress::State;
use xuchuan::core::protocol::wire::{Accepts, Answer};
use xuchuan::core::upload::{
    Checkpoint, Concurrency, Effect, EndpointFact, Input, Naming, Request, Restored, Vouched,
};

use crate::bench::*;

const MIB: u64 = 1 << 20;

/// A file like [`Bench::hashed`] with nothing known of its server, and the page saying nothing.
fn unknown(names: &str) -> Bench {
    Bench::hashed(names, |config| {
        (config.concurrency, config.accepted, config.naming) = (Concurrency::Auto(6), None, None);
    })
}

fn ids(bench: &Bench) -> Vec<String> {
    let sent = bench.sent().into_iter().find_map(|(_, request)| match request {
        Request::Handshake(handshake) => Some(handshake.chunk_ids.clone()),
        Request::Chunk { .. } => None,
    });
    sent.expect("no handshake")
}

#[test]
fn a_silent_server_gets_one_chunk_at_a_time_and_nothing_beside_it() {
    let mut b = unknown("abcd");
    b.answer(1, silently(needed("abcd")));
    assert_eq!(b.chunks(), [(2, 0)]);
    assert_eq!(b.machine.demand(xuchuan::core::clock::Instant(b.now)), Some(1));
    // Longer than silence is borne where the server can be asked beside the chunk.
    b.pass(STALL - 1);
    assert_eq!(b.sent(), []);
    b.pass(2);
    assert_eq!((b.cancelled(), b.failure()), (vec![2], None));
    b.until_it_sends();
    assert_eq!(b.handshakes(), [3], "the chunk was given up before");
    b.answer(3, silently(needed("bcd")));
    for (request, rest) in [(4, "cd"), (5, "d"), (6, "")] {
        assert_eq!(b.sent().len(), 1);
        b.answer(request, silently(needed(rest)));
    }
    assert_eq!(b.handshakes(), [7]);
    b.answer(7, silently(url()));
    assert!(b.outcome().is_some());
}

#[test]
fn one_at_a_time_the_next_body_is_made_while_one_is_on_its_way() {
    let prepared = |b: &Bench| -> Vec<usize> {
        let effects = b.effects.iter();
        effects
            .filter_map(|e| {
                if let Effect::Prepare(Request::Chunk { index, .. }) = e { Some(*index) } else { None }
            })
            .collect()
    };
    let mut b = unknown("abc");
    b.answer(1, silently(needed("abc")));
    assert_eq!((b.chunks(), prepared(&b)), (vec![(2, 0)], vec![1]));
    b.give(Input::Headed(2));
    assert_eq!(prepared(&b), [], "once");
    b.answer(2, silently(needed("bc")));
    assert_eq!((b.chunks(), prepared(&b)), (vec![(3, 1)], vec![2]));
    b.answer(3, silently(needed("c")));
    assert_eq!((b.chunks(), prepared(&b)), (vec![(4, 2)], vec![]), "it is the last");
    let mut b = Bench::hashed("abcdef", |config| config.concurrency = Concurrency::Auto(6));
    b.answer(1, needed("abcdef"));
    assert_eq!(prepared(&b), [], "others are on their way meanwhile");
}

#[test]
fn one_at_a_time_the_next_chunk_is_checked_while_one_is_on_its_way() {
    let mut b =
        Bench::idle("abc", |config| (config.concurrency, config.accepted) = (Concurrency::Auto(6), None));
    b.give(Input::Start(Restored::Digests(digests("abc"))));
    b.answer(1, silently(needed("abc")));
    assert_eq!((b.asked(&check(0)), b.sent().len()), (1, 0));
    b.give(Input::Checked(0, Ok(digest(b'a'))));
    assert_eq!((b.chunks(), b.asked(&check(1)), b.asked(&check(2))), (vec![(2, 0)], 1, 0));
    b.answer(2, silently(needed("bc")));
    assert_eq!(b.sent(), [], "it is not checked yet");
    b.give(Input::Checked(1, Ok(digest(b'b'))));
    assert_eq!((b.chunks(), b.asked(&check(2))), (vec![(3, 1)], 1));
    b.give(Input::Checked(2, Ok(digest(b'c'))));
    assert_eq!(b.sent(), [], "one at a time");
    b.answer(3, silently(needed("c")));
    assert_eq!(b.chunks(), [(4, 2)]);
}

#[test]
fn a_server_that_accepts_several_gets_them_and_no_more() {
    let mut b = unknown("abcdef");
    b.answer(1, accepting(needed("abcdef"), 3, true));
    assert_eq!(b.effects.iter().filter(|e| matches!(e, Effect::Learn(_))).count(), 1);
    assert_eq!(b.asked(&Effect::Learn(EndpointFact::Accepts(Accepts { parallel: 3, repeats: true }))), 1);
    // A near server gets two at first, and the third in time.
    assert_eq!(b.sent().len(), 2);
    b.pass(20_000);
    assert_eq!(b.sent().len(), 1);
    // What says nothing later on is taken at its word, too.
    b.lose(2);
    b.lose(3);
    b.lose(4);
    b.until_it_sends();
    b.answer(5, silently(needed("abcdef")));
    assert_eq!(b.sent().len(), 1);
}

#[test]
fn what_the_endpoint_accepted_before_holds_until_it_says_otherwise() {
    let mut b = Bench::hashed("abcdef", |config| config.concurrency = Concurrency::Auto(6));
    b.answer(1, needed("abcdef"));
    assert_eq!(
        b.asked(&Effect::Learn(EndpointFact::Accepts(Accepts { parallel: 6, repeats: true }))),
        0,
        "known"
    );
    let mut b = Bench::hashed("abcdef", |config| config.concurrency = Concurrency::Auto(6));
    b.answer(1, silently(needed("abcdef")));
    assert_eq!((b.sent().len(), b.asked(&Effect::Learn(EndpointFact::Accepts(Accepts::default())))), (1, 1));
}

#[test]
fn the_page_can_vouch_for_its_server_or_say_how_many() {
    let mut b = Bench::hashed("abcdef", |config| {
        (config.concurrency, config.accepted) = (Concurrency::Auto(6), None);
        config.vouched = Vouched { parallel: Some(2), repeats: None };
    });
    b.answer(1, silently(needed("abcdef")));
    assert_eq!(b.sent().len(), 2);
    let mut b = Bench::hashed("abcdef", |config| {
        (config.concurrency, config.accepted) = (Concurrency::Fixed(4), None);
    });
    b.answer(1, silently(needed("abcdef")));
    assert_eq!(b.sent().len(), 4);
}

#[test]
fn chunks_that_repeat_get_ids_that_are_unique_unless_the_server_takes_an_id_twice() {
    let indexed = |names: &str| -> Vec<String> {
        names.bytes().enumerate().map(|(index, name)| format!("{}{index}", id(name))).collect()
    };
    let plain = |names: &str| -> Vec<String> { names.bytes().map(id).collect() };
    let hashing = |names: &str, vouched| {
        let mut b = Bench::idle(names, |config| {
            (config.accepted, config.naming) = (None, None);
            config.vouched = vouched;
        });
        b.give(Input::Start(Restored::Nothing));
        b
    };
    let yes = Accepts { parallel: 1, repeats: true };
    for (answer, expected) in
        [(Some(yes), plain("aba")), (Some(Accepts::default()), indexed("aba")), (None, indexed("aba"))]
    {
        let mut b = hashing("aba", Vouched::default());
        b.give(Input::Repeats);
        assert_eq!(b.asked(&Effect::AskAccepts), 1, "the question is asked while the file is hashed");
        if let Some(accepts) = answer {
            b.give(Input::Accepts(accepts));
        }
        b.give(Input::Hashed(Ok(digests("aba"))));
        assert_eq!(ids(&b), expected, "{answer:?}");
        // An answer that comes too late changes nothing of the names.
        b.give(Input::Accepts(yes));
        b.answer(1, silently(answer_of(&expected)));
        assert!(b.sent().len() <= 2);
    }
    let mut b = hashing("aba", Vouched { parallel: None, repeats: Some(true) });
    b.give(Input::Repeats);
    assert_eq!(b.asked(&Effect::AskAccepts), 0, "the page has said");
    b.give(Input::Hashed(Ok(digests("aba"))));
    assert_eq!(ids(&b), plain("aba"));
    let mut b = hashing("abc", Vouched::default());
    b.give(Input::Hashed(Ok(digests("abc"))));
    assert_eq!(ids(&b), plain("abc"), "nothing repeats");
    let mut b = Bench::idle("aba", |config| (config.accepted, config.naming) = (None, Some(Naming::Md5)));
    b.give(Input::Start(Restored::Nothing));
    b.give(Input::Repeats);
    assert_eq!(b.asked(&Effect::AskAccepts), 0, "the page has said");
}

fn answer_of(ids: &[String]) -> xuchuan::core::upload::Response {
    answer(Answer::Needed(ids.to_vec()))
}

#[test]
fn where_unique_ids_are_refused_the_plain_ones_are_tried() {
    let mut b = unknown("aba");
    assert!(ids(&b).iter().all(|id| id.len() > 32));
    b.answer(1, refusal(400, "分片编号不对"));
    assert_eq!(b.handshakes(), [2]);
    assert_eq!(ids(&b), [id(b'a'), id(b'b'), id(b'a')]);
    b.answer(2, refusal(400, "分片编号不对"));
    b.until_it_sends();
    b.answer(3, refusal(400, "分片编号不对"));
    assert_eq!(b.failure(), Some(Kind::Rejected));
    // What the page named so stays named so.
    let mut b = Bench::hashed("aba", |config| config.naming = Some(Naming::Md5Index));
    b.answer(1, refusal(400, "分片编号不对"));
    b.until_it_sends();
    assert!(ids(&b).iter().all(|id| id.len() > 32));
}

#[test]
fn a_later_visit_names_chunks_as_the_first_did() {
    let mut b = Bench::idle("aba", |config| (config.accepted, config.naming) = (None, None));
    b.give(Input::Start(Restored::Announced(digests("aba"), Naming::Md5)));
    assert_eq!(ids(&b)[0], ids(&b)[2]);
    let mut b = Bench::idle("abc", |config| (config.accepted, config.naming) = (None, None));
    b.give(Input::Start(Restored::Announced(digests("abc"), Naming::Md5Index)));
    assert!(ids(&b).iter().all(|id| id.len() == 33));
}

#[test]
fn a_server_that_loses_what_it_acknowledged_gets_one_at_a_time_and_goes_on() {
    let mut b = Bench::hashed("abcd", |config| config.concurrency = Concurrency::Fixed(3));
    b.answer(1, needed("abcd"));
    assert_eq!(b.sent().len(), 3);
    b.answer(2, needed("bcd"));
    b.answer(3, needed("cd"));
    // Request 5 went out after a was acknowledged.
    b.answer(5, needed("abc"));
    b.answer(4, needed("ab"));
    // It asks again for what it had: that goes out one by one, and nothing beside it.
    let mut missing = vec!['a', 'b'];
    for _ in 0..10 {
        b.until_it_sends();
        let [(request, sent)] = b.sent()[..] else { panic!("not one at a time: {:?}", b.sent()) };
        if let Request::Chunk { index, .. } = sent {
            missing.retain(|name| "abcd".find(*name) != Some(*index));
            b.answer(request, needed(&missing.iter().collect::<String>()));
        } else if missing.is_empty() {
            b.answer(request, url());
            break;
        } else {
            b.answer(request, needed(&missing.iter().collect::<String>()));
        }
    }
    assert!(b.outcome().is_some(), "{:?}", b.error());
}

#[test]
fn it_fails_when_a_chunk_sent_alone_was_lost_three_times_and_says_what_the_server_seems_to_do() {
    let mut b = unknown("ab");
    b.answer(1, silently(needed("ab")));
    for _ in 0..2 {
        let (request, at) = b.chunks()[0];
        assert_eq!(at, 0);
        b.answer(request, silently(needed("ab")));
        assert_eq!(b.failure(), None);
        b.until_it_sends();
    }
    b.answer(b.chunks()[0].0, silently(needed("ab")));
    let error = b.error().expect("it goes on");
    assert_eq!((error.kind, error.attempts), (Kind::Server, 3));
    assert!(error.detail.contains("seems not to keep what it acknowledges"), "{error}");
}

#[test]
fn what_was_lost_beside_others_does_not_count() {
    let mut b = Bench::hashed("abc", |config| config.concurrency = Concurrency::Fixed(2));
    b.answer(1, needed("abc"));
    b.answer(2, needed("abc"));
    assert_eq!(b.failure(), None, "lost while b was on its way");
    b.answer(3, needed("ac"));
    for _ in 0..3 {
        assert_eq!(b.failure(), None);
        b.until_it_sends();
        let [(request, 0)] = b.chunks()[..] else { panic!("{:?}", b.sent()) };
        b.answer(request, needed("ac"));
    }
    assert_eq!(b.error().map(|error| error.attempts), Some(3));
}

#[test]
fn after_a_loss_nothing_is_asked_beside_what_is_still_on_its_way() {
    let mut b = Bench::hashed("abcd", |config| config.concurrency = Concurrency::Fixed(3));
    b.answer(1, needed("abcd"));
    b.answer(2, needed("abcd"));
    b.answer(3, page(502));
    b.pass(5_000);
    assert_eq!(b.sent(), [], "c is on its way");
    b.answer(4, needed("abd"));
    b.until_it_sends();
    assert_eq!((b.sent().len(), b.handshakes()), (1, vec![5]));
}

#[test]
fn a_slow_chunk_is_no_reason_to_ask_where_nothing_goes_beside_it() {
    let mut b = large();
    // Less than 4 MiB may take at 64 KiB/s, and more than silence is borne elsewhere.
    b.pass(2 * STALL);
    assert_eq!((b.sent(), b.cancelled()), (vec![], vec![]));
    b.answer(2, silently(needed("bcd")));
    assert_eq!((b.handshakes(), b.chunks()), (vec![], vec![(3, 1)]));
}

#[test]
fn a_list_of_another_cut_confirms_nothing_and_is_told() {
    let mut b = unknown("ab");
    b.answer(1, silently(needed("xyz")));
    let confirmed = b.machine.progress(xuchuan::core::clock::Instant(b.now)).confirmed;
    assert_eq!((confirmed, b.failure()), (0, None));
    b.until_it_sends();
    b.answer(b.handshakes()[0], silently(needed("xyz")));
    let error = b.error().expect("it goes on");
    assert_eq!(error.kind, Kind::Server);
    assert!(error.detail.contains("chunkSize"), "{error}");
}

/// A file of 16 MiB that is cut into chunks of 4 MiB, at a server that says nothing.
fn large() -> Bench {
    let mut b = Bench::idle("", |config| {
        config.cut = Cut::new(16 * MIB, 4 * MIB);
        (config.concurrency, config.accepted, config.naming) = (Concurrency::Auto(6), None, None);
    });
    b.give(Input::Start(Restored::Nothing));
    assert_eq!(b.asked(&Effect::Hash(4 * MIB, None)), 1);
    b.give(Input::Hashed(Ok(digests("abcd"))));
    b.answer(1, silently(needed("abcd")));
    assert_eq!(b.chunks(), [(2, 0)]);
    b
}

fn pieces(count: u8) -> (Digests, String) {
    let names: String = (0..count).map(|n| char::from(b'!' + n)).collect();
    (digests(&names), names)
}

#[test]
fn a_body_that_is_too_large_is_cut_smaller_and_the_endpoint_remembered() {
    let mut b = large();
    b.answer(2, page(413));
    assert_eq!(
        b.asked(&Effect::Hash(960 << 10, None)),
        1,
        "below 1 MiB, which nginx refuses with the form around it"
    );
    let checkpoint = Checkpoint { chunk: 960 << 10, announced: None, confirmed: 0 };
    assert_eq!((b.asked(&Effect::Save(checkpoint)), b.state()), (1, State::Hashing));
    let (digests, names) = pieces(18);
    b.give(Input::Hashed(Ok(digests)));
    b.answer(3, silently(needed(&names)));
    assert!(matches!(b.sent()[0].1, Request::Chunk { bytes, .. } if *bytes == (0..960 << 10)));
    b.answer(4, silently(needed(&names[1..])));
    assert_eq!(b.asked(&Effect::Learn(EndpointFact::LargestChunk(960 << 10))), 1);
    b.answer(5, silently(needed(&names[2..])));
    assert_eq!(b.effects.iter().filter(|e| matches!(e, Effect::Learn(_))).count(), 0, "once");
}

#[test]
fn the_file_that_is_cut_smaller_must_be_the_same() {
    let mut b = large();
    b.answer(2, refusal(413, "太大"));
    let (other, _) = pieces(18);
    b.give(Input::Hashed(Ok(Digests { file: digest(b'G'), ..other })));
    assert_eq!(b.failure(), Some(Kind::FileChanged));
}

#[test]
fn it_is_cut_down_to_512_kib_and_then_the_limit_is_named() {
    let mut b = large();
    let mut request = 2;
    for (chunk, count) in [(960_u64 << 10, 18), (512 << 10, 32)] {
        b.answer(request, page(413));
        assert_eq!(b.asked(&Effect::Hash(chunk, None)), 1);
        let (digests, names) = pieces(count);
        b.give(Input::Hashed(Ok(digests)));
        b.answer(request + 1, silently(needed(&names)));
        request += 2;
    }
    b.answer(request, page(413));
    assert_eq!(b.handshakes(), [request + 1]);
    b.answer(request + 1, silently(needed(&pieces(32).1)));
    b.answer(request + 2, page(413));
    let error = b.error().expect("it goes on");
    assert_eq!((error.kind, error.status), (Kind::Rejected, Some(413)));
    assert!(error.message().contains("client_max_body_size"), "{error}");
}

#[test]
fn a_refusal_that_the_page_cannot_see_is_a_limit_after_three_rounds() {
    let mut b = large();
    let mut request = 2;
    for round in 1..=3 {
        // The time in which the cause was looked for is not the request's.
        b.now += 20 + 1_500;
        b.give(Input::Lost(request, Loss { looked: 1_500, ..Loss::new(Cause::Cors, "Failed to fetch") }));
        if round < 3 {
            b.until_it_sends();
            assert_eq!(b.handshakes(), [request + 1]);
            b.answer(request + 1, silently(needed("abcd")));
            if b.asked(&check_large()) == 1 {
                b.give(Input::Checked(0, Ok(digest(b'a'))));
            }
            assert_eq!(b.chunks(), [(request + 2, 0)], "round {round}");
            request += 2;
        }
    }
    assert_eq!(b.asked(&Effect::Hash(960 << 10, None)), 1);
    // What is lost after a while was lost by the network.
    let mut b = large();
    let mut request = 2;
    for _ in 0..5 {
        b.now += 5_000;
        b.lose(request);
        b.until_it_sends();
        b.answer(request + 1, silently(needed("abcd")));
        if b.asked(&check_large()) == 1 {
            b.give(Input::Checked(0, Ok(digest(b'a'))));
        }
        assert_eq!(b.chunks(), [(request + 2, 0)]);
        request += 2;
    }
}

fn check_large() -> Effect {
    Effect::Check(0, 0..4 * MIB)
}

#[test]
fn a_413_after_a_chunk_as_large_was_taken_is_another_limit() {
    let mut b = large();
    b.answer(2, silently(needed("bcd")));
    b.answer(3, refusal(413, "a file may have at most 4 MiB"));
    assert_eq!(b.handshakes(), [4]);
    b.answer(4, silently(needed("bcd")));
    b.answer(5, refusal(413, "a file may have at most 4 MiB"));
    let error = b.error().expect("it goes on");
    assert_eq!((error.kind, error.detail.as_str()), (Kind::Rejected, "a file may have at most 4 MiB"));
}

#[test]
fn where_the_server_insists_on_the_old_cut_the_error_says_so() {
    let mut b = large();
    b.answer(2, page(413));
    b.give(Input::Hashed(Ok(pieces(18).0)));
    b.answer(3, silently(needed("abcd")));
    b.until_it_sends();
    b.answer(4, silently(needed("abcd")));
    let error = b.error().expect("it goes on");
    assert_eq!(error.kind, Kind::Rejected);
    let message = error.message();
    for words in [
        "4194304 bytes that it was told of first",
        "HTTP 413",
        "`chunkSize` to 983040",
        "client_max_body_size",
    ] {
        assert!(message.contains(words), "{words}: {message}");
    }
}

#[test]
fn what_is_confirmed_is_remembered_soon_and_when_the_page_is_hidden() {
    let remembered = |b: &Bench| -> Vec<u64> {
        b.effects
            .iter()
            .filter_map(|e| if let Effect::Save(m) = e { Some(m.confirmed) } else { None })
            .collect()
    };
    let mut b = Bench::sending("abcdef");
    b.now += 100;
    b.answer(2, needed("bcdef"));
    assert_eq!(remembered(&b), [], "not each chunk by itself");
    b.pass(500);
    assert_eq!(remembered(&b), [10]);
    b.pass(5_000);
    assert_eq!(remembered(&b), [], "nothing new");
    b.answer(3, needed("cdef"));
    assert_eq!(remembered(&b), [20], "the last time was long ago");
    b.answer(4, needed("def"));
    b.give(Input::Hidden);
    assert_eq!(remembered(&b), [30]);
    b.give(Input::Hidden);
    assert_eq!(remembered(&b), []);
    // Before the server has answered, the journal knows more than this visit.
    let mut b = Bench::idle("ab", |_| {});
    b.give(Input::Start(Restored::Digests(digests("ab"))));
    b.give(Input::Hidden);
    b.give(Input::Pause);
    b.give(Input::Resume);
    assert_eq!(remembered(&b), []);
}
