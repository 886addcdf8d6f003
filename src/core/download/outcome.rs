//! How a download ended well.

/// How a download ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The size in bytes.
    pub size: u64,
    /// The media type.
    pub content_type: Option<String>,
    /// The ETag.
    pub etag: Option<String>,
    /// What the bytes were checked against.
    pub verified: Option<Verified>,
    /// How it was downloaded.
    pub mode: Mode,
    /// Why not in parallel.
    pub reason: Option<&'static str>,
    /// Bytes that an earlier visit had stored.
    pub reused: u64,
}

/// What the bytes were checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// The page's MD5.
    Md5,
    /// The server's `Repr-Digest`.
    Digest,
}

impl Verified {
    /// Returns the name that JavaScript sees.
    pub fn name(self) -> &'static str {
        match self {
            Verified::Md5 => "md5",
            Verified::Digest => "digest",
        }
    }
}

/// How a download goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In ranges, several at once.
    Parallel,
    /// In ranges, one after the other.
    Sequential,
    /// As one stream.
    Whole,
}

impl Mode {
    /// Returns the name that JavaScript sees.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Parallel => "parallel",
            Mode::Sequential => "sequential",
            Mode::Whole => "whole",
        }
    }
}
