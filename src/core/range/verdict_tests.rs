//! One test for each row of the table of answers.

use super::*;

const A: &str = "\"a\"";
const OLD: &str = "Mon, 06 Jan 2025 10:00:00 GMT";
const NEWER: &str = "Tue, 07 Jan 2025 10:00:00 GMT";
const NOW: Millis = 1_800_000_000_000;

fn asked(first: u64, last: Option<u64>) -> Asked {
    Asked { range: Some(ByteRange { first, last }), conditional: false }
}

fn plain() -> Asked {
    Asked { range: None, conditional: false }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn head(status: u16, range: &str, length: &str) -> Head {
    Head { status, content_range: some(range), content_length: some(length), ..Head::default() }
}

/// A version whose date, if it has one, is long past.
fn version(etag: &str, modified: &str) -> Validators {
    let head =
        Head { etag: some(etag), last_modified: some(modified), modified_at: Some(0), ..Head::default() };
    Validators::of(&head, NOW)
}

fn tagged(head: Head, etag: &str) -> Head {
    Head { etag: some(etag), ..head }
}

/// Judges as the first answer.
fn first(asked: Asked, head: Head) -> Verdict {
    verdict(&asked, None, &head, NOW)
}

/// Judges with 1000 bytes of version `"a"` known, a zip.
fn later(asked: Asked, head: Head) -> Verdict {
    known(asked, head, Some(1000), version(A, ""), false)
}

fn known(asked: Asked, head: Head, total: Option<u64>, validators: Validators, complete: bool) -> Verdict {
    let known = Known {
        total,
        end_proven: true,
        validators: &validators,
        content_type: Some("application/zip"),
        complete,
    };
    verdict(&asked, Some(&known), &head, NOW)
}

fn part(start: u64, end: u64, total: Option<u64>, blind: bool, proven: bool) -> Verdict {
    Verdict::Part { start, end: Some(end), total, blind, proven }
}

#[test]
fn p1_a_probe_answered_in_full() {
    let verdict = first(asked(0, None), head(206, "bytes 0-999/1000", "1000"));
    assert_eq!(verdict, part(0, 1000, Some(1000), false, true));
}

#[test]
fn p2_content_range_hidden() {
    assert_eq!(first(asked(0, None), head(206, "", "1000")), part(0, 1000, None, true, true));
    assert_eq!(
        first(asked(0, None), head(206, "", "")),
        Verdict::Part { start: 0, end: None, total: None, blind: true, proven: true }
    );
    assert_eq!(
        later(asked(500, Some(599)), tagged(head(206, "", "100"), A)),
        part(500, 600, None, true, true)
    );
    // The end is clipped where it lies behind the resource's.
    assert_eq!(
        later(asked(900, Some(1999)), tagged(head(206, "", "100"), A)),
        part(900, 1000, None, true, true)
    );
    // Or the server ignores the end.
    assert_eq!(
        later(asked(500, Some(599)), tagged(head(206, "", "500"), A)),
        part(500, 1000, None, true, true)
    );
    for length in ["99", "101", "1000"] {
        assert!(matches!(later(asked(500, Some(599)), head(206, "", length)), Verdict::Reject(_)));
    }
    assert!(matches!(first(asked(0, None), head(206, "", "0")), Verdict::Reject(_)));
}

#[test]
fn p2_nothing_blind_lies_behind_a_known_end() {
    // An open range's length tells an end, which is known already.
    let open = |length| later(asked(500, None), tagged(head(206, "", length), A));
    assert_eq!(open("500"), part(500, 1000, None, true, true));
    assert_eq!(open("100"), part(500, 600, None, true, true));
    assert!(matches!(open("501"), Verdict::Changed(_)));
    assert_eq!(open(""), part(500, 1000, None, true, true));
    let clipped = later(asked(500, Some(1999)), tagged(head(206, "", ""), A));
    assert_eq!(clipped, part(500, 1000, None, true, true));
    // Where the end was only derived, this is what it is asked for.
    let validators = version(A, "");
    let known = Known {
        total: Some(1000),
        end_proven: false,
        validators: &validators,
        content_type: None,
        complete: true,
    };
    let longer = verdict(&asked(999, None), Some(&known), &tagged(head(206, "", "501"), A), NOW);
    assert_eq!(longer, part(999, 1500, None, true, true));
}

#[test]
fn p3_total_unknown_to_the_server() {
    assert_eq!(first(asked(0, None), head(206, "bytes 0-99/*", "100")), part(0, 100, None, false, true));
    let tagless = Validators::default();
    let verdict = known(asked(100, None), head(206, "bytes 100-149/150", "50"), None, tagless, false);
    assert_eq!(verdict, part(100, 150, Some(150), false, false));
}

#[test]
fn p4_a_whole_answer_to_the_probe() {
    let whole = |length| Verdict::Whole { length, proven: true };
    assert_eq!(first(asked(0, None), head(200, "", "1000")), whole(Some(1000)));
    assert_eq!(first(asked(0, None), head(200, "", "1, 1")), whole(None));
    assert_eq!(first(plain(), head(200, "", "")), whole(None));
    let zipped = Head { content_encoding: some("gzip"), ..head(200, "", "1000") };
    assert_eq!(first(plain(), zipped), whole(None));
}

#[test]
fn p5_unsatisfiable_at_the_start() {
    assert_eq!(first(asked(0, None), head(416, "bytes */0", "")), Verdict::End { total: 0, proven: true });
    assert!(matches!(first(asked(0, None), head(416, "", "")), Verdict::Plain(_)));
    assert!(matches!(first(asked(0, None), head(416, "bytes */9", "")), Verdict::Plain(_)));
    assert_eq!(first(plain(), head(416, "", "")), Verdict::Refused);
}

#[test]
fn p6_no_representation() {
    for status in [204, 205, 304] {
        assert!(matches!(first(asked(0, None), head(status, "", "")), Verdict::Broken(_)));
    }
    assert!(matches!(later(asked(5, None), head(304, "", "")), Verdict::Changed(_)));
}

#[test]
fn p9_encoded_or_lengths_that_do_not_fit() {
    let zipped = Head { content_encoding: some("br"), ..head(206, "bytes 0-999/1000", "1000") };
    assert!(matches!(first(asked(0, None), zipped), Verdict::Plain(_)));
    let identity = Head { content_encoding: some(" Identity"), ..head(206, "bytes 0-999/1000", "1000") };
    assert_eq!(first(asked(0, None), identity), part(0, 1000, Some(1000), false, true));
    assert!(matches!(first(asked(0, None), head(206, "bytes 0-999/1000", "400")), Verdict::Plain(_)));
    // A proven 200 of another length is encoded behind a hidden header.
    let odd = tagged(head(200, "", "400"), A);
    assert_eq!(later(asked(5, None), odd), Verdict::Whole { length: None, proven: true });
}

#[test]
fn b1_b2_b4_b7_parts_that_hold_what_was_asked() {
    for (range, start, end) in [
        ("bytes 500-599/1000", 500, 600),
        ("bytes 448-599/1000", 448, 600),
        ("bytes 500-519/1000", 500, 520),
        ("bytes 500-999/1000", 500, 1000),
        ("bytes 0-999/1000", 0, 1000),
    ] {
        let verdict = later(asked(500, Some(599)), tagged(head(206, range, ""), A));
        assert_eq!(verdict, part(start, end, Some(1000), false, true), "{range}");
    }
}

#[test]
fn b3_parts_that_must_not_be_combined() {
    for range in [
        "bytes 501-599/1000",
        "bytes 600-699/1000",
        "bytes 0-499/1000",
        "items 500-599/1000",
        "bytes 500-499/1000",
        "bytes 500-599/599",
        "bytes */1000",
        "nonsense",
    ] {
        let verdict = later(asked(500, Some(599)), tagged(head(206, range, ""), A));
        assert!(matches!(verdict, Verdict::Reject(_)), "{range}: {verdict:?}");
    }
    assert!(matches!(first(plain(), head(206, "bytes 0-999/1000", "")), Verdict::Reject(_)));
}

#[test]
fn b5_another_total() {
    for range in ["bytes 500-599/1001", "bytes 500-599/900", "bytes 500-1000/*"] {
        let verdict = later(asked(500, None), tagged(head(206, range, ""), A));
        assert!(matches!(verdict, Verdict::Changed(_)), "{range}: {verdict:?}");
    }
}

#[test]
fn b9_whole_in_the_middle() {
    let conditional = Asked { conditional: true, ..asked(500, None) };
    assert_eq!(later(conditional, tagged(head(200, "", "1000"), A)), Verdict::Unconditional);
    assert_eq!(
        later(asked(500, None), tagged(head(200, "", "1000"), A)),
        Verdict::Whole { length: Some(1000), proven: true }
    );
    assert_eq!(
        later(asked(500, None), head(200, "", "1000")),
        Verdict::Whole { length: Some(1000), proven: false }
    );
    assert!(matches!(later(asked(500, None), head(200, "", "999")), Verdict::Changed(_)));
    assert!(matches!(later(conditional, tagged(head(200, "", "1000"), "\"b\"")), Verdict::Doubtful { .. }));
    let dated = version(A, OLD);
    let newer = Head { last_modified: some(NEWER), ..tagged(head(200, "", "1000"), "\"b\"") };
    assert!(matches!(known(conditional, newer, Some(1000), dated, false), Verdict::Changed(_)));
}

#[test]
fn b10_b16_multipart_and_html() {
    let multipart = |verdict: fn(Asked, Head) -> Verdict| {
        let head = head(206, "", "1000");
        verdict(asked(0, None), Head { content_type: some("Multipart/ByteRanges; boundary=x"), ..head })
    };
    assert!(matches!(multipart(first), Verdict::Reject(_)));
    assert!(matches!(multipart(later), Verdict::Reject(_)));
    for status in [200, 206] {
        let page = Head { content_type: some("text/html; charset=utf-8"), ..head(status, "", "1000") };
        assert_eq!(later(asked(0, None), page.clone()), Verdict::Stray);
        // A page may well be what is being downloaded.
        assert!(!matches!(first(asked(0, None), page), Verdict::Reject(_) | Verdict::Stray));
    }
}

#[test]
fn b11_unsatisfiable_in_the_middle() {
    assert!(matches!(later(asked(500, None), head(416, "bytes */400", "")), Verdict::Changed(_)));
    assert!(matches!(later(asked(500, None), head(416, "", "")), Verdict::Changed(_)));
    assert!(matches!(later(asked(500, None), head(416, "bytes */1000", "")), Verdict::Reject(_)));
    let all = |range| known(asked(900, None), head(416, range, ""), Some(1000), Validators::default(), true);
    assert_eq!(all("bytes */1000"), Verdict::End { total: 1000, proven: false });
    assert!(matches!(all(""), Verdict::Reject(_)));
    assert!(matches!(all("bytes */999"), Verdict::Changed(_)));
    let open = |range| known(asked(500, None), head(416, range, ""), None, Validators::default(), false);
    assert_eq!(open("bytes */500"), Verdict::End { total: 500, proven: false });
    assert_eq!(open(""), Verdict::End { total: 500, proven: false });
    assert!(matches!(open("bytes */499"), Verdict::Changed(_)));
    assert!(matches!(open("bytes */501"), Verdict::Reject(_)));
}

#[test]
fn b12_precondition_failed() {
    let conditional = Asked { conditional: true, ..asked(500, None) };
    assert_eq!(later(conditional, head(412, "", "")), Verdict::Unconditional);
    assert!(matches!(later(asked(500, None), head(412, "", "")), Verdict::Changed(_)));
    assert_eq!(first(asked(0, None), head(412, "", "")), Verdict::Refused);
}

#[test]
fn b13_b14_b15_other_statuses() {
    assert_eq!(later(asked(5, None), head(401, "", "")), Verdict::Unauthorized);
    for status in [403, 404, 410] {
        assert_eq!(later(asked(5, None), head(status, "", "")), Verdict::Gone);
    }
    for (status, fewer) in
        [(408, false), (425, false), (429, true), (500, false), (502, false), (503, true), (504, false)]
    {
        let head = Head { retry_after: Some(7), ..head(status, "", "") };
        assert_eq!(later(asked(5, None), head), Verdict::Later { after: Some(7), fewer });
    }
    for status in [400, 405, 451] {
        assert_eq!(later(asked(5, None), head(status, "", "")), Verdict::Refused);
    }
    for status in [0, 100, 201, 301, 501, 505, 999] {
        assert!(matches!(later(asked(5, None), head(status, "", "")), Verdict::Broken(_)), "{status}");
    }
}

#[test]
fn v_versions() {
    let range = "bytes 500-599/1000";
    let ask = asked(500, Some(599));
    assert_eq!(later(ask, tagged(head(206, range, ""), A)), part(500, 600, Some(1000), false, true));
    assert_eq!(later(ask, head(206, range, "")), part(500, 600, Some(1000), false, false));
    assert_eq!(
        later(ask, tagged(head(206, range, ""), "\"b\"")),
        Verdict::Doubtful { etag: "\"b\"".to_owned() }
    );
    let dated = version("", OLD);
    let newer = Head { last_modified: some(NEWER), ..head(206, range, "") };
    assert!(matches!(known(ask, newer, Some(1000), dated, false), Verdict::Changed(_)));
}
