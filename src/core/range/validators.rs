//! What identifies a version of a resource: its ETag and Last-Modified, and how two of them compare.

use std::fmt;
use std::str::FromStr;

use super::{Head, Malformed, repr_md5};
use crate::core::clock::Millis;

/// How much older than now a Last-Modified must be to count as strong, in ms: the `Date` of the answer, which
/// RFC 9110 section 8.8.2.2 wants a second behind it, is unreadable across origins, and local clocks are off.
const SETTLED: Millis = 60_000;

/// An entity tag (RFC 9110 section 8.8.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag {
    /// Whether it only says "about the same".
    pub weak: bool,
    /// The opaque part with its quotes.
    pub opaque: String,
}

impl ETag {
    /// Reads a header's value; one that breaks the grammar still tells versions apart, so it counts as a weak tag.
    pub fn lenient(value: &str) -> Option<ETag> {
        let value = value.trim_ascii();
        if value.is_empty() {
            return None;
        }
        Some(value.parse().unwrap_or_else(|_| ETag { weak: true, opaque: value.to_owned() }))
    }

    /// Writes it as a header's value.
    pub fn text(&self) -> String {
        format!("{}{}", if self.weak { "W/" } else { "" }, self.opaque)
    }

    /// Tells whether both name the same content, by the weak comparison of RFC 9110 section 8.8.3.2.
    ///
    /// Apache marks the compressed variant of a tag by `-gzip` or `;gzip`, at times also on uncompressed answers.
    pub fn resembles(&self, other: &ETag) -> bool {
        fn bare(tag: &str) -> &str {
            let tag = tag.trim_end_matches('"');
            ["-gzip", ";gzip", "--gzip"].iter().find_map(|mark| tag.strip_suffix(mark)).unwrap_or(tag)
        }
        bare(&self.opaque) == bare(&other.opaque)
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl FromStr for ETag {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<ETag, Malformed> {
        let (weak, opaque) = text.strip_prefix("W/").map_or((false, text), |rest| (true, rest));
        let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match inner {
            Some(inner) if inner.bytes().all(|b| b > b' ' && b != b'"' && b != 0x7f) => {
                Ok(ETag { weak, opaque: opaque.to_owned() })
            }
            _ => Err(Malformed("ETag")),
        }
    }
}

/// What is known of a version. The journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Validators {
    /// The ETag as the server wrote it; none where it is unreadable, or was found to change by itself.
    pub etag: Option<String>,
    /// The Last-Modified as the server wrote it.
    pub last_modified: Option<String>,
    /// The MD5 of the whole in hex, where the server told it.
    pub digest: Option<String>,
    /// Whether Last-Modified was old enough, when it was read, that no second change can hide behind it.
    pub settled: bool,
}

/// How an answer's version relates to the known one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// The same, by a strong validator.
    Proven,
    /// Nothing speaks against it, and nothing proves it: compare bytes.
    Unproven,
    /// Only the ETags differ: it changed, or the server makes up ETags (several machines, tokens). Ask again.
    Doubtful,
    /// Another version.
    Changed,
}

impl Validators {
    /// Reads the validators of `head` at the wall clock `unix_now`, in ms.
    pub fn of(head: &Head, unix_now: Millis) -> Validators {
        let last_modified =
            head.last_modified.as_deref().map(str::trim_ascii).filter(|value| !value.is_empty());
        let modified = last_modified.and(head.modified_at);
        Validators {
            etag: head.etag.as_deref().and_then(ETag::lenient).map(|tag| tag.text()),
            last_modified: last_modified.map(str::to_owned),
            digest: head.repr_digest.as_deref().and_then(repr_md5).map(|digest| digest.to_hex()),
            settled: modified.is_some_and(|modified| unix_now >= modified.saturating_add(SETTLED)),
        }
    }

    fn tag(&self) -> Option<ETag> {
        self.etag.as_deref().and_then(ETag::lenient)
    }

    /// Tells whether an answer with equal validators is proven to be of this version.
    pub fn is_strong(&self) -> bool {
        self.digest.is_some()
            || self.tag().is_some_and(|tag| !tag.weak)
            || (self.settled && self.last_modified.is_some())
    }

    /// Returns what may go into `If-Match`: a strong ETag, never a weak one, which matches nothing there
    /// (RFC 9110 section 13.1.1).
    pub fn condition(&self) -> Option<String> {
        self.tag().filter(|tag| !tag.weak && tag.opaque.starts_with('"')).map(|tag| tag.text())
    }

    /// Compares an answer's validators with these. What one side lacks says nothing: a 206 may leave out
    /// Last-Modified (RFC 9110 section 15.3.7).
    pub fn compare(&self, seen: &Validators) -> Sameness {
        let dates = self.last_modified.as_ref().zip(seen.last_modified.as_ref()).map(|(a, b)| a == b);
        match self.digest.as_ref().zip(seen.digest.as_ref()) {
            // RFC 9530 section 3: it is of the whole, even in a 206.
            Some((known, seen)) if known == seen => return Sameness::Proven,
            Some(_) => return Sameness::Changed,
            None => {}
        }
        match self.tag().zip(seen.tag()) {
            Some((known, seen)) if !known.weak && known == seen => Sameness::Proven,
            Some((known, seen)) if !known.resembles(&seen) => {
                if dates == Some(false) {
                    Sameness::Changed
                } else {
                    Sameness::Doubtful
                }
            }
            _ if dates == Some(false) => Sameness::Changed,
            _ if dates == Some(true) && self.settled => Sameness::Proven,
            _ => Sameness::Unproven,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY: &str = "Mon, 06 Jan 2025 10:00:00 GMT";
    const TUESDAY: &str = "Tue, 07 Jan 2025 10:00:00 GMT";
    const MONDAY_MS: Millis = 1_736_157_600_000;

    fn at(etag: &str, modified: &str, age: Millis) -> Validators {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let modified_at = [(MONDAY, MONDAY_MS), (TUESDAY, MONDAY_MS + 86_400_000)]
            .into_iter()
            .find_map(|(text, at)| (text == modified).then_some(at));
        let head = Head { etag: some(etag), last_modified: some(modified), modified_at, ..Head::default() };
        Validators::of(&head, MONDAY_MS + age)
    }

    #[test]
    fn tags_are_read_strictly_and_kept_leniently() {
        for good in ["\"\"", "\"xyzzy\"", "W/\"xyzzy\"", "\"a'b,c\"", "\"é\""] {
            assert_eq!(good.parse::<ETag>().unwrap().to_string(), good);
        }
        for bad in ["", "xyzzy", "\"", "w/\"x\"", "W/x", "\"a\"b\"", "\"a b\"", "\"a\n\"", "\"a\u{7f}\""] {
            assert!(bad.parse::<ETag>().is_err(), "{bad}");
        }
        assert_eq!(ETag::lenient(" "), None);
        assert!(ETag::lenient("abc").unwrap().weak);
    }

    #[test]
    fn v1_strong_tags_prove_or_raise_doubt() {
        assert_eq!(at("\"a\"", "", 0).compare(&at("\"a\"", "", 0)), Sameness::Proven);
        assert_eq!(at("\"a\"", MONDAY, 0).compare(&at("\"a\"", TUESDAY, 0)), Sameness::Proven);
        assert_eq!(at("\"a\"", MONDAY, 0).compare(&at("\"b\"", TUESDAY, 0)), Sameness::Changed);
        // V4: the date says the same, or nothing.
        assert_eq!(at("\"a\"", MONDAY, 0).compare(&at("\"b\"", MONDAY, 0)), Sameness::Doubtful);
        assert_eq!(at("\"a\"", "", 0).compare(&at("\"b\"", "", 0)), Sameness::Doubtful);
        assert_eq!(at("\"a\"", "", 0).compare(&at("\"a-gzip\"", "", 0)), Sameness::Unproven);
    }

    #[test]
    fn v2_weak_tags_are_a_hint_only() {
        assert_eq!(at("W/\"a\"", "", 0).compare(&at("W/\"a\"", "", 0)), Sameness::Unproven);
        assert_eq!(at("W/\"a\"", "", 0).compare(&at("W/\"b\"", TUESDAY, 0)), Sameness::Doubtful);
        assert_eq!(at("W/\"a\"", MONDAY, 0).compare(&at("W/\"b\"", TUESDAY, 0)), Sameness::Changed);
        assert_eq!(at("\"a\"", "", 0).compare(&at("W/\"a\"", "", 0)), Sameness::Unproven);
        assert_eq!(at("W/\"a\"", "", 0).condition(), None);
        assert_eq!(at("abc", "", 0).condition(), None);
        assert_eq!(at("\"a\"", "", 0).condition().as_deref(), Some("\"a\""));
        assert!(!at("W/\"a\"", "", 0).is_strong());
    }

    #[test]
    fn v3_dates_prove_once_they_are_a_minute_old() {
        let (fresh, old) = (at("", MONDAY, 59_999), at("", MONDAY, 60_000));
        assert_eq!(fresh.compare(&at("", MONDAY, 0)), Sameness::Unproven);
        assert_eq!(old.compare(&at("", MONDAY, 0)), Sameness::Proven);
        assert!(old.is_strong() && !fresh.is_strong());
        for validators in [&fresh, &old] {
            assert_eq!(validators.compare(&at("", TUESDAY, 0)), Sameness::Changed);
            assert_eq!(validators.compare(&at("", "", 0)), Sameness::Unproven);
        }
        assert_eq!(at("\"a\"", MONDAY, 60_000).compare(&at("", MONDAY, 0)), Sameness::Proven);
        assert!(!at("", "yesterday", 0).is_strong());
    }

    #[test]
    fn v7_a_digest_of_the_whole_is_the_strongest() {
        let digest = |etag, digest: &str| Validators { digest: Some(digest.into()), ..at(etag, MONDAY, 0) };
        assert_eq!(digest("\"a\"", "1").compare(&digest("\"b\"", "1")), Sameness::Proven);
        assert_eq!(digest("\"a\"", "1").compare(&digest("\"a\"", "2")), Sameness::Changed);
        assert_eq!(digest("", "1").compare(&at("", MONDAY, 0)), Sameness::Unproven);
        assert!(digest("", "1").is_strong());
    }

    #[test]
    fn v5_nothing_readable_proves_nothing() {
        assert_eq!(at("", "", 0).compare(&at("", "", 0)), Sameness::Unproven);
        assert_eq!(at("\"a\"", MONDAY, 60_000).compare(&at("", "", 0)), Sameness::Unproven);
        assert_eq!(at("", "", 0).compare(&at("\"a\"", MONDAY, 60_000)), Sameness::Unproven);
    }
}
