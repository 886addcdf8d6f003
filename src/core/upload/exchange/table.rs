//! The chunks of an upload by id, and what the server's lists change in them.

use super::index::Index;
use crate::core::clock::Instant;
use crate::core::md5::Digests;
use crate::core::plan::Cut;
use crate::core::protocol::Naming;
use crate::core::report::ChunkReport;

/// Where one chunk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The server needs it.
    Missing,
    /// Its bytes are being hashed again before they are sent.
    Checking,
    /// It is being sent.
    InFlight,
    /// The server has it, on the word of the answer to request `at`, or of one sent after it.
    Confirmed {
        /// The number of the latest request sent when the answer came.
        at: u64,
        /// It was there before this visit sent it.
        reused: bool,
    },
}

/// A chunk that is sent at most once, however often it stands in the file.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// Its id on the wire.
    pub id: String,
    /// Its first index in the file; the bytes are taken from there.
    pub index: usize,
    /// Its size in bytes.
    pub len: u64,
    /// The bytes of all its places in the file.
    pub bytes: u64,
    /// Where it stands.
    pub status: Status,
    /// Its bytes were seen to have its digest in this visit, and nothing has raised a doubt since.
    pub verified: bool,
    /// It was last sent with nothing beside it.
    pub sent_alone: bool,
    /// How it fared in this visit.
    pub report: ChunkReport,
    /// What went wrong with it.
    pub troubles: Troubles,
}

/// What went wrong with a chunk, each kind counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Troubles {
    /// How often no answer came since it last arrived.
    pub losses: u32,
    /// How often it stalled since it last arrived: each time it gets twice as long.
    pub stalls: u32,
    /// How often the server refused it since it last arrived.
    pub refusals: u32,
    /// How often other bytes arrived than were sent, since it last arrived.
    pub garbled: u32,
    /// How often the server took it, sent with nothing beside it, and asked for it again, ever.
    pub reneges: u32,
}

impl Chunk {
    /// Notes that the server took it and asks for it again: it reneges, as RFC 2018 (section 8) calls a receiver that
    /// drops what it acknowledged. Returns how often it has. That does not count what was sent beside others, which a
    /// server that takes one at a time may lose, unless it said that it `forgot` the file.
    pub fn renege(&mut self, forgot: bool) -> u32 {
        self.status = Status::Missing;
        self.troubles.reneges += u32::from(self.sent_alone || forgot);
        self.troubles.reneges
    }
}

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
