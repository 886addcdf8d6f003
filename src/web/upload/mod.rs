//! Carries out the effects of an upload.

mod exchange;
mod form;

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::Blob;

use self::exchange::{exchange, form_of, question};
use self::form::Form;
use crate::core::error::Error;
use crate::core::flat_map::FlatMap;
use crate::core::journal::{self, UploadRecord};
use crate::core::line::Word;
use crate::core::md5::Snapshot;
use crate::core::plan::Cut;
use crate::core::upload::{Effect, InTurn, Input, Known, Memory, Outcome, Request, RequestId};
use crate::web::convert::{digests, upload_record};
use crate::web::drive::{Driven, Driver, Hands};
use crate::web::fetch::AbortGuard;
use crate::web::hash::{self, HashControl, Unreadable, Watcher};
use crate::web::headers::Headers;
use crate::web::inquiry::Inquiry;
use crate::web::line::Seat;
use crate::web::serial::Serial;
use crate::web::store::Claim;
use crate::web::sys::Tabs;
use crate::web::tabs::Turn;
use crate::web::task::spawn;
use crate::web::{blob, clock, endpoints, object, store, url};

impl Driven for InTurn {
    type Outcome = Outcome;
}

/// What an upload works on.
pub struct Job {
    /// The file.
    pub file: Blob,
    /// Its chunks, at first.
    pub cut: Cut,
    /// Where chunks go; handshakes go to `/handshake` below it.
    pub endpoint: String,
    /// The page's headers.
    pub headers: Headers,
    /// Sends its requests.
    pub inquiry: Inquiry,
    /// Whether cookies go along.
    pub credentials: &'static str,
    /// Its key in the journal, which is also its name among tabs.
    pub key: String,
    /// What is written into the journal; nothing if it is not to be remembered.
    pub record: Option<UploadRecord>,
    /// Its place there. Who waits for somebody else of this page gets it with the turn.
    pub claim: RefCell<Option<Claim>>,
    /// What the journal has of it may be believed.
    pub same_file: bool,
    /// How many requests it can have in flight at most.
    pub most: usize,
    /// The tabs that may upload the same file to the same place.
    pub tabs: Option<Tabs>,
    /// Its turn among them, which ends when all is written down.
    pub turn: RefCell<Option<Turn>>,
    /// The way back to the file for a later visit: a handle, as long as the journal takes it, or undefined.
    pub handle: RefCell<JsValue>,
    /// What tells the file, to find its digests by; nothing if they are not to be remembered.
    pub identity: Option<UploadRecord>,
}

/// The hands of one upload.
pub struct UploadHands {
    job: Rc<Job>,
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
    pub fn new(job: Job, driver: Rc<Driver<InTurn>>) -> UploadHands {
        UploadHands {
            job: Rc::new(job),
            driver,
            requests: Rc::default(),
            hashing: Rc::default(),
            writes: Serial::default(),
            prepared: Rc::default(),
            seat: None,
        }
    }

    fn line_up(&self) {
        match &self.job.tabs {
            Some(tabs) => *self.job.turn.borrow_mut() = Some(Turn::new(tabs.clone(), &self.job.key)),
            None => self.driver.tell(Input::Foremost),
        }
    }

    fn take_seat(&mut self) {
        let (job, driver) = (self.job.clone(), self.driver.clone());
        let hear = move |word| match word {
            Word::Begin => begin(&job, &driver),
            Word::Room(room) => driver.tell(Input::Room(room)),
        };
        self.seat = Some(Seat::new(url::origin_of(&self.job.endpoint), self.job.most, Rc::new(hear)));
    }

    fn step_back(&mut self) {
        drop(self.seat.take());
        drop(self.job.turn.take());
    }

    fn hash(&self, chunk: u64, earlier: Option<Snapshot>) {
        let (job, driver, control) = (self.job.clone(), self.driver.clone(), self.hashing.clone());
        let watcher =
            Rc::new(Hashing { job: job.clone(), chunk, driver: driver.clone(), writes: self.writes.clone() });
        spawn(async move {
            let hashing = hash::hash(job.file.clone(), chunk, earlier, control, watcher.clone()).await;
            let Some(result) = hashing else { return };
            if let Ok(digests) = &result {
                watcher.keep("digests", &digests.to_bytes());
            }
            let result = result.map_err(|unreadable| unreadable.into_error("hashing the file", 0));
            driver.tell(Input::Hashed(result));
        });
    }

    fn check(&self, index: usize, range: Range<u64>) {
        let (job, driver) = (self.job.clone(), self.driver.clone());
        spawn(async move {
            let doing = format!("checking chunk {}", index + 1);
            let result = match blob::slice(&job.file, &range) {
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
        let (job, driver, requests) = (self.job.clone(), self.driver.clone(), self.requests.clone());
        let fresh = job.headers.fresh();
        let prepared = self.prepared.take().filter(|(other, _)| *other == request).map(|(_, form)| form);
        spawn(async move {
            let result = exchange(&job, request, fresh, prepared, &signal, &driver, id).await;
            requests.borrow_mut().remove(&id);
            driver.tell(match result {
                Ok(answered) => Input::Answered(id, answered),
                Err(loss) => Input::Lost(id, loss),
            });
        });
    }

    /// Makes a body ahead. What goes wrong with it will when it is made to be sent, and is told then.
    fn prepare(&self, request: Request) {
        let (job, prepared) = (self.job.clone(), self.prepared.clone());
        spawn(async move {
            if let Ok(form) = form_of(&job, &request).await {
                prepared.replace(Some((request, form)));
            }
        });
    }

    fn remember(&self, memory: Memory) {
        let Some(mut record) = self.job.record.clone() else { return };
        if self.job.claim.borrow().is_none() {
            return;
        }
        record.remember(&memory);
        record.updated_at = clock::unix_now();
        let value = upload_record::write(&record);
        let job = self.job.clone();
        // A journal that fails costs the resumption after a reload, and never the upload.
        self.writes.run(async move {
            // Not every browser stores handles, nor in every window: without, the file will have to be chosen again.
            for handle in [job.handle.take(), JsValue::UNDEFINED] {
                object::set(&value, "handle", &handle);
                if store::put(&job.key, &value).await.is_ok() {
                    *job.handle.borrow_mut() = handle;
                    return;
                }
            }
        });
    }

    fn forget(&self) {
        let job = self.job.clone();
        self.writes.run(async move {
            // The claim is held until then: what is done is not to be found as unfinished meanwhile.
            if job.claim.borrow().is_some() {
                drop(store::remove(&job.key).await);
            }
        });
    }
}

impl Job {
    /// Finds what earlier visits, or other tabs, left of the file's digests.
    async fn known(&self) -> Known {
        if self.record.is_some() && self.claim.borrow().is_none() {
            *self.claim.borrow_mut() = Claim::new(&self.key);
        }
        if let Some(record) = &self.record
            && self.same_file
            && let Some(value) = store::get(&self.key).await
            && let Some(stored) = upload_record::read(&value)
            && stored.is_same_file(record)
            && let Some(known) = stored.known()
        {
            return known;
        }
        if let Some(key) = self.digests_key(self.cut.chunk)
            && let Some(value) = store::digests(&key).await
        {
            return digests::read(&value, self.cut);
        }
        Known::Nothing
    }

    /// Returns the key under which the file's digests in chunks of this size are remembered.
    fn digests_key(&self, chunk: u64) -> Option<String> {
        let identity = self.identity.clone()?;
        journal::digests_key(&UploadRecord { chunk, ..identity })
    }
}

/// Who follows the hashing of an upload's file.
struct Hashing {
    job: Rc<Job>,
    chunk: u64,
    driver: Rc<Driver<InTurn>>,
    writes: Serial,
}

impl Hashing {
    /// Remembers digests, or where they are. That costs nothing but the hashing of a later visit if it fails.
    fn keep(&self, name: &str, bytes: &[u8]) {
        let job = self.job.clone();
        let Some(key) = job.digests_key(self.chunk) else { return };
        let now = clock::unix_now();
        let value = digests::write(name, bytes, now);
        self.writes.run(async move {
            drop(store::put_digests(&key, &value).await);
            let oldest = now.saturating_sub(journal::DIGESTS_EXPIRE);
            drop(store::expire_digests(oldest, journal::MOST_DIGESTS).await);
            // Whose turn is next reads them.
            drop(job);
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
        self.job.headers.replayed();
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
                let (job, driver) = (self.job.clone(), self.driver.clone());
                spawn(async move {
                    let accepts = endpoints::accepts(&job.endpoint, question(&job)).await;
                    driver.tell(Input::Accepts(accepts));
                });
            }
            Effect::Learn(lesson) => endpoints::learn(&self.job.endpoint, lesson),
            Effect::RefreshHeaders => {
                let (job, driver) = (self.job.clone(), self.driver.clone());
                spawn(async move { driver.tell(Input::Refreshed(job.headers.refresh().await)) });
            }
            Effect::Remember(memory) => self.remember(memory),
            Effect::Forget => self.forget(),
            Effect::LineUp => self.line_up(),
            Effect::TakeSeat => self.take_seat(),
            Effect::StepBack => self.step_back(),
            Effect::Settle(result) => return Some(result),
        }
        None
    }
}

fn begin(job: &Rc<Job>, driver: &Rc<Driver<InTurn>>) {
    if driver.look(InTurn::has_started) {
        return driver.tell(Input::Start(Known::Nothing));
    }
    let (job, driver) = (job.clone(), driver.clone());
    spawn(async move {
        let known = job.known().await;
        driver.tell(Input::Start(known));
    });
}
