//! Sinks that take bytes as fast as they like, and such that can give none back.

use super::*;

#[test]
fn a_sink_that_takes_no_more_is_no_server_that_brings_nothing() {
    let mut script = Script::running(Config { stall_timeout: 30_000, ..config() });
    script.input(Input::Data(1, MIB));
    assert_eq!(script.input(Input::Full(true)), []);
    assert_eq!(script.machine.poll_timeout(), None, "nothing is given up meanwhile");
    script.now = Instant(script.now.0 + 3_600_000);
    assert_eq!(script.input(Input::Wake), []);
    assert_eq!(script.input(Input::Full(false)), []);
    // From here on its time counts as before.
    let at = script.machine.poll_timeout().expect("it is watched");
    assert_eq!(at.since(script.now), 30_000);
    let effects = script.wake();
    assert!(effects.contains(&Effect::Cancel(1)), "{effects:?}");
}

#[test]
fn while_the_sink_takes_no_more_nothing_is_asked_for() {
    let mut script = Script::running(config());
    script.input(Input::Full(true));
    let lost = script.input(Input::Lost(1, "gone".into()));
    assert!(!lost.iter().any(|effect| matches!(effect, Effect::Send { .. })), "{lost:?}");
    script.now = Instant(script.now.0 + 60_000);
    let effects = script.input(Input::Full(false));
    assert!(effects.contains(&send(3, Some((0, Some(SIZE / 2))))), "{effects:?}");
}

#[test]
fn what_was_handed_on_is_not_begun_again() {
    let one = Config { concurrency: Concurrency::Fixed(1), discards: false, ..config() };
    for bytes in [0, MIB] {
        let (mut script, _) = begin(one.clone());
        script.head(1, part(0, SIZE, SIZE));
        script.input(Input::Prepared(Ok(())));
        script.input(Input::Data(1, bytes));
        script.input(Input::Lost(1, "gone".into()));
        script.wake();
        let other = Head { etag: Some("\"b\"".into()), ..part(bytes, SIZE, SIZE) };
        let mut effects = script.head(2, other.clone());
        for id in 3..9 {
            if !matches!(effects.last(), Some(Effect::Send { .. })) {
                break;
            }
            effects = script.head(id, other.clone());
        }
        if bytes == 0 {
            assert!(!effects.iter().any(|effect| matches!(effect, Effect::Settle(_))), "{effects:?}");
        } else {
            let error = settled(&effects).as_ref().unwrap_err();
            assert_eq!(error.kind, Kind::ResourceChanged, "{error}");
            assert!(!effects.contains(&Effect::Discard), "{effects:?}");
        }
    }
}
