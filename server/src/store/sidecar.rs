//! The whole's digest, carried on beside those of the chunks that come in.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use xuchuan::core::protocol::wire::md5_of;

use super::cut::{Cut, Prefix};
use super::entry::Entry;
use super::recent::{Recent, behind};
use crate::digest::{Md5, update_both};

/// What is hashed together with a chunk's bytes: those that the whole's digest comes to next.
#[derive(Debug, Clone)]
pub struct Sidecar {
    recent: Arc<Recent>,
    entry: Arc<Entry>,
    cut: Arc<Cut>,
}

impl Sidecar {
    /// Makes the sidecar of a chunk of `cut`.
    pub fn new(recent: Arc<Recent>, entry: Arc<Entry>, cut: Arc<Cut>) -> Self {
        Self { recent, entry, cut }
    }

    /// Takes `batch` into `chunk`, and as many bytes of the file into the whole's digest, as far as they are stored and
    /// still in memory. Blocks while another chunk of the cut does the same: with a thread for each, all but one would
    /// find the whole's digest taken, and it would fall behind.
    pub fn hash(&self, chunk: &mut Md5, batch: &[Bytes]) {
        let _held = self.cut.sidecar_lock.lock();
        // Whoever else has it is reading from the store, which may take long.
        let mut prefix = self.cut.prefix.try_lock().ok();
        let mut next = VecDeque::new();
        for bytes in batch {
            let mut bytes = bytes.clone();
            while !bytes.is_empty() {
                if next.is_empty() {
                    next = prefix.as_deref().map_or_else(VecDeque::new, |prefix| self.next(prefix));
                }
                let (Some(prefix), Some(beside)) = (prefix.as_deref_mut(), next.front_mut()) else {
                    chunk.update(&bytes);
                    break;
                };
                let len = bytes.len().min(beside.len());
                prefix.advance(
                    |digest| update_both((chunk, &bytes.split_to(len)), (digest, &beside.split_to(len))),
                    len,
                );
                if beside.is_empty() {
                    next.pop_front();
                    if next.is_empty() {
                        prefix.close();
                    }
                }
            }
        }
    }

    /// The bytes of the next chunk that the whole's digest has not taken yet; none if they are not at hand.
    fn next(&self, prefix: &Prefix) -> VecDeque<Bytes> {
        let md5 = self.cut.plan.chunk_ids.get(prefix.lens.len()).map(|id| md5_of(id));
        let md5 = md5.filter(|md5| self.entry.chunk(md5).is_some());
        let bytes = md5.and_then(|md5| self.recent.get(&self.entry.id, &md5));
        bytes.map_or_else(VecDeque::new, |bytes| behind(bytes, prefix.begun()).collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::digest;
    use crate::store::cut::Plan;

    fn chunk(len: usize, seed: u8) -> Vec<u8> {
        (0..len).map(|at| (at as u8).wrapping_mul(31) ^ seed).collect()
    }

    proptest! {
        /// Chunks that come in any order, in any batches, carry the whole's digest on as far as they make it.
        #[test]
        fn the_whole_is_hashed_beside_its_chunks(
            lens in prop::collection::vec(1usize..400, 2..7),
            swaps in prop::collection::vec((0usize..7, 0usize..7), 0..4),
            batch in 1usize..150,
        ) {
            let chunks: Vec<_> = lens.iter().enumerate().map(|(i, len)| chunk(*len, i as u8)).collect();
            let ids: Vec<_> = chunks.iter().map(|bytes| digest::of(bytes)).collect();
            let entry = Arc::new(Entry::new("f", HashMap::new(), vec![]));
            let (cut, _) = entry.keep_plan(Plan { ext: String::new(), chunk_ids: ids.clone() });
            let recent = Arc::new(Recent::default());
            let sidecar = Sidecar::new(recent.clone(), entry.clone(), cut.clone());
            let mut order: Vec<_> = (0..chunks.len()).collect();
            swaps.iter().for_each(|(a, b)| order.swap(a % lens.len(), b % lens.len()));
            for index in order {
                let bytes = Bytes::from(chunks[index].clone());
                let pieces: Vec<_> = bytes.chunks(batch).map(|piece| bytes.slice_ref(piece)).collect();
                let mut own = Md5::default();
                pieces.chunks(2).for_each(|batch| sidecar.hash(&mut own, batch));
                prop_assert_eq!(own.hex(), ids[index].clone());
                recent.keep("f", &ids[index], pieces);
                entry.keep_chunk(&ids[index], bytes.len() as u64);
            }
            // A chunk of another kind takes along what is left.
            sidecar.hash(&mut Md5::default(), &[Bytes::from(vec![0; 4000])]);
            let prefix = cut.prefix.try_lock().unwrap();
            prop_assert_eq!(prefix.lens.iter().map(|len| *len as usize).collect::<Vec<_>>(), lens);
            prop_assert_eq!(prefix.digest.hex(), digest::of(&chunks.concat()));
        }
    }

    #[test]
    fn nothing_is_taken_that_is_not_stored_or_while_another_reads() {
        let entry = Arc::new(Entry::new("f", HashMap::new(), vec![]));
        let id = digest::of(b"abc");
        let (cut, _) = entry.keep_plan(Plan { ext: String::new(), chunk_ids: vec![id.clone()] });
        let recent = Arc::new(Recent::default());
        let sidecar = Sidecar::new(recent.clone(), entry.clone(), cut.clone());
        recent.keep("f", &id, vec![Bytes::from_static(b"abc")]);
        let mut own = Md5::default();
        sidecar.hash(&mut own, &[Bytes::from_static(b"x")]);
        assert_eq!(cut.prefix.try_lock().unwrap().begun(), 0, "it is gone from the store");
        entry.keep_chunk(&id, 3);
        let reader = cut.prefix.clone().try_lock_owned().unwrap();
        sidecar.hash(&mut own, &[Bytes::from_static(b"y")]);
        drop(reader);
        sidecar.hash(&mut own, &[Bytes::from_static(b"z")]);
        assert_eq!(cut.prefix.try_lock().unwrap().begun(), 1);
        assert_eq!(own.hex(), digest::of(b"xyz"));
    }
}
