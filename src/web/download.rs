//! Carries out the effects of a download.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::web::task::spawn;
use js_sys::{Function, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, ReadableStreamDefaultReader, Response};

use super::ahead::Ahead;
use super::drive::{Driver, Hands, Machine};
use super::fetch::{self, AbortGuard, Outgoing, send};
use super::headers::{Headers, Pairs};
use super::serial::Serial;
use super::signal::Signal;
use super::sink::{Sink, next_bytes, rest_of};
use super::store::{self, Claim};
use super::task::{ask, promised};
use super::{clock, write};
use crate::core::clock::Instant;
use crate::core::download::{Download, Effect, Input, Outcome, Record, RequestId};
use crate::core::error::Error;
use crate::core::flat_map::FlatMap;
use crate::core::progress::Progress;
use crate::core::range::{ByteRange, Head};
use crate::core::retry::retry_after;
use crate::core::text::text;

/// A download that ended well, with its bytes.
pub struct Downloaded {
    /// What the machine says of it.
    pub outcome: Outcome,
    /// The ArrayBuffer or Blob.
    pub data: JsValue,
}

impl Machine for Download {
    type Input = Input;
    type Effect = Effect;
    type Outcome = Downloaded;

    fn handle(&mut self, input: Input, now: Instant) {
        self.handle(input, now);
    }

    fn poll(&mut self) -> Option<Effect> {
        self.poll()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.poll_timeout()
    }

    fn progress(&self, now: Instant) -> Progress {
        self.progress(now)
    }

    fn wake() -> Input {
        Input::Wake
    }

    fn online(online: bool) -> Input {
        Input::Online(online)
    }
}

/// What a download works with.
pub struct Job {
    /// Where it comes from; changes when the page gives a new URL.
    pub url: RefCell<String>,
    /// The page's function for a new URL.
    pub refresh_url: Option<Function>,
    /// The page's headers.
    pub headers: Headers,
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

/// One request and its body.
struct Flow {
    guard: RefCell<Option<AbortGuard>>,
    order: Cell<Option<Order>>,
    /// There is a new order, or none will come.
    changed: Signal,
}

/// What to do with the next bytes of a body.
#[derive(Debug, Clone, Copy)]
struct Order {
    skip: u64,
    compare: u64,
    at: u64,
    limit: Option<u64>,
    at_once: bool,
}

impl Flow {
    fn is_cancelled(&self) -> bool {
        self.guard.borrow().is_none()
    }

    fn cancel(&self) {
        self.guard.take();
        self.changed.raise();
    }
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
            Err(why) => return self.driver.tell(Input::Lost(id, why)),
        };
        let signal = guard.signal();
        let (guard, order, changed) = (RefCell::new(Some(guard)), Cell::new(None), Signal::default());
        let flow = Rc::new(Flow { guard, order, changed });
        self.flows.borrow_mut().insert(id, flow.clone());
        let (job, driver, flows, writes) =
            (self.job.clone(), self.driver.clone(), self.flows.clone(), self.writes.clone());
        let fresh = job.headers.fresh();
        spawn(async move {
            let end = match request(&job, range, if_match, fresh, &signal).await {
                Err(why) => Input::Lost(id, why),
                Ok(response) => {
                    driver.tell(Input::Head(id, Box::new(head(&response))));
                    receive(id, &flow, response, &job, &driver, &writes).await
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
            flow.order.set(change(flow.order.get()));
            flow.changed.raise();
        }
    }

    fn remember(&mut self, record: &Record) {
        self.content_type = record.content_type.clone().unwrap_or_default();
        let Some(claim) = &self.job.journal else { return };
        let key = claim.key().to_owned();
        let value = write::download_record(record, clock::unix_now());
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
                None => Err("there is no refreshUrl".to_owned()),
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
fn to_url(value: &JsValue) -> Result<String, String> {
    let text = value.as_string().or_else(|| value.dyn_ref().map(web_sys::Url::href));
    text.filter(|text| !text.is_empty()).ok_or_else(|| "refreshUrl() gave no URL".to_owned())
}

async fn request(
    job: &Job,
    range: Option<ByteRange>,
    if_match: Option<String>,
    fresh: Option<Pairs>,
    signal: &web_sys::AbortSignal,
) -> Result<Response, String> {
    let mut headers = match fresh {
        Some(headers) => headers,
        None => job.headers.get().await.map_err(|why| text!("the page's headers() failed: ", why))?,
    };
    headers.extend(range.map(|range| ("Range".to_owned(), range.text())));
    headers.extend(if_match.map(|tag| ("If-Match".to_owned(), tag)));
    let (method, url, credentials) = ("GET", job.url.borrow().clone(), job.credentials);
    // Chromium's cache can hand out a 206 that is shorter than its own Content-Length (crbug 390229583).
    send(Outgoing { method, url, headers, credentials, body: None, no_store: true }, signal).await
}

fn head(response: &Response) -> Head {
    let headers = fetch::headers(response);
    let wait = headers.get("Retry-After");
    let last_modified = headers.get("Last-Modified");
    Head {
        status: response.status(),
        accept_ranges: headers.get("Accept-Ranges"),
        content_encoding: headers.get("Content-Encoding"),
        content_length: headers.get("Content-Length"),
        content_range: headers.get("Content-Range"),
        content_type: headers.get("Content-Type"),
        etag: headers.get("ETag"),
        modified_at: last_modified.as_deref().and_then(clock::parse_date),
        last_modified,
        repr_digest: headers.get("Repr-Digest"),
        retry_after: wait.and_then(|value| retry_after(&value, clock::unix_now(), clock::parse_date)),
    }
}

/// Reads a body as its orders say; returns how it ended.
async fn receive(
    id: RequestId,
    flow: &Flow,
    response: web_sys::Response,
    job: &Job,
    driver: &Driver<Download>,
    writes: &Serial,
) -> Input {
    if let Some(order) = flow.order.get().filter(|order| order.at_once) {
        // The browser makes a Blob of it, and no byte comes here.
        let body = response.blob().unwrap_or_else(|error| js_sys::Promise::reject(&error));
        return match promised(body).await {
            Err(why) => Input::Lost(id, why),
            Ok(body) => {
                if !flow.is_cancelled() {
                    let taken = job.sink.borrow_mut().take(order.at, body.unchecked_ref(), order.limit);
                    keep(job, writes, taken.1);
                    driver.tell(Input::Data(id, taken.0));
                }
                Input::End(id)
            }
        };
    }
    let Some(body) = response.body() else { return Input::End(id) };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    loop {
        let mut rest = match next_bytes(&reader).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Input::End(id),
            Err(why) => return Input::Lost(id, why),
        };
        while rest.length() > 0 && !flow.is_cancelled() {
            let Some(order) = flow.order.get() else {
                flow.changed.wait().await;
                continue;
            };
            let len = u64::from(rest.length());
            let (take, next) = if order.skip > 0 {
                let take = len.min(order.skip);
                (take, Order { skip: order.skip - take, ..order })
            } else if order.compare > 0 {
                let take = len.min(order.compare);
                let from = order.at - order.compare;
                let stored = job.sink.borrow().read(from..from + take);
                if !is_equal(stored, &rest.subarray(0, take as u32)).await {
                    return Input::Differs(id);
                }
                if flow.is_cancelled() {
                    break;
                }
                // A limit may have come meanwhile.
                let order = flow.order.get().unwrap_or(order);
                (take, Order { compare: order.compare - take, ..order })
            } else {
                let take = order.limit.map_or(len, |limit| len.min(limit.saturating_sub(order.at)));
                if take == 0 {
                    driver.tell(Input::Excess(id));
                    // A new order may have come of it already.
                    if !flow.is_cancelled() {
                        flow.changed.wait().await;
                    }
                    continue;
                }
                let written = job.sink.borrow_mut().write(order.at, &rest.subarray(0, take as u32));
                match written {
                    Ok(pieces) => keep(job, writes, pieces),
                    Err(failure) => {
                        driver.tell(Input::StoreFailed(failure));
                        return Input::Lost(id, "the bytes could not be kept".to_owned());
                    }
                }
                (take, Order { at: order.at + take, ..order })
            };
            flow.order.set(Some(next));
            rest = rest.subarray(take as u32, rest.length());
            driver.tell(Input::Data(id, take));
        }
        if flow.is_cancelled() {
            return Input::End(id);
        }
    }
}

async fn is_equal(stored: Result<super::sink::Stored, String>, seen: &Uint8Array) -> bool {
    match stored {
        Ok(stored) => stored.bytes().await.is_ok_and(|bytes| bytes == seen.to_vec()),
        Err(_) => false,
    }
}

/// Stores pieces for a later visit. A store that fails costs that, and never the download.
fn keep(job: &Job, writes: &Serial, pieces: Vec<(u32, Blob)>) {
    let Some(claim) = &job.journal else { return };
    for (index, piece) in pieces {
        let key = claim.key().to_owned();
        writes.run(async move { drop(store::put_piece(&key, index, &piece).await) });
    }
}
