//! `upload`: from the page's call to a machine that is driven.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, File};

use super::options::{self, Options};
use super::settled;
use super::transfer::{EngineTransfer, Observer, Steered, Told};
use crate::core::journal::{UploadRecord, VERSION};
use crate::core::plan::{self, Cut};
use crate::core::upload::{Config, Input, Outcome, Upload};
use crate::core::wire;
use crate::web::drive::drive;
use crate::web::mailbox::Mailbox;
use crate::web::object::object;
use crate::web::upload::{Job, UploadHands};
use crate::web::{clock, store};

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
        let event = |event: &crate::core::upload::Event| {
            object([
                ("at", (event.at.0 as f64).into()),
                ("doing", event.doing.as_str().into()),
                ("what", event.what.as_str().into()),
            ])
        };
        let events: Array = self.events().map(event).collect();
        object([
            ("kind", "upload".into()),
            ("requests", (requests as f64).into()),
            ("failures", failures.into()),
            ("now", (clock::now().0 as f64).into()),
            ("events", events.into()),
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
    start(source, &options, record, observer)
}

/// Starts an upload as `record` describes it; what the journal knows of the same file is used.
pub fn start(source: Blob, options: &Options, record: UploadRecord, observer: Observer) -> EngineTransfer {
    let headers = options.headers();
    let cut = Cut::new(record.size, record.chunk);
    let machine = Rc::new(RefCell::new(Upload::new(Config {
        cut,
        naming: record.naming(),
        ext: record.ext.clone(),
        concurrency: options.upload_concurrency(),
        retry: options.retry(),
        stall_timeout: options.stall_timeout(),
        can_refresh_headers: headers.can_refresh(),
        seed: options::seed(),
    })));
    let mailbox = Mailbox::default();
    let key = options.resume().then(|| key(&record));
    let job = Job {
        file: source,
        cut,
        endpoint: record.endpoint.clone(),
        headers,
        credentials: options.credentials(),
        journal: key.clone().map(|key| (key, record.clone())),
    };
    let hands = UploadHands::new(job, mailbox.clone());
    spawn_local(drive(machine.clone(), mailbox.clone(), hands, Rc::new(Told(observer))));
    spawn_local({
        let mailbox = mailbox.clone();
        async move {
            let known: Option<UploadRecord> = match &key {
                Some(key) => store::get(key).await,
                None => None,
            };
            let known = known.filter(|known| known.is_same_file(&record));
            mailbox.push(Input::Start(known.and_then(|known| known.digests())));
        }
    });
    EngineTransfer::new(machine, mailbox)
}

/// Describes an upload for the journal, before anything is known but the file and the options.
pub fn describe(source: &Blob, options: &Options) -> UploadRecord {
    let file = source.dyn_ref::<File>();
    let name = file.map(File::name).unwrap_or_default();
    let size = source.size() as u64;
    UploadRecord {
        version: VERSION,
        ext: options.text("ext").unwrap_or_else(|| wire::ext_of(&name).to_owned()),
        name,
        size,
        last_modified: file.map(|file| file.last_modified() as u64),
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
    format!("upload {endpoint} {size} {changed} {chunk} {indexed} {name}")
}
