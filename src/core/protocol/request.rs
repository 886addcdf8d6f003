//! The protocol's two requests, and which of them opens an upload, sends a part and completes it.

use std::ops::Range;

use super::naming::Naming;
use super::wire::Handshake;
use crate::core::md5::Digest;

/// The number of a request, from 1; never used twice by one upload.
pub type RequestId = u64;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// `POST endpoint/handshake`.
    Handshake(Handshake),
    /// `POST endpoint` with the bytes of one chunk.
    Chunk {
        /// The chunk's index in the file.
        index: usize,
        /// Where its bytes stand in the file.
        bytes: Range<u64>,
        /// Its id on the wire.
        chunk_id: String,
        /// The file's id.
        file_id: String,
        /// The bytes are to be read before they are sent.
        from_memory: bool,
    },
}

impl Request {
    /// Returns the URL that it goes to.
    pub fn url(&self, endpoint: &str) -> String {
        match self {
            Request::Handshake(_) => handshake_url(endpoint),
            Request::Chunk { .. } => endpoint.to_owned(),
        }
    }
}

/// Puts `/handshake` behind the endpoint's path, before its query.
pub fn handshake_url(endpoint: &str) -> String {
    let path = endpoint.split(['?', '#']).next().unwrap_or_default();
    let rest = endpoint.strip_prefix(path).unwrap_or_default();
    format!("{}/handshake{rest}", path.trim_end_matches('/'))
}

/// A part of a file that is to be sent.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its index in the file.
    pub index: usize,
    /// Where its bytes stand in the file.
    pub bytes: Range<u64>,
    /// Its id on the wire.
    pub id: String,
    /// The bytes are to be read before they are sent.
    pub from_memory: bool,
}

/// One file in the protocol's words: what makes the requests that are about it.
#[derive(Debug, Clone)]
pub struct Protocol {
    file_id: String,
    ext: String,
    naming: Naming,
}

impl Protocol {
    /// Speaks of the file with this digest and this extension (with its dot, or empty), whose chunks are named so.
    pub fn new(file: Digest, ext: String, naming: Naming) -> Protocol {
        Protocol { file_id: file.to_hex(), ext, naming }
    }

    /// Returns how the chunks are named.
    pub fn naming(&self) -> Naming {
        self.naming
    }

    /// Makes the request that tells the server of the file and asks which chunks it needs: the handshake, which changes
    /// nothing when it is sent again. `chunk_ids` are those of the whole file, in its order.
    pub fn open(&self, chunk_ids: Vec<String>) -> Request {
        let Protocol { file_id, ext, .. } = self;
        Request::Handshake(Handshake { file_id: file_id.clone(), ext: ext.clone(), chunk_ids })
    }

    /// Makes the request that sends a part.
    pub fn send_part(&self, part: Part) -> Request {
        let Part { index, bytes, id, from_memory } = part;
        Request::Chunk { index, bytes, chunk_id: id, file_id: self.file_id.clone(), from_memory }
    }

    /// Makes the request that asks for the URL of a file of which the server has every chunk: the handshake again. A
    /// server may have named it in its answer to the last chunk.
    pub fn complete(&self, chunk_ids: Vec<String>) -> Request {
        self.open(chunk_ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_goes_below_the_endpoint_and_keeps_its_query() {
        for (endpoint, url) in [
            ("/api/upload", "/api/upload/handshake"),
            ("/api/upload/", "/api/upload/handshake"),
            ("https://h/up?token=a/b#c", "https://h/up/handshake?token=a/b#c"),
            ("", "/handshake"),
        ] {
            assert_eq!(handshake_url(endpoint), url);
        }
    }

    #[test]
    fn a_part_goes_to_the_endpoint_and_the_rest_below_it() {
        let protocol = Protocol::new(Digest([1; 16]), ".mp4".into(), Naming::Md5Index);
        let part = Part { index: 2, bytes: 20..30, id: "x2".into(), from_memory: false };
        assert_eq!(protocol.send_part(part).url("/up"), "/up");
        let ids = vec!["x0".to_owned(), "x1".to_owned()];
        assert_eq!(protocol.open(ids.clone()).url("/up"), "/up/handshake");
        assert_eq!(protocol.open(ids.clone()), protocol.complete(ids));
        assert_eq!(protocol.naming(), Naming::Md5Index);
    }
}
