//! A body that lets its reader breathe: it pauses after every piece, so that `multer`, which reads until nothing is
//! ready and buffers it all, holds a few pieces and not a whole chunk when the client is fast.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::Stream;

/// Bytes given before a pause.
const BURST: usize = 256 << 10;

/// A body's bytes, with a pause after every [`BURST`].
#[derive(Debug)]
pub struct Paced {
    inner: BodyDataStream,
    given: usize,
}

impl Paced {
    /// Wraps `body`.
    pub fn new(body: Body) -> Self {
        Self { inner: body.into_data_stream(), given: 0 }
    }
}

impl Stream for Paced {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.given >= BURST {
            self.given = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = Pin::new(&mut self.inner).poll_next(cx);
        match &polled {
            Poll::Ready(Some(Ok(bytes))) => self.given += bytes.len(),
            // The reader has to wait anyway.
            Poll::Pending => self.given = 0,
            Poll::Ready(_) => {}
        }
        polled
    }
}
