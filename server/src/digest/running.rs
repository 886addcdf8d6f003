//! MD5 off the asynchronous threads, so that hashing one chunk never holds up the others' bytes.

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::md5::Md5;
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
        self.work(move |state| batch.iter().for_each(|bytes| state.update(bytes))).await
    }

    /// Starts `work`, which hashes some bytes, once what was started before it is done.
    pub async fn work(&mut self, work: impl FnOnce(&mut Md5) + Send + 'static) -> Result<(), Failure> {
        let mut state = self.settle().await?.clone();
        self.running = Some(spawn_blocking(move || {
            work(&mut state);
            state
        }));
        Ok(())
    }

    /// Gives the digest of all that was fed, in lower-case hex.
    pub async fn hex(&mut self) -> Result<String, Failure> {
        Ok(self.settle().await?.hex())
    }

    /// Gives the state behind all that was fed.
    pub async fn state(mut self) -> Result<Md5, Failure> {
        Ok(self.settle().await?.clone())
    }

    async fn settle(&mut self) -> Result<&Md5, Failure> {
        if let Some(running) = self.running.take() {
            self.state = running.await?;
        }
        Ok(&self.state)
    }
}

impl From<Md5> for Digest {
    fn from(state: Md5) -> Self {
        Self { state, running: None }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::md5::of;
    use super::*;

    #[tokio::test]
    async fn batches_make_one_digest() {
        let mut digest = Digest::default();
        assert_eq!(digest.hex().await.unwrap(), "d41d8cd98f00b204e9800998ecf8427e");
        digest.feed(vec![Bytes::from_static(b"a"), Bytes::from_static(b"b")]).await.unwrap();
        digest.feed(vec![Bytes::from_static(b"c")]).await.unwrap();
        assert_eq!(digest.hex().await.unwrap(), of(b"abc"));
        let mut more = Digest::from(digest.state().await.unwrap());
        more.feed(vec![Bytes::from_static(b"d")]).await.unwrap();
        assert_eq!(more.hex().await.unwrap(), of(b"abcd"));
        assert_eq!(of(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
    }
}
