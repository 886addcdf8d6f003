//! The page's headers: given once, or asked for before every request.

use std::cell::RefCell;

use js_sys::{Function, Object};
use wasm_bindgen::prelude::*;

use super::object::is_a;
use super::task::ask;
use crate::core::text::text;

/// Names and values.
pub type Pairs = Vec<(String, String)>;

/// Where a transfer's headers come from.
pub struct Headers {
    source: Source,
    /// What the page gave when it was asked again: good for the requests that are replayed with it.
    fresh: RefCell<Option<Pairs>>,
}

enum Source {
    Fixed(Pairs),
    Asked(Function),
}

impl Headers {
    /// Reads the option `headers`: nothing, an object, or a function that returns one, sooner or later.
    pub fn new(option: Option<JsValue>) -> Headers {
        let source = match option.map(JsCast::dyn_into::<Function>) {
            Some(Ok(function)) => Source::Asked(function),
            Some(Err(object)) => Source::Fixed(pairs(&object)),
            None => Source::Fixed(Vec::new()),
        };
        Headers { source, fresh: RefCell::new(None) }
    }

    /// Tells whether the page can be asked again.
    pub fn can_refresh(&self) -> bool {
        matches!(self.source, Source::Asked(_))
    }

    /// Returns what the page gave when it was asked again, for requests that are sent with it at once.
    pub fn fresh(&self) -> Option<Pairs> {
        self.fresh.borrow().clone()
    }

    /// Returns the headers for one request, for which [`Headers::fresh`] gave `fresh` when it was ordered; fails with what
    /// the page's function threw.
    pub async fn get(&self, fresh: Option<Pairs>) -> Result<Pairs, String> {
        match (fresh, &self.source) {
            (Some(pairs), _) => Ok(pairs),
            (None, Source::Fixed(pairs)) => Ok(pairs.clone()),
            (None, Source::Asked(function)) => ask(function).await.map(|value| pairs(&value)),
        }
    }

    /// Asks the page again, and keeps the answer until [`Headers::replayed`].
    pub async fn refresh(&self) -> Result<(), String> {
        if let Source::Asked(function) = &self.source {
            let pairs = pairs(&ask(function).await?);
            *self.fresh.borrow_mut() = Some(pairs);
        }
        Ok(())
    }

    /// Notes that the requests that waited for new headers have been sent.
    pub fn replayed(&self) {
        self.fresh.take();
    }
}

/// Says that a request could not be sent without its headers.
pub fn failed(why: String) -> String {
    text!("the page's headers() failed: ", why)
}

/// Reads a plain object or a `Headers` object.
fn pairs(value: &JsValue) -> Pairs {
    let entries = if is_a(value, "Headers") {
        // Not by `Array.from`, which old libraries replace by what knows no iterators.
        Object::from_entries(value).map(|headers| Object::entries(&headers)).unwrap_or_default()
    } else if value.is_object() {
        Object::entries(value.unchecked_ref())
    } else {
        return Vec::new();
    };
    let mut pairs = Vec::new();
    for entry in entries.iter() {
        let Ok(entry) = entry.dyn_into::<js_sys::Array>() else { continue };
        if let (Some(name), Some(value)) = (entry.get(0).as_string(), entry.get(1).as_string()) {
            pairs.push((name, value));
        }
    }
    pairs
}
