//! The chunks of an upload by id, and what the server's lists change in them.

use super::chunk::{Chunk, Status, Troubles};
use super::index::Index;
use crate::core::clock::Instant;
use crate::core::md5::Digests;
use crate::core::plan::Cut;
use crate::core::protocol::Naming;
use crate::core::report::ChunkReport;

/// What the answer to a handshake changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// The server has something that it was not known to have.
    pub gained: bool,
    /// Chunks in flight that have arrived already.
    pub arrived: Vec<usize>,
    /// The server asks again for chunks that it acknowledged: the most often that it has for one of them, by
    /// [`Chunk::renege`].
    pub reneged: Option<u32>,
    /// How many of the ids the file does not have: the server knows it in another cut, and says nothing of this one.
    pub unknown: usize,
    /// The list names chunks that were acknowledged after the handshake went out.
    pub overtaken: bool,
}

/// All chunks of one file.
#[derive(Debug, Clone)]
pub struct Table {
    chunks: Vec<Chunk>,
    by_id: Index,
    /// For each place in the file, the chunk that stands there.
    places: Vec<usize>,
}

impl Table {
    /// Lays out the chunks of a file, of which those before `restored_chunks` were hashed in an earlier visit.
    pub fn new(cut: Cut, digests: &Digests, naming: Naming, restored_chunks: usize) -> Table {
        let mut table = Table {
            chunks: Vec::new(),
            by_id: Index::new(digests.chunks.len()),
            places: Vec::with_capacity(digests.chunks.len()),
        };
        for (index, digest) in digests.chunks.iter().enumerate() {
            let id = naming.id(digest, index);
            let len = cut.len(index);
            let at = table.find(&id).unwrap_or_else(|| {
                let (status, troubles) = (Status::Missing, Troubles::default());
                let at = table.chunks.len();
                table.by_id.insert(&id, at);
                table.chunks.push(Chunk {
                    id,
                    index,
                    len,
                    bytes: 0,
                    status,
                    verified: index >= restored_chunks,
                    sent_alone: false,
                    report: ChunkReport { index, ..Default::default() },
                    troubles,
                });
                at
            });
            if let Some(chunk) = table.chunks.get_mut(at) {
                chunk.bytes += len;
            }
            table.places.push(at);
        }
        table
    }

    /// Tells whether one of the ids stands in the file twice.
    pub fn has_repeats(&self) -> bool {
        self.chunks.len() < self.places.len()
    }

    /// Returns the ids in the file's order, a repeated one at each of its places.
    pub fn ids(&self) -> Vec<String> {
        self.places.iter().filter_map(|at| self.chunks.get(*at)).map(|chunk| chunk.id.clone()).collect()
    }

    /// Returns one chunk.
    pub fn get_mut(&mut self, at: usize) -> Option<&mut Chunk> {
        self.chunks.get_mut(at)
    }

    /// Returns one chunk.
    pub fn get(&self, at: usize) -> Option<&Chunk> {
        self.chunks.get(at)
    }

    /// Returns the position of the chunk with this id.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.by_id.find(id, |at| self.chunks.get(at).map(|chunk| chunk.id.as_str()))
    }

    /// Returns the position of the first missing chunk.
    pub fn next_missing(&self) -> Option<usize> {
        self.chunks.iter().position(|chunk| chunk.status == Status::Missing)
    }

    /// Returns all chunks.
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// Goes through all chunks.
    pub fn iter(&self) -> impl Iterator<Item = &Chunk> {
        self.chunks.iter()
    }

    /// Goes through all chunks.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Chunk> {
        self.chunks.iter_mut()
    }

    /// Takes the list of the answer to handshake `id`. Returns what it changed; `latest` is the number of the latest request sent. The server may
    /// have said that it `forgot` the file.
    ///
    /// Of a chunk acknowledged after the handshake went out, the list says nothing.
    pub fn apply_handshake_list(&mut self, needed: &[String], id: u64, latest: u64, forgot: bool) -> Changes {
        let mut needs = vec![false; self.chunks.len()];
        let mut changes = Changes::default();
        for id in needed {
            match self.find(id).and_then(|at| needs.get_mut(at)) {
                Some(need) => *need = true,
                None => changes.unknown += 1,
            }
        }
        for (at, (chunk, need)) in self.chunks.iter_mut().zip(needs).enumerate() {
            match (chunk.status, need) {
                (Status::Confirmed { at, .. }, true) if at < id => {
                    changes.reneged = changes.reneged.max(Some(chunk.renege(forgot)))
                }
                (Status::Confirmed { .. }, true) => changes.overtaken = true,
                (Status::Missing | Status::Checking | Status::InFlight, false) if changes.unknown == 0 => {
                    if chunk.status == Status::InFlight {
                        changes.arrived.push(at);
                    }
                    chunk.status = Status::Confirmed { at: latest, reused: chunk.report.tries == 0 };
                    changes.gained = true;
                }
                _ => {}
            }
        }
        changes
    }

    /// Takes the list of the answer to chunk request `id`. Returns how often the server has reneged on one of the chunks
    /// that it asks for again, at most; a chunk acknowledged after the request went out is not one of them.
    pub fn apply_chunk_list(&mut self, needed: &[String], id: u64) -> Option<u32> {
        let mut reneged = None;
        for name in needed {
            if let Some(at) = self.find(name)
                && let Some(chunk) = self.get_mut(at)
                && matches!(chunk.status, Status::Confirmed { at, .. } if at < id)
            {
                reneged = reneged.max(Some(chunk.renege(false)));
            }
        }
        reneged
    }

    /// Notes that the server has the whole file, whatever was known of its chunks.
    pub fn complete(&mut self, latest: u64) {
        self.apply_handshake_list(&[], latest, latest, false);
    }

    /// Returns how many chunks the server is not known to have.
    pub fn unconfirmed(&self) -> usize {
        self.chunks.iter().filter(|chunk| !matches!(chunk.status, Status::Confirmed { .. })).count()
    }

    /// Tells whether the server has every chunk.
    pub fn is_complete(&self) -> bool {
        self.unconfirmed() == 0
    }

    /// Returns the bytes that are confirmed by `now`, and the part of them that this visit did not send.
    pub fn confirmed(&mut self, now: Instant) -> (u64, u64) {
        let (mut all, mut old) = (0, 0);
        for chunk in &mut self.chunks {
            if let Status::Confirmed { reused, .. } = chunk.status {
                chunk.report.confirmed.get_or_insert(now);
                all += chunk.bytes;
                old += chunk.bytes - if reused { 0 } else { chunk.len };
            }
        }
        (all, old)
    }

    /// Returns one byte for each place in the file: 0 missing, 1 in flight, 2 reused, 3 confirmed.
    pub fn map(&self) -> Vec<u8> {
        let byte = |chunk: &Chunk| match chunk.status {
            Status::Missing => 0,
            Status::Checking | Status::InFlight => 1,
            Status::Confirmed { reused: true, .. } => 2,
            Status::Confirmed { reused: false, .. } => 3,
        };
        self.places.iter().map(|at| self.chunks.get(*at).map_or(0, byte)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::md5::Digest;

    fn digests(names: &str) -> Digests {
        Digests { file: Digest([9; 16]), chunks: names.bytes().map(|b| Digest([b; 16])).collect() }
    }

    #[test]
    fn a_repeated_chunk_is_one_chunk_with_many_places() {
        let mut table = Table::new(Cut::new(45, 10), &digests("aabac"), Naming::Md5, 0);
        assert_eq!(
            table.iter().map(|c| (c.index, c.len, c.bytes)).collect::<Vec<_>>(),
            [(0, 10, 30), (2, 10, 10), (4, 5, 5)]
        );
        assert_eq!((table.ids().len(), table.has_repeats()), (5, true));
        table.get_mut(0).unwrap().status = Status::Confirmed { at: 1, reused: false };
        assert_eq!(table.confirmed(Instant(5)), (30, 20));
        assert_eq!(table.map(), [3, 3, 0, 3, 0]);
    }

    #[test]
    fn a_list_says_nothing_of_what_was_acknowledged_after_its_request_went_out() {
        let mut table = Table::new(Cut::new(40, 10), &digests("abcd"), Naming::Md5, 0);
        let ids = table.ids();
        table.get_mut(0).unwrap().status = Status::Confirmed { at: 4, reused: false };
        table.get_mut(0).unwrap().sent_alone = true;
        table.get_mut(1).unwrap().status = Status::Confirmed { at: 5, reused: false };
        table.get_mut(2).unwrap().status = Status::InFlight;
        let changes =
            table.apply_handshake_list(&[ids[0].clone(), ids[1].clone(), ids[3].clone()], 5, 8, false);
        let expected =
            Changes { gained: true, arrived: vec![2], reneged: Some(1), overtaken: true, unknown: 0 };
        assert_eq!(changes, expected);
        assert_eq!(table.map(), [0, 3, 2, 0]);
        assert_eq!(table.apply_chunk_list(&ids, 8), Some(0), "b, which was not sent alone");
        assert_eq!(table.map(), [0, 0, 2, 0]);
        table.complete(9);
        assert!(table.is_complete());
    }

    #[test]
    fn a_list_of_another_cut_confirms_nothing() {
        let mut table = Table::new(Cut::new(20, 10), &digests("ab"), Naming::Md5, 0);
        let other = Digest([7; 16]).to_hex();
        let changes = table.apply_handshake_list(&[other], 1, 1, false);
        assert_eq!(changes, Changes { unknown: 1, ..Changes::default() });
        assert_eq!(table.map(), [0, 0]);
    }

    #[test]
    fn with_the_index_every_place_is_its_own() {
        let table = Table::new(Cut::new(45, 10), &digests("aabac"), Naming::Md5Index, 0);
        assert_eq!((table.iter().count(), table.has_repeats()), (5, false));
        assert!(table.ids().iter().enumerate().all(|(i, id)| id.get(32..) == Some(&i.to_string())));
        assert_eq!(table.find(&table.ids()[3]), Some(3));
    }
}
