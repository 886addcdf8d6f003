//! What is remembered between page loads: versioned, and validated when it is read.

use crate::core::md5::{Digest, Digests, Snapshot};
use crate::core::plan::Cut;
use crate::core::upload::{Checkpoint, Naming, Restored};

/// The version of the records below; a record of another version is not used.
pub const VERSION: u32 = 2;

/// An unfinished upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRecord {
    /// [`VERSION`].
    pub version: u32,
    /// The file's name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last changed, in ms since 1970, where known.
    pub last_modified: Option<u64>,
    /// Where it goes.
    pub endpoint: String,
    /// Its extension as the server is told it.
    pub ext: String,
    /// The chunk size in bytes.
    pub chunk: u64,
    /// The chunk size that the page asked for, if it did.
    pub asked_chunk: Option<u64>,
    /// How the page asked for chunks to be named, if it did.
    pub asked_naming: Option<Naming>,
    /// How the server was told of the chunks; nothing before it was.
    pub announced: Option<Naming>,
    /// The file's MD5 in hex; empty while it is not known.
    pub file_id: String,
    /// The chunks' MD5 in hex; empty while they are not known.
    pub chunk_ids: Vec<String>,
    /// Bytes the server had when this was written.
    pub confirmed: u64,
    /// When this was written, in ms since 1970.
    pub updated_at: u64,
}

impl UploadRecord {
    /// Returns the file's cut, or nothing if the record is not usable.
    pub fn cut(&self) -> Option<Cut> {
        (self.version == VERSION && self.chunk > 0).then(|| Cut::new(self.size, self.chunk))
    }

    /// Returns the digests, if they were known and are whole.
    pub fn digests(&self) -> Option<Digests> {
        let cut = self.cut()?;
        let file = Digest::from_hex(&self.file_id)?;
        let mut chunks = Vec::new();
        for id in &self.chunk_ids {
            chunks.push(Digest::from_hex(id)?);
        }
        (chunks.len() == cut.count()).then_some(Digests { file, chunks })
    }

    /// Returns what a later visit starts with.
    pub fn restored(&self) -> Option<Restored> {
        let digests = self.digests()?;
        Some(match self.announced {
            Some(naming) => Restored::Announced(digests, naming),
            None => Restored::Digests(digests),
        })
    }

    /// Takes over what a checkpoint says: the digests, or that there are none of this cut.
    pub fn apply(&mut self, checkpoint: &Checkpoint) {
        if self.chunk != checkpoint.chunk {
            self.file_id.clear();
            self.chunk_ids.clear();
        }
        if let Some((digests, naming)) = &checkpoint.announced {
            self.file_id = digests.file.to_hex();
            self.chunk_ids = digests.chunks.iter().map(Digest::to_hex).collect();
            self.announced = Some(*naming);
        }
        self.chunk = checkpoint.chunk;
        self.confirmed = checkpoint.confirmed;
    }

    /// Tells whether `other` speaks of the same file, as far as name, size and time tell, cut in the same way.
    pub fn is_same_file(&self, other: &UploadRecord) -> bool {
        let key = |r: &UploadRecord| (r.version, r.size, r.last_modified, r.chunk);
        key(self) == key(other) && self.name == other.name && self.last_modified.is_some()
    }

    /// Returns the journal's key of the upload: the same file to the same place, by the same options, has the same key.
    pub fn key(&self) -> String {
        let UploadRecord { endpoint, name, size, last_modified, asked_chunk, asked_naming, .. } = self;
        let (changed, chunk) = (last_modified.unwrap_or(0), asked_chunk.unwrap_or(0));
        let naming = asked_naming.map_or("auto", Naming::name);
        format!("upload {endpoint} {size} {changed} {chunk} {naming} {name}")
    }

    /// Tells whether there is anything to go on with after a reload. A small file of one chunk is sent whole or not at
    /// all, and writing it down would take longer than sending it.
    pub fn can_go_on(&self) -> bool {
        self.size > self.chunk || self.size >= WORTH_REMEMBERING
    }
}

/// A file of at least so many bytes has its digests remembered: a smaller one is hashed in no time.
pub const WORTH_REMEMBERING: u64 = 16 << 20;
/// Digests that nobody used for so long are forgotten, in ms: 30 days.
pub const DIGESTS_EXPIRE: u64 = 30 * 24 * 3600 * 1000;
/// So many files have their digests remembered; each takes 16 KB at most.
pub const MOST_DIGESTS: u32 = 200;

/// Returns the key under which a file's digests are remembered: what tells it from others without reading it.
pub fn digests_key(record: &UploadRecord) -> Option<String> {
    let UploadRecord { name, size, last_modified, chunk, .. } = record;
    let changed = last_modified.filter(|_| *size >= WORTH_REMEMBERING)?;
    Some(format!("{size} {changed} {chunk} {name}"))
}

/// Reads what was remembered of the digests of a file that is cut like this: all of them, or where the hashing was. What
/// does not fit is nothing.
pub fn restored(digests: Option<&[u8]>, state: Option<&[u8]>, cut: Cut) -> Restored {
    let digests = digests.and_then(Digests::from_bytes).filter(|known| known.chunks.len() == cut.count());
    let state = state.and_then(Snapshot::from_bytes);
    let state = state.filter(|state| state.chunk() == cut.chunk && state.position() <= cut.size);
    match (digests, state) {
        (Some(digests), _) => Restored::Digests(digests),
        (None, Some(state)) => Restored::Partly(Box::new(state)),
        (None, None) => Restored::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::md5::{FileHasher, Portable};

    fn record() -> UploadRecord {
        let digests = Digests { file: Digest([1; 16]), chunks: vec![Digest([2; 16]), Digest([3; 16])] };
        let mut record = UploadRecord {
            version: VERSION,
            name: "视频.mp4".into(),
            size: 15,
            last_modified: None,
            endpoint: "/api/upload".into(),
            ext: ".mp4".into(),
            chunk: 10,
            asked_chunk: None,
            asked_naming: None,
            announced: None,
            file_id: String::new(),
            chunk_ids: vec![],
            confirmed: 0,
            updated_at: 0,
        };
        let checkpoint = Checkpoint { chunk: 10, announced: Some((digests, Naming::Md5)), confirmed: 0 };
        record.apply(&checkpoint);
        record
    }

    #[test]
    fn a_whole_record_gives_its_digests() {
        assert_eq!(record().digests().unwrap().chunks.len(), 2);
    }

    #[test]
    fn what_was_announced_is_announced_again() {
        let record = record();
        assert_eq!(record.restored(), Some(Restored::Announced(record.digests().unwrap(), Naming::Md5)));
    }

    #[test]
    fn a_smaller_cut_leaves_nothing_of_the_old_one_but_has_the_same_key() {
        let (mut record, key) = (record(), record().key());
        record.apply(&Checkpoint { chunk: 5, announced: None, confirmed: 0 });
        assert_eq!((record.digests(), record.cut().map(|cut| cut.count())), (None, Some(3)));
        assert_eq!(record.key(), key);
    }

    #[test]
    fn a_damaged_record_gives_none() {
        let damaged: [fn(&mut UploadRecord); 5] = [
            |r| r.version = 9,
            |r| r.chunk = 0,
            |r| r.file_id.push('0'),
            |r| r.chunk_ids.truncate(1),
            |r| r.chunk_ids[1] = "x".into(),
        ];
        for damage in damaged {
            let mut record = record();
            damage(&mut record);
            assert!(record.digests().is_none());
        }
    }

    #[test]
    fn what_is_sent_whole_or_not_at_all_is_not_written_down() {
        let worth = |size, chunk| UploadRecord { size, chunk, ..record() }.can_go_on();
        assert!(!worth(0, 10) && !worth(10, 10) && worth(11, 10));
        assert!(worth(WORTH_REMEMBERING, 2 * WORTH_REMEMBERING), "it takes long to hash, or to send");
    }

    #[test]
    fn digests_are_remembered_by_what_tells_the_file() {
        let mut record = UploadRecord { size: WORTH_REMEMBERING, last_modified: Some(7), ..record() };
        assert_eq!(digests_key(&record).unwrap(), "16777216 7 10 视频.mp4");
        record.size -= 1;
        assert_eq!(digests_key(&record), None);
        record = UploadRecord { size: WORTH_REMEMBERING, last_modified: None, ..record };
        assert_eq!(digests_key(&record), None);
    }

    #[test]
    fn what_does_not_fit_the_cut_is_not_known() {
        let cut = Cut::new(15, 10);
        let digests = record().digests().unwrap();
        let bytes = digests.to_bytes();
        let mut hasher = FileHasher::new(10);
        hasher.update(&[5; 12], &Portable);
        let snapshot = hasher.snapshot().unwrap();
        let state = snapshot.to_bytes();
        let partly = Restored::Partly(Box::new(snapshot));
        assert_eq!(restored(Some(&bytes), Some(&state), cut), Restored::Digests(digests));
        assert_eq!(restored(Some(&bytes[1..]), Some(&state), cut), partly);
        assert_eq!(restored(None, Some(&state), Cut::new(11, 10)), Restored::Nothing);
        assert_eq!(restored(None, Some(&state), Cut::new(15, 11)), Restored::Nothing);
        assert_eq!(restored(Some(&bytes), None, Cut::new(21, 10)), Restored::Nothing);
        assert_eq!(restored(None, None, cut), Restored::Nothing);
    }
}
