//! What this page knows of the endpoints of uploads: what they accept, and how large a chunk they take, which is also
//! kept in `localStorage`, since it is wanted before anything that would have to be waited for.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::JsValue;

use super::object::{call, get};
use super::task::Signal;
use super::{time, url};
use crate::core::clock::Millis;
use crate::core::protocol::wire::Accepts;
use crate::core::upload::EndpointFact;

/// how long a limit is kept, in ms: 30 days.
const KEPT: Millis = 30 * 24 * 3600 * 1000;

thread_local! {
    static KNOWN: RefCell<Vec<(String, Endpoint)>> = const { RefCell::new(Vec::new()) };
}

#[derive(Clone, Default)]
struct Endpoint {
    accepts: Option<Accepts>,
    largest: Option<u64>,
    /// Those who wait for the answer to the one question.
    asking: Option<Rc<RefCell<Vec<Rc<Signal>>>>>,
}

fn with<T>(endpoint: &str, use_it: impl FnOnce(&mut Endpoint) -> T) -> T {
    let address = url::address(endpoint);
    KNOWN.with_borrow_mut(|known| {
        if let Some((_, endpoint)) = known.iter_mut().find(|(other, _)| *other == address) {
            return use_it(endpoint);
        }
        let mut endpoint = Endpoint::default();
        let value = use_it(&mut endpoint);
        known.push((address, endpoint));
        value
    })
}

/// Returns what the endpoint accepted when it was last heard of.
pub fn accepted(endpoint: &str) -> Option<Accepts> {
    with(endpoint, |known| known.accepts)
}

/// Returns what the endpoint accepts: by `question`, unless this page has asked before.
pub async fn accepts(endpoint: &str, question: impl Future<Output = Accepts>) -> Accepts {
    let signal = Rc::new(Signal::default());
    let waiting = with(endpoint, |known| match &known.asking {
        Some(asking) if known.accepts.is_none() => {
            asking.borrow_mut().push(signal.clone());
            true
        }
        Some(_) => false,
        None => {
            known.asking = Some(Rc::default());
            false
        }
    });
    if waiting {
        signal.wait().await;
    }
    if let Some(accepts) = accepted(endpoint) {
        return accepts;
    }
    let accepts = question.await;
    let asking = with(endpoint, |known| {
        known.accepts.get_or_insert(accepts);
        known.asking.clone()
    });
    for signal in asking.into_iter().flat_map(|asking| asking.take()) {
        signal.raise();
    }
    accepts
}

/// Keeps what an upload has found out.
pub fn learn(endpoint: &str, fact: EndpointFact) {
    match fact {
        EndpointFact::Accepts(accepts) => with(endpoint, |known| known.accepts = Some(accepts)),
        EndpointFact::LargestChunk(bytes) => {
            with(endpoint, |known| known.largest = Some(bytes));
            let entry = format!("{bytes} {}", time::unix_now());
            // Where it can't be written it is found out again.
            let _ = storage().map(|storage| call(&storage, "setItem", &[key(endpoint), entry.into()]));
        }
    }
}

/// Returns the largest chunk that the endpoint is known to take, if larger ones were refused.
pub fn largest_chunk(endpoint: &str) -> Option<u64> {
    let kept = || {
        let entry = call(&storage()?, "getItem", &[key(endpoint)]).ok()?.as_string()?;
        let (bytes, since) = entry.split_once(' ')?;
        let since: Millis = since.parse().ok()?;
        let bytes = bytes.parse().ok().filter(|bytes| *bytes > 0)?;
        (time::unix_now().saturating_sub(since) < KEPT).then_some(bytes)
    };
    with(endpoint, |known| known.largest).or_else(kept)
}

/// A worker has none, and a page may be forbidden to use it.
fn storage() -> Option<JsValue> {
    get(&js_sys::global(), "localStorage")
}

fn key(endpoint: &str) -> JsValue {
    format!("xuchuan largest chunk {}", url::address(endpoint)).into()
}
