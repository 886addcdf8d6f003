//! A download's bytes handed to a stream of the page's, in order, as fast as it takes them.

use std::ops::Range;

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;

use super::bytes::{StoredBytes, StoredPart};
use super::disk::Receipt;
use crate::core::download::StoreFailure;
use crate::core::thrown::Thrown;
use crate::web::object::get_value;
use crate::web::task::{Promised, ask_of, promised};

/// How many of the bytes that were handed on can be read once more, at least; what continues them is compared with these.
const TAIL: u32 = 64 << 10;

/// The end of a stream that is written to.
pub struct StreamSink {
    /// A [`WritableStreamDefaultWriter`](https://streams.spec.whatwg.org/#default-writer-class).
    writer: JsValue,
    /// How many bytes it has had.
    at: u64,
    /// The last of these.
    tail: Uint8Array,
    /// The writes that nobody waits for yet.
    asked: Vec<Receipt>,
}

impl StreamSink {
    /// Makes one of a stream's writer.
    pub fn new(writer: JsValue) -> StreamSink {
        StreamSink { writer, at: 0, tail: Uint8Array::new_with_length(0), asked: Vec::new() }
    }

    /// Writes `bytes`, which begin at `at`.
    pub fn write(&mut self, at: u64, bytes: &Uint8Array) -> Result<(), StoreFailure> {
        if at != self.at {
            return Err(StoreFailure::Other("a stream takes bytes in order".into()));
        }
        self.at += u64::from(bytes.length());
        self.remember(bytes);
        // A copy: it is the page's from here on, who may hand its memory to others.
        let copy = bytes.slice(0, bytes.length());
        let written = ask_of(&self.writer, "write", &[copy.into()]);
        self.asked.push(Box::pin(async move { written.await.map(drop) }));
        Ok(())
    }

    fn remember(&mut self, bytes: &Uint8Array) {
        let len = bytes.length();
        if len >= TAIL {
            self.tail = bytes.slice(len - TAIL, len);
            return;
        }
        let has = self.tail.length();
        // Twice as long, or each small write would copy all of it.
        let kept = if has + len > 2 * TAIL {
            self.tail.subarray(has - (TAIL - len), has)
        } else {
            self.tail.clone()
        };
        let tail = Uint8Array::new_with_length(kept.length() + len);
        tail.set(&kept, 0);
        tail.set(bytes, kept.length());
        self.tail = tail;
    }

    /// Reads bytes that were written last; fails for those before, which are the page's.
    pub fn read(&self, range: Range<u64>) -> Result<StoredBytes, Thrown> {
        let first = self.at - u64::from(self.tail.length());
        if range.start < first || range.end > self.at {
            return Err("the bytes were handed on".into());
        }
        let part = self.tail.subarray((range.start - first) as u32, (range.end - first) as u32);
        Ok(StoredBytes(vec![StoredPart::Array(part)]))
    }

    /// Takes the writes since this was last called.
    pub fn take_asked(&mut self) -> Vec<(u64, Receipt)> {
        std::mem::take(&mut self.asked).into_iter().map(|receipt| (0, receipt)).collect()
    }

    /// Returns what waits until the stream takes more; nothing if it does.
    pub fn ready(&self) -> Option<Promised> {
        let room = get_value(&self.writer, "desiredSize").as_f64();
        // A stream that has failed has no size: its writes say why.
        let full = room.is_some_and(|room| room <= 0.0);
        full.then(|| promised(Promise::resolve(&get_value(&self.writer, "ready"))))
    }

    /// Ends the stream.
    pub fn close(&self) -> Promised {
        ask_of(&self.writer, "close", &[])
    }
}
