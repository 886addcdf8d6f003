//! `download`: from the page's call to a machine that is driven.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::options::Options;
use super::pending::Unfinished;
use super::settled;
use super::transfer::{EngineTransfer, ShellObserver, Shown};
use crate::core::download::{Bulk, Concurrency, Config, Download, Record};
use crate::core::error::Error;
use crate::core::md5::Digest;
use crate::core::scheduler::{Direction, Entry};
use crate::web::convert::read_download_record;
use crate::web::download::{
    DownloadContext, DownloadEffects, DownloadJournal, Downloaded, Filing, Sink, StreamSink, Target, file_of,
};
use crate::web::inquiry::Inquiry;
use crate::web::object::{get, number, object};
use crate::web::store::Claim;
use crate::web::sys::Observer;
use crate::web::{store, sys, time, transfer, url};

/// The size of a piece, in bytes.
const PIECE: u64 = 4 << 20;
/// Streaming makes some 230 MB/s and costs a core there. Up to a gigabit's 118 MB/s it keeps up, shows each byte, and
/// loses none where the line is cut.
const BULK: Bulk = Bulk { after: 8 << 20, pace: 128 << 10, most: 64 << 20 };
/// The largest result in one buffer, in bytes: browsers refuse not much more, and phones end the page.
const BUFFER_CAP: u64 = 512 << 20;
/// Downloads at once, at most, when the engine decides: browsers open six HTTP/1.1 connections to an origin, and the
/// page wants some for itself.
const MOST_DOWNLOADS: usize = 4;

impl Shown for Download {
    fn map(&self) -> Vec<u8> {
        self.pieces()
    }

    fn report(&self) -> Vec<(&'static str, JsValue)> {
        vec![("kind", "download".into()), ("events", settled::events(self.events()))]
    }

    fn result(downloaded: Downloaded) -> JsValue {
        let Downloaded { outcome, data } = downloaded;
        let text = |text: Option<String>| text.map_or(JsValue::NULL, JsValue::from);
        object(&[
            ("data", data),
            ("size", number(outcome.size)),
            ("contentType", text(outcome.content_type)),
            ("etag", text(outcome.etag)),
            ("verified", outcome.verified.map_or(JsValue::NULL, |verified| verified.name().into())),
            ("mode", outcome.mode.name().into()),
            ("reason", outcome.reason.map_or(JsValue::NULL, JsValue::from)),
        ])
    }
}

/// Starts to download `url`.
#[wasm_bindgen(js_name = startDownload, skip_typescript)]
pub fn start_download(url: String, options: JsValue, observer: Observer) -> EngineTransfer {
    let options = Options(options);
    let to = match (options.text("to").as_deref(), get(&options.0, "writer")) {
        (Some("blob"), _) => To::Kept(Target::Blob),
        (Some("file"), _) => To::Kept(Target::File),
        (Some("stream"), Some(writer)) => To::Stream(writer),
        _ => To::Kept(Target::Buffer),
    };
    start(url, to, &options, observer)
}

/// Where a download's bytes go.
pub enum To {
    /// To what the browser keeps until all is there.
    Kept(Target),
    /// To a stream of the page's, by its writer.
    Stream(JsValue),
}

impl To {
    fn is(&self, target: Target) -> bool {
        matches!(self, To::Kept(kept) if *kept == target)
    }
}

/// Starts a download; what the journal has of the same URL is used.
pub fn start(url: String, to: To, options: &Options, observer: Observer) -> EngineTransfer {
    let headers = options.headers();
    let refresh_url: Option<Function> = get(&options.0, "refreshUrl").and_then(|f| f.dyn_into().ok());
    let in_pieces = to.is(Target::Blob) || to.is(Target::File);
    let remembers = options.resume() && in_pieces;
    let journal = if remembers { Claim::new(&key(&url, to.is(Target::File))) } else { None };
    // A file that two tabs would write has one owner among them; the other waits.
    let turn = journal.as_ref().filter(|_| to.is(Target::File)).map(|claim| claim.key().to_owned());
    let (name, to_stream) = (url::name_of(&url), matches!(to, To::Stream(_)));
    let config = Config {
        name: name.clone(),
        piece: options.bytes("pieceSize").unwrap_or(PIECE),
        // A stream takes bytes in order.
        concurrency: if to_stream { Concurrency::Fixed(1) } else { options.concurrency(MOST_DOWNLOADS) },
        retry: options.retry(),
        stall_timeout: options.stall_timeout(),
        conditional: url::is_same_origin(&url),
        can_refresh_headers: headers.can_refresh(),
        can_refresh_url: refresh_url.is_some(),
        md5: options.text("md5").and_then(|md5| Digest::from_hex(&md5)),
        remember: journal.is_some(),
        bulk: in_pieces.then_some(BULK),
        cap: to.is(Target::Buffer).then_some(BUFFER_CAP),
        discards: !to_stream,
        unix_now: time::unix_now(),
        seed: sys::random(),
        address: url::address(&url),
        ..Config::new(url.clone())
    };
    let context = Rc::new(DownloadContext {
        url: RefCell::new(url),
        refresh_url,
        headers,
        inquiry: Inquiry::default(),
        credentials: options.credentials(),
        sink: RefCell::new(match to {
            To::Stream(writer) => Sink::Stream(StreamSink::new(writer)),
            To::Kept(target) => Sink::new(target, config.piece),
        }),
        journal: DownloadJournal::new(journal),
        filing: Filing::new(name),
        waiting: Cell::new(0),
    });
    let writes = context.journal.writes().clone();
    let (Concurrency::Fixed(most) | Concurrency::Auto(most)) = config.concurrency;
    let entry =
        Entry { origin: url::origin_of(&config.address), direction: Direction::Down, most, key: turn };
    EngineTransfer::new(transfer::run(
        Download::new(config),
        entry,
        writes,
        |driver| DownloadEffects::new(context, driver),
        ShellObserver(observer),
    ))
}

/// Returns the journal's key of a download.
pub fn key(url: &str, to_file: bool) -> String {
    let kind = if to_file { "download to file" } else { "download" };
    format!("{kind} {}", url.split('#').next().unwrap_or(url))
}

/// Reads what is left of a download.
pub fn unfinished(value: &JsValue) -> Option<Rc<dyn Unfinished>> {
    Some(Rc::new(Begun { record: read_download_record(value)?, file: file_of(value) }))
}

/// A download that an earlier visit began, and the name of its file, if it goes to one.
struct Begun {
    record: Record,
    file: Option<String>,
}

impl Unfinished for Begun {
    fn kind(&self) -> &'static str {
        "download"
    }

    fn name(&self) -> &str {
        &self.record.name
    }

    fn size(&self) -> u64 {
        self.record.total.unwrap_or(0)
    }

    fn done<'a>(&'a self, key: &'a str) -> Pin<Box<dyn Future<Output = u64> + 'a>> {
        let key = self.file.as_deref().unwrap_or(key);
        Box::pin(async { store::count_pieces(key).await.saturating_mul(self.record.piece).min(self.size()) })
    }

    fn needs_file(&self) -> bool {
        false
    }

    fn go_on(&self, _: Option<Blob>, options: &Options, observer: Observer) -> Result<EngineTransfer, Error> {
        let target = if self.file.is_some() { Target::File } else { Target::Blob };
        Ok(start(self.record.url.clone(), To::Kept(target), options, observer))
    }
}
