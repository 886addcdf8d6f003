//! Conditional requests (RFC 9110, section 13).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use headers::{ETag, HeaderMapExt, IfMatch, IfModifiedSince, IfNoneMatch, IfRange, IfUnmodifiedSince};

use crate::failure::Failure;

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
    /// The strong tag.
    pub etag: ETag,
    /// When the file was complete, in whole seconds as HTTP has them.
    pub modified: SystemTime,
}

impl Validators {
    /// Makes the validators of the file `file_id`, complete at `completed` (seconds of the Unix epoch).
    pub fn new(file_id: &str, completed: u64) -> Result<Self, Failure> {
        let etag = format!("\"{file_id}\"").parse().map_err(|error| Failure::internal(&error))?;
        Ok(Self { etag, modified: UNIX_EPOCH + Duration::from_secs(completed) })
    }

    /// Judges the conditions in the order of section 13.2.2. A date that can't be read makes its condition void.
    pub fn judge(&self, headers: &HeaderMap) -> Verdict {
        let is_wanted = match headers.typed_get::<IfMatch>() {
            Some(listed) => listed.precondition_passes(&self.etag),
            None => headers
                .typed_get::<IfUnmodifiedSince>()
                .is_none_or(|limit| limit.precondition_passes(self.modified)),
        };
        let is_new = match headers.typed_get::<IfNoneMatch>() {
            Some(listed) => listed.precondition_passes(&self.etag),
            None => {
                headers.typed_get::<IfModifiedSince>().is_none_or(|since| since.is_modified(self.modified))
            }
        };
        match (is_wanted, is_new) {
            (false, _) => Verdict::Failed,
            (true, false) => Verdict::NotModified,
            (true, true) => Verdict::Send { ranged: self.range_holds(headers) },
        }
    }

    /// Tells whether `If-Range` is absent or names this version by its tag or by exactly its date (section 13.1.5);
    /// `IfRange::is_modified` would take any later date, too.
    fn range_holds(&self, headers: &HeaderMap) -> bool {
        match headers.typed_try_get::<IfRange>() {
            Ok(None) => true,
            Ok(Some(known)) => {
                known == IfRange::etag(self.etag.clone()) || known == IfRange::date(self.modified)
            }
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::http::HeaderName;

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
            assert_eq!(Validators::new(ID, 784_111_777).unwrap().judge(&headers), *expected, "{fields:?}");
        }
    }
}
