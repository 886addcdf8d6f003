//! What a download's machine asks for, and where that is done.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::bytes::rest_of;
use super::context::DownloadContext;
use super::hash_ahead::HashAhead;
use super::request::{self, Request};
use crate::core::download::{Download, Effect, Input, Outcome, Record, RequestId, StoreFailure};
use crate::core::error::Error;
use crate::core::flat_map::FlatMap;
use crate::core::range::ByteRange;
use crate::core::thrown::Thrown;
use crate::web::fetch::{AbortGuard, check_url};
use crate::web::object::get_string;
use crate::web::task::{ask, spawn};
use crate::web::transfer::{Runnable, TransferDriver, TransferEffects};

/// A download that ended well, with its bytes.
pub struct Downloaded {
    /// What the machine says of it.
    pub outcome: Outcome,
    /// The ArrayBuffer, Blob or File.
    pub data: JsValue,
}

impl Runnable for Download {
    type Outcome = Downloaded;
}

/// Carries out the effects of one download.
pub struct DownloadEffects {
    context: Rc<DownloadContext>,
    driver: TransferDriver<Download>,
    requests: Rc<RefCell<FlatMap<RequestId, Rc<Request>>>>,
    ahead: Rc<HashAhead>,
    data: Rc<RefCell<JsValue>>,
}

impl DownloadEffects {
    /// Tells `driver` what comes of the effects.
    pub fn new(context: Rc<DownloadContext>, driver: TransferDriver<Download>) -> DownloadEffects {
        DownloadEffects {
            context,
            driver,
            requests: Rc::default(),
            ahead: Rc::default(),
            data: Rc::default(),
        }
    }

    fn send(&self, id: RequestId, range: Option<ByteRange>, if_match: Option<String>) {
        let guard = match AbortGuard::new() {
            Ok(guard) => guard,
            Err(why) => return self.driver.tell(Input::Lost(id, why.into())),
        };
        let signal = guard.signal();
        let request = Rc::new(Request::new(guard));
        self.requests.borrow_mut().insert(id, request.clone());
        let (context, driver, requests) = (self.context.clone(), self.driver.clone(), self.requests.clone());
        let fresh = context.headers.fresh();
        spawn(async move {
            let end = match request::send(&context, range, if_match, fresh, &signal).await {
                Err(loss) => Input::Lost(id, loss),
                Ok(response) => {
                    driver.tell(Input::Head(id, Box::new(request::head(&response))));
                    request::receive(id, &request, response, &context, &driver).await
                }
            };
            if !request.is_cancelled() {
                driver.tell(end);
            }
            requests.borrow_mut().remove(&id);
        });
    }

    fn request(&self, id: RequestId) -> Option<Rc<Request>> {
        self.requests.borrow().get(&id).cloned()
    }

    fn cancel(&self, id: RequestId) {
        let request = self.requests.borrow_mut().remove(&id);
        if let Some(request) = request {
            request.cancel();
        }
    }

    fn discard(&mut self) {
        std::mem::take(&mut self.ahead).stop();
        self.context.discard();
    }

    fn refresh_headers(&self) {
        let (context, driver) = (self.context.clone(), self.driver.clone());
        spawn(async move { driver.tell(Input::Headers(context.headers.refresh().await)) });
    }

    fn refresh_url(&self) {
        let (context, driver) = (self.context.clone(), self.driver.clone());
        spawn(async move {
            let url = match &context.refresh_url {
                Some(function) => ask(function).await.and_then(|value| to_url(&value)),
                None => Err("there is no refreshUrl".into()),
            };
            driver.tell(Input::Url(url.map(|url| drop(context.url.replace(url)))));
        });
    }

    fn hash(&self, end: u64) {
        let part = self.context.sink.borrow().blob(self.ahead.end()..end);
        // Where that fails, the next part has it too.
        if let Ok(part) = part {
            self.ahead.take(&part, None);
        }
    }

    fn finish(&mut self, total: u64, hash: bool, content_type: Option<String>) {
        let content_type = content_type.unwrap_or_default();
        let (driver, ahead, data) = (self.driver.clone(), self.ahead.clone(), self.data.clone());
        let finish = move |result: Result<JsValue, StoreFailure>| {
            // What went to a stream is not here to be hashed.
            let hash = hash && !result.as_ref().is_ok_and(JsValue::is_null);
            let finished = result.and_then(|result| {
                if hash {
                    ahead.take(&rest_of(&result, ahead.end())?, Some(driver.clone()));
                }
                data.replace(result);
                Ok(None)
            });
            if !hash || finished.is_err() {
                driver.tell(Input::Finished(finished));
            }
        };
        if self.context.closes() {
            let context = self.context.clone();
            spawn(async move { finish(context.close(total, &content_type).await) });
        } else {
            finish(self.context.sink.borrow_mut().finish(total, &content_type));
        }
    }

    fn prepare(&self, total: Option<u64>, exact: bool) {
        let (context, driver) = (self.context.clone(), self.driver.clone());
        if context.is_file() {
            spawn(async move { driver.tell(Input::Prepared(context.make_room(total, exact).await)) });
        } else {
            let prepared = context.sink.borrow_mut().prepare(total, exact);
            driver.tell(Input::Prepared(prepared));
        }
    }

    fn save(&self, record: &Record) {
        let file = self.context.is_file().then(|| self.context.filing.name());
        self.context.journal.save(record, file.as_deref());
    }

    fn settle(&self, result: Result<Outcome, Error>) -> Result<Downloaded, Error> {
        self.ahead.stop();
        match &result {
            Ok(_) => self.context.hand_out(),
            Err(_) => self.context.put_away(),
        }
        result.map(|outcome| Downloaded { outcome, data: self.data.take() })
    }
}

impl TransferEffects<Download> for DownloadEffects {
    fn restore(&mut self) {
        let (context, driver) = (self.context.clone(), self.driver.clone());
        spawn(async move { driver.restored(context.restore().await.map(Box::new)) });
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Result<Downloaded, Error>> {
        match effect {
            Effect::Send { id, range, if_match } => self.send(id, range, if_match),
            Effect::Receive { id, cursor, bulk } => {
                if let Some(request) = self.request(id) {
                    request.receive(cursor, bulk);
                }
            }
            Effect::Limit { id, end } => {
                if let Some(request) = self.request(id) {
                    request.limit(end);
                }
            }
            Effect::Cancel(id) => self.cancel(id),
            Effect::Prepare { total, exact } => self.prepare(total, exact),
            Effect::Discard => self.discard(),
            Effect::RefreshHeaders => self.refresh_headers(),
            Effect::RefreshUrl => self.refresh_url(),
            Effect::Save(record) => self.save(&record),
            Effect::Forget => self.context.journal.forget(),
            Effect::Hash(end) => self.hash(end),
            Effect::Finish { total, hash, content_type } => self.finish(total, hash, content_type),
            Effect::Settle(result) => return Some(self.settle(result)),
        }
        None
    }

    fn carried_out(&mut self) {
        self.context.headers.replayed();
    }
}

/// Reads what `refreshUrl` gave: a string or a URL object.
fn to_url(value: &JsValue) -> Result<String, Thrown> {
    let text = value.as_string().or_else(|| get_string(value, "href"));
    let text = text.filter(|text| !text.is_empty()).ok_or("refreshUrl() gave no URL")?;
    check_url(&text).map_err(|loss| format!("refreshUrl() gave what can't be asked: {}", loss.words))?;
    Ok(text)
}
