//! MD5 as the protocol writes it, independent of the engine's own.

use md5::{Digest, Md5};

/// Writes bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the MD5 of `bytes`, as the protocol writes it.
pub fn md5_of(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}
