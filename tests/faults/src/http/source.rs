//! A buffered reader that hands out heads, lines, and large runs of a body as they came.

use std::io::{Error, ErrorKind, Result};

use tokio::io::{AsyncRead, AsyncReadExt};

/// Large enough that a copy costs a system call for each half a MiB.
const BUFFER: usize = 512 << 10;
const MAX_HEAD: usize = 64 << 10;

/// The receiving side of a connection.
#[derive(Debug)]
pub struct Source<R> {
    reader: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl<R: AsyncRead + Unpin> Source<R> {
    /// Reads from `reader`.
    pub fn new(reader: R) -> Source<R> {
        Source { reader, buffer: vec![0; BUFFER].into(), start: 0, end: 0 }
    }

    /// Returns what it reads from.
    pub fn reader(&self) -> &R {
        &self.reader
    }

    /// Returns the bytes read ahead.
    pub fn ahead(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or(&[])
    }

    /// Takes everything up to and with `mark`; `None` if the connection ended before the first byte.
    pub async fn take_through(&mut self, mark: &[u8]) -> Result<Option<Vec<u8>>> {
        loop {
            let ahead = self.ahead();
            if let Some(at) = ahead.windows(mark.len()).position(|window| window == mark) {
                let taken = ahead.get(..at + mark.len()).unwrap_or(&[]).to_vec();
                self.start += taken.len();
                return Ok(Some(taken));
            }
            if ahead.len() > MAX_HEAD {
                return Err(Error::new(ErrorKind::InvalidData, "a head without an end"));
            }
            if !self.fill().await? {
                return if self.ahead().is_empty() { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    /// Waits until there is something to read and returns it, at most `most` bytes; empty at the end of the
    /// connection. [`consume`](Self::consume) it.
    pub async fn some(&mut self, most: u64) -> Result<&[u8]> {
        if self.start == self.end {
            self.fill().await?;
        }
        let length = usize::try_from(most).unwrap_or(usize::MAX).min(self.end - self.start);
        Ok(self.ahead().get(..length).unwrap_or(&[]))
    }

    /// Marks `length` bytes as read.
    pub fn consume(&mut self, length: usize) {
        self.start = (self.start + length).min(self.end);
    }

    async fn fill(&mut self) -> Result<bool> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let Some(room) = self.buffer.get_mut(self.end..) else { return Ok(false) };
        let read = self.reader.read(room).await?;
        self.end += read;
        Ok(read > 0)
    }
}
