//! The page's headers: given once, or asked for before every request.

use std::cell::RefCell;

use js_sys::{Function, Object, Promise, TypeError};
use wasm_bindgen::prelude::*;

use super::object::{get, is_a};
use super::sys::number_text;
use super::task::Boxed;
use crate::core::cause::{Cause, Loss};
use crate::core::thrown::Thrown;

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
            // The shell has looked at them.
            Some(Err(object)) => Source::Fixed(pairs(&object).unwrap_or_default()),
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

    /// Returns the headers for one request, for which [`Headers::fresh`] gave `fresh` when it was ordered; fails with
    /// what the page's function threw.
    pub fn get(&self, fresh: Option<Pairs>) -> Boxed<Result<Pairs, Loss>> {
        let known = match (fresh, &self.source) {
            (Some(pairs), _) => Ok(pairs),
            (None, Source::Fixed(pairs)) => Ok(pairs.clone()),
            (None, Source::Asked(function)) => Err(asked(function)),
        };
        Box::pin(async move {
            match known {
                Ok(pairs) => Ok(pairs),
                Err(asked) => asked.await.map_err(|thrown| failed(&thrown)),
            }
        })
    }

    /// Asks the page again, and keeps the answer until [`Headers::replayed`].
    pub async fn refresh(&self) -> Result<(), Thrown> {
        if let Source::Asked(function) = &self.source {
            *self.fresh.borrow_mut() = Some(asked(function).await?);
        }
        Ok(())
    }

    /// Notes that the requests that waited for new headers have been sent.
    pub fn replayed(&self) {
        self.fresh.take();
    }
}

/// Says that a request can't be sent without its headers. What the page threw may say itself that it is worth another
/// try, as a `TransferError` does: the function may have asked a network that was not there.
fn failed(thrown: &JsValue) -> Loss {
    let worth_it = get(thrown, "retryable").is_some_and(|it| it.is_truthy());
    let cause = if worth_it { Cause::Cut } else { Cause::Page };
    let thrown = Thrown::from(thrown);
    Loss::new(cause, format!("the page's headers() failed: {thrown}")).with_source(thrown)
}

/// Calls the page's function; fails with what it throws, or with what is wrong about what it gives.
fn asked(function: &Function) -> Boxed<Result<Pairs, JsValue>> {
    // Called at once, and not when somebody waits.
    let given = function.call0(&JsValue::UNDEFINED).map(|given| Promise::resolve(&given));
    Box::pin(async move {
        let given = wasm_bindgen_futures::JsFuture::from(given?).await?;
        pairs(&given)
    })
}

/// Reads a plain object or a `Headers` object. Where a value is a number it is sent as `fetch` would. Fails with a
/// `TypeError`.
fn pairs(value: &JsValue) -> Result<Pairs, JsValue> {
    let wrong = |what: &str| JsValue::from(TypeError::new(what));
    let entries = if is_a(value, "Headers") {
        // Not by `Array.from`, which old libraries replace by what knows no iterators.
        Object::from_entries(value).map(|headers| Object::entries(&headers)).unwrap_or_default()
    } else if value.is_object() {
        Object::entries(value.unchecked_ref())
    } else {
        return Err(wrong(&format!("it gave {} where an object was expected", kind(value))));
    };
    let mut pairs = Vec::new();
    for entry in entries.iter() {
        let Ok(entry) = entry.dyn_into::<js_sys::Array>() else { continue };
        let (name, value) = (entry.get(0).as_string().unwrap_or_default(), entry.get(1));
        let number = value.as_f64().filter(|number| number.is_finite()).map(number_text);
        match value.as_string().or(number) {
            Some(value) => pairs.push((name, value)),
            None => {
                let kind = kind(&value);
                return Err(wrong(&format!("the header “{name}” is {kind} where a text was expected")));
            }
        }
    }
    Ok(pairs)
}

fn kind(value: &JsValue) -> String {
    if value.is_null() {
        return "null".to_owned();
    }
    value.js_typeof().as_string().unwrap_or_default()
}
