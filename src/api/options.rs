//! Reads the page's options, which the shell has already checked.

use wasm_bindgen::prelude::*;

use crate::core::clock::Millis;
use crate::core::pace::Concurrency;
use crate::core::retry::Policy;
use crate::core::upload::{Naming, Vouched};
use crate::web::headers::Headers;
use crate::web::object::{get, get_string, get_u64};

/// How long a request may show no sign of life, in ms.
const STALL: Millis = 30_000;

/// How long the server may take to put a complete file together, in ms.
const FINISH: Millis = 300_000;

/// The options of one call.
pub struct Options(pub JsValue);

impl Options {
    /// Returns the headers.
    pub fn headers(&self) -> Headers {
        Headers::new(get(&self.0, "headers"))
    }

    /// Returns whether cookies go along, in the words of fetch.
    pub fn credentials(&self) -> &'static str {
        match get_string(&self.0, "credentials").as_deref() {
            Some("omit") => "omit",
            Some("include") => "include",
            _ => "same-origin",
        }
    }

    /// Returns how many requests may be in flight: as many as the page says, else up to `most`.
    pub fn concurrency(&self, most: usize) -> Concurrency {
        let fixed = get_u64(&self.0, "concurrency").and_then(|limit| usize::try_from(limit).ok());
        fixed.map_or(Concurrency::Auto(most), Concurrency::Fixed)
    }

    /// Returns when to try again.
    pub fn retry(&self) -> Policy {
        let Some(retry) = get(&self.0, "retry") else { return Policy::default() };
        if retry.is_falsy() {
            return Policy::NEVER;
        }
        let standard = Policy::default();
        let number =
            |name, default| get(&retry, name).and_then(|v| v.as_f64()).map_or(default, |ms| ms as Millis);
        Policy {
            budget: number("budget", standard.budget),
            base: number("base", standard.base),
            cap: number("cap", standard.cap),
        }
    }

    /// Returns how long a request may show no sign of life.
    pub fn stall_timeout(&self) -> Millis {
        self.millis("stallTimeout", STALL)
    }

    /// Returns how long the server may take to put a complete file together.
    pub fn finish_timeout(&self) -> Millis {
        self.millis("finishTimeout", FINISH)
    }

    fn millis(&self, name: &str, default: Millis) -> Millis {
        get(&self.0, name).and_then(|v| v.as_f64()).map_or(default, |ms| ms as Millis)
    }

    /// Returns whether the transfer is remembered across page loads.
    pub fn resume(&self) -> bool {
        get(&self.0, "resume").is_none_or(|resume| resume.is_truthy())
    }

    /// Returns the handle that the file came from, which the shell puts there.
    pub fn handle(&self) -> Option<JsValue> {
        get(&self.0, "handle")
    }

    /// Returns a text.
    pub fn text(&self, name: &str) -> Option<String> {
        get_string(&self.0, name)
    }

    /// Returns a size in bytes.
    pub fn bytes(&self, name: &str) -> Option<u64> {
        get_u64(&self.0, name)
    }

    /// Returns how chunks are to be named, where the page says so.
    pub fn naming(&self) -> Option<Naming> {
        Naming::from_name(&get_string(&self.0, "chunkId")?)
    }

    /// Returns what the page vouches for.
    pub fn vouched(&self) -> Vouched {
        let Some(accepts) = get(&self.0, "accepts") else { return Vouched::default() };
        Vouched {
            parallel: get_u64(&accepts, "parallel").and_then(|parallel| usize::try_from(parallel).ok()),
            repeats: get(&accepts, "repeats").map(|repeats| repeats.is_truthy()),
        }
    }
}
