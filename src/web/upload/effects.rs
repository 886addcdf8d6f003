//! Carries out the effects of an upload.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::context::UploadContext;
use super::form::Form;
use super::request::{form_of, question, send};
use crate::core::error::Error;
use crate::core::flat_map::FlatMap;
use crate::core::journal;
use crate::core::md5::Snapshot;
use crate::core::upload::{Checkpoint, Effect, Input, Outcome, Request, RequestId, Upload};
use crate::web::convert::{write_digests, write_upload_record};
use crate::web::fetch::AbortGuard;
use crate::web::hash::{self, HashControl, Unreadable, Watcher};
use crate::web::task::{Serial, spawn};
use crate::web::transfer::{Runnable, TransferDriver, TransferEffects};
use crate::web::{blob, endpoints, object, store, time};

impl Runnable for Upload {
    type Outcome = Outcome;
}

/// Carries out the effects of one upload.
pub struct UploadEffects {
    context: Rc<UploadContext>,
    driver: TransferDriver<Upload>,
    requests: Rc<RefCell<FlatMap<RequestId, AbortGuard>>>,
    hashing: Rc<HashControl>,
    writes: Serial,
    /// The body that was made ahead, and what for.
    prepared: Rc<RefCell<Option<(Request, Form)>>>,
}

impl UploadEffects {
    /// Tells `driver` what comes of the effects, and has what is to be kept written down by `writes`.
    pub fn new(context: UploadContext, driver: TransferDriver<Upload>, writes: Serial) -> UploadEffects {
        UploadEffects {
            context: Rc::new(context),
            driver,
            requests: Rc::default(),
            hashing: Rc::default(),
            writes,
            prepared: Rc::default(),
        }
    }

    fn hash(&self, chunk: u64, earlier: Option<Snapshot>) {
        let (context, driver, control) = (self.context.clone(), self.driver.clone(), self.hashing.clone());
        let watcher = Rc::new(Hashing {
            context: context.clone(),
            chunk,
            driver: driver.clone(),
            writes: self.writes.clone(),
        });
        spawn(async move {
            let hashing = hash::hash(context.file.clone(), chunk, earlier, control, watcher.clone()).await;
            let Some(result) = hashing else { return };
            if let Ok(digests) = &result {
                watcher.keep("digests", &digests.to_bytes());
            }
            let result = result.map_err(|unreadable| unreadable.into_error("hashing the file", 0));
            driver.tell(Input::Hashed(result));
        });
    }

    fn check(&self, index: usize, range: Range<u64>) {
        let (context, driver) = (self.context.clone(), self.driver.clone());
        spawn(async move {
            let doing = format!("checking chunk {}", index + 1);
            let result = match blob::slice(&context.file, &range) {
                Ok(slice) => hash::digest(slice).await,
                Err(why) => Err(Unreadable { at: 0, why }),
            };
            let result = result.map_err(|unreadable| unreadable.into_error(doing, range.start));
            driver.tell(Input::Checked(index, result));
        });
    }

    fn send(&self, id: RequestId, request: Request) {
        let guard = match AbortGuard::new() {
            Ok(guard) => guard,
            Err(why) => return self.driver.tell(Input::Lost(id, why.into())),
        };
        let signal = guard.signal();
        self.requests.borrow_mut().insert(id, guard);
        let (context, driver, requests) = (self.context.clone(), self.driver.clone(), self.requests.clone());
        let fresh = context.headers.fresh();
        let prepared = self.prepared.take().filter(|(other, _)| *other == request).map(|(_, form)| form);
        spawn(async move {
            let result = send(&context, request, fresh, prepared, &signal, &driver, id).await;
            requests.borrow_mut().remove(&id);
            driver.tell(match result {
                Ok(answered) => Input::Answered(id, answered),
                Err(loss) => Input::Lost(id, loss),
            });
        });
    }

    /// Makes a body ahead. What goes wrong with it will when it is made to be sent, and is told then.
    fn prepare(&self, request: Request) {
        let (context, prepared) = (self.context.clone(), self.prepared.clone());
        spawn(async move {
            if let Ok(form) = form_of(&context, &request).await {
                prepared.replace(Some((request, form)));
            }
        });
    }

    fn save(&self, checkpoint: Checkpoint) {
        let Some(mut record) = self.context.record.clone() else { return };
        if self.context.claim.borrow().is_none() {
            return;
        }
        record.apply(&checkpoint);
        record.updated_at = time::unix_now();
        let value = write_upload_record(&record);
        let context = self.context.clone();
        // A journal that fails costs the resumption after a reload, and never the upload.
        self.writes.run(async move {
            // Not every browser stores handles, nor in every window: without, the file will have to be chosen again.
            for handle in [context.handle.take(), JsValue::UNDEFINED] {
                object::set(&value, "handle", &handle);
                if store::put(&context.key, &value).await.is_ok() {
                    *context.handle.borrow_mut() = handle;
                    return;
                }
            }
        });
    }

    fn forget(&self) {
        let context = self.context.clone();
        self.writes.run(async move {
            // The claim is held until then: what is done is not to be found as unfinished meanwhile.
            if context.claim.borrow().is_some() {
                drop(store::remove(&context.key).await);
            }
        });
    }
}

/// Who follows the hashing of an upload's file.
struct Hashing {
    context: Rc<UploadContext>,
    chunk: u64,
    driver: TransferDriver<Upload>,
    writes: Serial,
}

impl Hashing {
    /// Remembers digests, or where they are. That costs nothing but the hashing of a later visit if it fails.
    fn keep(&self, name: &str, bytes: &[u8]) {
        let context = self.context.clone();
        let Some(key) = context.digests_key(self.chunk) else { return };
        let now = time::unix_now();
        let value = write_digests(name, bytes, now);
        self.writes.run(async move {
            drop(store::put_digests(&key, &value).await);
            let oldest = now.saturating_sub(journal::DIGESTS_EXPIRE);
            drop(store::expire_digests(oldest, journal::MOST_DIGESTS).await);
            // Whose turn is next reads them.
            drop(context);
        });
    }
}

impl Watcher for Hashing {
    fn hashed(&self, at: u64) {
        self.driver.tell(Input::Hashing(at));
    }

    fn repeats(&self) {
        self.driver.tell(Input::Repeats);
    }

    fn saved(&self, snapshot: Snapshot) {
        self.keep("state", &snapshot.to_bytes());
    }
}

impl TransferEffects<Upload> for UploadEffects {
    fn restore(&mut self) {
        let (context, driver) = (self.context.clone(), self.driver.clone());
        spawn(async move { driver.restored(context.restore().await) });
    }

    fn carried_out(&mut self) {
        self.context.headers.replayed();
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Result<Outcome, Error>> {
        match effect {
            Effect::Hash(chunk, earlier) => self.hash(chunk, earlier.map(|snapshot| *snapshot)),
            Effect::HoldHash => self.hashing.hold(true),
            Effect::ResumeHash => self.hashing.hold(false),
            Effect::StopHash => self.hashing.stop(),
            Effect::Send(id, request) => self.send(id, request),
            Effect::Prepare(request) => self.prepare(request),
            Effect::Cancel(id) => drop(self.requests.borrow_mut().remove(&id)),
            Effect::Check(index, range) => self.check(index, range),
            Effect::AskAccepts => {
                let (context, driver) = (self.context.clone(), self.driver.clone());
                spawn(async move {
                    let accepts = endpoints::accepts(&context.endpoint, question(&context)).await;
                    driver.tell(Input::Accepts(accepts));
                });
            }
            Effect::Learn(fact) => endpoints::learn(&self.context.endpoint, fact),
            Effect::RefreshHeaders => {
                let (context, driver) = (self.context.clone(), self.driver.clone());
                spawn(async move { driver.tell(Input::Refreshed(context.headers.refresh().await)) });
            }
            Effect::Save(checkpoint) => self.save(checkpoint),
            Effect::Forget => self.forget(),
            Effect::Settle(result) => return Some(result),
        }
        None
    }
}
