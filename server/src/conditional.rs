//! Conditional requests (RFC 9110, section 13).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, HeaderName, header};

/// What the conditions of a GET or HEAD say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Answer; `Range` counts only if `ranged`.
    Send { ranged: bool },
    /// 304: the client has it.
    NotModified,
    /// 412: the client wants another version.
    Failed,
}

/// What a stored file can be compared by: both never change, since its name is its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validators {
    /// The strong tag with its quotes.
    pub etag: String,
    /// When the file was complete, in whole seconds as HTTP has them.
    pub modified: SystemTime,
}

impl Validators {
    /// Makes the validators of the file `file_id`, complete at `completed` (seconds of the Unix epoch).
    pub fn new(file_id: &str, completed: u64) -> Self {
        Self { etag: format!("\"{file_id}\""), modified: UNIX_EPOCH + Duration::from_secs(completed) }
    }

    /// Judges the conditions in the order of section 13.2.2.
    pub fn judge(&self, headers: &HeaderMap) -> Verdict {
        if headers.contains_key(header::IF_MATCH) {
            if !self.listed(headers, header::IF_MATCH, Comparison::Strong) {
                return Verdict::Failed;
            }
        } else if let Some(limit) = date(headers, header::IF_UNMODIFIED_SINCE)
            && self.modified > limit
        {
            return Verdict::Failed;
        }
        if headers.contains_key(header::IF_NONE_MATCH) {
            if self.listed(headers, header::IF_NONE_MATCH, Comparison::Weak) {
                return Verdict::NotModified;
            }
        } else if let Some(limit) = date(headers, header::IF_MODIFIED_SINCE)
            && self.modified <= limit
        {
            return Verdict::NotModified;
        }
        Verdict::Send { ranged: self.range_holds(headers) }
    }

    /// Tells whether `If-Range` is absent or names this version; a weak tag never does (section 13.1.5).
    fn range_holds(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(header::IF_RANGE) else { return true };
        let Ok(value) = value.to_str() else { return false };
        if value.contains('"') {
            return value.trim() == self.etag;
        }
        httpdate::parse_http_date(value).is_ok_and(|date| date == self.modified)
    }

    fn listed(&self, headers: &HeaderMap, name: HeaderName, comparison: Comparison) -> bool {
        headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).any(|list| {
            list.trim() == "*"
                || list.split(',').map(str::trim).any(|tag| match (comparison, tag.strip_prefix("W/")) {
                    (Comparison::Weak, Some(tag)) => tag == self.etag,
                    (Comparison::Strong, Some(_)) => false,
                    (_, None) => tag == self.etag,
                })
        })
    }
}

#[derive(Clone, Copy)]
enum Comparison {
    Strong,
    Weak,
}

/// Reads a date; one that can't be read makes its condition void.
fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    headers.get(name)?.to_str().ok().and_then(|value| httpdate::parse_http_date(value).ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Verdict::*, *};

    const ID: &str = "900150983cd24fb0d6963f7d28e17f72";
    const ALL: Verdict = Send { ranged: true };

    #[test]
    fn conditions_in_their_order() {
        let same = format!("\"{ID}\"");
        let weak = format!("W/\"{ID}\"");
        let list = format!("\"x\", {weak}");
        // 784111777 is RFC 9110's own example date.
        let (now, before, after) = (
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:36 GMT",
            "Sunday, 06-Nov-94 08:49:38 GMT",
        );
        let none = Send { ranged: false };
        let table: &[(&[(&str, &str)], Verdict)] = &[
            (&[], ALL),
            (&[("if-match", &same)], ALL),
            (&[("if-match", "*")], ALL),
            (&[("if-match", &weak)], Failed),
            (&[("if-match", "\"x\"")], Failed),
            (&[("if-match", &same), ("if-unmodified-since", before)], ALL),
            (&[("if-unmodified-since", before)], Failed),
            (&[("if-unmodified-since", now)], ALL),
            (&[("if-none-match", &same)], NotModified),
            (&[("if-none-match", &list)], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"x\"")], ALL),
            (&[("if-none-match", "\"x\""), ("if-modified-since", now)], ALL),
            (&[("if-modified-since", now)], NotModified),
            (&[("if-modified-since", after)], NotModified),
            (&[("if-modified-since", before)], ALL),
            (&[("if-modified-since", "yesterday")], ALL),
            (&[("if-match", "\"x\""), ("if-none-match", &same)], Failed),
            (&[("if-range", &same)], ALL),
            (&[("if-range", &weak)], none),
            (&[("if-range", "\"x\"")], none),
            (&[("if-range", now)], ALL),
            (&[("if-range", before)], none),
            (&[("if-range", after)], none),
            (&[("if-range", "nonsense")], none),
        ];
        for (fields, expected) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in *fields {
                headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
            }
            assert_eq!(Validators::new(ID, 784_111_777).judge(&headers), *expected, "{fields:?}");
        }
    }
}
