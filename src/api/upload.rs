//! `upload`: from the page's call to a machine that is driven.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::options::Options;
use super::pending::{Unfinished, refused};
use super::settled;
use super::transfer::{EngineTransfer, ShellObserver, Shown};
use crate::core::error::{Error, Kind};
use crate::core::journal::{self, UploadRecord, VERSION};
use crate::core::plan::{self, Cut};
use crate::core::protocol::wire;
use crate::core::scheduler::{Direction, Entry};
use crate::core::upload::{Concurrency, Config, Outcome, Upload};
use crate::web::convert::read_upload_record;
use crate::web::inquiry::Inquiry;
use crate::web::object::{get_string, get_u64, number};
use crate::web::store::Claim;
use crate::web::sys::Observer;
use crate::web::task::Serial;
use crate::web::upload::{UploadContext, UploadEffects};
use crate::web::{endpoints, sys, time, transfer, url};

/// Uploads at once, at most, when the engine decides: browsers open six HTTP/1.1 connections to an origin.
const MOST_UPLOADS: usize = 6;
/// Where uploads go unless the page says otherwise.
const ENDPOINT: &str = "/api/upload";

impl Shown for Upload {
    fn map(&self) -> Vec<u8> {
        self.chunks()
    }

    fn report(&self) -> Vec<(&'static str, JsValue)> {
        let (requests, failures) = self.attempts();
        vec![
            ("kind", "upload".into()),
            ("requests", number(requests)),
            ("failures", failures.into()),
            ("events", settled::events(self.events())),
            ("chunks", settled::chunks(self)),
        ]
    }

    fn result(outcome: Outcome) -> JsValue {
        settled::upload_result(outcome)
    }
}

/// Starts to upload `source`.
#[wasm_bindgen(js_name = startUpload, skip_typescript)]
pub fn start_upload(source: Blob, options: JsValue, observer: Observer) -> EngineTransfer {
    let options = Options(options);
    let record = describe(&source, &options);
    start(source, &options, record, None, observer)
}

/// Starts an upload of the file that `chosen` describes. What the journal knows of the same file is used; where the
/// page goes on with an `earlier` upload, it goes to the same place and has to be the same file.
pub fn start(
    source: Blob,
    options: &Options,
    chosen: UploadRecord,
    earlier: Option<UploadRecord>,
    observer: Observer,
) -> EngineTransfer {
    let expected = earlier.as_ref().and_then(UploadRecord::digests).map(|digests| digests.file);
    let same_file = earlier.as_ref().is_none_or(|earlier| earlier.is_same_file(&chosen));
    let record = earlier.unwrap_or_else(|| chosen.clone());
    let headers = options.headers();
    let cut = Cut::new(record.size, record.chunk);
    let concurrency = options.concurrency(MOST_UPLOADS);
    let (Concurrency::Fixed(most) | Concurrency::Auto(most)) = concurrency;
    let upload = Upload::new(Config {
        endpoint: url::address(&record.endpoint),
        cut,
        naming: record.asked_naming,
        vouched: options.vouched(),
        accepted: endpoints::accepted(&record.endpoint),
        ext: record.ext.clone(),
        expected,
        concurrency,
        retry: options.retry(),
        stall_timeout: options.stall_timeout(),
        finish_timeout: options.finish_timeout(),
        can_refresh_headers: headers.can_refresh(),
        seed: sys::random(),
    });
    let remembered = options.resume() && record.can_go_on();
    let identity = Some(chosen).filter(|chosen| remembered && journal::digests_key(chosen).is_some());
    let key = record.key();
    let entry = Entry {
        origin: url::origin_of(&record.endpoint),
        direction: Direction::Up,
        most: most.min(cut.count()),
        // What tells a file well enough to believe its digests tells it well enough to leave it to another tab.
        key: identity.is_some().then(|| key.clone()),
    };
    let context = UploadContext {
        file: source,
        cut,
        endpoint: record.endpoint.clone(),
        headers,
        inquiry: Inquiry::default(),
        credentials: options.credentials(),
        claim: RefCell::new(if remembered { Claim::new(&key) } else { None }),
        key,
        record: remembered.then_some(record),
        same_file,
        handle: RefCell::new(options.handle().unwrap_or_default()),
        identity,
    };
    let writes = Serial::default();
    EngineTransfer::new(transfer::run(
        upload,
        entry,
        writes.clone(),
        |driver| UploadEffects::new(context, driver, writes),
        ShellObserver(observer),
    ))
}

/// Describes an upload for the journal, before anything is known but the file and the options.
pub fn describe(source: &Blob, options: &Options) -> UploadRecord {
    // A Blob that is no File has neither.
    let name = get_string(source, "name").unwrap_or_default();
    let size = source.size() as u64;
    let endpoint = options.text("endpoint").unwrap_or_else(|| ENDPOINT.to_owned());
    let asked_chunk = options.bytes("chunkSize");
    let usual = || plan::chunk_size(size).min(endpoints::largest_chunk(&endpoint).unwrap_or(u64::MAX));
    UploadRecord {
        version: VERSION,
        ext: options.text("ext").unwrap_or_else(|| wire::ext_of(&name).to_owned()),
        name,
        size,
        last_modified: get_u64(source, "lastModified"),
        chunk: asked_chunk.unwrap_or_else(usual),
        endpoint,
        asked_chunk,
        asked_naming: options.naming(),
        announced: None,
        file_id: String::new(),
        chunk_ids: Vec::new(),
        confirmed: 0,
        updated_at: time::unix_now(),
    }
}

/// Reads what is left of an upload.
pub fn unfinished(value: &JsValue) -> Option<Rc<dyn Unfinished>> {
    let record = read_upload_record(value).filter(|record| record.cut().is_some())?;
    Some(Rc::new(record))
}

impl Unfinished for UploadRecord {
    fn kind(&self) -> &'static str {
        "upload"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn done<'a>(&'a self, _: &'a str) -> Pin<Box<dyn Future<Output = u64> + 'a>> {
        Box::pin(async { self.confirmed })
    }

    fn needs_file(&self) -> bool {
        true
    }

    fn go_on(
        &self,
        file: Option<Blob>,
        options: &Options,
        observer: Observer,
    ) -> Result<EngineTransfer, Error> {
        let Some(file) = file else {
            return Err(refused(Kind::FileUnreadable, "the file has to be chosen again".to_owned()));
        };
        // Cut as it was, whatever the options say: only so its digests are still good.
        let chosen = UploadRecord { chunk: self.chunk, ..describe(&file, options) };
        if chosen.size != self.size {
            let detail = format!("{} has {} bytes, the chosen file {}", self.name, self.size, chosen.size);
            return Err(refused(Kind::FileChanged, detail));
        }
        Ok(start(file, options, chosen, Some(self.clone()), observer))
    }
}
