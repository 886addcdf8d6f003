//! The names of things in the store. Every part was checked by `wire` before it comes here.

use object_store::path::Path;

/// The folder of all files.
pub const FILES: &str = "files";
/// The folder of chunks that arrived before their names.
pub const INCOMING: &str = "incoming";

/// What a file's folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A chunk, by its MD5.
    Chunk(String),
    /// An announced cut, by its id.
    Plan(String),
    /// The manifest.
    Manifest,
}

/// The folder of one file.
pub fn file(file_id: &str) -> Path {
    Path::from_iter([FILES, file_id])
}

/// Where a part of a file is.
pub fn part(file_id: &str, part: &Part) -> Path {
    match part {
        Part::Chunk(md5) => Path::from_iter([FILES, file_id, "chunks", md5]),
        Part::Plan(cut) => Path::from_iter([FILES, file_id, "plans", &format!("{cut}.json")]),
        Part::Manifest => Path::from_iter([FILES, file_id, "whole.json"]),
    }
}

/// Reads the part of a file back from its path; `None` for what the server did not put there.
pub fn read(path: &Path) -> Option<Part> {
    let parts: Vec<_> = path.parts().skip(2).map(|part| part.as_ref().to_owned()).collect();
    match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["chunks", md5] => Some(Part::Chunk((*md5).to_owned())),
        ["plans", name] => Some(Part::Plan(name.strip_suffix(".json")?.to_owned())),
        ["whole.json"] => Some(Part::Manifest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_back() {
        for p in [Part::Chunk("ab".into()), Part::Plan("cd".into()), Part::Manifest] {
            assert_eq!(read(&part("00", &p)), Some(p));
        }
        assert_eq!(read(&Path::from("files/00/else/x")), None);
    }
}
