//! When ranges are read in bulk, and when no longer.

use super::*;

const BULK: Bulk = Bulk { after: 4 * MIB, pace: 64 << 10, most: 8 * MIB };

/// Goes on to where the probe's body has brought 5 MiB in 50 ms: twice as fast as it must.
fn fast(config: Config, head: Head) -> (Script, Vec<Effect>) {
    let (mut script, _) = begin(Config { bulk: Some(BULK), min_split: 1 << 40, ..config });
    script.head(1, head);
    script.input(Input::Prepared(Ok(())));
    script.now = Instant(50);
    let effects = script.input(Input::Data(1, 5 * MIB));
    (script, effects)
}

#[test]
fn on_a_fast_line_ranges_are_read_in_bulk() {
    let (mut script, effects) = fast(config(), part(0, 6 * SIZE, 6 * SIZE));
    // The first body goes on to the edge of its piece; the next ranges are whole pieces.
    assert_eq!(effects, [Effect::Limit { id: 1, end: 8 * MIB }, send(2, Some((8 * MIB, Some(16 * MIB))))]);
    let effects = script.head(2, part(8 * MIB, 16 * MIB, 6 * SIZE));
    let limit = Some(16 * MIB);
    assert_eq!(effects, [Effect::Receive { id: 2, cursor: BodyCursor::write(8 * MIB, limit), bulk: true }]);
    let effects = script.input(Input::Data(1, 3 * MIB));
    assert_eq!(effects, [Effect::Cancel(1), send(3, Some((16 * MIB, Some(24 * MIB))))]);
    assert_eq!(script.input(Input::Data(2, 8 * MIB)), [send(4, Some((24 * MIB, Some(32 * MIB))))]);
    assert_eq!(script.input(Input::End(2)), []);
    assert_eq!(script.machine.progress(script.now).confirmed, 16 * MIB);
}

#[test]
fn a_bulk_read_goes_on_without_a_slot() {
    let (mut script, _) = fast(config(), part(0, 6 * SIZE, 6 * SIZE));
    script.head(2, part(8 * MIB, 16 * MIB, 6 * SIZE));
    assert_eq!(
        script.input(Input::Slots(0)),
        [Effect::Cancel(1)],
        "what the other has brought is not here yet"
    );
    assert_eq!(script.input(Input::Data(2, 8 * MIB)), []);
    assert_eq!(script.machine.progress(script.now).confirmed, 13 * MIB);
}

#[test]
fn a_bulk_read_that_does_not_come_is_read_in_parts() {
    let (mut script, _) = fast(config(), part(0, 6 * SIZE, 6 * SIZE));
    script.head(2, part(8 * MIB, 16 * MIB, 6 * SIZE));
    script.input(Input::Data(1, 3 * MIB));
    script.head(3, part(16 * MIB, 24 * MIB, 6 * SIZE));
    script.now = Instant(2_049);
    assert_eq!(script.input(Input::Wake), []);
    script.now = Instant(2_050);
    // No failure is charged: it is asked for again at once, and this time each byte counts.
    let effects = script.input(Input::Wake);
    assert_eq!(effects[..2], [Effect::Cancel(2), Effect::Cancel(3)]);
    assert_eq!(effects[2..], [send(4, Some((8 * MIB, Some(6 * SIZE))))]);
    let effects = script.head(4, part(8 * MIB, 6 * SIZE, 6 * SIZE));
    assert!(matches!(effects[..], [Effect::Receive { bulk: false, .. }]), "{effects:?}");
    // Two failed: now it takes four times as much to be believed.
    script.now = Instant(2_060);
    assert_eq!(script.input(Input::Data(4, 15 * MIB)), []);
    let effects = script.input(Input::Data(4, MIB));
    assert_eq!(effects[..2], [Effect::Cancel(4), send(5, Some((24 * MIB, Some(32 * MIB))))]);
}

#[test]
fn a_bulk_read_that_breaks_or_is_refused_is_one_too_many() {
    for trouble in
        [Input::Lost(2, "network error".into()), Input::End(2), Input::Head(2, Box::new(status(503)))]
    {
        let (mut script, _) = fast(config(), part(0, 6 * SIZE, 6 * SIZE));
        if !matches!(trouble, Input::Head(..)) {
            script.head(2, part(8 * MIB, 16 * MIB, 6 * SIZE));
        }
        script.input(trouble);
        let effects = [script.input(Input::Data(1, 3 * MIB)), script.wake()].concat();
        assert!(effects.contains(&send(3, Some((8 * MIB, Some(6 * SIZE))))), "{effects:?}");
    }
}

#[test]
fn bulk_reads_need_speed_a_proven_version_and_an_answer_that_fits() {
    let (mut script, _) = begin(Config { bulk: Some(BULK), min_split: 1 << 40, ..config() });
    script.head(1, part(0, 6 * SIZE, 6 * SIZE));
    script.input(Input::Prepared(Ok(())));
    script.now = Instant(100);
    assert_eq!(script.input(Input::Data(1, 5 * MIB)), [], "too slow");

    let weak = Head { etag: Some("W/\"a\"".into()), ..part(0, 6 * SIZE, 6 * SIZE) };
    let (_, effects) = fast(config(), weak);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Send { id: 2, .. })), "{effects:?}");

    let (_, effects) = fast(config(), part(0, SIZE, SIZE));
    assert_eq!(effects, [Effect::Limit { id: 1, end: 8 * MIB }, send(2, Some((8 * MIB, Some(SIZE))))]);
    let (_, effects) = fast(config(), part(0, SIZE - 1, SIZE - 1));
    assert_eq!(effects, [], "the rest is too little");

    // The answer brings more than was asked for: it is read, and cut.
    let (mut script, _) = fast(config(), part(0, 6 * SIZE, 6 * SIZE));
    let effects = script.head(2, part(8 * MIB, 6 * SIZE, 6 * SIZE));
    assert!(matches!(effects[..], [Effect::Receive { bulk: false, .. }]), "{effects:?}");
}
