//! Slots, the limit of a server, and what a download asks the queue for.

use super::*;

fn sends(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Send { .. })).count()
}

fn wanted(script: &Script) -> (usize, Option<usize>) {
    (script.machine.in_flight(), script.machine.demand(script.now))
}

#[test]
fn nothing_goes_out_without_a_slot() {
    let mut script = Script { machine: Download::new(config()), now: Instant(0) };
    script.input(Input::Slots(0));
    assert_eq!(wanted(&script), (0, None), "it has not begun");
    assert_eq!(script.input(Input::Start(None)), []);
    assert_eq!((script.state(), wanted(&script)), (State::Queued, (0, Some(1))));
    assert_eq!(script.machine.poll_timeout(), None);
    assert_eq!(script.input(Input::Slots(1)), [send(1, Some((0, None)))]);
    assert_eq!(script.state(), State::Negotiating);
    script.head(1, part(0, SIZE, SIZE));
    assert_eq!(sends(&script.input(Input::Prepared(Ok(())))), 1);
    script.input(Input::Data(1, MIB));
    // Without a slot all that is under way makes room, and what has come stays.
    assert_eq!(script.input(Input::Slots(0)), [Effect::Cancel(2), Effect::Cancel(1)]);
    assert_eq!(script.machine.progress(script.now).confirmed, MIB);
    assert_eq!(script.machine.poll_timeout(), None);
    assert_eq!(script.state(), State::Queued);
    assert_eq!(script.input(Input::Pause), []);
    assert_eq!((script.state(), wanted(&script)), (State::Paused, (0, None)));
    script.input(Input::Resume);
    // The number is fixed: any slot will do.
    let effects = script.input(Input::Slots(1));
    assert_eq!((sends(&effects), wanted(&script)), (1, (1, Some(1))), "the rest is one gap");
    script.head(3, part(MIB, SIZE, SIZE));
    assert_eq!(wanted(&script), (2, Some(2)));
}

#[test]
fn a_whole_answer_goes_on_without_a_slot() {
    let (mut script, _) = begin(config());
    script.head(1, Head { content_length: Some(SIZE.to_string()), ..status(200) });
    script.input(Input::Prepared(Ok(())));
    script.input(Input::Data(1, MIB));
    assert_eq!(script.input(Input::Slots(0)), [], "it could only begin from the first byte again");
    assert_eq!(wanted(&script).0, 1);
}

#[test]
fn time_in_the_queue_is_not_charged() {
    let retry = Policy { budget: 30_000, base: 1_000, cap: 1_000 };
    let (mut script, _) = begin(Config { retry, ..config() });
    script.input(Input::Lost(1, "no network".into()));
    script.input(Input::Slots(0));
    assert_eq!(script.wake(), []);
    script.now = script.now + 3_600_000;
    assert_eq!(sends(&script.input(Input::Slots(4))), 1);
    script.input(Input::Lost(2, "no network".into()));
    assert_eq!(script.state(), State::Waiting);
    assert_eq!(wanted(&script), (0, Some(1)), "it goes on with one");
}

#[test]
fn slots_and_the_servers_limit_bound_what_goodput_allows() {
    let auto = || Config { concurrency: Concurrency::Auto(4), ..config() };
    let running = |input: Option<Input>| {
        let (mut script, _) = begin(auto());
        script.head(1, part(0, SIZE, SIZE));
        if let Some(input) = input {
            script.input(input);
        }
        script.input(Input::Prepared(Ok(())));
        while let Some(id) =
            (2..9).find(|id| script.machine.requests.get(*id).is_some_and(|it| it.left.is_none()))
        {
            let range =
                script.machine.requests.get(id).and_then(|it| it.asked.range).expect("it has a range");
            script.head(id, part(range.first, range.end().expect("it has an end"), SIZE));
        }
        script
    };
    assert_eq!(wanted(&running(None)), (4, Some(4)));
    let mut script = running(Some(Input::Slots(2)));
    assert_eq!(wanted(&script), (2, Some(4)));
    assert_eq!(sends(&script.input(Input::Slots(3))), 1);
    let mut script = running(Some(Input::ServerLimit(Some(3))));
    assert_eq!(wanted(&script), (3, Some(3)));
    assert_eq!(sends(&script.input(Input::ServerLimit(None))), 1);
}

#[test]
fn what_is_wanted_is_what_the_rest_can_be_shared_out_to() {
    let auto = |min_split| Config { concurrency: Concurrency::Auto(4), min_split, ..config() };
    // Of 16 MiB in one body, halves of at least 8, of 5 and of 1 MiB.
    for (min_split, wants) in [(8 * MIB, 2), (5 * MIB, 2), (MIB, 4), (9 * MIB, 1)] {
        let (mut script, _) = begin(auto(min_split));
        script.input(Input::Slots(1));
        script.head(1, part(0, SIZE, SIZE));
        script.input(Input::Prepared(Ok(())));
        assert_eq!(wanted(&script), (1, Some(wants)), "{min_split}");
    }
    // A stream cannot be shared out, and at the end there is nothing to send.
    let (mut script, _) = begin(auto(1));
    script.head(1, Head { content_length: Some("100".into()), ..status(200) });
    script.input(Input::Prepared(Ok(())));
    assert_eq!(wanted(&script), (1, Some(1)));
    script.input(Input::Data(1, 100));
    script.input(Input::End(1));
    assert_eq!((script.state(), wanted(&script)), (State::Finishing, (0, None)));
}
