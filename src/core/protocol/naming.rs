//! How chunks are named: their ids on the wire.

use crate::core::md5::Digest;

/// How chunks are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Naming {
    /// By their MD5; a repeated chunk has one name.
    #[default]
    Md5,
    /// By their MD5 followed at once by their index, for servers that need names unique within a file.
    Md5Index,
}

impl Naming {
    /// Returns its name in the option `chunkId` and in the journal.
    pub fn name(self) -> &'static str {
        match self {
            Naming::Md5 => "md5",
            Naming::Md5Index => "md5-index",
        }
    }

    /// Reads such a name.
    pub fn from_name(name: &str) -> Option<Naming> {
        [Naming::Md5, Naming::Md5Index].into_iter().find(|naming| naming.name() == name)
    }

    /// Returns the id of the chunk with this digest at `index` of its file.
    pub fn id(self, digest: &Digest, index: usize) -> String {
        match self {
            Naming::Md5 => digest.to_hex(),
            Naming::Md5Index => format!("{digest}{index}"),
        }
    }

    /// Returns the ids of a file's chunks, in its order.
    pub fn ids(self, chunks: &[Digest]) -> Vec<String> {
        chunks.iter().enumerate().map(|(index, digest)| self.id(digest, index)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_chunk_has_one_name_or_one_for_each_place() {
        let chunks = [Digest([1; 16]), Digest([1; 16])];
        let hex = chunks[0].to_hex();
        assert_eq!(Naming::Md5.ids(&chunks), [hex.clone(), hex.clone()]);
        assert_eq!(Naming::Md5Index.ids(&chunks), [format!("{hex}0"), format!("{hex}1")]);
        for naming in [Naming::Md5, Naming::Md5Index] {
            assert_eq!(Naming::from_name(naming.name()), Some(naming));
        }
        assert_eq!(Naming::from_name("sha256"), None);
    }
}
