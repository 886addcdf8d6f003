//! MD5 off the asynchronous threads, so that hashing one chunk never holds up the others' bytes.

use bytes::Bytes;
use md5::{Digest as _, Md5};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::failure::Failure;

/// A running digest. At most one batch is being hashed at a time, while the next one is being received.
#[derive(Debug, Default)]
pub struct Digest {
    state: Md5,
    running: Option<JoinHandle<Md5>>,
}

impl Digest {
    /// Starts hashing `batch`, once the batch before it is done.
    pub async fn feed(&mut self, batch: Vec<Bytes>) -> Result<(), Failure> {
        let mut state = self.settle().await?.clone();
        self.running = Some(spawn_blocking(move || {
            for bytes in &batch {
                state.update(bytes);
            }
            state
        }));
        Ok(())
    }

    /// Gives the digest of all that was fed, in lower-case hex.
    pub async fn hex(&mut self) -> Result<String, Failure> {
        Ok(hex(&self.settle().await?.clone().finalize()))
    }

    /// Gives a digest that goes on from here, independent of this one.
    pub async fn fork(&mut self) -> Result<Self, Failure> {
        Ok(Self { state: self.settle().await?.clone(), running: None })
    }

    async fn settle(&mut self) -> Result<&Md5, Failure> {
        if let Some(running) = self.running.take() {
            self.state = running.await?;
        }
        Ok(&self.state)
    }
}

/// Gives the MD5 of `bytes` in lower-case hex.
pub fn of(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

fn hex(digest: &[u8]) -> String {
    use std::fmt::Write as _;
    digest.iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn batches_make_one_digest() {
        let mut digest = Digest::default();
        assert_eq!(digest.hex().await.unwrap(), "d41d8cd98f00b204e9800998ecf8427e");
        digest.feed(vec![Bytes::from_static(b"a"), Bytes::from_static(b"b")]).await.unwrap();
        let mut fork = digest.fork().await.unwrap();
        digest.feed(vec![Bytes::from_static(b"c")]).await.unwrap();
        assert_eq!(digest.hex().await.unwrap(), of(b"abc"));
        assert_eq!(fork.hex().await.unwrap(), of(b"ab"));
        assert_eq!(of(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
    }
}
