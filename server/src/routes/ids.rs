//! The ids in requests: checked before anything is done with them.

use xuchuan::core::protocol::wire::{is_chunk_id, is_file_id};

use crate::failure::Failure;

/// Checks the id of a file, and gives it in lower case.
pub fn file_id(id: &str) -> Result<String, Failure> {
    if is_file_id(id) {
        return Ok(id.to_ascii_lowercase());
    }
    Err(Failure::bad_request("fileId must be the file's MD5 as 32 hex digits"))
}

/// Checks the id of a chunk.
pub fn chunk_id(id: &str) -> Result<(), Failure> {
    if is_chunk_id(id) {
        return Ok(());
    }
    Err(Failure::bad_request(
        "a chunk's id must be its MD5 as 32 hex digits, with or without its index behind (at most 11 letters, digits, \
         `-` and `_`)",
    ))
}
