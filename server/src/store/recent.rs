//! The bytes of the chunks that arrived last, so that the whole's digest need not read them back.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};
use parking_lot::Mutex;

/// Bytes kept in all; the oldest go first. Parallel requests are a few chunks ahead of the digest, and other uploads
/// have theirs.
const BYTES: usize = 64 << 20;
/// Chunks kept, since they are looked for one by one.
const CHUNKS: usize = 64;

/// The last chunks that were stored, oldest first.
#[derive(Debug, Default)]
pub struct Recent(Mutex<VecDeque<Chunk>>);

#[derive(Debug)]
struct Chunk {
    file: String,
    md5: String,
    bytes: Vec<Bytes>,
}

impl Recent {
    /// Keeps the bytes of a chunk whose MD5 was checked, for a while.
    pub fn keep(&self, file: &str, md5: &str, bytes: Vec<Bytes>) {
        let mut chunks = self.0.lock();
        chunks.push_back(Chunk { file: file.to_owned(), md5: md5.to_owned(), bytes });
        let mut sum: usize = chunks.iter().map(Chunk::len).sum();
        while sum > BYTES || chunks.len() > CHUNKS {
            let Some(oldest) = chunks.pop_front() else { return };
            sum -= oldest.len();
        }
    }

    /// Finds the bytes of a chunk.
    pub fn get(&self, file: &str, md5: &str) -> Option<Vec<Bytes>> {
        let chunks = self.0.lock();
        let chunk = chunks.iter().find(|chunk| chunk.md5 == md5 && chunk.file == file)?;
        Some(chunk.bytes.clone())
    }

    /// Drops the bytes of a file that is complete.
    pub fn close(&self, file: &str) {
        self.0.lock().retain(|chunk| chunk.file != file);
    }

    /// Drops the bytes of a chunk.
    pub fn forget(&self, file: &str, md5: &str) {
        self.0.lock().retain(|chunk| chunk.md5 != md5 || chunk.file != file);
    }
}

impl Chunk {
    fn len(&self) -> usize {
        self.bytes.iter().map(Bytes::len).sum()
    }
}

/// The pieces of `bytes` behind the first `skip` of them.
pub fn behind(bytes: Vec<Bytes>, mut skip: u64) -> impl Iterator<Item = Bytes> {
    bytes.into_iter().filter_map(move |mut piece| {
        let before = skip.min(piece.len() as u64);
        skip -= before;
        piece.advance(before as usize);
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let recent = Recent::default();
        let chunk = vec![Bytes::from(vec![0; BYTES / 4]), Bytes::from_static(b"x")];
        for name in ["a", "b", "c", "d"] {
            recent.keep("file", name, chunk.clone());
        }
        assert!(recent.get("file", "a").is_none());
        assert_eq!(recent.get("file", "b").unwrap(), chunk);
        assert!(recent.get("other", "b").is_none());
        recent.forget("file", "b");
        assert!(recent.get("file", "b").is_none() && recent.get("file", "c").is_some());
        for _ in 0..CHUNKS {
            recent.keep("file", "tiny", Vec::new());
        }
        assert!(recent.get("file", "d").is_none());
        recent.keep("other", "e", Vec::new());
        recent.close("file");
        assert!(recent.get("file", "tiny").is_none() && recent.get("other", "e").is_some());
    }
}
