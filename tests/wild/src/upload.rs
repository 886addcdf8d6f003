//! The two requests of the protocol, as the tutorials handle them.

use serde_json::{Value, json};

use crate::chunks::Chunks;
use crate::envelope::{NO_CHUNK_ID, NO_CHUNK_IDS, NO_EXT, NO_FILE_ID, Trouble, UNKNOWN_CHUNK, UNKNOWN_FILE};
use crate::manner::Manner;
use crate::record::Record;
use crate::records::Records;

/// What a server of one manner keeps.
#[derive(Debug)]
pub(crate) struct Upload {
    pub manner: Manner,
    pub records: Records,
    pub chunks: Chunks,
}

/// A chunk's form.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub file_id: Option<String>,
    pub chunk_id: Option<String>,
    pub file: Option<Vec<u8>>,
}

impl Upload {
    /// Answers which chunks of a file are needed, or its URL.
    pub async fn handshake(&self, body: &Value) -> Result<Value, Trouble> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let file_id = text("fileId").filter(|id| is_name(id)).ok_or(NO_FILE_ID)?;
        let ext = text("ext").filter(|ext| ext.is_empty() || is_name(ext)).ok_or(NO_EXT)?;
        let ids = body.get("chunkIds").and_then(Value::as_array).ok_or(NO_CHUNK_IDS)?;
        let chunk_ids: Vec<String> = ids.iter().filter_map(|id| Some(id.as_str()?.to_owned())).collect();
        let known = self.records.read(&file_id).await?.filter(|record| {
            // Whoever came first has said how the file is cut, except where every handshake is believed.
            self.manner != Manner::SmallBodies || record.chunk_ids == chunk_ids
        });
        let record = match known {
            Some(record) => record,
            None => {
                let record = Record::new(file_id, ext, chunk_ids);
                self.records.write(&record).await?;
                if record.needed.is_empty() {
                    self.chunks.join(&record).await?;
                }
                record
            }
        };
        Ok(if record.needed.is_empty() { json!(record.url()) } else { json!(record.needed) })
    }

    /// Takes a chunk in and answers which are still needed.
    pub async fn chunk(&self, form: Form) -> Result<Value, Trouble> {
        let file_id = form.file_id.filter(|id| is_name(id)).ok_or(NO_FILE_ID)?;
        let chunk_id = form.chunk_id.filter(|id| is_name(id)).ok_or(NO_CHUNK_ID)?;
        let record = self.records.read(&file_id).await?.ok_or(UNKNOWN_FILE)?;
        if !record.chunk_ids.contains(&chunk_id) {
            return Err(UNKNOWN_CHUNK.into());
        }
        if !record.needed.contains(&chunk_id) {
            return Ok(json!(record.needed));
        }
        self.chunks.keep(&file_id, &chunk_id, &form.file.unwrap_or_default()).await?;
        let record = self.records.cross_out(record, &chunk_id).await?;
        if record.needed.is_empty() {
            self.chunks.join(&record).await?;
        }
        Ok(json!(record.needed))
    }
}

/// Tells whether `text` names a file in its folder and nothing else. Many servers don't look; these run on machines
/// of people.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.contains("..")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}
