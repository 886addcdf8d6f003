//! Carries out the effects of a download.

mod ahead;
mod flow;
pub mod sink;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::prelude::*;

use self::ahead::Ahead;
use self::flow::{Flow, Order};
use self::sink::{Sink, rest_of};
use crate::core::download::{Download, Effect, Input, Outcome, Record, RequestId};
use crate::core::error::Error;
use crate::core::flat_map::FlatMap;
use crate::core::range::ByteRange;
use crate::core::thrown::Thrown;
use crate::web::clock;
use crate::web::convert::download_record;
use crate::web::drive::{Driven, Driver, Hands};
use crate::web::fetch::{AbortGuard, check_url};
use crate::web::headers::Headers;
use crate::web::inquiry::Inquiry;
use crate::web::object::get_string;
use crate::web::serial::Serial;
use crate::web::store::{self, Claim};
use crate::web::task::{ask, spawn};

/// A download that ended well, with its bytes.
pub struct Downloaded {
    /// What the machine says of it.
    pub outcome: Outcome,
    /// The ArrayBuffer or Blob.
    pub data: JsValue,
}

impl Driven for Download {
    type Outcome = Downloaded;
}

/// What a download works with.
pub struct Job {
    /// Where it comes from; changes when the page gives a new URL.
    pub url: RefCell<String>,
    /// The page's function for a new URL.
    pub refresh_url: Option<Function>,
    /// The page's headers.
    pub headers: Headers,
    /// Sends its requests.
    pub inquiry: Inquiry,
    /// Whether cookies go along.
    pub credentials: &'static str,
    /// Where the bytes go.
    pub sink: RefCell<Sink>,
    /// Its place in the journal; nothing if it is not to be remembered.
    pub journal: Option<Claim>,
}

/// The hands of one download.
pub struct DownloadHands {
    job: Rc<Job>,
    driver: Rc<Driver<Download>>,
    flows: Rc<RefCell<FlatMap<RequestId, Rc<Flow>>>>,
    /// What goes to the journal, in order: a piece never outlives the record it belongs to.
    writes: Serial,
    ahead: Rc<Ahead>,
    content_type: String,
    data: Rc<RefCell<JsValue>>,
}

impl DownloadHands {
    /// Makes hands that answer to `driver`.
    pub fn new(job: Job, driver: Rc<Driver<Download>>) -> DownloadHands {
        let data = Rc::new(RefCell::new(JsValue::UNDEFINED));
        let content_type = String::new();
        DownloadHands {
            job: Rc::new(job),
            driver,
            flows: Rc::default(),
            writes: Serial::default(),
            ahead: Rc::default(),
            content_type,
            data,
        }
    }

    /// Returns what the download works with.
    pub fn job(&self) -> Rc<Job> {
        self.job.clone()
    }

    fn send(&self, id: RequestId, range: Option<ByteRange>, if_match: Option<String>) {
        let guard = match AbortGuard::new() {
            Ok(guard) => guard,
            Err(why) => return self.driver.tell(Input::Lost(id, why.into())),
        };
        let signal = guard.signal();
        let flow = Rc::new(Flow::new(guard));
        self.flows.borrow_mut().insert(id, flow.clone());
        let (job, driver, flows, writes) =
            (self.job.clone(), self.driver.clone(), self.flows.clone(), self.writes.clone());
        let fresh = job.headers.fresh();
        spawn(async move {
            let end = match flow::request(&job, range, if_match, fresh, &signal).await {
                Err(loss) => Input::Lost(id, loss),
                Ok(response) => {
                    driver.tell(Input::Head(id, Box::new(flow::head(&response))));
                    flow::receive(id, &flow, response, &job, &driver, &writes).await
                }
            };
            if !flow.is_cancelled() {
                driver.tell(end);
            }
            flows.borrow_mut().remove(&id);
        });
    }

    fn order(&self, id: RequestId, change: impl FnOnce(Option<Order>) -> Option<Order>) {
        let flow = self.flows.borrow().get(&id).cloned();
        if let Some(flow) = flow {
            flow.order(change);
        }
    }

    fn remember(&mut self, record: &Record) {
        self.content_type = record.content_type.clone().unwrap_or_default();
        let Some(claim) = &self.job.journal else { return };
        let key = claim.key().to_owned();
        let value = download_record::write(record, clock::unix_now());
        self.writes.run(async move { drop(store::put(&key, &value).await) });
    }

    fn discard(&mut self) {
        std::mem::take(&mut self.ahead).stop();
        self.job.sink.borrow_mut().discard();
        if let Some(claim) = &self.job.journal {
            let key = claim.key().to_owned();
            self.writes.run(async move { drop(store::remove_pieces(&key).await) });
        }
    }

    fn forget(&self) {
        let job = self.job.clone();
        self.writes.run(async move {
            // The claim is held until then: what is done is not to be found as unfinished meanwhile.
            if let Some(claim) = &job.journal {
                drop(store::remove(claim.key()).await);
            }
        });
    }

    fn refresh_url(&self) {
        let (job, driver) = (self.job.clone(), self.driver.clone());
        spawn(async move {
            let url = match &job.refresh_url {
                Some(function) => ask(function).await.and_then(|value| to_url(&value)),
                None => Err("there is no refreshUrl".into()),
            };
            driver.tell(Input::Url(url.map(|url| drop(job.url.replace(url)))));
        });
    }

    fn finish(&self, total: u64, hash: bool) {
        let result = self.job.sink.borrow_mut().finish(total, &self.content_type);
        let finished = result.and_then(|result| {
            *self.data.borrow_mut() = result.clone();
            if hash {
                self.ahead.take(&rest_of(&result, self.ahead.end())?, Some(self.driver.clone()));
            }
            Ok(None)
        });
        if !hash || finished.is_err() {
            self.driver.tell(Input::Finished(finished));
        }
    }
}

impl Hands<Download> for DownloadHands {
    fn perform(&mut self, effect: Effect) -> Option<Result<Downloaded, Error>> {
        match effect {
            Effect::Send { id, range, if_match } => self.send(id, range, if_match),
            Effect::Receive { id, skip, compare, at, limit, at_once } => {
                self.order(id, |_| Some(Order { skip, compare, at, limit, at_once }));
            }
            Effect::Limit { id, end } => {
                self.order(id, |order| order.map(|order| Order { limit: Some(end), ..order }));
            }
            Effect::Cancel(id) => {
                let flow = self.flows.borrow_mut().remove(&id);
                if let Some(flow) = flow {
                    flow.cancel();
                }
            }
            Effect::Prepare { total, exact } => {
                let prepared = self.job.sink.borrow_mut().prepare(total, exact);
                self.driver.tell(Input::Prepared(prepared));
            }
            Effect::Discard => self.discard(),
            Effect::RefreshHeaders => {
                let (job, driver) = (self.job.clone(), self.driver.clone());
                spawn(async move { driver.tell(Input::Headers(job.headers.refresh().await)) });
            }
            Effect::RefreshUrl => self.refresh_url(),
            Effect::Remember(record) => self.remember(&record),
            Effect::Forget => self.forget(),
            Effect::Hash(end) => {
                let part = self.job.sink.borrow().part(self.ahead.end(), end);
                // Where that fails, the next part has it too.
                if let Ok(part) = part {
                    self.ahead.take(&part, None);
                }
            }
            Effect::Finish { total, hash } => self.finish(total, hash),
            Effect::Settle(result) => {
                self.ahead.stop();
                let data = self.data.take();
                return Some(result.map(|outcome| Downloaded { outcome, data }));
            }
        }
        None
    }

    fn performed(&mut self) {
        self.job.headers.replayed();
    }
}

/// Reads what `refreshUrl` gave: a string or a URL object.
fn to_url(value: &JsValue) -> Result<String, Thrown> {
    let text = value.as_string().or_else(|| get_string(value, "href"));
    let text = text.filter(|text| !text.is_empty()).ok_or("refreshUrl() gave no URL")?;
    check_url(&text).map_err(|loss| format!("refreshUrl() gave what can't be asked: {}", loss.words))?;
    Ok(text)
}
