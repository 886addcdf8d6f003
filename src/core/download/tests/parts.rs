//! The requests in flight by themselves, and what answers and their ends say of the server.

use super::*;
use crate::core::download::answers::{GoodAnswer, Part, Reaction, end_told, request_over};
use crate::core::download::requests::{Ask, InFlight, Phase, Purpose, Requests};
use crate::core::download::server::Server;
use crate::core::download::spans::Spans;
use crate::core::download::stored::Stored;

const NOW: Instant = Instant(7);

fn ask(at: u64, limit: Option<u64>) -> Ask {
    let range = limit.map_or(Some(ByteRange::from(at)), |end| ByteRange::until(at, end));
    Ask { purpose: Purpose::Fill, range, cursor: BodyCursor::write(at, limit), bulk: false }
}

/// Requests for these bytes, the numbers from 1 on.
fn requests(asked: &[(u64, Option<u64>)]) -> Requests {
    let mut requests = Requests::new(None);
    for (at, limit) in asked {
        requests.add(ask(*at, *limit), false, NOW);
    }
    requests
}

#[test]
fn a_gap_is_what_is_neither_stored_nor_on_its_way() {
    let mut have = Spans::default();
    have.insert(0..10);
    have.insert(50..60);
    let under_way = requests(&[(10, Some(30)), (60, Some(70))]);
    assert_eq!(under_way.gap(0, &have, Some(100)), Some((30, Some(50))));
    assert_eq!(under_way.gap(50, &have, Some(100)), Some((70, Some(100))));
    assert_eq!(under_way.gap(50, &have, None), Some((70, None)));
    assert_eq!(under_way.gap(50, &have, Some(70)), None);
    // Behind a request without an end there is no gap.
    assert_eq!(requests(&[(10, Some(30)), (30, None)]).gap(0, &have, Some(100)), None);
    assert_eq!(requests(&[]).gap(0, &have, Some(100)), Some((10, Some(50))));
}

#[test]
fn only_a_body_whose_bytes_come_one_by_one_is_shared_out() {
    let mut all = requests(&[(0, Some(40)), (40, Some(90)), (90, Some(95)), (95, None)]);
    assert!(all.largest().is_none() && all.reading() == 0, "no answer yet");
    for id in 1..=4 {
        all.get(id).unwrap().phase = Phase::Body;
    }
    assert_eq!(all.largest().map(|request| request.id), Some(2));
    assert_eq!(all.divisible().collect::<Vec<_>>(), [40, 50, 5]);
    all.get(2).unwrap().bulk = true;
    all.get(1).unwrap().stream = true;
    assert_eq!(all.largest().map(|request| request.id), Some(3));
    all.get(3).unwrap().phase = Phase::Drain;
    assert_eq!((all.len(), all.busy(), all.reading()), (4, 3, 3));
    assert_eq!(all.coming(), [0..40, 40..90, 95..u64::MAX]);
}

#[test]
fn each_phase_has_its_patience() {
    let mut all = requests(&[(0, Some(10)), (10, Some(20)), (20, Some(30)), (30, Some(40))]);
    let phases = [(1, Phase::Sent), (2, Phase::Held), (3, Phase::Drain), (4, Phase::Body)];
    for (id, phase) in phases {
        all.get(id).unwrap().phase = phase;
    }
    all.get(4).unwrap().bulk = true;
    all.get(4).unwrap().moved = NOW + 1;
    assert_eq!(all.next_deadline(30_000), Some(NOW + 2_000));
    assert_eq!((all.late(30_000, NOW + 1_999), all.late(30_000, NOW + 2_000)), (vec![], vec![3]));
    assert_eq!(all.late(30_000, NOW + 2_001), [3, 4], "a bulk read that shows nothing");
    all.get(4).unwrap().pass(1, NOW + 2_000);
    assert_eq!(all.late(30_000, NOW + 29_999), [3]);
    assert_eq!(all.late(30_000, NOW + 30_000), [1, 3], "our own sink is never late");
}

#[test]
fn a_body_counts_its_bytes_by_its_cursor() {
    let cursor = BodyCursor { skip: 5, compare: 10, at: 100, limit: Some(130) };
    let mut request = InFlight::new(1, Ask { cursor, ..ask(85, Some(130)) }, false, NOW);
    assert_eq!(request.pass(9, NOW), None, "no byte is wanted before the answer");
    (request.phase, request.left) = (Phase::Body, Some(50));
    let passed = request.pass(12, NOW).unwrap();
    assert_eq!((passed.compared, passed.written), (false, 100..100));
    let passed = request.pass(23, NOW + 9).unwrap();
    assert_eq!((passed.compared, passed.written), (true, 100..120));
    let passed = request.pass(99, NOW + 9).unwrap();
    assert_eq!((passed.compared, passed.written), (false, 120..130), "never over the limit");
    assert_eq!((request.wrote, request.left, request.moved), (30, Some(0), NOW + 9));
}

fn good(server: &mut Server, request: &mut InFlight, head: &Head, part: Part) -> Reaction {
    let stored = Stored::new(10);
    GoodAnswer { head, request, server, stored: &stored, overlap: 4 }.part(part)
}

#[test]
fn what_a_part_says_of_its_body_bounds_its_cursor() {
    let config = Config::new("/f");
    let part = |start, end, total| Part { start, end, total, blind: false, proven: true };
    // (the part, what is dropped, where it ends): from 20 on is asked for, up to 60.
    let rows = [
        (part(20, Some(60), Some(100)), 0, Some(60)),
        (part(15, Some(60), Some(100)), 5, Some(60)),
        (part(20, Some(40), Some(100)), 0, Some(40)),
        (part(20, Some(80), Some(100)), 0, Some(60)),
        (part(20, Some(50), Some(50)), 0, Some(50)),
        (part(20, None, Some(100)), 0, Some(60)),
    ];
    for (part, skip, limit) in rows {
        let (mut server, mut request) =
            (Server::new(&config), InFlight::new(1, ask(20, Some(60)), false, NOW));
        assert_eq!(good(&mut server, &mut request, &Head::default(), part), Reaction::Read, "{part:?}");
        assert_eq!((request.cursor.skip, request.cursor.limit), (skip, limit), "{part:?}");
        assert_eq!((server.size(), server.is_met()), (part.total, true));
    }
    let (mut server, mut request) = (Server::new(&config), InFlight::new(1, ask(20, Some(60)), false, NOW));
    let reaction = good(&mut server, &mut request, &Head::default(), part(10, Some(20), Some(100)));
    assert!(matches!(reaction, Reaction::Unusable(..)) && !server.is_met(), "{reaction:?}");
    let none = Head { accept_ranges: Some("none".into()), ..Head::default() };
    good(&mut server, &mut request, &none, part(20, Some(60), Some(100)));
    assert_eq!(server.mode().0, Mode::Sequential);
}

#[test]
fn a_416_tells_the_end_unless_more_is_stored() {
    let (mut server, mut stored) = (Server::new(&Config::new("/f")), Stored::new(10));
    stored.insert(0..50);
    let head = status(416);
    let told =
        |server: &mut Server, stored: &mut Stored, total| end_told(server, stored, &head, total, false);
    assert!(matches!(told(&mut server, &mut stored, 49), Reaction::Changed(_)));
    assert_eq!(told(&mut server, &mut stored, 50), Reaction::GoOn);
    assert_eq!((server.size(), stored.seams()), (Some(50), &[49][..]));
}

#[test]
fn a_body_that_ends_is_good_as_far_as_it_kept_its_word() {
    let over = |change: &dyn Fn(&mut InFlight), failure: Option<Error>| {
        let mut server = Server::new(&Config::new("/f"));
        let mut request = InFlight::new(1, ask(20, Some(60)), false, NOW);
        request.phase = Phase::Body;
        change(&mut request);
        request_over(&mut server, &request, failure)
    };
    let lost = || Some(Error::lost("downloading", "network error".into()));
    let failed = |reaction: Reaction| matches!(reaction, Reaction::Failed(_, None));
    assert_eq!(over(&|it| it.wrote = 10, None), Reaction::GoOn, "less than asked for is allowed");
    assert!(failed(over(&|it| (it.wrote, it.left) = (10, Some(5)), None)), "less than announced is not");
    assert!(failed(over(&|it| it.wrote = 10, lost())));
    assert!(failed(over(&|_| {}, None)), "nothing came");
    assert!(matches!(over(&|it| it.phase = Phase::Sent, lost()), Reaction::Unanswered(_)));
    assert_eq!(over(&|it| it.phase = Phase::Drain, lost()), Reaction::GoOn, "every byte came");
    let tail = |it: &mut InFlight| (it.phase, it.purpose) = (Phase::Drain, Purpose::Tail);
    assert_eq!(over(&tail, None), Reaction::GoOn);
    assert!(failed(over(&tail, lost())), "its end was what mattered");
}
