//! The upload protocol's JSON, shared by the engine and the server.

use std::borrow::Cow;

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
    /// What the server accepts, in answers to a handshake; nothing where it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepts: Option<Accepts>,
}

impl<T> Envelope<T> {
    /// Makes the answer of a success.
    pub fn success(data: T) -> Envelope<T> {
        Envelope { code: OK, msg: String::new(), data: Some(data), accepts: None }
    }

    /// Makes the answer of a failure.
    pub fn failure(code: u32, msg: impl Into<String>) -> Envelope<T> {
        Envelope { code, msg: msg.into(), data: None, accepts: None }
    }
}

/// What a server says that it accepts. Who says nothing gets the default: most servers of this protocol read a record of
/// what is needed, change it and write it back, so that two requests at once lose chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Accepts {
    /// How many chunks of one file it takes at once, at least 1.
    pub parallel: usize,
    /// Whether an id may stand in `chunkIds` more than once.
    pub repeats: bool,
}

impl Default for Accepts {
    fn default() -> Accepts {
        Accepts { parallel: 1, repeats: false }
    }
}

/// The most chunks at once that a server's word is believed for; anything above counts as nonsense.
pub const MOST_PARALLEL: usize = 1_000;

/// The answer to a handshake or a chunk: the URL of a complete file, or the ids of the chunks still needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// The server has the file; this is its URL.
    Url(String),
    /// The server still needs these chunks.
    Needed(Vec<String>),
}

/// The digits of an MD5 in hex.
const MD5_DIGITS: usize = 32;
/// The most characters that may follow the MD5 in a chunk's id.
const MOST_BEHIND: usize = 11;

/// Tells whether `id` is an MD5 in hex of either case, as `fileId` must be.
pub fn is_file_id(id: &str) -> bool {
    id.len() == MD5_DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Tells whether `id` is an MD5 in hex of either case, with or without something behind it that tells the places of equal
/// chunks apart: at most 11 of the characters `0-9 A-Z a-z _ -`, such as the chunk's index.
pub fn is_chunk_id(id: &str) -> bool {
    let (Some(md5), Some(behind)) = (id.get(..MD5_DIGITS), id.get(MD5_DIGITS..)) else { return false };
    is_file_id(md5)
        && behind.len() <= MOST_BEHIND
        && behind.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Returns the MD5 that a chunk's id begins with, in lower case.
pub fn md5_of(chunk_id: &str) -> Cow<'_, str> {
    let md5 = chunk_id.get(..MD5_DIGITS).unwrap_or(chunk_id);
    if md5.bytes().any(|byte| byte.is_ascii_uppercase()) {
        md5.to_ascii_lowercase().into()
    } else {
        md5.into()
    }
}

/// Tells whether `ext` may stand at the end of a stored name: empty, or a dot and 1 to 31 of `[A-Za-z0-9._-]`
/// without `..` and not ending in a dot.
pub fn is_ext(ext: &str) -> bool {
    let Some(rest) = ext.strip_prefix('.') else { return ext.is_empty() };
    (1..=31).contains(&rest.len())
        && rest.split('.').all(|part| !part.is_empty())
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
    fn ids_are_md5_and_chunks_may_tell_their_place() {
        assert!(is_file_id("d41d8cd98f00b204e9800998ecf8427e"));
        assert!(is_file_id("D41D8CD98F00B204E9800998ECF8427E"));
        for bad in ["", "d41d8cd98f00b204e9800998ecf8427", "../../../../../../../../../etc/pas"] {
            assert!(!is_file_id(bad), "{bad}");
        }
        for behind in ["", "-12", "12", "_12", "-4294967295"] {
            let id = format!("d41d8cd98f00b204e9800998ecf8427E{behind}");
            assert!(is_chunk_id(&id), "{id}");
            assert_eq!(md5_of(&id), "d41d8cd98f00b204e9800998ecf8427e");
        }
        for bad in ["d41d8cd98f00b204e9800998ecf8427", "é41d8cd98f00b204e9800998ecf8427", ""] {
            assert!(!is_chunk_id(bad), "{bad}");
        }
        for behind in ["/1", ".1", "中", "-42949672950", " "] {
            let id = format!("d41d8cd98f00b204e9800998ecf8427e{behind}");
            assert!(!is_chunk_id(&id), "{id}");
        }
    }

    // serde_json is there natively only.
    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn what_a_server_accepts_stands_beside_the_data() {
        let said = |json: &str| serde_json::from_str::<Envelope<Answer>>(json).unwrap().accepts;
        assert_eq!(said(r#"{"code":0,"msg":"","data":[]}"#), None);
        let six = Accepts { parallel: 6, repeats: true };
        assert_eq!(said(r#"{"code":0,"data":[],"accepts":{"parallel":6,"repeats":true,"x":1}}"#), Some(six));
        let text = serde_json::to_string(&Envelope { accepts: Some(six), ..Envelope::success(1) }).unwrap();
        assert_eq!(text, r#"{"code":0,"msg":"","data":1,"accepts":{"parallel":6,"repeats":true}}"#);
        let text = serde_json::to_string(&Envelope::<()>::failure(403, "no")).unwrap();
        assert_eq!(text, r#"{"code":403,"msg":"no","data":null}"#);
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
