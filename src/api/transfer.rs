//! The engine's handle of one transfer, and the page's observer behind it.

use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::{error, settled};
use crate::core::error::Error;
use crate::core::progress::{Progress, State};
use crate::web::clock;
use crate::web::drive::{Audience, Driven, Driver};
use crate::web::sys::Observer;

/// A machine that a handle can stand for.
pub trait Steered: Driven {
    /// Makes the input that pauses it.
    fn pause() -> Self::Input;
    /// Makes the input that lets it go on.
    fn resume() -> Self::Input;
    /// Makes the input that ends it.
    fn abort() -> Self::Input;
    /// Makes the input that says that no other tab does the same; nothing to whom that is all the same.
    fn foremost() -> Self::Input {
        Self::wake()
    }
    /// Returns one byte a chunk or piece.
    fn map(&self) -> Vec<u8>;
    /// Returns attempts, causes and timings as plain data.
    fn report(&self) -> JsValue;
    /// Makes the page's result.
    fn result(outcome: Self::Outcome) -> JsValue;
}

/// The shell as audience of a machine. What its functions throw is the page's affair and does not come back.
pub struct Told(pub Observer);

impl<M: Steered> Audience<M> for Told {
    fn state(&self, state: State) {
        let _ = self.0.on_state(state.name());
    }

    fn progress(&self, progress: Progress) {
        let _ = self.0.on_progress(&settled::progress(&progress, clock::now()));
    }

    fn settled(&self, result: Result<M::Outcome, Error>) {
        let _ = match result {
            Ok(outcome) => self.0.on_settled(&M::result(outcome), &JsValue::UNDEFINED),
            Err(error) => self.0.on_settled(&JsValue::UNDEFINED, &error::into_js(&error)),
        };
    }
}

/// A transfer that runs by itself; this only looks at it and tells it things.
#[wasm_bindgen(skip_typescript)]
pub struct EngineTransfer(Box<dyn Handle>);

/// What a handle does, whatever the machine.
trait Handle {
    fn tell(&self, wish: Wish);
    fn progress(&self) -> Progress;
    fn map(&self) -> Vec<u8>;
    fn report(&self) -> JsValue;
}

enum Wish {
    Pause,
    Resume,
    Abort,
    Foremost,
}

impl<M: Steered> Handle for Rc<Driver<M>> {
    fn tell(&self, wish: Wish) {
        Driver::tell(
            self,
            match wish {
                Wish::Pause => M::pause(),
                Wish::Resume => M::resume(),
                Wish::Abort => M::abort(),
                Wish::Foremost => M::foremost(),
            },
        );
    }

    fn progress(&self) -> Progress {
        self.look(|machine| machine.progress(clock::now()))
    }

    fn map(&self) -> Vec<u8> {
        self.look(M::map)
    }

    fn report(&self) -> JsValue {
        self.look(M::report)
    }
}

impl EngineTransfer {
    /// Makes the handle of a machine that is driven.
    pub fn new<M: Steered>(driver: Rc<Driver<M>>) -> EngineTransfer {
        EngineTransfer(Box::new(driver))
    }
}

#[wasm_bindgen]
impl EngineTransfer {
    /// Stops every request; it can go on.
    pub fn pause(&self) {
        self.0.tell(Wish::Pause);
    }

    /// Goes on.
    pub fn resume(&self) {
        self.0.tell(Wish::Resume);
    }

    /// Gives up. The reason stays with the shell: it never reaches a fetch.
    pub fn abort(&self) {
        self.0.tell(Wish::Abort);
    }

    /// Notes that no other tab does the same now.
    pub fn foremost(&self) {
        self.0.tell(Wish::Foremost);
    }

    /// Returns the state's name.
    pub fn state(&self) -> String {
        self.0.progress().state.name().to_owned()
    }

    /// Returns the page's `Progress`.
    pub fn progress(&self) -> JsValue {
        settled::progress(&self.0.progress(), clock::now())
    }

    /// Returns one byte a chunk or piece: 0 missing, 1 in flight, 2 reused, 3 confirmed.
    pub fn chunks(&self) -> Uint8Array {
        Uint8Array::from(self.0.map().as_slice())
    }

    /// Returns attempts, causes and timings as plain data.
    pub fn report(&self) -> JsValue {
        self.0.report()
    }
}
