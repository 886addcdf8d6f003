//! What an answer to a range request means, from its status and headers alone.

use super::{ByteRange, ContentRange, Head, Sameness, Validators};
use crate::core::clock::Millis;
use crate::core::retry::is_transient;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The `Range`, or nothing for a plain GET.
    pub range: Option<ByteRange>,
    /// Whether `If-Match` went with it.
    pub conditional: bool,
}

/// What is known of the resource.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its size.
    pub total: Option<u64>,
    /// The size was told; otherwise it follows from the length of an open range, which the server may have capped.
    pub end_proven: bool,
    /// Its version.
    pub validators: &'a Validators,
    /// Its media type.
    pub content_type: Option<&'a str>,
    /// Whether all its bytes are here.
    pub complete: bool,
}

/// What to do with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The body is the whole resource from byte 0.
    Whole {
        /// How many bytes, as announced.
        length: Option<u64>,
        /// Whether a strong validator says it is the known version.
        proven: bool,
    },
    /// The body has these bytes; some of them were asked for.
    Part {
        /// The body's first byte; not behind the first byte asked for.
        start: u64,
        /// The first byte behind the body, as announced.
        end: Option<u64>,
        /// The size of the whole, as told by Content-Range.
        total: Option<u64>,
        /// Content-Range could not be read: `start` is what was asked for.
        blind: bool,
        /// Whether a strong validator says it is the known version.
        proven: bool,
    },
    /// There is nothing at or behind the byte asked for: the resource has just so many.
    End {
        /// Its size.
        total: u64,
        /// Whether a strong validator says that this is said of the known version.
        proven: bool,
    },
    /// Ranges can't be used here; ask once more, plainly, without any.
    Plain(&'static str),
    /// The condition was not understood, or failed; ask again without it and compare.
    Unconditional,
    /// It is an HTML page where something else is being downloaded; nothing of it may be written.
    Stray,
    /// The answer can't be used; nothing of it may be written.
    Reject(&'static str),
    /// The ETag differs and nothing else does: ask again before believing that it is another version.
    Doubtful {
        /// The ETag seen.
        etag: String,
    },
    /// It is another version.
    Changed(&'static str),
    /// Ask again later.
    Later {
        /// The server said how much later.
        after: Option<Millis>,
        /// It wants fewer requests.
        fewer: bool,
    },
    /// The credentials were not accepted.
    Unauthorized,
    /// This URL does not serve it (any more).
    Gone,
    /// A final no: the request is at fault.
    Refused,
    /// A final no: the server is at fault.
    Broken(&'static str),
}

/// Judges the answer `head` to the request `asked`; `known` is nothing before the first good answer.
pub fn verdict(asked: &Asked, known: Option<&Known>, head: &Head, unix_now: Millis) -> Verdict {
    match head.status {
        200 | 203 => whole(asked, known, head, unix_now),
        206 => part(asked, known, head, unix_now),
        204 | 205 => Verdict::Broken("it has no content"),
        // We never ask If-None-Match: somebody between did, and what it compared with is not ours.
        304 if known.is_some() => Verdict::Changed("HTTP 304"),
        401 => Verdict::Unauthorized,
        403 | 404 | 410 => Verdict::Gone,
        412 if asked.conditional => Verdict::Unconditional,
        412 if known.is_some() => Verdict::Changed("HTTP 412"),
        416 => unsatisfied(asked, known, head, unix_now),
        status if is_transient(status) => {
            Verdict::Later { after: head.retry_after, fewer: matches!(status, 429 | 503) }
        }
        400..=499 => Verdict::Refused,
        _ => Verdict::Broken("the status has no meaning here"),
    }
}

/// Compares versions: whether it is proven to be the same, or the verdict that ends it.
fn same(known: Option<&Known>, head: &Head, unix_now: Millis) -> Result<bool, Verdict> {
    let Some(known) = known else { return Ok(true) };
    let seen = Validators::of(head, unix_now);
    match known.validators.compare(&seen) {
        Sameness::Proven => Ok(true),
        Sameness::Unproven => Ok(false),
        Sameness::Doubtful => Err(Verdict::Doubtful { etag: seen.etag.unwrap_or_default() }),
        Sameness::Changed => Err(Verdict::Changed("its validators differ")),
    }
}

/// Captive portals and login pages answer 200 or 206 with HTML to anything.
fn is_stray_html(known: Option<&Known>, head: &Head) -> bool {
    const HTML: &str = "text/html";
    known.and_then(|known| known.content_type).is_some_and(|it| !it.starts_with(HTML))
        && head.media_type().as_deref() == Some(HTML)
}

fn whole(asked: &Asked, known: Option<&Known>, head: &Head, unix_now: Millis) -> Verdict {
    if is_stray_html(known, head) {
        return Verdict::Stray;
    }
    let mut length = if head.is_encoded() { None } else { head.length() };
    let total = known.filter(|known| known.end_proven).and_then(|known| known.total);
    let proven = match same(known, head, unix_now) {
        // A size that differs from a proven version's is that of an encoding whose header is hidden.
        Ok(true) => {
            length = length.filter(|length| total.is_none_or(|total| total == *length));
            true
        }
        Ok(false) => {
            if length.is_some_and(|length| total.is_some_and(|total| length != total)) {
                return Verdict::Changed("its size differs");
            }
            false
        }
        Err(verdict) => return verdict,
    };
    if asked.conditional && asked.range.is_some() {
        // Some servers drop the range when they see a condition.
        return Verdict::Unconditional;
    }
    Verdict::Whole { length, proven }
}

fn part(asked: &Asked, known: Option<&Known>, head: &Head, unix_now: Millis) -> Verdict {
    let Some(range) = asked.range else {
        return Verdict::Reject("a part was answered where the whole was asked for");
    };
    let media_type = head.media_type();
    if media_type.as_deref() == Some("multipart/byteranges") {
        // RFC 9110 section 15.3.7.2 forbids it for one range; its boundaries would land in the file.
        return Verdict::Reject("the answer is multipart/byteranges");
    }
    if is_stray_html(known, head) {
        return Verdict::Stray;
    }
    if head.is_encoded() {
        return Verdict::Plain("the server compresses its ranges");
    }
    let proven = match same(known, head, unix_now) {
        Ok(proven) => proven,
        Err(verdict) => return verdict,
    };
    let known_total = known.and_then(|known| known.total);
    let Some(text) = head.content_range.as_deref() else {
        return blind(range, known, head.length(), proven);
    };
    let Ok(ContentRange::Part { first, last, total }) = text.parse() else {
        return Verdict::Reject("its Content-Range is invalid");
    };
    if head.length().is_some_and(|length| length != last - first + 1) {
        return Verdict::Plain("the server's lengths don't fit its ranges");
    }
    if total.is_some_and(|seen| known_total.is_some_and(|known| seen != known))
        || known_total.is_some_and(|known| last >= known)
    {
        return Verdict::Changed("its size differs");
    }
    if first > range.first || last < range.first {
        return Verdict::Reject("it answered another range");
    }
    Verdict::Part { start: first, end: Some(last + 1), total, blind: false, proven }
}

/// Judges a 206 whose Content-Range is hidden: only its length can speak for it.
fn blind(range: ByteRange, known: Option<&Known>, length: Option<u64>, proven: bool) -> Verdict {
    let total = known.and_then(|known| known.total);
    let proven_total = known.filter(|known| known.end_proven).and(total);
    let told = length.map(|length| range.first.saturating_add(length));
    let fits = match (range.end(), told) {
        // Some servers ignore the end.
        (Some(asked), Some(end)) => end == total.map_or(asked, |t| asked.min(t)) || Some(end) == total,
        // What only was derived from a length is to be found out by another one.
        (None, Some(end)) if proven_total.is_some_and(|total| end > total) => {
            return Verdict::Changed("its size differs");
        }
        (None, Some(_)) | (_, None) => true,
    };
    let asked = [range.end(), proven_total].into_iter().flatten().min();
    let end = told.or(asked);
    if fits && end.is_none_or(|end| end > range.first) {
        Verdict::Part { start: range.first, end, total: None, blind: true, proven }
    } else {
        Verdict::Reject("it answered a range of another length")
    }
}

fn unsatisfied(asked: &Asked, known: Option<&Known>, head: &Head, unix_now: Millis) -> Verdict {
    let Some(range) = asked.range else { return Verdict::Refused };
    let told = head.content_range.as_deref().and_then(|text| match text.parse() {
        Ok(ContentRange::Unsatisfied { total }) => Some(total),
        _ => None,
    });
    let Some(known) = known else {
        return match told {
            Some(0) if range.first == 0 => Verdict::End { total: 0, proven: true },
            _ => Verdict::Plain("the server refuses ranges"),
        };
    };
    let proven = match same(Some(known), head, unix_now) {
        Ok(proven) => proven,
        Err(verdict) => return verdict,
    };
    match (known.total, told) {
        (Some(total), Some(told)) if told != total => Verdict::Changed("its size differs"),
        (Some(total), Some(_)) if known.complete => Verdict::End { total, proven },
        // All is there, and only its version or its end were in question: nothing says that it changed.
        (Some(_), None) if known.complete => Verdict::Reject("it refused a range that it has"),
        (Some(_), Some(_)) => Verdict::Reject("it refused a range that it has"),
        (Some(_), None) => Verdict::Changed("HTTP 416"),
        (None, None) if range.first == 0 => Verdict::Plain("the server refuses ranges"),
        (None, None) => Verdict::End { total: range.first, proven },
        (None, Some(told)) if told == range.first => Verdict::End { total: told, proven },
        (None, Some(told)) if told < range.first => Verdict::Changed("its size differs"),
        (None, Some(_)) => Verdict::Reject("it refused a range that it has"),
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;

// proptest is there natively only.
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
#[path = "hostile_tests.rs"]
mod hostile;
