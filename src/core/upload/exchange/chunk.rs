//! One chunk of an upload, and what is known of it.

use crate::core::report::ChunkReport;

/// Where one chunk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The server needs it.
    Missing,
    /// Its bytes are being hashed again before they are sent.
    Checking,
    /// It is being sent.
    InFlight,
    /// The server has it, on the word of the answer to request `at`, or of one sent after it.
    Confirmed {
        /// The number of the latest request sent when the answer came.
        at: u64,
        /// It was there before this visit sent it.
        reused: bool,
    },
}

/// A chunk that is sent at most once, however often it stands in the file.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// Its id on the wire.
    pub id: String,
    /// Its first index in the file; the bytes are taken from there.
    pub index: usize,
    /// Its size in bytes.
    pub len: u64,
    /// The bytes of all its places in the file.
    pub bytes: u64,
    /// Where it stands.
    pub status: Status,
    /// Its bytes were seen to have its digest in this visit, and nothing has raised a doubt since.
    pub verified: bool,
    /// It was last sent with nothing beside it.
    pub sent_alone: bool,
    /// How it fared in this visit.
    pub report: ChunkReport,
    /// What went wrong with it.
    pub troubles: Troubles,
}

/// What went wrong with a chunk, each kind counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Troubles {
    /// How often no answer came since it last arrived.
    pub losses: u32,
    /// How often it stalled since it last arrived: each time it gets twice as long.
    pub stalls: u32,
    /// How often the server refused it since it last arrived.
    pub refusals: u32,
    /// How often other bytes arrived than were sent, since it last arrived.
    pub garbled: u32,
    /// How often the server took it, sent with nothing beside it, and asked for it again, ever.
    pub reneges: u32,
}

impl Chunk {
    /// Notes that the server took it and asks for it again: it reneges, as RFC 2018 (section 8) calls a receiver that
    /// drops what it acknowledged. Returns how often it has. That does not count what was sent beside others, which a
    /// server that takes one at a time may lose, unless it said that it `forgot` the file.
    pub fn renege(&mut self, forgot: bool) -> u32 {
        self.status = Status::Missing;
        self.troubles.reneges += u32::from(self.sent_alone || forgot);
        self.troubles.reneges
    }
}
