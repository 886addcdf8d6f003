//! One request with its answer, as the wire saw it.

use std::time::Instant;

const SAMPLE: usize = 2 << 10;
const MARK: usize = 64;

/// A request and its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// When its head came.
    pub began: Instant,
    /// When its last byte went, or the connection broke.
    pub ended: Option<Instant>,
    /// The method.
    pub method: String,
    /// The path with its query.
    pub target: String,
    /// The `Range` header.
    pub range: Option<String>,
    /// Bytes of the request's body that went up.
    pub up: u64,
    /// Bytes of the answer's body that came down.
    pub down: u64,
    /// The answer's status; 0 if none came.
    pub status: u16,
    /// The answer was handed to the browser in full.
    pub complete: bool,
    /// The answer's first bytes.
    pub answer: Vec<u8>,
    first: Vec<u8>,
    last: Vec<u8>,
}

impl Exchange {
    pub(super) fn new(method: &str, target: &str, range: Option<&str>) -> Exchange {
        Exchange {
            began: Instant::now(),
            ended: None,
            method: method.to_owned(),
            target: target.to_owned(),
            range: range.map(str::to_owned),
            up: 0,
            down: 0,
            status: 0,
            complete: false,
            answer: Vec::new(),
            first: Vec::new(),
            last: Vec::new(),
        }
    }

    /// Returns the field `chunkId` of a multipart upload, looked for at both ends of the body.
    pub fn chunk_id(&self) -> Option<String> {
        let mark = b"name=\"chunkId\"\r\n\r\n";
        [&self.first, &self.last].into_iter().find_map(|sample| {
            let at = sample.windows(mark.len()).position(|window| window == mark)? + mark.len();
            let rest = sample.get(at..)?;
            let end = rest.windows(2).position(|window| window == b"\r\n")?;
            String::from_utf8(rest.get(..end)?.to_vec()).ok()
        })
    }

    /// Returns the first bytes of the multipart field `file`, which tell its chunk where the id was cut off.
    pub fn content_mark(&self) -> Option<Vec<u8>> {
        let head = self.first.windows(4).position(|window| window == b"\r\n\r\n")?;
        let names_file = self.first.get(..head)?.windows(11).any(|window| window == b"name=\"file\"");
        let mark = self.first.get(head + 4..head + 4 + MARK)?;
        names_file.then(|| mark.to_vec())
    }

    /// Tells whether the server took it: a full answer with status 200 and `code` 0.
    pub fn acknowledged(&self) -> bool {
        let text: String = String::from_utf8_lossy(&self.answer).split_whitespace().collect();
        self.complete && self.status == 200 && text.contains("\"code\":0")
    }

    /// Tells whether it sends a chunk.
    pub fn is_chunk(&self) -> bool {
        self.method == "POST" && self.target.ends_with("/api/upload")
    }

    pub(super) fn went_up(&mut self, bytes: &[u8]) {
        self.up += bytes.len() as u64;
        let room = SAMPLE.saturating_sub(self.first.len()).min(bytes.len());
        self.first.extend_from_slice(bytes.get(..room).unwrap_or(&[]));
        let tail = bytes.get(bytes.len().saturating_sub(SAMPLE)..).unwrap_or(&[]);
        self.last.extend_from_slice(tail);
        let surplus = self.last.len().saturating_sub(SAMPLE);
        self.last.drain(..surplus);
    }

    pub(super) fn came_down(&mut self, bytes: &[u8]) {
        self.down += bytes.len() as u64;
        let room = SAMPLE.saturating_sub(self.answer.len()).min(bytes.len());
        self.answer.extend_from_slice(bytes.get(..room).unwrap_or(&[]));
    }
}

/// What became of one chunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Story {
    /// How often it was sent, wholly or in part.
    pub sent: u32,
    /// How often the server took it and the browser was told so.
    pub acknowledged: u32,
    /// How often a sending began after it had been acknowledged.
    pub again: u32,
}
