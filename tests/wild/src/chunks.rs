//! Chunks as files, joined into one and deleted on the way.

use std::path::PathBuf;

use anyhow::{Context, Result};
use tokio::io::AsyncWriteExt;

use crate::record::Record;

/// The folders of chunks and of finished files.
#[derive(Debug)]
pub(crate) struct Chunks {
    pub chunks: PathBuf,
    pub files: PathBuf,
}

impl Chunks {
    /// Keeps a chunk under its id, which nobody compares with its bytes.
    pub async fn keep(&self, file: &str, chunk: &str, bytes: &[u8]) -> Result<()> {
        let folder = self.chunks.join(file);
        tokio::fs::create_dir_all(&folder).await?;
        tokio::fs::write(folder.join(chunk), bytes).await.context("write a chunk")
    }

    /// Appends chunk after chunk to the file, in the order of the record, and deletes each that was appended. One that
    /// is not there ends it: the file stays as far as it came.
    pub async fn join(&self, record: &Record) -> Result<()> {
        let folder = self.chunks.join(&record.file_id);
        let mut file = tokio::fs::File::create(self.files.join(record.file_name())).await?;
        for id in &record.chunk_ids {
            let chunk = folder.join(id);
            let bytes = tokio::fs::read(&chunk)
                .await
                .with_context(|| format!("ENOENT: no such file or directory, open '{}'", chunk.display()))?;
            file.write_all(&bytes).await?;
            tokio::fs::remove_file(&chunk).await?;
        }
        file.flush().await?;
        Ok(())
    }
}
