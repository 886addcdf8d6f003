//! The engine's handle of one transfer, and the page's observer behind it.

use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::{error, settled};
use crate::core::error::Error;
use crate::core::machine::Machine;
use crate::core::progress::{Progress, State};
use crate::core::scheduler::{Scheduled, ScheduledInput};
use crate::web::drive::{Driver, PageObserver};
use crate::web::object::{number, object};
use crate::web::sys::Observer;
use crate::web::time;
use crate::web::transfer::Runnable;

/// A transfer that a handle can stand for.
pub trait Shown: Runnable {
    /// Returns one byte a chunk or piece.
    fn map(&self) -> Vec<u8>;
    /// Returns attempts, causes and timings as plain data: names and values beside what every transfer has.
    fn report(&self) -> Vec<(&'static str, JsValue)>;
    /// Makes the page's result.
    fn result(outcome: Self::Outcome) -> JsValue;
}

/// The shell as observer of a machine. What its functions throw is the page's affair and does not come back.
pub struct ShellObserver(pub Observer);

impl<T: Shown> PageObserver<Scheduled<T>> for ShellObserver {
    fn state(&self, state: State) {
        let _ = self.0.on_state(state.name());
    }

    fn progress(&self, progress: Progress) {
        let _ = self.0.on_progress(&settled::progress(&progress, time::now()));
    }

    fn settled(&self, result: Result<T::Outcome, Error>) {
        let _ = match result {
            Ok(outcome) => self.0.on_settled(&T::result(outcome), &JsValue::UNDEFINED),
            Err(error) => self.0.on_settled(&JsValue::UNDEFINED, &error::into_js(&error)),
        };
    }
}

/// A transfer that runs by itself; this only looks at it and tells it things.
#[wasm_bindgen(skip_typescript)]
pub struct EngineTransfer(Box<dyn Handle>);

/// What a handle does, whatever the transfer.
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
}

impl<T: Shown> Handle for Rc<Driver<Scheduled<T>>> {
    fn tell(&self, wish: Wish) {
        let input = match wish {
            Wish::Pause => ScheduledInput::Pause,
            Wish::Resume => ScheduledInput::Resume,
            Wish::Abort => ScheduledInput::Abort,
        };
        Driver::tell(self, input);
    }

    fn progress(&self) -> Progress {
        self.look(|scheduled| scheduled.progress(time::now()))
    }

    fn map(&self) -> Vec<u8> {
        self.look(|scheduled| scheduled.transfer().map())
    }

    fn report(&self) -> JsValue {
        let now = time::now();
        let (environment, mut report) =
            self.look(|scheduled| (settled::environment(scheduled.turn()), scheduled.transfer().report()));
        report.extend([
            ("now", number(now.0)),
            ("environment", environment),
            ("progress", settled::progress(&Handle::progress(self), now)),
        ]);
        object(&report)
    }
}

impl EngineTransfer {
    /// Makes the handle of a transfer that runs.
    pub fn new<T: Shown>(driver: Rc<Driver<Scheduled<T>>>) -> EngineTransfer {
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

    /// Returns the state's name.
    pub fn state(&self) -> String {
        self.0.progress().state.name().to_owned()
    }

    /// Returns the page's `Progress`.
    pub fn progress(&self) -> JsValue {
        settled::progress(&self.0.progress(), time::now())
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
