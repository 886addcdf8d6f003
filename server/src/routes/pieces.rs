//! `GET` and `HEAD` of `/files/{fileId}{ext}/pieces`: the MD5 of each piece, so that a download can check them one by one.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::download::stored;
use crate::failure::{Failure, json};
use crate::store::{Manifest, Store};

/// The pieces of a file.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Pieces<'a> {
    /// Bytes of each piece; the last one may have fewer.
    size: u64,
    /// Their digests, in the file's order.
    md5: Vec<&'a str>,
}

/// Answers with the digests of the chunks that the file was uploaded in, or 404 if they are of unequal size.
pub async fn pieces(State(store): State<Arc<Store>>, Path(name): Path<String>) -> Result<Response, Failure> {
    let (_, manifest) = stored(&store, &name).await?;
    let pieces = even(&manifest).ok_or_else(|| {
        Failure::new(
            StatusCode::NOT_FOUND,
            "the file was uploaded in chunks of unequal size, so it has no pieces",
        )
    })?;
    Ok(json(StatusCode::OK, &pieces))
}

/// Gives the chunks as pieces. `None` if one that is not the last differs from the first in its length, or the last is
/// longer or empty.
fn even(manifest: &Manifest) -> Option<Pieces<'_>> {
    let chunks = &manifest.chunks;
    // An empty file has no pieces, of whatever size.
    let size = chunks.first().map_or(1, |(_, len)| *len);
    let (last, others) = chunks.split_last().map_or((size, &[][..]), |((_, len), others)| (*len, others));
    let is_even = (1..=size).contains(&last) && others.iter().all(|(_, len)| *len == size);
    is_even.then(|| Pieces { size, md5: chunks.iter().map(|(md5, _)| md5.as_str()).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_chunks_are_pieces() {
        let table: [(&[u64], Option<u64>); 9] = [
            (&[], Some(1)),
            (&[5], Some(5)),
            (&[5, 5], Some(5)),
            (&[5, 5, 1], Some(5)),
            (&[0], None),
            (&[5, 0], None),
            (&[5, 6], None),
            (&[5, 4, 5], None),
            (&[0, 0], None),
        ];
        for (lens, size) in table {
            let chunks = lens.iter().enumerate().map(|(index, len)| (index.to_string(), *len)).collect();
            let manifest = Manifest { completed: 0, exts: vec![], chunks };
            let pieces = even(&manifest);
            assert_eq!(pieces.as_ref().map(|pieces| pieces.size), size, "{lens:?}");
            assert!(pieces.is_none_or(|pieces| pieces.md5.len() == lens.len()), "{lens:?}");
        }
    }
}
