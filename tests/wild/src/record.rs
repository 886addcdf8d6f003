//! What a server notes of a file.

use serde::{Deserialize, Serialize};

/// The record of a file: what its handshake announced, and what is still needed of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    pub file_id: String,
    pub ext: String,
    pub chunk_ids: Vec<String>,
    pub needed: Vec<String>,
}

impl Record {
    pub fn new(file_id: String, ext: String, chunk_ids: Vec<String>) -> Record {
        Record { file_id, ext, needed: chunk_ids.clone(), chunk_ids }
    }

    /// Notes that `chunk` has come. An id that stands twice is crossed out in both places.
    pub fn cross_out(&mut self, chunk: &str) {
        self.needed.retain(|id| id != chunk);
    }

    /// Returns the finished file's name.
    pub fn file_name(&self) -> String {
        format!("{}{}", self.file_id, self.ext)
    }

    /// Returns the finished file's URL, relative to the server.
    pub fn url(&self) -> String {
        format!("/files/{}", self.file_name())
    }
}
