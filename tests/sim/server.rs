//! The protocol's server, with the rules of `protocol.md`, in memory.

use std::collections::{BTreeMap, BTreeSet};

use xuchuan::core::md5::{Digest, Digests};
use xuchuan::core::protocol::wire::{self, Accepts, Answer, Envelope, Handshake};
use xuchuan::core::upload::{Body, Response};

/// How this server deviates within what the protocol allows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Habits {
    /// Failures come as HTTP 200 with a code.
    pub always_200: bool,
    /// The first handshake of a complete file is answered `[]`.
    pub empty_once: bool,
    /// The file is put together at the last chunk, not at the handshake.
    pub eager: bool,
    /// What it says that it accepts; nothing if it is silent.
    pub accepts: Option<Accepts>,
    /// It reads its record of what it has, and writes it back some time later: two requests at once lose chunks.
    pub racy: bool,
    /// It takes no ids with an index.
    pub plain_only: bool,
    /// So often it loses a chunk that it has acknowledged.
    pub forgets: u32,
    /// It refuses chunks of more bytes (413).
    pub largest: Option<usize>,
    /// The page does not see that: no answer comes, at once.
    pub hides_refusals: bool,
}

/// A server.
#[derive(Debug, Default)]
pub struct Server {
    habits: Habits,
    sessions: BTreeSet<(String, Vec<String>)>,
    chunks: BTreeMap<(String, String), Vec<u8>>,
    files: BTreeMap<String, Vec<u8>>,
    emptied: BTreeSet<String>,
    forgotten: u32,
    /// How often it lost chunks.
    pub losses: u32,
    /// The credentials that it accepts, by number.
    pub token: u32,
}

impl Server {
    pub fn new(habits: Habits) -> Server {
        Server { habits, ..Server::default() }
    }

    /// Forgets every session, and the chunks too unless it `keeps` them on disk.
    pub fn restart(&mut self, keeps: bool) {
        self.sessions.clear();
        if !keeps {
            self.chunks.clear();
            self.losses += 1;
        }
    }

    /// Forgets everything.
    pub fn wipe(&mut self) {
        self.restart(false);
        self.files.clear();
        self.emptied.clear();
    }

    /// Has the first `count` chunks of a file from an earlier visit.
    pub fn leave(&mut self, digests: &Digests, indexed: bool, parts: &[&[u8]], count: usize) {
        for (index, (digest, part)) in digests.chunks.iter().zip(parts).take(count).enumerate() {
            let key = (digests.file.to_string(), chunk_id(digest, index, indexed));
            self.chunks.insert(key, part.to_vec());
        }
    }

    /// Another client brings the whole file.
    pub fn receive(&mut self, content: &[u8]) {
        self.files.insert(Digest::of(content).to_string(), content.to_vec());
    }

    /// Returns a complete file's bytes.
    pub fn file(&self, id: &str) -> Option<&[u8]> {
        self.files.get(id).map(Vec::as_slice)
    }

    /// Tells whether it has a chunk, or the file whose chunk it is.
    pub fn has(&self, file: &str, chunk: &str) -> bool {
        self.files.contains_key(file) || self.chunks.contains_key(&(file.to_owned(), chunk.to_owned()))
    }

    pub fn handshake(&mut self, token: u32, handshake: &Handshake) -> Response {
        if token != self.token {
            return self.refuse(401, 401, "登录已过期");
        }
        let Handshake { file_id, ext, chunk_ids } = handshake;
        let index = |id: &String| id.len() > 32;
        if !wire::is_file_id(file_id)
            || !chunk_ids.iter().all(|id| wire::is_chunk_id(id))
            || (self.habits.plain_only && chunk_ids.iter().any(index))
        {
            return self.refuse(403, 403, wire::msg::NO_FILE_ID);
        }
        if !wire::is_ext(ext) {
            return self.refuse(403, 403, wire::msg::NO_EXT);
        }
        if self.files.contains_key(file_id) {
            return self.good(Answer::Url(url(file_id, ext)));
        }
        self.sessions.insert((file_id.clone(), chunk_ids.clone()));
        let needed = self.needed(file_id, chunk_ids);
        if !needed.is_empty() {
            return self.good(Answer::Needed(needed));
        }
        if self.habits.empty_once && self.emptied.insert(file_id.clone()) {
            return self.good(Answer::Needed(vec![]));
        }
        if self.assemble(file_id, chunk_ids) {
            self.good(Answer::Url(url(file_id, ext)))
        } else {
            self.refuse(422, 422, "文件内容与编号不符")
        }
    }

    pub fn chunk(&mut self, token: u32, file_id: &str, chunk_id: &str, bytes: &[u8]) -> Response {
        if token != self.token {
            return self.refuse(401, 401, "登录已过期");
        }
        let cuts: Vec<Vec<String>> =
            self.sessions.iter().filter(|(file, _)| file == file_id).map(|(_, cut)| cut.clone()).collect();
        if cuts.is_empty() {
            return self.refuse(404, 403, wire::msg::UNKNOWN_FILE);
        }
        let Some(cut) = cuts.into_iter().find(|cut| cut.iter().any(|id| id == chunk_id)) else {
            return self.refuse(404, 403, wire::msg::UNKNOWN_CHUNK);
        };
        if wire::md5_of(chunk_id) != Digest::of(bytes).to_string() {
            return self.refuse(422, 422, "分片内容与编号不符");
        }
        self.chunks.insert((file_id.to_owned(), chunk_id.to_owned()), bytes.to_vec());
        let needed = self.needed(file_id, &cut);
        if needed.is_empty() && self.habits.eager {
            self.assemble(file_id, &cut);
        }
        self.forget(file_id);
        self.good(Answer::Needed(needed))
    }

    /// Tells whether a chunk of so many bytes is refused.
    pub fn is_too_large(&self, bytes: &[u8]) -> bool {
        self.habits.largest.is_some_and(|largest| bytes.len() > largest)
    }

    /// Reads the record of a file: which of its chunks are there.
    pub fn record(&self, file: &str) -> BTreeSet<String> {
        self.chunks.keys().filter(|(other, _)| other == file).map(|(_, id)| id.clone()).collect()
    }

    /// Writes a record back that was read before a chunk came: what came meanwhile is lost.
    pub fn write_back(&mut self, file: &str, record: &BTreeSet<String>, chunk: &str) {
        let before = self.chunks.len();
        self.chunks.retain(|(other, id), _| other != file || id == chunk || record.contains(id));
        self.losses += u32::from(self.chunks.len() < before);
    }

    pub fn is_racy(&self) -> bool {
        self.habits.racy
    }

    /// Loses one of the file's chunks, as often as its habits say.
    fn forget(&mut self, file: &str) {
        if self.forgotten < self.habits.forgets && self.chunks.len() > 1 {
            self.forgotten += 1;
            let first = self.chunks.keys().filter(|(other, _)| other == file).min().cloned();
            if let Some(first) = first {
                self.chunks.remove(&first);
                self.losses += 1;
            }
        }
    }

    fn good(&self, answer: Answer) -> Response {
        let envelope = Envelope { accepts: self.habits.accepts, ..Envelope::success(answer) };
        Response { status: 200, retry_after: None, body: Body::Envelope(envelope), redirected: None }
    }

    fn needed(&self, file: &str, cut: &[String]) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let needed = cut.iter().filter(|id| seen.insert(id.as_str()) && !self.has(file, id));
        needed.cloned().collect()
    }

    fn assemble(&mut self, file: &str, cut: &[String]) -> bool {
        if self.files.contains_key(file) {
            return true;
        }
        let parts = cut.iter().map(|id| self.chunks.get(&(file.to_owned(), id.clone())).cloned());
        let whole: Option<Vec<Vec<u8>>> = parts.collect();
        let whole = whole.map(|parts| parts.concat()).filter(|all| Digest::of(all).to_string() == file);
        whole.is_some_and(|all| self.files.insert(file.to_owned(), all).is_none())
    }

    fn refuse(&self, status: u16, code: u32, msg: &str) -> Response {
        refusal(if self.habits.always_200 { 200 } else { status }, code, msg)
    }
}

pub fn chunk_id(digest: &Digest, index: usize, indexed: bool) -> String {
    if indexed { format!("{digest}{index}") } else { digest.to_string() }
}

pub fn url(file_id: &str, ext: &str) -> String {
    format!("/files/{file_id}{ext}")
}

pub fn refusal(status: u16, code: u32, msg: &str) -> Response {
    let envelope = Envelope::failure(code, msg);
    Response { status, retry_after: None, body: Body::Envelope(envelope), redirected: None }
}

pub fn page(status: u16, retry_after: Option<u64>) -> Response {
    let body = Body::Other(format!("<html><h1>{status}</h1>"));
    Response { status, retry_after, body, redirected: None }
}
