//! The worker's side: writes one file, as the page's messages ask.

use std::cell::{Cell, RefCell};

use js_sys::{Array, Function, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::folder;
use super::messages::{CLOSE, DONE, FAILED, FLUSH, OPEN, PUT, READ, WRITE};
use crate::core::thrown::Thrown;
use crate::web::blob;
use crate::web::object::{bytes, call, get, get_as, get_string, get_u64, number, object, to_u64};
use crate::web::sys::number_text;
use crate::web::task::{ask_of, spawn};
use crate::web::workers::{self, Message, hand_page, tell_page};

/// How much of a Blob is read at once, in bytes.
const PART: u64 = 4 << 20;

thread_local! {
    /// The file that is being written.
    static FILE: RefCell<Option<JsValue>> = const { RefCell::new(None) };
    /// A write has failed: what was to be safe with it is not.
    static LACKING: Cell<bool> = const { Cell::new(false) };
}

/// Serves the page for as long as the worker lives.
pub fn serve() {
    workers::hear(|Message { kind, id, fields }| match kind.as_str() {
        OPEN => {
            let (id, name) = (*id, get_string(fields, "name").unwrap_or_default());
            spawn(async move { answer(id, open(&name).await) });
        }
        WRITE | PUT | READ | FLUSH | CLOSE => answer(*id, act(kind, fields)),
        _ => {}
    });
}

fn answer(id: u64, outcome: Result<JsValue, Thrown>) {
    match outcome {
        Ok(value) => {
            let buffers = bytes(&value).map_or_else(Array::new, |bytes| Array::of1(&bytes.buffer()));
            hand_page(DONE, id, &[("value", value)], &buffers);
        }
        Err(why) => {
            tell_page(FAILED, id, &[("name", why.name().into()), ("why", why.message().into())]);
        }
    }
}

async fn open(name: &str) -> Result<JsValue, Thrown> {
    let file = ask_of(&folder::file(name).await?, "createSyncAccessHandle", &[]).await?;
    let size = call(&file, "getSize", &[])?;
    FILE.set(Some(file));
    Ok(size)
}

fn act(kind: &str, fields: &JsValue) -> Result<JsValue, Thrown> {
    let file = FILE.with_borrow(Clone::clone).ok_or("no file is open")?;
    let at = get_u64(fields, "at").unwrap_or(0);
    match kind {
        WRITE => noted(write_all(&file, at, &get_as(fields, "bytes").ok_or("there are no bytes")?))?,
        PUT => noted(put(&file, at, &get_as(fields, "blob").ok_or("there is no Blob")?))?,
        READ => return read(&file, at, get_u64(fields, "len").unwrap_or(0)),
        FLUSH if LACKING.get() => return Err("not all was written".into()),
        FLUSH => drop(call(&file, "flush", &[])?),
        _ => close(&file, get_u64(fields, "len"))?,
    }
    Ok(JsValue::UNDEFINED)
}

fn noted(written: Result<(), Thrown>) -> Result<(), Thrown> {
    LACKING.set(LACKING.get() || written.is_err());
    written
}

/// Writes bytes to a file at `at`. At a full quota browsers do not always throw: Chromium has returned 4294967288,
/// Firefox a count below what was asked
/// ([wa-sqlite#336](https://github.com/rhashimoto/wa-sqlite/discussions/336)). What they say is believed only where it
/// can be true.
pub fn write_all(file: &JsValue, mut at: u64, bytes: &Uint8Array) -> Result<(), Thrown> {
    let mut rest = bytes.clone();
    while rest.length() > 0 {
        let count = call(file, "write", &[(&rest).into(), object(&[("at", number(at))])])?;
        let (count, len) = (count.as_f64().unwrap_or(0.0), f64::from(rest.length()));
        if !(1.0..=len).contains(&count) {
            let why = format!("the browser wrote {} of {} bytes", number_text(count), rest.length());
            return Err(Thrown::new("QuotaExceededError", &why));
        }
        at += count as u64;
        rest = rest.subarray(count as u32, rest.length());
    }
    Ok(())
}

/// Writes a Blob, in parts: it may be large, and this worker's memory is to stay small.
fn put(file: &JsValue, at: u64, body: &Blob) -> Result<(), Thrown> {
    let make: Function = get(&js_sys::global(), "FileReaderSync").ok_or("there is no FileReaderSync")?.into();
    let reader = Reflect::construct(&make, &Array::new())?;
    let size = body.size() as u64;
    for from in (0..size).step_by(PART as usize) {
        let part = blob::slice(body, &(from..size.min(from + PART)))?;
        let read = call(&reader, "readAsArrayBuffer", &[part.into()])?;
        write_all(file, at + from, &bytes(&read).ok_or("reading gave no bytes")?)?;
    }
    Ok(())
}

fn read(file: &JsValue, at: u64, len: u64) -> Result<JsValue, Thrown> {
    let view = Uint8Array::new_with_length(len as u32);
    let count = call(file, "read", &[(&view).into(), object(&[("at", number(at))])])?;
    if count.as_f64() != Some(len as f64) {
        return Err("the bytes are not there".into());
    }
    Ok(view.into())
}

fn close(file: &JsValue, len: Option<u64>) -> Result<(), Thrown> {
    if let Some(len) = len {
        let has = call(file, "getSize", &[])?.as_f64().and_then(to_u64).unwrap_or(0);
        if has < len {
            return Err(format!("{has} bytes are there where {len} were written").into());
        }
        call(file, "truncate", &[number(len)])?;
    }
    call(file, "flush", &[])?;
    FILE.take();
    call(file, "close", &[])?;
    Ok(())
}
