//! `upload`: from the page's call to a machine that is driven.

use std::cell::RefCell;

use crate::web::task::spawn;
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::options::{self, Options};
use super::settled;
use super::transfer::{EngineTransfer, Observer, Steered, Told};
use crate::core::journal::{self, UploadRecord, VERSION};
use crate::core::plan::{self, Cut};
use crate::core::text::text;
use crate::core::upload::{Config, Input, Known, Outcome, Upload};
use crate::core::wire;
use crate::web::drive::Driver;
use crate::web::object::{get_string, get_u64, number, object};
use crate::web::store::Claim;
use crate::web::upload::{Job, UploadHands};
use crate::web::{clock, read, store};

/// Uploads at once, at most, when the engine decides: browsers open six HTTP/1.1 connections to an origin.
const MOST_UPLOADS: usize = 6;
/// Where uploads go unless the page says otherwise.
const ENDPOINT: &str = "/api/upload";

impl Steered for Upload {
    fn pause() -> Input {
        Input::Pause
    }

    fn resume() -> Input {
        Input::Resume
    }

    fn abort() -> Input {
        Input::Abort
    }

    fn map(&self) -> Vec<u8> {
        self.chunks()
    }

    fn report(&self) -> JsValue {
        let (requests, failures) = self.attempts();
        object(&[
            ("kind", "upload".into()),
            ("requests", number(requests)),
            ("failures", failures.into()),
            ("now", number(clock::now().0)),
            ("events", settled::events(self.events())),
            ("chunks", settled::chunks(self)),
            ("progress", settled::progress(&self.progress(clock::now()), clock::now())),
        ])
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
    let machine = Upload::new(Config {
        cut,
        naming: record.naming(),
        ext: record.ext.clone(),
        expected,
        concurrency: options.concurrency(MOST_UPLOADS),
        retry: options.retry(),
        stall_timeout: options.stall_timeout(),
        finish_timeout: options.finish_timeout(),
        can_refresh_headers: headers.can_refresh(),
        seed: options::seed(),
    });
    let key = key(&record);
    let claim = if options.resume() { Claim::new(&key) } else { None };
    let remembered = claim.is_some();
    let digests = if options.resume() { journal::digests_key(&chosen) } else { None };
    let job = Job {
        file: source,
        cut,
        endpoint: record.endpoint.clone(),
        headers,
        credentials: options.credentials(),
        journal: claim.map(|claim| (claim, record.clone())),
        handle: RefCell::new(options.handle()),
        digests: digests.clone(),
    };
    let driver = Driver::start(machine, |driver| UploadHands::new(job, driver.clone()), Told(observer));
    spawn({
        let driver = driver.clone();
        async move {
            let known = if remembered && same_file { store::get(&key).await } else { None };
            let known = known.and_then(|value| read::upload_record(&value));
            let known = known.filter(|known| known.is_same_file(&record)).and_then(|known| known.digests());
            let known = match (known, digests) {
                (None, Some(key)) => {
                    store::digests(&key).await.map_or(Known::Nothing, |value| read::known(&value, cut))
                }
                (known, _) => Known::from(known),
            };
            driver.tell(Input::Start(known));
        }
    });
    EngineTransfer::new(driver)
}

/// Describes an upload for the journal, before anything is known but the file and the options.
pub fn describe(source: &Blob, options: &Options) -> UploadRecord {
    // A Blob that is no File has neither.
    let name = get_string(source, "name").unwrap_or_default();
    let size = source.size() as u64;
    UploadRecord {
        version: VERSION,
        ext: options.text("ext").unwrap_or_else(|| wire::ext_of(&name).to_owned()),
        name,
        size,
        last_modified: get_u64(source, "lastModified"),
        endpoint: options.text("endpoint").unwrap_or_else(|| ENDPOINT.to_owned()),
        chunk: options.bytes("chunkSize").unwrap_or_else(|| plan::chunk_size(size)),
        indexed: options.naming() == crate::core::upload::Naming::Md5Index,
        file_id: String::new(),
        chunk_ids: Vec::new(),
        confirmed: 0,
        updated_at: clock::unix_now(),
    }
}

/// Returns the journal's key of an upload: the same file to the same place has the same key.
pub fn key(record: &UploadRecord) -> String {
    let UploadRecord { endpoint, name, size, last_modified, chunk, indexed, .. } = record;
    let changed = last_modified.unwrap_or(0);
    let indexed = if *indexed { "true" } else { "false" };
    text!("upload ", endpoint, " ", size, " ", changed, " ", chunk, " ", indexed, " ", name)
}
