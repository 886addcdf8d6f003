//! An event listener that is removed when it is dropped.

use wasm_bindgen::prelude::*;
use web_sys::EventTarget;

/// Owns a callback and its registration.
pub struct Listener {
    target: EventTarget,
    kind: &'static str,
    callback: Closure<dyn FnMut(JsValue)>,
}

impl Listener {
    /// Calls `callback` with each event of `kind` at `target`.
    pub fn new(target: &JsValue, kind: &'static str, callback: impl FnMut(JsValue) + 'static) -> Listener {
        let target: EventTarget = target.clone().unchecked_into();
        let callback = Closure::<dyn FnMut(JsValue)>::new(callback);
        // It fails only for a target that is none, and then there are no events either.
        let _ = target.add_event_listener_with_callback(kind, callback.as_ref().unchecked_ref());
        Listener { target, kind, callback }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let callback = self.callback.as_ref().unchecked_ref();
        let _ = self.target.remove_event_listener_with_callback(self.kind, callback);
    }
}
