//! `GET` and `HEAD` of `/files/{fileId}{ext}`: plain HTTP with ranges and conditions (RFC 9110).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use object_store::ObjectStoreExt;
use xuchuan::core::protocol::wire::is_file_id;

use crate::conditional::{Validators, Verdict};
use crate::disposition::attachment;
use crate::failure::Failure;
use crate::range::{Asked, asked};
use crate::routes::Shared;
use crate::vault::keys::{self, Part};
use crate::vault::{Vault, Whole};

/// Bytes read at a time.
const READ: u64 = 512 << 10;
/// Reads under way for one answer: the next one while this one is being sent.
const READS: usize = 2;

/// Answers with a stored file, or what was asked of it.
pub async fn download(
    State(vault): State<Shared>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let missing = || Failure::new(StatusCode::NOT_FOUND, "there is no such file");
    let (file_id, ext) = name.split_at_checked(32).filter(|(id, _)| is_file_id(id)).ok_or_else(missing)?;
    let whole = vault.whole(file_id).await?.filter(|whole| whole.exts.iter().any(|known| known == ext));
    let whole = whole.ok_or_else(missing)?;

    let validators = Validators::new(file_id, whole.completed);
    let mut fields = validators_fields(&validators);
    let size = whole.size();
    let ranged = match validators.judge(&headers) {
        Verdict::NotModified => return Ok((StatusCode::NOT_MODIFIED, fields).into_response()),
        Verdict::Failed => {
            let failure =
                Failure::new(StatusCode::PRECONDITION_FAILED, "the file is not the version asked for");
            return Ok((fields, failure).into_response());
        }
        // Ranges mean something for GET only (section 14.2).
        Verdict::Send { ranged } => ranged && method == Method::GET,
    };
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).filter(|_| ranged);
    let (status, part) = match range.map_or(Asked::Whole, |range| asked(range, size)) {
        Asked::Whole => (StatusCode::OK, 0..size),
        Asked::Part(start, end) => {
            fields.insert(header::CONTENT_RANGE, text(&format!("bytes {start}-{}/{size}", end - 1)));
            (StatusCode::PARTIAL_CONTENT, start..end)
        }
        Asked::Unsatisfiable => {
            fields.insert(header::CONTENT_RANGE, text(&format!("bytes */{size}")));
            let msg = format!("the range lies outside the file's {size} bytes");
            return Ok((fields, Failure::new(StatusCode::RANGE_NOT_SATISFIABLE, msg)).into_response());
        }
    };
    describe(&mut fields, file_id, ext);
    fields.insert(header::CONTENT_LENGTH, (part.end - part.start).into());
    if let Some(name) = query.as_deref().and_then(download_name) {
        fields.insert(header::CONTENT_DISPOSITION, text(&attachment(&name)));
    }
    let body =
        if method == Method::HEAD { Body::empty() } else { body(vault, file_id.to_owned(), whole, part) };
    Ok((status, fields, body).into_response())
}

fn validators_fields(validators: &Validators) -> HeaderMap {
    HeaderMap::from_iter([
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (header::ETAG, text(&validators.etag)),
        (header::LAST_MODIFIED, text(&httpdate::fmt_http_date(validators.modified))),
    ])
}

/// Says what the bytes are, and keeps an uploaded page from acting for the site it is served from.
fn describe(fields: &mut HeaderMap, file_id: &str, ext: &str) {
    let last = ext.rsplit('.').next().unwrap_or_default();
    let kind = mime_guess::from_ext(last).first_or_octet_stream();
    fields.insert(header::CONTENT_TYPE, text(kind.essence_str()));
    fields.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    fields.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    // RFC 9530: the digest of the whole representation, in a 206 too.
    fields.insert(HeaderName::from_static("repr-digest"), text(&format!("md5=:{}:", base64_of_hex(file_id))));
}

fn body(vault: Arc<Vault>, file_id: String, whole: Arc<Whole>, part: std::ops::Range<u64>) -> Body {
    let reads = stream::iter(whole.spans(part, READ)).map(move |span| {
        let store = vault.store().clone();
        let path = keys::part(&file_id, &Part::Chunk(span.md5));
        async move {
            let read = store.get_range(&path, span.range).await;
            read.inspect_err(|error| tracing::error!(%error, "a download broke off: a chunk can't be read"))
        }
    });
    Body::from_stream(reads.buffered(READS))
}

/// Finds `download=NAME` in a query. `None` if it isn't there.
fn download_name(query: &str) -> Option<String> {
    let value = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("download").filter(|v| v.is_empty() || v.starts_with('=')))?;
    let mut bytes = Vec::new();
    let mut rest = value.trim_start_matches('=').bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            byte => bytes.push(byte),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Writes in base64 what `hex` says in hexadecimal digits.
fn base64_of_hex(hex: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = hex
        .chars()
        .filter_map(|c| c.to_digit(16))
        .flat_map(|d| (0..4).rev().map(move |i| (d >> i & 1) as u8))
        .collect();
    let mut text: String = bits
        .chunks(6)
        .map(|six| (0..6).fold(0, |value, i| value << 1 | usize::from(six.get(i).copied().unwrap_or(0))))
        .filter_map(|value| DIGITS.get(value).copied().map(char::from))
        .collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// Makes a header's value of what has been checked to be one.
fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64() {
        assert_eq!(base64_of_hex("900150983cd24fb0d6963f7d28e17f72"), "kAFQmDzST7DWlj99KOF/cg==");
        assert_eq!(base64_of_hex("d41d8cd98f00b204e9800998ecf8427e"), "1B2M2Y8AsgTpgAmY7PhCfg==");
        assert_eq!(base64_of_hex("666f6f"), "Zm9v");
    }

    #[test]
    fn names_in_queries() {
        for (query, expected) in [
            ("download=a.txt", Some("a.txt")),
            ("x=1&download=%E7%BB%AD+1.mp4&y", Some("续 1.mp4")),
            ("download", Some("")),
            ("download=", Some("")),
            ("downloads=a", None),
            ("download=%zz", None),
            ("", None),
        ] {
            assert_eq!(download_name(query).as_deref(), expected, "{query}");
        }
    }
}
