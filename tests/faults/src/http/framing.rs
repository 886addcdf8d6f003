//! How a message says where its body ends.

/// Where a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// After so many bytes.
    Length(u64),
    /// After the last chunk of the chunked coding.
    Chunked,
    /// When the connection closes.
    UntilClose,
}
