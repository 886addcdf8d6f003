//! Web Locks that the engine holds itself, for as long as something of the site's is in use.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;

use super::object::{call, get, object};
use super::task::{Signal, first, promise, promised, spawn};
use super::{page, time};
use crate::core::clock::Millis;

/// How long the browser may take to grant a lock, in ms.
const PATIENCE: Millis = 1_000;

/// A lock that is held until this is dropped, or the page goes.
#[derive(Debug)]
pub struct Held(Function);

impl Drop for Held {
    fn drop(&mut self) {
        // It resolves a promise, which cannot fail.
        let _ = self.0.call0(&JsValue::UNDEFINED);
    }
}

#[derive(Default)]
struct Asked {
    granted: Signal,
    give_back: RefCell<Option<Function>>,
    given_up: Cell<bool>,
}

/// Takes a lock; nothing where there are none, or where it is not granted in time.
pub async fn hold(name: &str) -> Option<Held> {
    let asked = Rc::new(Asked::default());
    let shared = asked.clone();
    request(name, &JsValue::UNDEFINED, move |_| {
        if shared.given_up.get() {
            return JsValue::UNDEFINED;
        }
        let holding = Promise::new(&mut |resolve, _| drop(shared.give_back.replace(Some(resolve))));
        shared.granted.raise();
        holding.into()
    })?;
    first(asked.granted.wait(), time::sleep(PATIENCE)).await;
    asked.given_up.set(true);
    asked.give_back.take().map(Held)
}

/// Does `work` if nobody holds the lock, and holds it meanwhile; does nothing where there are no locks.
pub fn if_free(name: &str, work: impl Future<Output = ()> + 'static) {
    let only_if_free = object(&[("ifAvailable", true.into())]);
    let granted = move |lock: JsValue| {
        if lock.is_null() {
            return JsValue::UNDEFINED;
        }
        let work = async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        };
        promise(work).into()
    };
    request(name, &only_if_free, granted);
}

fn request(name: &str, options: &JsValue, granted: impl FnOnce(JsValue) -> JsValue + 'static) -> Option<()> {
    let locks = page::navigator("locks")?;
    get(&locks, "request")?;
    let granted = Closure::once_into_js(granted);
    let arguments = [name.into(), options.clone(), granted];
    let arguments = if options.is_undefined() {
        let [name, _, granted] = arguments;
        vec![name, granted]
    } else {
        arguments.to_vec()
    };
    let over = call(&locks, "request", &arguments).ok()?;
    // Taken from us, or refused: who waits for it learns that by its patience.
    spawn(async move { drop(promised(Promise::resolve(&over)).await) });
    Some(())
}
