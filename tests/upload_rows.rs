//! What an upload must survive, as far as the machine decides it: one short test or more for each, named after it, and
//! one for each bug that the simulation found.
//!
//! | case | tests |
//! | --- | --- |
//! | no bytes move, no error | `no_bytes_move_no_error`, `a_line_that_is_dead_…`, `the_question_whether_…`, `an_answer_that_has_begun_…`, `a_chunk_that_hangs_while_…` |
//! | offline | `offline_…` (6), `an_answer_from_before_does_not_end_offline` |
//! | the network switches | `the_network_switches`, `the_network_switches_without_a_word`, `a_lost_answer_is_settled_…` |
//! | server errors, 408, 429, 5xx | `server_errors_back_off_…`, `retry_after_…` (3), `the_budget_is_…`, `a_byte_confirmed_…`, `a_server_that_takes_requests_and_drops_them_…`; `retry.rs`, `gate.rs` |
//! | 400, 403, 404, 413, 415, a code | `refused_twice_…`, `a_refusal_by_…`, `what_is_not_the_protocol_…`, `one_failure_of_each_kind_…`, `a_handshake_refused_once_…` |
//! | 401 | `headers_are_asked_for_…`, `a_late_401_…`, `a_servers_failure_…`, `waiting_for_new_headers_…`, `a_401_without_…` |
//! | sent twice, answers out of order | `answers_out_of_order`, `a_stale_list_…`, `what_a_handshake_says_…` |
//! | pause, abort | `pause_stops_…`, `abort_stops_…` |
//! | the page reloads | `the_page_reloads`, `digests_of_another_cut_…` |
//! | the file changed or vanished | `the_file_changed_…`, `a_chunk_that_the_server_rejects_…`, `a_chunk_that_keeps_failing_…` |
//! | 0 bytes, 1, n chunks, over 4 GiB | `sizes_…` |
//! | hashing a big file | `hashing_can_be_…` |
//! | requests at once | `requests_at_once_…` (2); `pace.rs`, `tests/upload_links.rs` |
//! | repeated chunks | `repeated_chunks_…` |
//! | Safari: aborts, bodies that hang | `an_abort_that_nobody_…`, `a_chunk_that_stalled_is_sent_from_memory` |
//! | the device sleeps | `the_device_sleeps` |
//! | progress | `progress_counts_…`; `progress.rs` |
//! | hangs at 100 % | `hangs_at_100_percent`, `no_url_for_a_complete_file_…` |
//! | the last answer is lost | `the_last_answer_is_lost` |
//! | the answer's list is long | `plan.rs` (at most about 1,000 chunks) |
//! | report | `the_report_tells_…`; `report.rs` |
#![cfg(not(target_arch = "wasm32"))]
// clippy.toml lifts these for `#[test]` functions alone; a panic here is a failing test.
#![allow(clippy::expect_used, clippy::panic)]

use xuchuan::core::clock::Instant;
use xuchuan::core::error::{Error, Kind};
use xuchuan::core::md5::{Digest, Digests, FileHasher, Portable};
use xuchuan::core::plan::Cut;
use xuchuan::core::progress::{State, Wait};
use xuchuan::core::retry::Policy;
use xuchuan::core::upload::{
    Body, Concurrency, Config, Effect, Input, Known, Memory, Naming, Outcome, Request, RequestId, Response,
    Upload,
};
use xuchuan::core::wire::{Answer, Envelope, msg};

const CHUNK: u64 = 10;
const STALL: u64 = 30_000;
const URL: &str = "/files/x.bin";

/// A machine, its clock, and what it asked for last.
struct Bench {
    machine: Upload,
    now: u64,
    effects: Vec<Effect>,
}

fn digest(name: u8) -> Digest {
    Digest([name; 16])
}

fn id(name: u8) -> String {
    digest(name).to_string()
}

fn digests(names: &str) -> Digests {
    Digests { file: digest(b'F'), chunks: names.bytes().map(digest).collect() }
}

fn config(size: u64) -> Config {
    Config {
        cut: Cut::new(size, CHUNK),
        naming: Naming::Md5,
        ext: ".bin".into(),
        concurrency: Concurrency::Fixed(2),
        retry: Policy::default(),
        stall_timeout: STALL,
        finish_timeout: 10 * STALL,
        expected: None,
        can_refresh_headers: true,
        seed: 7,
    }
}

fn needed(names: &str) -> Response {
    answer(Answer::Needed(names.bytes().map(id).collect()))
}

fn url() -> Response {
    answer(Answer::Url(URL.into()))
}

fn answer(data: Answer) -> Response {
    let envelope = Envelope { code: 0, msg: String::new(), data: Some(data) };
    Response { status: 200, retry_after: None, body: Body::Envelope(envelope) }
}

fn refusal(status: u16, text: &str) -> Response {
    let envelope = Envelope { code: u32::from(status), msg: text.into(), data: None };
    Response { status, retry_after: None, body: Body::Envelope(envelope) }
}

fn page(status: u16) -> Response {
    Response { status, retry_after: None, body: Body::Other("<html>".into()) }
}

fn later(status: u16, ms: u64) -> Response {
    Response { retry_after: Some(ms), ..page(status) }
}

impl Bench {
    /// A file whose chunks have these names, before its start.
    fn idle(names: &str, change: impl FnOnce(&mut Config)) -> Bench {
        let mut config = config(names.len() as u64 * CHUNK);
        change(&mut config);
        Bench { machine: Upload::new(config), now: 1_000, effects: vec![] }
    }

    /// Hashed, with the handshake (request 1) on its way.
    fn hashed(names: &str, change: impl FnOnce(&mut Config)) -> Bench {
        let mut bench = Bench::idle(names, change);
        bench.give(Input::Start(Known::Nothing));
        bench.give(Input::Hashed(Ok(digests(names))));
        assert_eq!(bench.handshakes(), [1]);
        bench
    }

    /// The server has answered that it needs every chunk; requests from 2 on carry them.
    fn sending(names: &str) -> Bench {
        let mut bench = Bench::hashed(names, |_| {});
        bench.answer(1, needed(names));
        bench
    }

    fn give(&mut self, input: Input) {
        self.machine.handle(input, Instant(self.now));
        self.effects = std::iter::from_fn(|| self.machine.poll()).collect();
    }

    fn answer(&mut self, id: RequestId, response: Response) {
        self.give(Input::Answered(id, response));
    }

    fn lose(&mut self, id: RequestId) {
        self.give(Input::Lost(id, "failed to fetch".into()));
    }

    /// Lets `span` ms pass, waking the machine when it wants to be; gathers what it asks for.
    fn pass(&mut self, span: u64) {
        let (end, mut all) = (self.now + span, vec![]);
        while let Some(at) = self.machine.poll_timeout().filter(|at| at.0 <= end) {
            self.now = self.now.max(at.0);
            self.give(Input::Wake);
            assert!(self.machine.poll_timeout().is_none_or(|at| at.0 > self.now), "it spins");
            all.append(&mut self.effects);
        }
        (self.now, self.effects) = (end, all);
    }

    /// Lets all its waits pass until it sends or checks something; returns the time it took.
    fn until_it_sends(&mut self) -> u64 {
        let begun = self.now;
        while !self.effects.iter().any(|e| matches!(e, Effect::Send(..) | Effect::Check(_))) {
            let at = self.machine.poll_timeout().expect("it hangs");
            self.now = self.now.max(at.0);
            self.give(Input::Wake);
            assert!(self.machine.poll_timeout().is_none_or(|at| at.0 > self.now), "it spins");
        }
        self.now - begun
    }

    fn sent(&self) -> Vec<(RequestId, &Request)> {
        let sends = self.effects.iter();
        sends
            .filter_map(|e| if let Effect::Send(id, request) = e { Some((*id, request)) } else { None })
            .collect()
    }

    fn handshakes(&self) -> Vec<RequestId> {
        let sent = self.sent().into_iter();
        sent.filter(|(_, r)| matches!(r, Request::Handshake(_))).map(|(id, _)| id).collect()
    }

    /// The chunks that were just sent: request and index.
    fn chunks(&self) -> Vec<(RequestId, usize)> {
        let sent = self.sent().into_iter();
        sent.filter_map(
            |(id, r)| if let Request::Chunk { index, .. } = r { Some((id, *index)) } else { None },
        )
        .collect()
    }

    fn cancelled(&self) -> Vec<RequestId> {
        self.effects
            .iter()
            .filter_map(|e| if let Effect::Cancel(id) = e { Some(*id) } else { None })
            .collect()
    }

    fn asked(&self, effect: &Effect) -> usize {
        self.effects.iter().filter(|e| *e == effect).count()
    }

    fn state(&self) -> State {
        self.machine.state(Instant(self.now))
    }

    fn outcome(&self) -> Option<&Outcome> {
        self.effects
            .iter()
            .find_map(|e| if let Effect::Settle(Ok(outcome)) = e { Some(outcome) } else { None })
    }

    fn error(&self) -> Option<&Error> {
        self.effects.iter().find_map(|e| if let Effect::Settle(Err(error)) = e { Some(error) } else { None })
    }

    fn failure(&self) -> Option<Kind> {
        self.error().map(|error| error.kind)
    }
}

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
            if b.effects.contains(&Effect::Check(0)) {
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
fn pause_stops_every_request_and_timer() {
    let mut b = Bench::sending("abc");
    b.give(Input::Pause);
    assert_eq!(b.cancelled(), [2, 3]);
    assert_eq!((b.state(), b.machine.poll_timeout()), (State::Paused, None));
    for input in
        [Input::Answered(2, needed("bc")), Input::Lost(3, String::new()), Input::Online(true), Input::Wake]
    {
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
        Input::Start(Known::Nothing),
    ] {
        b.give(input);
        assert_eq!(b.effects, []);
    }
    assert_eq!(b.machine.poll_timeout(), None);
}

#[test]
fn the_page_reloads() {
    let mut b = Bench::idle("abc", |_| {});
    b.give(Input::Start(Known::Digests(digests("abc"))));
    assert_eq!(b.handshakes(), [1], "no hashing");
    b.answer(1, needed("bc"));
    assert_eq!(
        (b.asked(&Effect::Check(1)), b.asked(&Effect::Check(2))),
        (1, 1),
        "checked before they are sent"
    );
    assert_eq!(b.sent(), []);
    b.give(Input::Checked(1, Ok(digest(b'b'))));
    assert_eq!(b.chunks(), [(2, 1)]);
    let memory = Memory { digests: Some(digests("abc")), confirmed: 10 };
    b.give(Input::Checked(2, Ok(digest(b'c'))));
    b.answer(2, needed("c"));
    b.answer(3, needed(""));
    b.answer(4, url());
    let outcome = b.outcome().unwrap();
    assert_eq!((outcome.instant, outcome.reused), (false, 10));
    assert_eq!(b.asked(&Effect::Forget), 1);
    assert_ne!(memory.digests, None);
}

#[test]
fn digests_of_another_cut_are_not_believed() {
    let mut b = Bench::idle("abc", |_| {});
    b.give(Input::Start(Known::Digests(digests("ab"))));
    assert_eq!(b.asked(&Effect::Hash(None)), 1);
}

#[test]
fn the_file_changed_since_the_visit_that_is_gone_on_with() {
    let mut b = Bench::idle("abc", |c| c.expected = Some(digests("abc").file));
    b.give(Input::Start(Known::Digests(digests("abc"))));
    b.answer(1, needed("bc"));
    b.give(Input::Checked(1, Ok(digest(b'x'))));
    let error = b.error().unwrap();
    assert!(error.kind == Kind::FileChanged && error.doing.contains("chunk 2 of 3"), "{error}");
    assert_eq!(b.asked(&Effect::Forget), 1);
}

#[test]
fn digests_of_an_earlier_visit_that_do_not_fit_are_made_anew() {
    let mut b = Bench::idle("abc", |_| {});
    b.give(Input::Start(Known::Digests(digests("abc"))));
    b.answer(1, needed("bc"));
    b.give(Input::Checked(1, Ok(digest(b'x'))));
    assert_eq!((b.asked(&Effect::Hash(None)), b.state()), (1, State::Hashing));
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
    b.give(Input::Start(Known::Partly(snapshot(CHUNK))));
    assert_eq!(b.asked(&Effect::Hash(Some(snapshot(CHUNK)))), 1);
    assert_eq!(b.machine.progress(Instant(b.now)).hashed, 15);
    b.give(Input::Hashed(Ok(digests("abc"))));
    b.answer(1, needed("abc"));
    // The first chunk is an earlier visit's; the second was begun in it.
    assert_eq!((b.asked(&Effect::Check(0)), b.asked(&Effect::Check(1)), b.sent().len()), (1, 1, 0));
    b.give(Input::Checked(0, Ok(digest(b'a'))));
    b.give(Input::Checked(1, Ok(digest(b'b'))));
    b.answer(2, needed("bc"));
    assert_eq!((b.chunks(), b.asked(&Effect::Check(2))), (vec![(4, 2)], 0), "the third is this visit's");

    let mut b = Bench::idle("abc", |_| {});
    b.give(Input::Start(Known::Partly(snapshot(7))));
    assert_eq!(b.asked(&Effect::Hash(None)), 1, "of another cut");
}

#[test]
fn a_chunk_that_the_server_rejects_is_hashed_again() {
    let mut b = Bench::sending("a");
    b.answer(2, refusal(422, "内容不符"));
    b.pass(600);
    assert_eq!((b.asked(&Effect::Check(0)), b.sent().len()), (1, 0));
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
    assert_eq!((b.asked(&Effect::Check(0)), b.sent().len()), (1, 0));
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
    b.give(Input::Start(Known::Nothing));
    assert_eq!(b.asked(&Effect::Hash(None)), 1);
    b.give(Input::Hashing(10));
    assert_eq!((b.state(), b.machine.progress(Instant(b.now)).hashed), (State::Hashing, 10));
    b.give(Input::Pause);
    assert_eq!(b.effects, [Effect::HoldHash]);
    b.give(Input::Hashed(Ok(digests("ab"))));
    assert_eq!(b.sent(), [], "it was done before it could be held");
    b.give(Input::Resume);
    assert_eq!(b.handshakes(), [1]);

    let mut b = Bench::idle("ab", |_| {});
    b.give(Input::Start(Known::Nothing));
    b.give(Input::Abort);
    assert_eq!(b.asked(&Effect::StopHash), 1);
    let mut b = Bench::idle("ab", |_| {});
    b.give(Input::Start(Known::Nothing));
    b.give(Input::Hashed(Ok(digests("abc"))));
    assert_eq!(b.failure(), Some(Kind::FileChanged));
}

#[test]
fn requests_at_once_start_at_4_and_halve_once_for_all_that_fail_together() {
    let names = "abcdefghijklmnopqrst";
    let mut b = Bench::hashed(names, |c| c.concurrency = Concurrency::Auto(6));
    b.answer(1, needed(names));
    assert_eq!(b.chunks().len(), 4);

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
    let mut b = Bench::hashed(names, |c| c.concurrency = Concurrency::Auto(6));
    b.answer(1, needed(names));
    b.pass(2_000);
    assert_eq!(b.chunks().len(), 2, "six are in flight");
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
    assert_eq!(read(&b), (20, 10, 10), "two chunks were handed to the network");
    b.answer(2, needed("bc"));
    assert_eq!(read(&b), (30, 20, 10));
    b.lose(3);
    b.answer(4, needed("b"));
    b.until_it_sends();
    b.answer(5, needed("ab"));
    b.until_it_sends();
    assert_eq!(
        read(&b),
        (50, 30, 10),
        "repeated attempts count; a chunk that the server lost takes nothing back"
    );
    b.answer(6, needed("b"));
    b.answer(7, needed(""));
    b.answer(8, url());
    assert_eq!(b.state(), State::Done);
    assert_eq!(read(&b), (50, 40, 10), "the last reading too");
    assert_eq!(b.machine.chunks(), [3, 3, 3, 2]);
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

#[test]
fn other_uploads_leave_it_so_much_room() {
    let sends = |concurrency, room| {
        let mut b = Bench::hashed("abcdef", |config| config.concurrency = concurrency);
        b.give(Input::Room(room));
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
    b.give(Input::Room(1));
    assert_eq!((b.sent().len(), b.state()), (3, State::Transferring));
    assert_eq!(b.machine.wants(Instant(b.now)), Some(6));
    b.answer(2, needed("bcdef"));
    assert_eq!(b.machine.wants(Instant(b.now)), Some(5));
    b.answer(3, refusal(401, "who are you?"));
    assert_eq!(b.machine.wants(Instant(b.now)), Some(1), "a person may have to log in");
    b.give(Input::Refreshed(Ok(())));
    assert_eq!(b.machine.wants(Instant(b.now)), Some(5));
}
