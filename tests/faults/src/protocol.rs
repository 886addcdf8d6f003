//! The protocol's other half, in memory: sessions, chunks, and what is still needed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::digest::md5_of;
use crate::multipart;
use crate::scenario::Forget;

const UNKNOWN_FILE: &str = "请先提交文件分片信息";

/// What a run has.
#[derive(Debug, Default)]
pub(crate) struct Store {
    sessions: BTreeMap<String, Session>,
    chunks: BTreeMap<String, Vec<u8>>,
    /// When each chunk was first acknowledged, in ms since 1970.
    acknowledged: BTreeMap<String, u64>,
}

#[derive(Debug)]
struct Session {
    ext: String,
    chunk_ids: Vec<String>,
}

/// An answer in the protocol's terms.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub status: u16,
    pub code: u32,
    pub msg: String,
    pub data: Value,
}

impl Reply {
    pub fn good(data: Value) -> Reply {
        Reply { status: 200, code: 0, msg: String::new(), data }
    }

    pub fn no(status: u16, code: u32, msg: &str) -> Reply {
        Reply { status, code, msg: msg.to_owned(), data: Value::Null }
    }

    pub fn json(&self) -> Value {
        // Chunks are kept by their ids, so several at once and one twice do no harm.
        let accepts = json!({ "parallel": 6, "repeats": true });
        json!({ "code": self.code, "msg": self.msg, "data": self.data, "accepts": accepts })
    }
}

/// What a chunk's request led to.
#[derive(Debug)]
pub(crate) struct Taken {
    pub reply: Reply,
    pub chunk: Option<String>,
    /// It was missing and is here now.
    pub took: bool,
}

impl Store {
    /// Takes a handshake; `prefix` goes before the URL of a complete file.
    pub fn handshake(&mut self, body: &[u8], prefix: &str) -> Reply {
        let Ok(asked) = serde_json::from_slice::<Value>(body) else { return Reply::no(400, 400, "no JSON") };
        let text = |name: &str| asked.get(name).and_then(Value::as_str).map(str::to_owned);
        let Some(file_id) = text("fileId").filter(|id| is_md5(id)) else {
            return Reply::no(403, 403, "请携带文件编号");
        };
        let Some(ext) = text("ext") else {
            return Reply::no(403, 403, "请携带文件后缀，例如 .mp4");
        };
        let Some(chunk_ids) = asked.get("chunkIds").and_then(Value::as_array) else {
            return Reply::no(403, 403, "请按顺序设置文件的分片编号数组");
        };
        let ids: Option<Vec<String>> =
            chunk_ids.iter().map(|id| id.as_str().filter(|id| is_md5(stem(id))).map(str::to_owned)).collect();
        let Some(chunk_ids) = ids else { return Reply::no(400, 400, "a chunk id is none") };
        self.sessions.insert(file_id.clone(), Session { ext: ext.clone(), chunk_ids });
        let needed = self.needed(&file_id, None);
        if !needed.is_empty() {
            return Reply::good(json!(needed));
        }
        match self.whole(&file_id) {
            Some(_) => Reply::good(json!(format!("{prefix}/files/{file_id}{ext}"))),
            None => Reply::no(422, 422, "the whole does not have the digest that it was announced with"),
        }
    }

    /// Takes a chunk; `corrupt` flips a bit of it first.
    pub fn chunk(&mut self, body: &[u8], corrupt: bool) -> Taken {
        let refused = |status, msg: &str, chunk: Option<String>| Taken {
            reply: Reply::no(status, if status == 422 { 422 } else { 403 }, msg),
            chunk,
            took: false,
        };
        let id = multipart::text(body, "chunkId");
        let Some(file_id) = multipart::text(body, "fileId") else {
            return refused(403, "请携带文件编号", id);
        };
        let Some(id) = id else { return refused(403, "请携带分片编号", None) };
        let Some(session) = self.sessions.get(&file_id) else {
            return refused(404, UNKNOWN_FILE, Some(id));
        };
        if !session.chunk_ids.contains(&id) {
            return refused(403, "该文件没有此分片信息", Some(id));
        }
        let mut bytes = multipart::part(body, "file").unwrap_or(&[]).to_vec();
        if corrupt && let Some(byte) = bytes.first_mut() {
            *byte ^= 1;
        }
        if md5_of(&bytes) != stem(&id) {
            return refused(422, "the bytes do not have the chunk's digest", Some(id));
        }
        let took = self.chunks.insert(id.clone(), bytes).is_none();
        Taken { reply: Reply::good(json!(self.needed(&file_id, None))), chunk: Some(id), took }
    }

    /// Returns the ids that `file_id` needs, each once; as of when only `had` was here, if that is given.
    pub fn needed(&self, file_id: &str, had: Option<&BTreeSet<String>>) -> Vec<String> {
        let Some(session) = self.sessions.get(file_id) else { return Vec::new() };
        let has = |id: &String| had.map_or_else(|| self.chunks.contains_key(id), |had| had.contains(id));
        let mut seen = BTreeSet::new();
        session.chunk_ids.iter().filter(|id| !has(id) && seen.insert(*id)).cloned().collect()
    }

    /// Tells whether a handshake's file was complete before it.
    pub fn is_finish(&self, body: &[u8]) -> bool {
        let asked: Option<Value> = serde_json::from_slice(body).ok();
        let file_id = asked.as_ref().and_then(|asked| asked.get("fileId")).and_then(Value::as_str);
        file_id.is_some_and(|id| self.sessions.contains_key(id) && self.needed(id, None).is_empty())
    }

    /// Returns the ids of the chunks that are here.
    pub fn had(&self) -> BTreeSet<String> {
        self.chunks.keys().cloned().collect()
    }

    /// Puts the file together.
    pub fn whole(&self, file_id: &str) -> Option<Vec<u8>> {
        let session = self.sessions.get(file_id)?;
        let mut whole = Vec::new();
        for id in &session.chunk_ids {
            whole.extend_from_slice(self.chunks.get(id)?);
        }
        (md5_of(&whole) == file_id).then_some(whole)
    }

    /// Returns the file that a path such as `/files/<id>.ext` names.
    pub fn at_path(&self, path: &str) -> Option<Vec<u8>> {
        let name = path.strip_prefix("/files/")?;
        let (id, ext) = name.split_at_checked(32)?;
        self.sessions.get(id).filter(|session| session.ext == ext)?;
        self.whole(id)
    }

    /// Notes that the client was told at `now` that the chunk is here; not if it was forgotten on the way.
    pub fn acknowledge(&mut self, id: &str, now: u64) {
        if self.chunks.contains_key(id) {
            self.acknowledged.entry(id.to_owned()).or_insert(now);
        }
    }

    /// Tells whether a chunk's sending that began at `began` came after its acknowledgement.
    pub fn is_again(&self, id: &str, began: u64) -> bool {
        self.acknowledged.get(id).is_some_and(|told| began > *told)
    }

    /// Throws a chunk away: whoever is told so sends it again with good reason.
    pub fn lose(&mut self, id: &str) {
        self.chunks.remove(id);
        self.acknowledged.remove(id);
    }

    /// Returns an acknowledged chunk other than `but`.
    pub fn some_acknowledged(&self, but: &str) -> Option<String> {
        self.acknowledged.keys().find(|id| *id != but).cloned()
    }

    pub fn forget(&mut self, what: Forget) {
        self.sessions.clear();
        if what == Forget::Chunks {
            self.chunks.clear();
            self.acknowledged.clear();
        }
    }
}

/// Returns a chunk id's MD5: what stands before its index, if it has one.
fn stem(id: &str) -> &str {
    id.get(..32).unwrap_or(id)
}

fn is_md5(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_before_its_acknowledgement_may_come_again() {
        let mut store = Store::default();
        for id in ["a", "b"] {
            store.chunks.insert(id.to_owned(), vec![]);
        }
        store.acknowledge("a", 1);
        assert!(store.is_again("a", 2) && !store.is_again("b", 2));
        // The answer for b was on its way.
        store.forget(Forget::Chunks);
        store.acknowledge("b", 3);
        assert!(!store.is_again("a", 4) && !store.is_again("b", 4));
    }
}
