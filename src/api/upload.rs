//! `upload`: from the page's call to a machine that is driven.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::options::Options;
use super::settled;
use super::transfer::{EngineTransfer, Observer, Steered, Told};
use crate::core::journal::{self, UploadRecord, VERSION};
use crate::core::machine::Machine;
use crate::core::plan::{self, Cut};
use crate::core::protocol::wire;
use crate::core::upload::{Concurrency, Config, InTurn, Input, Outcome, Upload};
use crate::web::drive::Driver;
use crate::web::inquiry::Inquiry;
use crate::web::object::{call, get_string, get_u64, number, object};
use crate::web::store::Claim;
use crate::web::upload::{UploadContext, UploadHands};
use crate::web::{clock, endpoints, sys};

/// Uploads at once, at most, when the engine decides: browsers open six HTTP/1.1 connections to an origin.
const MOST_UPLOADS: usize = 6;
/// Where uploads go unless the page says otherwise.
const ENDPOINT: &str = "/api/upload";

impl Steered for InTurn {
    fn pause() -> Input {
        Input::Pause
    }

    fn resume() -> Input {
        Input::Resume
    }

    fn abort() -> Input {
        Input::Abort
    }

    fn foremost() -> Input {
        Input::Foremost
    }

    fn map(&self) -> Vec<u8> {
        self.upload().chunks()
    }

    fn report(&self) -> JsValue {
        let upload = self.upload();
        let (requests, failures) = upload.attempts();
        object(&[
            ("kind", "upload".into()),
            ("requests", number(requests)),
            ("failures", failures.into()),
            ("now", number(clock::now().0)),
            ("events", settled::events(upload.events())),
            ("chunks", settled::chunks(upload)),
            ("environment", settled::environment()),
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
    let concurrency = options.concurrency(MOST_UPLOADS);
    let (Concurrency::Fixed(limit) | Concurrency::Auto(limit)) = concurrency;
    let machine = InTurn::new(Upload::new(Config {
        endpoint: sys::address(&record.endpoint),
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
    }));
    let remembered = options.resume() && record.can_go_on();
    let identity = Some(chosen).filter(|chosen| remembered && journal::digests_key(chosen).is_some());
    // What tells a file well enough to believe its digests tells it well enough to leave it to another tab.
    let tabs = if identity.is_some() { call(&observer, "tabs", &[]).ok() } else { None };
    let key = record.key();
    let context = UploadContext {
        file: source,
        cut,
        endpoint: record.endpoint.clone(),
        headers,
        inquiry: Inquiry::default(),
        credentials: options.credentials(),
        tabs: tabs.map(JsCast::unchecked_into),
        turn: RefCell::default(),
        claim: RefCell::new(if remembered { Claim::new(&key) } else { None }),
        key,
        record: remembered.then_some(record),
        same_file,
        most: limit.min(cut.count()),
        handle: RefCell::new(options.handle().unwrap_or_default()),
        identity,
    };
    let driver = Driver::start(machine, |driver| UploadHands::new(context, driver.clone()), Told(observer));
    driver.tell(Input::Resume);
    EngineTransfer::new(driver)
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
        updated_at: clock::unix_now(),
    }
}
