//! The head of an answer to a request for a range.

use super::digits;
use crate::core::clock::Millis;

/// An answer's status and headers, as far as the browser shows them: across origins most are hidden.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// The HTTP status.
    pub status: u16,
    /// `Accept-Ranges`.
    pub accept_ranges: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Content-Length`; always readable.
    pub content_length: Option<String>,
    /// `Content-Range`.
    pub content_range: Option<String>,
    /// `Content-Type`; always readable.
    pub content_type: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`; always readable.
    pub last_modified: Option<String>,
    /// The same as the platform's reader of dates reads it, in ms since 1970.
    pub modified_at: Option<Millis>,
    /// `Repr-Digest`.
    pub repr_digest: Option<String>,
    /// `Retry-After` as a wait, see [`crate::core::retry::retry_after`].
    pub retry_after: Option<Millis>,
    /// Where it came from, if the request was redirected: origin and path.
    pub redirected: Option<String>,
}

impl Head {
    /// Returns the `Content-Length`, if it is one.
    pub fn length(&self) -> Option<u64> {
        self.content_length.as_deref().map(str::trim_ascii).and_then(digits)
    }

    /// Tells whether the body's bytes are another form of the resource's: then offsets mean nothing, since the
    /// browser hands out decoded bytes and ranges count encoded ones.
    pub fn is_encoded(&self) -> bool {
        self.content_encoding
            .as_deref()
            .map(str::trim_ascii)
            .is_some_and(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
    }

    /// Returns the media type without its parameters, in lower case.
    pub fn media_type(&self) -> Option<String> {
        let essence = self.content_type.as_deref()?.split(';').next()?.trim_ascii().to_ascii_lowercase();
        (!essence.is_empty()).then_some(essence)
    }
}
