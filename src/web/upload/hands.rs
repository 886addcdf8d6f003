//! Carries out the effects of an upload.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::context::UploadContext;
use super::form::Form;
use super::request::{form_of, question, send};
use crate::core::error::{Error, Kind};
use crate::core::flat_map::FlatMap;
use crate::core::journal;
use crate::core::line::Word;
use crate::core::md5::Snapshot;
use crate::core::upload::{Checkpoint, Effect, InTurn, Input, Outcome, Request, RequestId, Restored};
use crate::web::drive::{Driven, Driver, Hands};
use crate::web::fetch::AbortGuard;
use crate::web::hasher::{self, HashControl};
use crate::web::hashing::{Unreadable, Watcher};
use crate::web::line::Seat;
use crate::web::serial::Serial;
use crate::web::tabs::Turn;
use crate::web::task::spawn;
use crate::web::{blob, clock, endpoints, object, store, sys, write};

impl Driven for InTurn {
    type Outcome = Outcome;
}

/// The hands of one upload.
pub struct UploadHands {
    context: Rc<UploadContext>,
    driver: Rc<Driver<InTurn>>,
    requests: Rc<RefCell<FlatMap<RequestId, AbortGuard>>>,
    hashing: Rc<HashControl>,
    writes: Serial,
    /// The body that was made ahead, and what for.
    prepared: Rc<RefCell<Option<(Request, Form)>>>,
    /// Its place in the line of this page.
    seat: Option<Seat>,
}

impl UploadHands {
    /// Makes hands that answer to `driver`.
    pub fn new(context: UploadContext, driver: Rc<Driver<InTurn>>) -> UploadHands {
        UploadHands {
            context: Rc::new(context),
            driver,
            requests: Rc::default(),
            hashing: Rc::default(),
            writes: Serial::default(),
            prepared: Rc::default(),
            seat: None,
        }
    }

    fn line_up(&self) {
        match &self.context.tabs {
            Some(tabs) => *self.context.turn.borrow_mut() = Some(Turn::new(tabs.clone(), &self.context.key)),
            None => self.driver.tell(Input::Foremost),
        }
    }

    fn take_seat(&mut self) {
        let (context, driver) = (self.context.clone(), self.driver.clone());
        let hear = move |word| match word {
            Word::Begin => begin(&context, &driver),
            Word::Room(room) => driver.tell(Input::Slots(room)),
        };
        self.seat = Some(Seat::new(sys::origin_of(&self.context.endpoint), self.context.most, Rc::new(hear)));
    }

    fn step_back(&mut self) {
        drop(self.seat.take());
        drop(self.context.turn.take());
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
            let hashing = hasher::hash(context.file.clone(), chunk, earlier, control, watcher.clone()).await;
            let Some(result) = hashing else { return };
            if let Ok(digests) = &result {
                watcher.keep("digests", &digests.to_bytes());
            }
            let result = result.map_err(|unreadable| unreadable_error("hashing the file", 0, &unreadable));
            driver.tell(Input::Hashed(result));
        });
    }

    fn check(&self, index: usize, range: Range<u64>) {
        let (context, driver) = (self.context.clone(), self.driver.clone());
        spawn(async move {
            let doing = format!("checking chunk {}", index + 1);
            let result = match blob::slice(&context.file, &range) {
                Ok(slice) => hasher::digest(slice).await,
                Err(why) => Err(Unreadable { at: 0, why }),
            };
            let result = result.map_err(|unreadable| unreadable_error(&doing, range.start, &unreadable));
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
        record.updated_at = clock::unix_now();
        let value = write::upload_record(&record);
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
    driver: Rc<Driver<InTurn>>,
    writes: Serial,
}

impl Hashing {
    /// Remembers digests, or where they are. That costs nothing but the hashing of a later visit if it fails.
    fn keep(&self, name: &str, bytes: &[u8]) {
        let context = self.context.clone();
        let Some(key) = context.digests_key(self.chunk) else { return };
        let now = clock::unix_now();
        let value = write::digests(name, bytes, now);
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

impl Hands<InTurn> for UploadHands {
    fn performed(&mut self) {
        self.context.headers.replayed();
        if let Some(seat) = &self.seat {
            seat.wants(self.driver.look(|upload| upload.wants(clock::now())));
        }
    }

    fn perform(&mut self, effect: Effect) -> Option<Result<Outcome, Error>> {
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
            Effect::LineUp => self.line_up(),
            Effect::TakeSeat => self.take_seat(),
            Effect::StepBack => self.step_back(),
            Effect::Settle(result) => return Some(result),
        }
        None
    }
}

fn begin(context: &Rc<UploadContext>, driver: &Rc<Driver<InTurn>>) {
    if driver.look(InTurn::has_started) {
        return driver.tell(Input::Start(Restored::Nothing));
    }
    let (context, driver) = (context.clone(), driver.clone());
    spawn(async move {
        let restored = context.restore().await;
        driver.tell(Input::Start(restored));
    });
}

fn unreadable_error(doing: &str, offset: u64, unreadable: &Unreadable) -> Error {
    let at = offset + unreadable.at;
    Error::new(
        Kind::FileUnreadable,
        doing,
        format!("the bytes from {at} on could not be read ({})", unreadable.why),
    )
}
