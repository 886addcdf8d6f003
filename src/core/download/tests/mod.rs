//! Scripted downloads: what is asked for, in which order, in the cases that have a name.

mod bulk;
mod parts;
mod queue;
mod sinks;

use super::*;
use crate::core::cause::{Cause, Loss};
use crate::core::clock::Instant;
use crate::core::error::{Error, Kind};
use crate::core::machine::Machine;
use crate::core::md5::Digest;
use crate::core::progress::{State, Wait};
use crate::core::range::{ByteRange, Head};
use crate::core::retry::Policy;

const MIB: u64 = 1 << 20;
const SIZE: u64 = 16 * MIB;

struct Script {
    machine: Download,
    now: Instant,
}

fn config() -> Config {
    Config {
        concurrency: Concurrency::Fixed(2),
        min_gain: 0,
        remember: true,
        unix_now: 1 << 41,
        ..Config::new("/file")
    }
}

fn begin(config: Config) -> (Script, Vec<Effect>) {
    let mut script = Script { machine: Download::new(config), now: Instant(0) };
    let effects = script.input(Input::Start(None));
    (script, effects)
}

/// The head of a 206, with a strong ETag.
fn part(first: u64, end: u64, total: u64) -> Head {
    Head {
        status: 206,
        content_range: Some(format!("bytes {first}-{}/{total}", end - 1)),
        content_length: Some((end - first).to_string()),
        etag: Some("\"a\"".into()),
        ..Head::default()
    }
}

fn status(status: u16) -> Head {
    Head { status, ..Head::default() }
}

impl Script {
    fn input(&mut self, input: Input) -> Vec<Effect> {
        self.machine.handle(input, self.now);
        std::iter::from_fn(|| self.machine.poll()).collect()
    }

    fn head(&mut self, id: RequestId, head: Head) -> Vec<Effect> {
        self.input(Input::Head(id, Box::new(head)))
    }

    /// Waits for what the machine waits for.
    fn wake(&mut self) -> Vec<Effect> {
        self.now = self.machine.poll_timeout().expect("nothing to wait for");
        self.input(Input::Wake)
    }

    /// Goes on to where two requests bring the halves: 1 from 0, 2 from the middle.
    fn running(config: Config) -> Script {
        let (mut script, _) = begin(config);
        script.head(1, part(0, SIZE, SIZE));
        let effects = script.input(Input::Prepared(Ok(())));
        assert!(effects.contains(&send(2, Some((SIZE / 2, Some(SIZE))))), "{effects:?}");
        script.head(2, part(SIZE / 2, SIZE, SIZE));
        script
    }

    fn state(&self) -> State {
        self.machine.state(self.now)
    }
}

fn send(id: RequestId, range: Option<(u64, Option<u64>)>) -> Effect {
    let range = range.map(|(first, end)| ByteRange { first, last: end.map(|end| end - 1) });
    Effect::Send { id, range, if_match: None }
}

fn settled(effects: &[Effect]) -> &Result<Outcome, Error> {
    match effects.last() {
        Some(Effect::Settle(result)) => result,
        _ => panic!("not settled: {effects:?}"),
    }
}

fn finish(total: u64, hash: bool) -> Effect {
    Effect::Finish { total, hash, content_type: None }
}

#[test]
fn the_probe_is_the_first_request_and_its_body_is_used() {
    let (mut script, effects) = begin(Config { min_split: 8 * MIB, ..config() });
    assert_eq!(effects, [send(1, Some((0, None)))]);
    assert_eq!(script.state(), State::Negotiating);
    let effects = script.head(1, part(0, SIZE, SIZE));
    assert!(matches!(effects[0], Effect::Save(_)));
    assert_eq!(effects[1..], [Effect::Prepare { total: Some(SIZE), exact: true }]);
    let effects = script.input(Input::Prepared(Ok(())));
    assert_eq!(
        effects,
        [
            Effect::Receive { id: 1, cursor: BodyCursor::write(0, Some(SIZE)), bulk: false },
            Effect::Limit { id: 1, end: SIZE / 2 },
            send(2, Some((SIZE / 2, Some(SIZE)))),
        ]
    );
    assert_eq!(script.machine.pieces(), [1, 1, 1, 1]);
    script.head(2, part(SIZE / 2, SIZE, SIZE));
    // The first one's body would go on: it is dropped at its limit. The other's ends by itself.
    assert_eq!(script.input(Input::Data(1, SIZE / 2)), [Effect::Cancel(1)]);
    assert_eq!(script.state(), State::Transferring);
    assert_eq!(script.input(Input::Data(2, SIZE / 2)), []);
    assert_eq!(script.state(), State::Finishing);
    assert_eq!(script.input(Input::End(2)), [finish(SIZE, false)]);
    let effects = script.input(Input::Finished(Ok(None)));
    assert_eq!(effects[0], Effect::Forget);
    let outcome = settled(&effects).clone().unwrap();
    assert_eq!((outcome.size, outcome.mode, outcome.verified), (SIZE, Mode::Parallel, None));
    assert_eq!(script.machine.pieces(), [3, 3, 3, 3]);
}

#[test]
fn a_body_that_breaks_is_continued_at_the_next_byte() {
    let mut script = Script::running(config());
    script.input(Input::Data(1, 1000));
    assert_eq!(script.input(Input::Lost(1, "network error".into())), []);
    let effects = script.wake();
    assert_eq!(effects, [send(3, Some((1000, Some(SIZE / 2))))]);
}

#[test]
fn silence_is_cut_off_by_the_watchdog() {
    let mut script = Script::running(config());
    script.now = Instant(29_000);
    script.input(Input::Data(2, 10));
    script.now = Instant(30_000);
    assert_eq!(script.input(Input::Wake)[0], Effect::Cancel(1));
    script.now = Instant(58_999);
    assert!(!script.input(Input::Wake).contains(&Effect::Cancel(2)));
    script.now = Instant(59_000);
    assert!(script.input(Input::Wake).contains(&Effect::Cancel(2)));
}

#[test]
fn pause_and_abort_stop_everything_at_once() {
    let mut script = Script::running(config());
    assert_eq!(script.input(Input::Pause), [Effect::Cancel(1), Effect::Cancel(2)]);
    assert_eq!(script.state(), State::Paused);
    assert_eq!(script.machine.poll_timeout(), None);
    for late in [Input::Data(1, 5), Input::End(2), Input::Wake, Input::Online(true), Input::Start(None)] {
        assert_eq!(script.input(late), []);
    }
    assert_eq!(script.input(Input::Resume).len(), 1);
    let effects = script.input(Input::Abort);
    assert_eq!(effects[0], Effect::Cancel(3));
    assert_eq!(settled(&effects).as_ref().unwrap_err().kind, Kind::Aborted);
    for late in [Input::Resume, Input::Wake, Input::Online(true), Input::Abort] {
        assert_eq!(script.input(late), []);
    }
    assert_eq!(script.state(), State::Aborted);
}

#[test]
fn offline_is_a_state() {
    let (mut script, _) = begin(config());
    script.input(Input::Online(false));
    script.input(Input::Lost(1, "Failed to fetch".into()));
    assert_eq!(script.state(), State::Waiting);
    assert_eq!(script.machine.progress(script.now).waiting_for, Some(Wait::Network));
    assert_eq!(script.input(Input::Online(true)), [send(2, Some((0, None)))]);
}

#[test]
fn headers_are_asked_for_once_for_all() {
    let mut script = Script::running(Config { can_refresh_headers: true, ..config() });
    script.input(Input::Pause);
    script.input(Input::Resume);
    let effects = script.head(3, part(0, SIZE, SIZE));
    assert!(effects.iter().any(|it| matches!(it, Effect::Send { id: 4, .. })), "{effects:?}");
    script.input(Input::Lost(3, "network error".into()));
    script.wake();
    assert_eq!(script.head(4, status(401)), [Effect::Cancel(4), Effect::RefreshHeaders]);
    assert_eq!(script.head(5, status(401)), [Effect::Cancel(5)]);
    assert_eq!(script.input(Input::Headers(Ok(()))), [send(6, Some((0, Some(SIZE))))]);
    let effects = script.head(6, status(401));
    let error = settled(&effects).as_ref().unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::Rejected, Some(401)));
}

#[test]
fn an_expired_url_is_renewed_once() {
    let (mut script, _) = begin(Config { can_refresh_url: true, ..config() });
    assert_eq!(script.head(1, status(403)), [Effect::Cancel(1), Effect::RefreshUrl]);
    assert_eq!(script.input(Input::Url(Ok(()))), [send(2, Some((0, None)))]);
    let effects = script.head(2, status(403));
    assert_eq!(settled(&effects).as_ref().unwrap_err().status, Some(403));
}

#[test]
fn a_busy_server_is_given_time() {
    let (mut script, _) = begin(config());
    let busy = Head { retry_after: Some(20_000), ..status(503) };
    assert_eq!(script.head(1, busy), [Effect::Cancel(1)]);
    assert_eq!(script.machine.poll_timeout(), Some(Instant(20_000)));
    assert_eq!(script.state(), State::Waiting);
    assert_eq!(script.wake(), [send(2, Some((0, None)))]);
    script.head(2, part(0, SIZE, SIZE));
    let effects = script.input(Input::Prepared(Ok(())));
    assert_eq!(effects.len(), 1, "it wants one request at a time: {effects:?}");
}

#[test]
fn no_answer_at_all_climbs_down_the_ladder() {
    let (mut script, mut effects) = begin(config());
    let mut ranged = Vec::new();
    for id in 1.. {
        match effects.last() {
            Some(Effect::Send { range, .. }) => ranged.push(range.is_some()),
            Some(Effect::Settle(result)) => {
                let error = result.as_ref().unwrap_err();
                assert!(error.kind == Kind::Network && error.detail.contains("Access-Control-Allow-Origin"));
                break;
            }
            other => panic!("{other:?}"),
        }
        effects = script.input(Input::Lost(id, "Failed to fetch".into()));
        if effects.is_empty() {
            effects = script.wake();
        }
    }
    assert_eq!(ranged, [true, true, true, false, true, true, true, true]);
}

#[test]
fn what_does_not_fit_is_refused_beforehand() {
    let (mut script, _) = begin(Config { cap: Some(SIZE - 1), ..config() });
    let effects = script.head(1, part(0, SIZE, SIZE));
    assert_eq!(effects[0], Effect::Cancel(1));
    assert_eq!(settled(&effects).as_ref().unwrap_err().kind, Kind::TooLarge);
    let (mut script, _) = begin(config());
    let effects = script.head(1, part(0, 1 << 53, (1 << 53) + 1));
    assert_eq!(settled(&effects).as_ref().unwrap_err().kind, Kind::TooLarge);
}

#[test]
fn an_empty_file_needs_no_body() {
    let (mut script, _) = begin(config());
    let empty = Head { content_range: Some("bytes */0".into()), ..status(416) };
    let effects = script.head(1, empty);
    assert_eq!(effects, [Effect::Cancel(1), Effect::Prepare { total: Some(0), exact: true }]);
    assert_eq!(script.input(Input::Prepared(Ok(()))), [finish(0, false)]);
    assert_eq!(settled(&script.input(Input::Finished(Ok(None)))).as_ref().unwrap().size, 0);
}

#[test]
fn a_changed_resource_is_started_again_once() {
    let mut script = Script::running(config());
    for round in 0..2 {
        let id = script.machine.requests.next_id();
        script.input(Input::Data(id - 1, 4 * MIB + 1));
        script.input(Input::Lost(id - 1, "network error".into()));
        assert!(script.wake().contains(&send(id, Some((SIZE * 3 / 4 + 1, Some(SIZE))))));
        let effects = script.head(id, part(SIZE * 3 / 4 + 1, SIZE + 5, SIZE + 5));
        let discard = effects.iter().position(|it| *it == Effect::Discard).expect("it changed");
        assert_eq!(effects[discard + 1], Effect::Forget);
        if round == 0 {
            assert_eq!(effects[discard + 2], send(id + 1, Some((0, None))));
            assert_eq!(script.machine.progress(script.now).confirmed, 0);
            script.head(id + 1, part(0, SIZE, SIZE));
            script.input(Input::Prepared(Ok(())));
            script.head(id + 2, part(SIZE / 2, SIZE, SIZE));
        } else {
            assert_eq!(settled(&effects).as_ref().unwrap_err().kind, Kind::ResourceChanged);
        }
    }
}

#[test]
fn an_earlier_visits_pieces_are_not_asked_for_again() {
    let (mut script, _) = begin(Config { conditional: true, ..config() });
    let effects = script.head(1, part(0, SIZE, SIZE));
    let Effect::Save(record) = &effects[0] else { panic!("{effects:?}") };
    let restored = Restored { record: (**record).clone(), pieces: vec![0, 2] };
    let machine = Download::new(Config { conditional: true, ..config() });
    let mut script = Script { machine, now: Instant(0) };
    let range = ByteRange::until(4 * MIB, 8 * MIB);
    let if_match = Some("\"a\"".to_owned());
    let effects = script.input(Input::Start(Some(Box::new(restored))));
    assert_eq!(effects, [Effect::Send { id: 1, range, if_match }]);
    assert_eq!(script.machine.pieces(), [2, 1, 2, 0]);
    script.head(1, part(4 * MIB, 8 * MIB, SIZE));
    let effects = script.input(Input::Prepared(Ok(())));
    assert!(matches!(effects[1], Effect::Send { range, .. } if range == ByteRange::until(12 * MIB, SIZE)));
    assert_eq!(script.machine.progress(script.now).reused, 8 * MIB);
}

#[test]
fn a_record_without_stored_bytes_tells_no_size() {
    // Seen in the simulation: one byte of a resource without validators, lost in a crash; then the resource grew.
    let part = |first, end, total| Head { etag: None, ..part(first, end, total) };
    let (mut script, _) = begin(config());
    let effects = script.head(1, part(0, 1, 1));
    let Effect::Save(record) = &effects[0] else { panic!("{effects:?}") };
    let restored = Restored { record: (**record).clone(), pieces: vec![] };
    let mut script = Script { machine: Download::new(config()), now: Instant(0) };
    let effects = script.input(Input::Start(Some(Box::new(restored))));
    assert_eq!(effects, [Effect::Discard, Effect::Forget, send(1, Some((0, None)))]);
    script.head(1, part(0, SIZE, SIZE));
    script.input(Input::Prepared(Ok(())));
    assert_eq!(script.machine.progress(script.now).total, Some(SIZE));
}

#[test]
fn a_wrong_digest_is_thrown_away() {
    let md5 = Some(Digest::of(b"x"));
    let (mut script, _) = begin(Config { md5, ..config() });
    script.head(1, part(0, 1, 1));
    script.input(Input::Prepared(Ok(())));
    script.input(Input::Data(1, 1));
    assert_eq!(script.input(Input::End(1)), [finish(1, true)]);
    let effects = script.input(Input::Finished(Ok(Some(Digest::of(b"y")))));
    assert_eq!(effects[0], Effect::Discard);
    assert_eq!(settled(&effects).as_ref().unwrap_err().kind, Kind::DigestMismatch);
}

#[test]
fn a_full_disk_keeps_what_is_there() {
    let mut script = Script::running(config());
    let effects = script.input(Input::StoreFailed(StoreFailure::Quota));
    assert!(!effects.contains(&Effect::Discard) && !effects.contains(&Effect::Forget));
    assert_eq!(settled(&effects).as_ref().unwrap_err().kind, Kind::Quota);
}

#[test]
fn a_stream_longer_than_it_said_was_decoded() {
    let (mut script, _) = begin(config());
    let effects = script.head(1, Head { content_length: Some("100".into()), ..status(200) });
    assert_eq!(effects, [Effect::Prepare { total: Some(100), exact: false }]);
    script.input(Input::Prepared(Ok(())));
    script.input(Input::Data(1, 150));
    assert_eq!(script.machine.progress(script.now).total, None);
    // Ranges would count encoded bytes, so it goes on without.
    script.input(Input::Lost(1, "network error".into()));
    assert_eq!(script.wake(), [send(2, None)]);
    let effects = script.head(2, Head { content_length: Some("100".into()), ..status(200) });
    assert_eq!(
        effects,
        [Effect::Receive {
            id: 2,
            cursor: BodyCursor { skip: 0, compare: 150, at: 150, limit: None },
            bulk: false
        }]
    );
    script.input(Input::Data(2, 180));
    assert_eq!(script.input(Input::End(2)), [finish(180, false)]);
    let effects = script.input(Input::Finished(Ok(None)));
    let outcome = settled(&effects).as_ref().unwrap();
    assert_eq!((outcome.size, outcome.mode), (180, Mode::Whole));
}

#[test]
fn an_end_that_only_a_length_told_needs_a_body_that_ends() {
    // Content-Range is hidden: 5 bytes may be the first 5 of a capped answer, or the length before decoding.
    let blind = || Head { content_length: Some("5".into()), ..status(206) };
    let (mut script, _) = begin(config());
    script.head(1, blind());
    script.input(Input::Prepared(Ok(())));
    script.input(Input::Data(1, 5));
    assert_eq!(script.input(Input::End(1)), [send(2, Some((4, None)))]);
    script.head(2, Head { content_length: Some("1".into()), ..status(206) });
    script.input(Input::Data(2, 1));
    // No end: it says nothing about what follows, and is asked again.
    assert_eq!(script.wake(), [Effect::Cancel(2)]);
    assert_eq!(script.wake(), [send(3, Some((4, None)))]);
    script.head(3, Head { content_length: Some("1".into()), ..status(206) });
    script.input(Input::Data(3, 1));
    assert_eq!(script.input(Input::End(3)), [finish(5, false)]);
}

#[test]
fn a_body_that_may_be_of_another_version_is_read_to_its_end() {
    let untagged = |first, end| Head { etag: None, ..part(first, end, SIZE) };
    let at_the_end = || {
        let (mut script, _) = begin(Config { concurrency: Concurrency::Fixed(1), ..config() });
        script.head(1, untagged(0, SIZE));
        script.input(Input::Prepared(Ok(())));
        script.input(Input::Lost(1, "network error".into()));
        script.wake();
        // Nothing tells the version, and nothing the size.
        script.head(2, status(200));
        script.input(Input::Data(2, SIZE));
        script
    };
    let finish = finish(SIZE, false);
    assert_eq!(at_the_end().input(Input::End(2)), [finish]);
    assert!(at_the_end().input(Input::Excess(2)).contains(&Effect::Discard));
    let mut script = at_the_end();
    script.input(Input::Lost(2, "network error".into()));
    assert_eq!(script.wake(), [send(3, Some((SIZE - 1, None)))]);
}

#[test]
fn without_validators_bytes_are_compared() {
    let untagged = |first, end| Head { etag: None, ..part(first, end, SIZE) };
    let (mut script, _) = begin(Config { min_split: 8 * MIB, ..config() });
    script.head(1, untagged(0, SIZE));
    script.input(Input::Prepared(Ok(())));
    let effects = script.head(2, untagged(SIZE / 2, SIZE));
    assert!(matches!(&effects[0], Effect::Save(record) if record.seams == [SIZE / 2]), "{effects:?}");
    script.input(Input::Data(1, MIB));
    script.input(Input::Lost(1, "network error".into()));
    // What is continued overlaps.
    let overlap = 16 << 10;
    assert_eq!(script.wake(), [send(3, Some((MIB - overlap, Some(SIZE / 2))))]);
    let effects = script.head(3, untagged(MIB - overlap, SIZE / 2));
    let receive = Effect::Receive {
        id: 3,
        cursor: BodyCursor { skip: 0, compare: overlap, at: MIB, limit: Some(SIZE / 2) },
        bulk: false,
    };
    assert_eq!(effects, [receive]);
    script.input(Input::Data(3, overlap));
    script.input(Input::Data(3, 7 * MIB));
    script.input(Input::End(3));
    script.input(Input::Data(2, SIZE / 2));
    // Where two bodies meet, both sides are compared with one.
    let (from, to) = (SIZE / 2 - overlap, SIZE / 2 + overlap);
    assert_eq!(script.input(Input::End(2)), [send(4, Some((from, Some(to))))]);
    let receive = Effect::Receive {
        id: 4,
        cursor: BodyCursor { skip: 0, compare: 2 * overlap, at: to, limit: Some(to) },
        bulk: false,
    };
    assert_eq!(script.head(4, untagged(from, to)), [receive]);
    script.input(Input::Data(4, 2 * overlap));
    assert_eq!(script.input(Input::End(4)), [finish(SIZE, false)]);
}

#[test]
fn a_record_keeps_up_after_ranges_are_given_up() {
    let untagged = |first, end| Head { etag: None, ..part(first, end, SIZE) };
    let (mut script, _) = begin(Config { concurrency: Concurrency::Fixed(3), ..config() });
    script.head(1, untagged(0, SIZE));
    script.input(Input::Prepared(Ok(())));
    script.head(2, Head { content_length: Some("5".into()), ..untagged(SIZE / 2, SIZE) });
    let effects = script.head(3, untagged(SIZE / 4, SIZE / 2));
    assert!(matches!(&effects[0], Effect::Save(record) if record.seams == [SIZE / 4]), "{effects:?}");
}

#[test]
fn every_input_is_taken_in_every_state() {
    let inputs = || {
        let mut all = vec![Input::Start(None), Input::Pause, Input::Resume, Input::Wake];
        for id in [0, 1, 2, 99] {
            all.extend([
                Input::Head(id, Box::new(part(0, 5, 5))),
                Input::Data(id, u64::MAX),
                Input::Excess(id),
                Input::End(id),
                Input::Lost(id, String::new().into()),
                Input::Differs(id),
            ]);
        }
        let result = || Err(StoreFailure::Other("".into()));
        all.extend([
            Input::Prepared(Ok(())),
            Input::Headers(Ok(())),
            Input::Url(Ok(())),
            Input::Finished(Ok(None)),
            Input::Online(false),
            Input::Online(true),
            Input::Finished(result()),
            Input::Headers(Err("".into())),
            Input::Url(Err("".into())),
            Input::StoreFailed(StoreFailure::Quota),
            Input::Abort,
        ]);
        all
    };
    for first in inputs() {
        for second in inputs() {
            let mut script = Script::running(config());
            script.input(first.clone());
            script.input(second);
            let (mut script, _) = begin(config());
            script.input(first.clone());
        }
    }
}

#[test]
fn a_body_that_will_soon_be_here_is_not_shared_out() {
    let (mut script, _) = begin(Config { min_gain: 2_000, ..config() });
    script.head(1, part(0, SIZE, SIZE));
    let effects = script.input(Input::Prepared(Ok(())));
    assert!(
        !effects.iter().any(|effect| matches!(effect, Effect::Send { .. })),
        "nothing is known of the speed yet"
    );
    script.now = Instant(500);
    let effects = script.input(Input::Data(1, 1 << 20));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Send { .. })), "2 MiB/s: {effects:?}");

    let (mut script, _) = begin(Config { min_gain: 2_000, ..config() });
    script.head(1, part(0, SIZE, SIZE));
    script.input(Input::Prepared(Ok(())));
    script.now = Instant(300);
    let effects = script.input(Input::Data(1, 5 << 20));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Send { .. })), "17 MiB/s: {effects:?}");
}

#[test]
fn only_a_long_delay_counts_as_sleep() {
    let failed = |late: u64| {
        let retry = Policy { budget: 30_000, base: 1, cap: 1 };
        let (mut script, _) = begin(Config { retry, ..config() });
        for id in 1..=5 {
            script.input(Input::Lost(id, "no network".into()));
            script.now = script.machine.poll_timeout().unwrap_or(script.now) + late;
            script.input(Input::Wake);
        }
        script.machine.state(script.now) == State::Failed
    };
    assert!(failed(9_000), "a busy page is charged");
    assert!(!failed(11_000), "a device that slept is not");
}

#[test]
fn a_network_that_is_gone_without_a_word_is_probed_every_2_s() {
    let mut script = Script::running(config());
    for id in [1, 2] {
        script.input(Input::Lost(id, "gone".into()));
    }
    let mut longest = 0;
    for _ in 0..100 {
        let before = script.now;
        let effects = script.wake();
        longest = longest.max(script.now.since(before));
        for effect in effects {
            if let Effect::Send { id, .. } = effect {
                script.input(Input::Lost(id, "net::ERR_INTERNET_DISCONNECTED".into()));
            }
        }
        if script.state().is_final() {
            break;
        }
    }
    assert!(!script.state().is_final() && longest <= 2_000, "{longest} ms, {:?}", script.state());
}

#[test]
fn bodies_that_do_not_end_hold_up_the_next_requests() {
    let capped = |n: u64| part((n - 1) * MIB, n * MIB, SIZE);
    let (mut script, _) = begin(Config { concurrency: Concurrency::Fixed(1), ..config() });
    script.head(1, capped(1));
    script.input(Input::Prepared(Ok(())));
    // Every byte announced is here, and the body's end is not: one more request may go beside it.
    assert_eq!(script.input(Input::Data(1, MIB)), [send(2, Some((MIB, Some(SIZE))))]);
    script.head(2, capped(2));
    assert_eq!(script.input(Input::Data(2, MIB)), []);
    assert_eq!(script.input(Input::End(1)), [send(3, Some((2 * MIB, Some(SIZE))))]);
    script.head(3, capped(3));
    assert_eq!(script.input(Input::Data(3, MIB)), []);
    // Nor for ever: the end is waited for 2 s.
    assert_eq!(script.wake(), [Effect::Cancel(2), Effect::Cancel(3), send(4, Some((3 * MIB, Some(SIZE))))]);
}

#[test]
fn what_is_there_from_the_start_is_hashed_while_the_rest_comes() {
    let config = Config { ahead: 4 * MIB, md5: Some(Digest([7; 16])), min_split: 8 * MIB, ..config() };
    let mut script = Script::running(config);
    // The second half is no beginning.
    assert_eq!(script.input(Input::Data(2, 6 * MIB)), []);
    assert_eq!(script.input(Input::Data(1, 4 * MIB - 1)), []);
    assert_eq!(script.input(Input::Data(1, 2)), [Effect::Hash(4 * MIB)]);
    assert_eq!(script.input(Input::Data(1, 3 * MIB)), []);
    // With the first half all there, it goes on to the last whole piece.
    let effects = script.input(Input::Data(1, MIB - 1));
    assert!(effects.contains(&Effect::Hash(12 * MIB)), "{effects:?}");
    let effects = script.input(Input::Data(2, 2 * MIB));
    assert_eq!(effects[0], Effect::Hash(16 * MIB));
    script.input(Input::End(2));
    script.input(Input::Finished(Ok(Some(Digest([7; 16])))));
    assert_eq!(script.state(), State::Done);

    let mut script = Script::running(Config { ahead: 4 * MIB, min_split: 8 * MIB, ..self::config() });
    assert_eq!(script.input(Input::Data(1, 6 * MIB)), [], "nobody wants a digest");
}

#[test]
fn what_can_never_be_sent_ends_the_download_at_once() {
    for cause in [Cause::Unsendable, Cause::Page, Cause::Policy] {
        let (mut script, _) = begin(Config { address: "https://u:pw@h/f?sig=secret".into(), ..config() });
        let effects = script.input(Input::Lost(1, Loss::new(cause, "headers() failed")));
        let error = settled(&effects).as_ref().unwrap_err();
        assert_eq!((error.kind, error.cause), (Kind::Rejected, Some(cause)));
        assert!(error.message().contains("https://h/f") && !error.message().contains("secret"), "{error}");
    }
    let (mut script, _) = begin(config());
    script.input(Input::Online(false));
    script.input(Input::Lost(1, Loss::new(Cause::Page, "headers() failed")));
    assert_eq!(script.machine.state(script.now), State::Waiting);
}

#[test]
fn what_was_found_out_is_said_while_it_waits_and_at_the_end() {
    let (mut script, _) = begin(config());
    let mut effects = script.input(Input::Lost(1, Loss::new(Cause::Cors, "Failed to fetch")));
    for id in 2.. {
        if let Some(Effect::Settle(result)) = effects.last() {
            let error = result.as_ref().unwrap_err();
            assert_eq!((error.kind, error.cause), (Kind::Network, Some(Cause::Cors)));
            assert!(error.message().contains("Access-Control-Allow-Origin"), "{error}");
            break;
        }
        let trouble = script.machine.progress(script.now).trouble;
        assert_eq!(trouble.and_then(|trouble| trouble.cause), Some(Cause::Cors));
        script.wake();
        effects = script.input(Input::Lost(id, "Failed to fetch".into()));
    }
}

#[test]
fn the_media_type_comes_with_the_finish() {
    // With `resume: false`, and for a whole answer, nothing else is told of it.
    let (mut script, _) = begin(Config { remember: false, ..config() });
    script.head(
        1,
        Head {
            status: 200,
            content_length: Some(SIZE.to_string()),
            content_type: Some("Video/MP4; codecs=av1".into()),
            ..Head::default()
        },
    );
    script.input(Input::Prepared(Ok(())));
    script.input(Input::Data(1, SIZE));
    let content_type = Some("video/mp4".into());
    assert_eq!(script.input(Input::End(1)), [Effect::Finish { total: SIZE, hash: false, content_type }]);
}

#[test]
fn a_login_page_before_a_resource_that_was_there_is_borne_for_the_budget_of_time() {
    let (mut script, _) = begin(Config { concurrency: Concurrency::Fixed(1), ..config() });
    let typed = |kind: &str| Head { content_type: Some(kind.into()), ..part(0, SIZE, SIZE) };
    script.head(1, typed("video/mp4"));
    script.input(Input::Prepared(Ok(())));
    script.input(Input::Data(1, MIB));
    let begun = script.now;
    let mut effects = script.input(Input::Lost(1, "gone".into()));
    for tries in 0.. {
        match effects.last() {
            Some(Effect::Send { id, range, .. }) => {
                assert!(range.is_some(), "ranges are not given up for a page that is in the way");
                effects = script.head(*id, typed("text/html"));
            }
            Some(Effect::Settle(result)) => {
                let error = result.as_ref().unwrap_err();
                assert_eq!((error.kind, error.status), (Kind::Server, Some(206)));
                assert!(tries > 20 && script.now.since(begun) >= 590_000, "{tries} tries: {error}");
                return;
            }
            _ => effects = script.wake(),
        }
    }
}
