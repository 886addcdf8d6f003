//! Heads that no honest server sends: whatever they say, the verdict keeps to what was asked and to what is known.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const NOW: Millis = 1_800_000_000_000;

const STATUSES: &[u16] = &[
    0, 100, 200, 200, 200, 203, 204, 206, 206, 206, 206, 206, 206, 301, 304, 400, 401, 403, 404, 408, 412,
    416, 416, 429, 500, 503, 999, 65535,
];
const RANGES: &[&str] = &[
    "",
    "bytes 0-999/1000",
    "bytes 0-0/1",
    "bytes 500-599/1000",
    "bytes 500-999/1000",
    "bytes 448-519/1000",
    "bytes 501-599/1000",
    "bytes 0-499/1000",
    "bytes 500-1999/2000",
    "bytes 500-599/*",
    "bytes 500-1000/*",
    "bytes 0-18446744073709551614/*",
    "bytes 0-18446744073709551614/18446744073709551615",
    "bytes 500-18446744073709551614/*",
    "bytes 500-18446744073709551615/*",
    "bytes 18446744073709551614-18446744073709551614/*",
    "bytes 599-500/1000",
    "bytes 500-599/599",
    "bytes 500-599/600",
    "bytes */1000",
    "bytes */500",
    "bytes */0",
    "bytes */*",
    "bytes */18446744073709551615",
    "BYTES 500-599/1000",
    "bytes  500-599/1000",
    "bytes=500-599/1000",
    "bytes 500-599/1000, bytes 700-799/1000",
    "bytes 500-599/1000\u{0}",
    "bytes 0x1f4-0x257/1000",
    "bytes ５００-５９９/１０００",
    "bytes -500--599/-1000",
    "items 500-599/1000",
    "\u{feff}bytes 500-599/1000",
    "/-*",
];
const LENGTHS: &[&str] = &[
    "",
    "0",
    "1",
    "99",
    "100",
    "101",
    "500",
    "1000",
    "1500",
    "100, 100",
    "-1",
    "+100",
    "1e3",
    "0x64",
    "18446744073709551614",
    "18446744073709551615",
    "18446744073709551616",
    "٣",
];
const CODINGS: &[&str] = &["", "", "", "gzip", "br", "identity", "IDENTITY", "gzip, br", ",", "\u{0}", " "];
const TAGS: &[&str] = &[
    "",
    "",
    "\"a\"",
    "\"a\"",
    "W/\"a\"",
    "\"b\"",
    "a",
    "\"",
    "W/",
    "\"a\"\"",
    "\"a-gzip\"",
    "\"\u{7f}\"",
    "é",
];
const DATES: &[&str] = &["", "", "Mon, 06 Jan 2025 10:00:00 GMT", "Tue, 07 Jan 2025 10:00:00 GMT", "0", "-1"];
const TYPES: &[&str] = &[
    "",
    "application/zip",
    "text/html",
    "TEXT/HTML;charset=x",
    "multipart/byteranges",
    "Multipart/ByteRanges; boundary=x",
    ";",
    "text/html, application/zip",
];
const DIGESTS: &[&str] =
    &["", "", "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:", "md5=:AAAAAAAAAAAAAAAAAAAAAA==:", "md5=::"];
const ASKED: &[Option<(u64, Option<u64>)>] = &[
    None,
    Some((0, None)),
    Some((0, Some(0))),
    Some((0, Some(999))),
    Some((500, None)),
    Some((500, Some(599))),
    Some((999, None)),
    Some((1000, None)),
    Some((u64::MAX, None)),
    Some((u64::MAX - 1, Some(u64::MAX))),
];
const TOTALS: &[Option<u64>] = &[None, Some(0), Some(1), Some(600), Some(1000), Some(1000), Some(1 << 53)];

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// What is known, without what it borrows.
#[derive(Debug, Clone)]
struct Before {
    total: Option<u64>,
    end_proven: bool,
    validators: Validators,
    complete: bool,
}

/// What must hold of any verdict.
fn check(asked: &Asked, known: Option<&Known>, head: &Head) {
    let judged = verdict(asked, known, head, NOW);
    let total = known.and_then(|known| known.total.filter(|_| known.end_proven));
    let case = || format!("{judged:?}\n{asked:?}\n{known:?}\n{head:?}");
    match &judged {
        Verdict::Part { start, end, total: told, blind, .. } => {
            let range = asked.range.unwrap_or_else(|| panic!("a part of nothing: {}", case()));
            assert_eq!(head.status, 206, "{}", case());
            assert!(*start <= range.first, "it begins behind what was asked: {}", case());
            assert!(!blind || *start == range.first, "{}", case());
            assert!(end.is_none_or(|end| end > range.first), "nothing of it was asked: {}", case());
            assert!(end.zip(*told).is_none_or(|(end, told)| end <= told), "past its own end: {}", case());
            assert!(end.zip(total).is_none_or(|(end, total)| end <= total), "past a known end: {}", case());
            assert!(told.zip(total).is_none_or(|(told, total)| told == total), "another size: {}", case());
            assert!(!head.is_encoded(), "encoded bytes have no offsets: {}", case());
            let media_type = head.media_type();
            assert_ne!(media_type.as_deref(), Some("multipart/byteranges"), "{}", case());
            assert!(known.is_none() || media_type.as_deref() != Some("text/html"), "{}", case());
        }
        Verdict::Whole { length, .. } => {
            assert!(matches!(head.status, 200 | 203), "{}", case());
            assert!(!asked.conditional || asked.range.is_none(), "{}", case());
            let fits = length.zip(total).is_none_or(|(length, total)| length == total);
            assert!(fits, "another size: {}", case());
            assert!(length.is_none() || !head.is_encoded(), "{}", case());
        }
        Verdict::End { total: told, .. } => {
            let range = asked.range.unwrap_or_else(|| panic!("the end of what? {}", case()));
            let known_total = known.and_then(|known| known.total);
            assert!(*told == known_total.unwrap_or(range.first), "an end that nobody asked of: {}", case());
        }
        Verdict::Plain(_) => assert!(asked.range.is_some(), "it was plain: {}", case()),
        Verdict::Unconditional => assert!(asked.conditional, "{}", case()),
        Verdict::Stray | Verdict::Changed(_) => assert!(known.is_some(), "{}", case()),
        Verdict::Doubtful { etag } => assert!(known.is_some() && !etag.is_empty(), "{}", case()),
        Verdict::Reject(_)
        | Verdict::Later { .. }
        | Verdict::Unauthorized
        | Verdict::Gone
        | Verdict::Refused
        | Verdict::Broken(_) => {}
    }
}

fn ask(asked: Option<(u64, Option<u64>)>, conditional: bool) -> Asked {
    Asked { range: asked.map(|(first, last)| ByteRange { first, last }), conditional }
}

fn version(etag: &str, modified: &str, digest: &str) -> Validators {
    let head = Head {
        etag: some(etag),
        last_modified: some(modified),
        modified_at: Some(0),
        repr_digest: some(digest),
        ..Head::default()
    };
    Validators::of(&head, NOW)
}

#[test]
fn any_range_with_any_length_keeps_to_what_was_asked() {
    let versions = [version("\"a\"", "", ""), version("", "", "")];
    let mut cases = 0u64;
    for status in [200, 206, 416] {
        for (range, length) in RANGES.iter().flat_map(|range| LENGTHS.iter().map(move |it| (range, it))) {
            let head = Head {
                status,
                content_range: some(range),
                content_length: some(length),
                etag: some("\"a\""),
                ..Head::default()
            };
            for asked in ASKED {
                let asked = ask(*asked, false);
                check(&asked, None, &head);
                for (total, validators) in TOTALS.iter().flat_map(|it| versions.iter().map(move |v| (it, v)))
                {
                    for (end_proven, complete) in [(true, false), (true, true), (false, false)] {
                        let known = Known {
                            total: *total,
                            end_proven,
                            validators,
                            content_type: Some("application/zip"),
                            complete,
                        };
                        check(&asked, Some(&known), &head);
                        cases += 1;
                    }
                }
            }
        }
    }
    assert!(cases > 500_000, "{cases}");
}

fn text(values: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    prop_oneof![9 => select(values).prop_map(some), 1 => any::<Option<String>>()]
}

fn any_head() -> impl Strategy<Value = Head> {
    let sizes = (text(RANGES), text(LENGTHS), text(CODINGS), text(TYPES));
    let names = (text(TAGS), text(DATES), text(DIGESTS), any::<Option<u64>>());
    (select(STATUSES), sizes, names, any::<Option<u64>>()).prop_map(|(status, sizes, names, retry_after)| {
        let (content_range, content_length, content_encoding, content_type) = sizes;
        let (etag, last_modified, repr_digest, modified_at) = names;
        Head {
            status,
            content_range,
            content_length,
            content_encoding,
            content_type,
            etag,
            last_modified,
            modified_at,
            repr_digest,
            retry_after,
            ..Head::default()
        }
    })
}

fn any_before() -> impl Strategy<Value = Before> {
    let parts = (select(TAGS), select(DATES), select(DIGESTS));
    (select(TOTALS), any::<bool>(), parts, any::<bool>()).prop_map(|(total, end_proven, it, complete)| {
        let (etag, modified, digest) = it;
        // All is there only where it is known how much that is.
        let complete = complete && total.is_some();
        Before { total, end_proven, validators: version(etag, modified, digest), complete }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_head_keeps_to_what_was_asked(
        head in any_head(),
        before in proptest::option::of(any_before()),
        asked in select(ASKED),
        conditional in any::<bool>(),
    ) {
        let known = before.as_ref().map(|before| Known {
            total: before.total,
            end_proven: before.end_proven,
            validators: &before.validators,
            content_type: Some("application/zip"),
            complete: before.complete,
        });
        check(&ask(asked, conditional && known.is_some()), known.as_ref(), &head);
    }
}
