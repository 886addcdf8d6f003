//! The upload protocol's JSON, shared by the engine and the server.

use crate::core::text::{cut, parts};
use serde::{Deserialize, Serialize};

/// The code of an answer that succeeded.
pub const OK: u32 = 0;
/// The code the protocol gives a request that lacks a field or names an unknown file or chunk.
pub const REFUSED: u32 = 403;

/// The protocol's own messages, word for word.
pub mod msg {
    /// The handshake or the chunk has no `fileId`.
    pub const NO_FILE_ID: &str = "请携带文件编号";
    /// The handshake has no `ext`.
    pub const NO_EXT: &str = "请携带文件后缀，例如 .mp4";
    /// The handshake has no `chunkIds`.
    pub const NO_CHUNK_IDS: &str = "请按顺序设置文件的分片编号数组";
    /// The chunk has no `chunkId`.
    pub const NO_CHUNK_ID: &str = "请携带分片编号";
    /// The chunk belongs to a file that no handshake announced.
    pub const UNKNOWN_FILE: &str = "请先提交文件分片信息";
    /// The announced file has no such chunk.
    pub const UNKNOWN_CHUNK: &str = "该文件没有此分片信息";
}

/// What the handshake sends: the file's identity and its chunks in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Handshake {
    /// MD5 of the file, 32 lower-case hex digits.
    pub file_id: String,
    /// The extension with its dot, or empty.
    pub ext: String,
    /// One id a chunk, in the file's order; a repeated chunk stands once for each place.
    pub chunk_ids: Vec<String>,
}

/// The form every answer has: `{ "code": 0, "msg": "", "data": … }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<T> {
    /// 0 for success, anything else for a failure.
    pub code: u32,
    /// What is wrong; empty on success.
    #[serde(default)]
    pub msg: String,
    /// The answer, or null on failure.
    #[serde(default = "Option::default")]
    pub data: Option<T>,
}

/// The answer to a handshake or a chunk: the URL of a complete file, or the ids of the chunks still needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// The server has the file; this is its URL.
    Url(String),
    /// The server still needs these chunks.
    Needed(Vec<String>),
}

/// Tells whether `id` is an MD5 in lower-case hex, as `fileId` must be.
pub fn is_file_id(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Tells whether `id` is an MD5 in lower-case hex, with or without `-` and the chunk's index behind it.
pub fn is_chunk_id(id: &str) -> bool {
    match cut(id, b'-') {
        None => is_file_id(id),
        Some((md5, index)) => {
            is_file_id(md5) && (1..=10).contains(&index.len()) && index.bytes().all(|b| b.is_ascii_digit())
        }
    }
}

/// Tells whether `ext` may stand at the end of a stored name: empty, or a dot and 1 to 31 of `[A-Za-z0-9._-]`
/// without `..` and not ending in a dot.
pub fn is_ext(ext: &str) -> bool {
    let Some(rest) = ext.strip_prefix('.') else { return ext.is_empty() };
    (1..=31).contains(&rest.len())
        && parts(rest, b'.').all(|part| !part.is_empty())
        && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Returns the extension of a file's name that the server is told: with its dot, `.tar.gz` and its like whole, empty
/// where there is none or where it is not one that [`is_ext`] allows.
pub fn ext_of(name: &str) -> &str {
    let dot = name.bytes().rposition(|byte| byte == b'.').filter(|dot| *dot > 0);
    let Some(dot) = dot else { return "" };
    let compound =
        name.get(..dot).filter(|stem| stem.to_ascii_lowercase().ends_with(".tar")).map(|stem| stem.len() - 4);
    let ext = compound.filter(|at| *at > 0).and_then(|at| name.get(at..)).or(name.get(dot..)).unwrap_or("");
    if is_ext(ext) { ext } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_lower_case_md5() {
        assert!(is_file_id("d41d8cd98f00b204e9800998ecf8427e"));
        for bad in [
            "",
            "D41D8CD98F00B204E9800998ECF8427E",
            "d41d8cd98f00b204e9800998ecf8427",
            "../../../../../../../../../etc/pas",
        ] {
            assert!(!is_file_id(bad), "{bad}");
        }
        assert!(is_chunk_id("d41d8cd98f00b204e9800998ecf8427e-12"));
        for bad in [
            "d41d8cd98f00b204e9800998ecf8427e-",
            "d41d8cd98f00b204e9800998ecf8427e-x",
            "d41d8cd98f00b204e9800998ecf8427e-1-2",
        ] {
            assert!(!is_chunk_id(bad), "{bad}");
        }
    }

    #[test]
    fn an_extension_is_the_end_of_a_name() {
        for (name, ext) in [
            ("a.mp4", ".mp4"),
            ("视频.mp4", ".mp4"),
            ("x.tar.gz", ".tar.gz"),
            ("X.TAR.GZ", ".TAR.GZ"),
            ("a.b.c", ".c"),
            ("README", ""),
            (".bashrc", ""),
            (".tar.gz", ".gz"),
            ("end.", ""),
            ("a.中文", ""),
            ("", ""),
        ] {
            assert_eq!(ext_of(name), ext, "{name}");
        }
    }

    #[test]
    fn extensions_cannot_leave_their_folder() {
        for good in ["", ".mp4", ".tar.gz", ".7z", ".x_y-z"] {
            assert!(is_ext(good), "{good}");
        }
        for bad in ["mp4", ".", "..", ".a/b", ".a\\b", ".a..b", ".中", ".a.", &format!(".{}", "a".repeat(32))]
        {
            assert!(!is_ext(bad), "{bad}");
        }
    }
}
