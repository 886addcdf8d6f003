//! What is known of one file, and of what the server has of it.

use super::requests::{InFlight, Purpose, Requests};
use super::step::{Failure, Step};
use super::table::{Chunk, Status, Table};
use crate::core::clock::{Instant, Millis};
use crate::core::error::{Error, Kind};
use crate::core::md5::{Digest, Digests};
use crate::core::plan::{self, Cut};
use crate::core::protocol::wire::Accepts;
use crate::core::protocol::{Naming, Protocol, RequestId};
use crate::core::report::{self, ChunkReport};
use crate::core::upload::interface::{Config, Outcome};

/// How often something that time does not mend is tried before it counts.
pub(super) const TRIES: u32 = 3;

/// A file whose digests are known.
#[derive(Debug, Clone)]
pub struct File {
    /// Its digests.
    pub digests: Digests,
    /// Its chunks.
    pub cut: Cut,
    /// The digests of so many chunks, from the first on, are of an earlier visit: these are hashed again before they are
    /// sent.
    pub restored_chunks: usize,
}

/// The exchange with the server. It lasts as long as the upload; the file in it changes where the server takes only
/// smaller chunks than it was cut into.
#[derive(Debug)]
pub struct Exchange {
    pub(super) ext: String,
    /// How the page says that chunks are named, if it does.
    pub(super) asked_naming: Option<Naming>,
    pub(super) finish_timeout: Millis,
    pub(super) file: File,
    pub(super) protocol: Protocol,
    pub(super) table: Table,
    pub(super) requests: Requests,
    pub(super) server: Server,
    /// Bytes of chunks that the server answered for.
    pub(super) sent: u64,
    /// The cut that the server refused before the present one.
    pub(super) refused_cut: Option<RefusedCut>,
    /// The chunk whose body was asked to be made ahead.
    pub(super) prepared: Option<usize>,
}

/// What the server has shown of itself since this file was begun, in this cut.
#[derive(Debug, Default)]
pub(super) struct Server {
    /// What it has is in doubt: a handshake with this number or a later one comes before anything else.
    pub doubt: Option<RequestId>,
    /// It has answered a handshake.
    pub met: bool,
    /// It has answered a chunk, in the protocol's words.
    pub took_a_chunk: bool,
    /// Bytes of the largest chunk that it took.
    pub largest_taken: u64,
    /// It said that it does not know the file, which explains what it asks for again.
    pub forgot: bool,
    /// Handshakes in a row that were refused, or answered by something else than the protocol.
    pub refusals: u32,
    /// Handshakes in a row that named neither a URL nor a missing chunk.
    pub empty: u32,
    /// Rounds in a row in which a handshake was answered and then a chunk was lost at once.
    pub lost_at_once: u32,
}

/// A cut whose chunks were too large for the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RefusedCut {
    /// Bytes of a chunk.
    pub chunk: u64,
    /// What showed it.
    pub why: String,
}

impl Exchange {
    /// Starts with no file.
    pub fn new(config: &Config) -> Exchange {
        let digests = Digests { file: Digest([0; 16]), chunks: Vec::new() };
        let naming = Naming::default();
        Exchange {
            ext: config.ext.clone(),
            asked_naming: config.naming,
            finish_timeout: config.finish_timeout,
            protocol: Protocol::new(digests.file, config.ext.clone(), naming),
            table: Table::new(config.cut, &digests, naming, 0),
            file: File { digests, cut: config.cut, restored_chunks: 0 },
            requests: Requests::new(config.stall_timeout),
            server: Server::default(),
            sent: 0,
            refused_cut: None,
            prepared: None,
        }
    }

    /// Begins with a file, whose chunks the server was told of by `announced` in an earlier visit. Where neither that nor
    /// the page says how they are named, it is so that a server that accepts `accepts` can take it.
    pub fn begin(&mut self, file: File, announced: Option<Naming>, accepts: Accepts) {
        let said = self.asked_naming.or(announced);
        self.server = Server { doubt: Some(self.requests.next_id()), ..Server::default() };
        self.prepared = None;
        self.file = file;
        self.name(said.unwrap_or_default());
        if said.is_none() && self.table.has_repeats() && !accepts.repeats {
            self.name(Naming::Md5Index);
        }
    }

    /// Lays the file's chunks out under these names.
    pub(super) fn name(&mut self, naming: Naming) {
        let File { digests, cut, restored_chunks } = &self.file;
        self.table = Table::new(*cut, digests, naming, *restored_chunks);
        self.protocol = Protocol::new(digests.file, self.ext.clone(), naming);
    }

    /// Tells whether a server that refuses the chunks' names may be told of them by their digests alone.
    pub(super) fn may_name_plainly(&self) -> bool {
        self.asked_naming.is_none() && self.naming() == Naming::Md5Index && !self.server.met
    }

    /// Returns how the chunks are named.
    pub fn naming(&self) -> Naming {
        self.protocol.naming()
    }

    /// Returns the file's digests.
    pub fn digests(&self) -> &Digests {
        &self.file.digests
    }

    /// Tells whether the server has answered a handshake about this file.
    pub fn has_met(&self) -> bool {
        self.server.met
    }

    /// Tells whether the server has every chunk.
    pub fn is_complete(&self) -> bool {
        self.table.is_complete()
    }

    /// Returns how many chunks the server is not known to have.
    pub fn unconfirmed(&self) -> usize {
        self.table.unconfirmed()
    }

    /// Returns the bytes of chunks that the server answered for, those of repeated attempts too.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Returns how many requests are in flight.
    pub fn in_flight(&self) -> usize {
        self.requests.len()
    }

    /// Returns the number of the latest request, which is also how many there were.
    pub fn latest(&self) -> RequestId {
        self.requests.latest()
    }

    /// Returns the number that the next request will have.
    pub fn next_id(&self) -> RequestId {
        self.requests.next_id()
    }

    /// Returns one byte for each chunk: 0 missing, 1 in flight, 2 reused, 3 confirmed; none before the file is begun.
    pub fn map(&self) -> Vec<u8> {
        self.table.map()
    }

    /// Tells how the chunks fared that this visit sent.
    pub fn chunk_reports(&self, tell: &mut dyn FnMut(&ChunkReport)) {
        report::tell(self.table.chunks(), |chunk| &chunk.report, tell);
    }

    /// Takes a chunk's digest, hashed again, or why it cannot be read. Returns what that leads to; what was not asked for
    /// leads to nothing.
    pub fn checked(&mut self, index: usize, result: Result<Digest, Error>) -> Vec<Step> {
        let checked = |chunk: &&mut Chunk| chunk.index == index && chunk.status == Status::Checking;
        let Some(chunk) = self.table.iter_mut().find(checked) else { return Vec::new() };
        chunk.status = Status::Missing;
        let digest = match result {
            Ok(digest) => digest,
            Err(error) => return vec![Step::Fail(error)],
        };
        let chunks = &self.file.digests.chunks;
        if chunks.get(index) == Some(&digest) {
            chunk.verified = true;
            return Vec::new();
        }
        let doing = format!("checking chunk {} of {}", index + 1, chunks.len());
        let error = Error::new(Kind::FileChanged, doing, "its bytes are not the ones that were hashed");
        let restored = index < self.file.restored_chunks;
        vec![if restored { Step::NotAsRestored(error) } else { Step::Fail(error) }]
    }

    /// Notes that the server has the whole file, under `url`.
    pub fn finish(&mut self, url: String, now: Instant) -> Outcome {
        self.table.complete(self.latest());
        let (size, reused) = self.table.confirmed(now);
        let instant = self.table.iter().all(|chunk| chunk.report.tries == 0);
        Outcome { url, file_id: self.file.digests.file, size, instant, reused }
    }

    /// Gives all requests up; the server is asked anew before anything else is sent. Returns those that are to be
    /// cancelled.
    pub fn recall(&mut self) -> Vec<RequestId> {
        let recalled = self.requests.remove_all().into_iter();
        let recalled = recalled.map(|(id, request)| {
            self.release(request.purpose);
            id
        });
        let recalled = recalled.collect();
        self.doubt();
        recalled
    }

    /// Gives up what was begun, since the file is hashed anew. Returns the requests that are to be cancelled.
    pub fn leave(&mut self) -> Vec<RequestId> {
        let recalled = self.recall();
        self.file.digests.chunks.clear();
        self.name(Naming::default());
        recalled
    }

    /// Holds what the server has to be in doubt: it is asked before anything else is sent.
    pub(super) fn doubt(&mut self) {
        self.server.doubt = Some(self.requests.next_id());
    }

    /// Puts back what a request that will not be answered was for.
    pub(super) fn release(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Handshake => self.doubt(),
            Purpose::Chunk(at) => {
                if let Some(chunk) = self.table.get_mut(at)
                    && chunk.status == Status::InFlight
                {
                    chunk.status = Status::Missing;
                }
            }
        }
    }

    /// Cuts the file smaller, since the server refused a body with `len` bytes of a chunk, as `why` says. Returns the new
    /// chunks' size, if that could help.
    pub(super) fn cut_smaller(&mut self, len: u64, why: String) -> Option<u64> {
        // What took as much before has another reason now.
        let smaller = plan::smaller(len).filter(|_| self.server.largest_taken < len)?;
        self.refused_cut = Some(RefusedCut { chunk: self.file.cut.chunk, why });
        Some(smaller)
    }

    /// Returns the chunk that a request sends.
    pub(super) fn chunk_of(&mut self, request: &InFlight) -> Option<&mut Chunk> {
        match request.purpose {
            Purpose::Handshake => None,
            Purpose::Chunk(at) => self.table.get_mut(at),
        }
    }

    /// Says what a request is for, in an error.
    pub(super) fn doing(&self, purpose: Purpose) -> String {
        match purpose {
            Purpose::Handshake => "the handshake".to_owned(),
            Purpose::Chunk(at) => {
                let index = self.table.get(at).map_or(0, |chunk| chunk.index);
                format!("sending chunk {} of {}", index + 1, self.file.cut.count())
            }
        }
    }

    /// Makes the step of a failure that costs nothing, and notes it in the chunk's report.
    pub(super) fn noted(&mut self, request: &InFlight, error: Error) -> Step {
        self.note(request, &error);
        Step::Note(error)
    }

    /// Makes the step of a failure that is charged, and notes it in the chunk's report.
    pub(super) fn charged(&mut self, request: &InFlight, error: Error) -> Step {
        self.note(request, &error);
        Step::Charge(Failure { sent: request.sent, retry_after: None, fewer: false, error })
    }

    pub(super) fn note(&mut self, request: &InFlight, error: &Error) {
        if let Some(chunk) = self.chunk_of(request) {
            chunk.report.failure = Some(report::found(error));
        }
    }
}
