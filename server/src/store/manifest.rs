//! The manifest of a complete file: the chunks that make it, in order.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A file that was verified as a whole. Its presence in the store is what makes a file exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// When it was complete, in seconds of the Unix epoch.
    pub completed: u64,
    /// The extensions under which it was announced.
    pub exts: Vec<String>,
    /// MD5 and length of each chunk.
    pub chunks: Vec<(String, u64)>,
}

/// A stretch of one chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The chunk's MD5.
    pub md5: String,
    /// The bytes of the chunk.
    pub range: Range<u64>,
}

impl Manifest {
    /// The bytes of the file.
    pub fn size(&self) -> u64 {
        self.chunks.iter().map(|(_, len)| len).sum()
    }

    /// Gives, one by one, the stretches, none longer than `piece`, that make the file's bytes of `range`.
    pub fn spans(self: Arc<Self>, range: Range<u64>, piece: u64) -> impl Iterator<Item = Span> + Send {
        let (mut index, mut offset, mut at) = (0, 0, range.start);
        std::iter::from_fn(move || {
            while at < range.end {
                let (md5, len) = self.chunks.get(index)?;
                let end = offset + len;
                if at < end {
                    let next = (at + piece).min(end).min(range.end);
                    let span = Span { md5: md5.clone(), range: at - offset..next - offset };
                    at = next;
                    return Some(span);
                }
                offset = end;
                index += 1;
            }
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_cut_at_chunks_and_pieces() {
        let chunks = [("a", 5), ("b", 0), ("c", 3)].map(|(md5, len)| (md5.to_owned(), len));
        let manifest = Arc::new(Manifest { completed: 0, exts: vec![], chunks: chunks.into() });
        assert_eq!(manifest.size(), 8);
        for start in 0..=8 {
            for end in start..=8 {
                for piece in 1..=6 {
                    let bytes: Vec<_> = manifest
                        .clone()
                        .spans(start..end, piece)
                        .inspect(|span| assert!(span.range.end - span.range.start <= piece))
                        .flat_map(|span| span.range.map(move |at| (span.md5.clone(), at)))
                        .collect();
                    let all =
                        [("a", 0), ("a", 1), ("a", 2), ("a", 3), ("a", 4), ("c", 0), ("c", 1), ("c", 2)];
                    let expected: Vec<_> = all
                        .into_iter()
                        .enumerate()
                        .filter(|(at, _)| (start..end).contains(&(*at as u64)))
                        .map(|(_, (md5, at))| (md5.to_owned(), at))
                        .collect();
                    assert_eq!(bytes, expected);
                }
            }
        }
    }
}
