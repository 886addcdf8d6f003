//! What is remembered between page loads: versioned, and validated when it is read.

use crate::core::md5::{Digest, Digests};
use crate::core::plan::Cut;
use crate::core::upload::Naming;

/// The version of the records below; a record of another version is not used.
pub const VERSION: u32 = 1;

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
    /// Chunks are named with their index.
    pub indexed: bool,
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
        let chunks: Option<Vec<Digest>> = self.chunk_ids.iter().map(|id| Digest::from_hex(id)).collect();
        chunks.filter(|c| c.len() == cut.count()).map(|chunks| Digests { file, chunks })
    }

    /// Writes the digests down.
    pub fn set_digests(&mut self, digests: &Digests) {
        self.file_id = digests.file.to_string();
        self.chunk_ids = digests.chunks.iter().map(Digest::to_string).collect();
    }

    /// Tells whether `other` speaks of the same file, as far as name, size and time tell, cut in the same way.
    pub fn is_same_file(&self, other: &UploadRecord) -> bool {
        let key = |r: &UploadRecord| (r.version, r.size, r.last_modified, r.chunk);
        key(self) == key(other) && self.name == other.name && self.last_modified.is_some()
    }

    /// Returns how the chunks are named.
    pub fn naming(&self) -> Naming {
        if self.indexed { Naming::Md5Index } else { Naming::Md5 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            indexed: false,
            file_id: String::new(),
            chunk_ids: vec![],
            confirmed: 0,
            updated_at: 0,
        };
        record.set_digests(&digests);
        record
    }

    #[test]
    fn a_whole_record_gives_its_digests() {
        assert_eq!(record().digests().unwrap().chunks.len(), 2);
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
}
