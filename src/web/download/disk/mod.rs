//! A download's bytes in a private file of the site's (OPFS), written in a worker of its own: only there a browser gives
//! the handle that writes at once, in place, and at any offset.
//!
//! | from | message | of |
//! | --- | --- | --- |
//! | page | `{ t: "disk.open", id, name }` | the file to write; its size is the answer |
//! | page | `{ t: "disk.write", id, at, bytes }` | bytes and where they go |
//! | page | `{ t: "disk.put", id, at, blob }` | the same, of a Blob |
//! | page | `{ t: "disk.read", id, at, len }` | bytes that were written; they are the answer |
//! | page | `{ t: "disk.flush", id }` | what was written is to survive a power cut |
//! | page | `{ t: "disk.close", id, len }` | the end; with `len` the file is cut to that many bytes |
//! | worker | `{ t: "disk.done", id, value }` | what was asked is done |
//! | worker | `{ t: "disk.failed", id, name, why }` | it is not |
//!
//! The worker does one after the other, so that what is asked after a write finds the bytes.

mod folder;
mod link;
mod messages;
mod worker;

use std::ops::Range;
use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, File};

use crate::core::clock::Millis;
use crate::core::thrown::Thrown;
use crate::web::object::{bytes, number};
use crate::web::task::Boxed;
use crate::web::{time, workers};
use link::Link;
use messages::{CLOSE, FLUSH, OPEN, PUT, READ, WRITE};

pub use folder::{names, remove};
pub use worker::{serve, write_all};

/// How long the browser may take to open a file, in ms.
const PATIENCE: Millis = 3_000;
/// A page that was reloaded holds its files a moment longer: how often they are tried again, and after how many ms.
const TRIES: u32 = 20;
const AGAIN: Millis = 100;

/// What becomes of something that was asked.
pub type Receipt = Boxed<Result<(), Thrown>>;

/// A file that is being written. It is closed when this is dropped.
pub struct Disk {
    link: Rc<Link>,
    name: String,
}

impl Disk {
    /// Opens a file, which is made if it is missing; returns its size, too. Fails where a browser has no such files, or
    /// gives none here: in some private windows, where storage is forbidden, where no worker starts.
    pub async fn open(name: &str) -> Result<(Disk, u64), Thrown> {
        // Asked here first: a worker is not started in vain.
        time::within(PATIENCE, folder::file(name)).await?;
        let link = Link::new(&workers::start_own().await?);
        for _ in 1..TRIES {
            match Disk::open_by(&link, name).await {
                Err(why) if why.name() == "NoModificationAllowedError" => time::sleep(AGAIN).await,
                opened => return opened.map(|size| (Disk { link, name: name.to_owned() }, size)),
            }
        }
        let size = Disk::open_by(&link, name).await?;
        Ok((Disk { link, name: name.to_owned() }, size))
    }

    async fn open_by(link: &Rc<Link>, name: &str) -> Result<u64, Thrown> {
        let size = time::within(PATIENCE, link.ask(OPEN, &[("name", name.into())], &Array::new())).await?;
        // The first browsers that had such handles promise their size.
        let size = size.as_f64().ok_or("the file has no size")?;
        Ok(size as u64)
    }

    /// Writes bytes at `at`. They are copied: a page that has a `fetch` of its own may read them, too.
    pub fn write(&self, at: u64, bytes: &Uint8Array) -> Receipt {
        let copy = bytes.slice(0, bytes.length());
        let buffers = Array::of1(&copy.buffer());
        let written = self.link.ask(WRITE, &[("at", number(at)), ("bytes", copy.into())], &buffers);
        Box::pin(async move { written.await.map(drop) })
    }

    /// Writes a Blob's bytes at `at`.
    pub fn put(&self, at: u64, blob: &Blob) -> Receipt {
        let written = self.link.ask(PUT, &[("at", number(at)), ("blob", blob.into())], &Array::new());
        Box::pin(async move { written.await.map(drop) })
    }

    /// Reads bytes that were written.
    pub fn read(&self, range: &Range<u64>) -> Boxed<Result<Uint8Array, Thrown>> {
        let fields = [("at", number(range.start)), ("len", number(range.end - range.start))];
        let read = self.link.ask(READ, &fields, &Array::new());
        Box::pin(async move { bytes(&read.await?).ok_or_else(|| "reading gave no bytes".into()) })
    }

    /// Has the disk itself take what was written.
    pub fn flush(&self) -> Receipt {
        let flushed = self.link.ask(FLUSH, &[], &Array::new());
        Box::pin(async move { flushed.await.map(drop) })
    }

    /// Flushes and closes the file; cuts it to `len` bytes before, which it must have.
    pub fn close(&self, len: Option<u64>) -> Receipt {
        let len = len.map_or(JsValue::UNDEFINED, number);
        let closed = self.link.ask(CLOSE, &[("len", len)], &Array::new());
        Box::pin(async move { closed.await.map(drop) })
    }

    /// Returns the closed file, which stays on disk.
    pub async fn file(&self) -> Result<File, Thrown> {
        folder::contents(&self.name).await
    }
}
