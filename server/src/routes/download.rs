//! `GET` and `HEAD` of `/files/{fileId}{ext}`: plain HTTP with ranges and conditions (RFC 9110).

use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures_util::{StreamExt, stream};
use headers::{AcceptRanges, ContentLength, ContentRange, ContentType, HeaderMapExt, LastModified};
use xuchuan::core::protocol::wire::is_file_id;

use crate::conditional::{Validators, Verdict};
use crate::disposition::attachment;
use crate::failure::Failure;
use crate::range::{Asked, asked};
use crate::store::{Manifest, Store};

/// Bytes read at a time.
const READ: u64 = 512 << 10;
/// Reads under way for one answer: the next one while this one is being sent.
const READS: usize = 2;

/// Answers with a stored file, or what was asked of it.
pub async fn download(
    State(store): State<Arc<Store>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let ((file_id, ext), manifest) = stored(&store, &name).await?;
    let validators = Validators::new(file_id, manifest.completed)?;
    let mut fields = validators_fields(&validators);
    let size = manifest.size();
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
            let range = ContentRange::bytes(start..end, size).map_err(|error| Failure::internal(&error))?;
            fields.typed_insert(range);
            (StatusCode::PARTIAL_CONTENT, start..end)
        }
        Asked::Unsatisfiable => {
            fields.typed_insert(ContentRange::unsatisfied_bytes(size));
            let msg = format!("the range lies outside the file's {size} bytes");
            return Ok((fields, Failure::new(StatusCode::RANGE_NOT_SATISFIABLE, msg)).into_response());
        }
    };
    describe(&mut fields, file_id, ext);
    fields.typed_insert(ContentLength(part.end - part.start));
    if let Some(name) = query.as_deref().and_then(download_name) {
        fields.insert(header::CONTENT_DISPOSITION, text(&attachment(&name)));
    }
    let body = match method {
        Method::HEAD => Body::empty(),
        _ => body(store, file_id.to_owned(), manifest, part),
    };
    Ok((status, fields, body).into_response())
}

/// Finds the complete file with this name; its id and extension, and its manifest.
pub(super) async fn stored<'a>(
    store: &Store,
    name: &'a str,
) -> Result<((&'a str, &'a str), Arc<Manifest>), Failure> {
    let missing = || Failure::new(StatusCode::NOT_FOUND, "there is no such file");
    let (file_id, ext) = name.split_at_checked(32).filter(|(id, _)| is_file_id(id)).ok_or_else(missing)?;
    let manifest = store.manifest(file_id).await?.ok_or_else(missing)?;
    if !manifest.exts.iter().any(|known| known == ext) {
        return Err(missing());
    }
    Ok(((file_id, ext), manifest))
}

fn validators_fields(validators: &Validators) -> HeaderMap {
    let mut fields = HeaderMap::new();
    fields.typed_insert(AcceptRanges::bytes());
    fields.typed_insert(validators.etag.clone());
    fields.typed_insert(LastModified::from(validators.modified));
    fields
}

/// Says what the bytes are, and keeps an uploaded page from acting for the site it is served from.
fn describe(fields: &mut HeaderMap, file_id: &str, ext: &str) {
    let last = ext.rsplit('.').next().unwrap_or_default();
    fields.typed_insert(ContentType::from(mime_guess::from_ext(last).first_or_octet_stream()));
    fields.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    fields.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    // RFC 9530: the digest of the whole representation, in a 206 too.
    fields.insert(HeaderName::from_static("repr-digest"), text(&format!("md5=:{}:", base64_of_hex(file_id))));
}

fn body(store: Arc<Store>, file_id: String, manifest: Arc<Manifest>, part: Range<u64>) -> Body {
    let file_id: Arc<str> = file_id.into();
    let reads = stream::iter(manifest.spans(part, READ)).map(move |span| {
        let (store, file_id) = (store.clone(), file_id.clone());
        async move {
            let read = store.read(&file_id, span).await;
            read.inspect_err(|error| tracing::error!(%error, "a download broke off: a chunk can't be read"))
        }
    });
    Body::from_stream(reads.buffered(READS))
}

/// Finds `download=NAME` in a query. `None` if it isn't there, or has a `%` without two digits, which the crate lets
/// pass.
fn download_name(query: &str) -> Option<String> {
    let pair = query.split('&').find(|pair| pair.split('=').next() == Some("download"))?;
    let is_escape =
        |text: &str| text.get(..2).is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if !pair.split('%').skip(1).all(is_escape) {
        return None;
    }
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, name)| name.into_owned())
}

/// Writes in base64 what `hex` says in hexadecimal digits.
fn base64_of_hex(hex: &str) -> String {
    let byte = |at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    BASE64_STANDARD.encode((0..hex.len()).step_by(2).filter_map(byte).collect::<Vec<_>>())
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
