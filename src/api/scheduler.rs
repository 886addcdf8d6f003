//! The page's scheduler, as the shell sees it.

use wasm_bindgen::prelude::*;

use crate::web::scheduler;
use crate::web::sys::{Admission, Turns};

/// Says who holds the locks and channels of turns, and who keeps the transfers that wait outside to be admitted.
#[wasm_bindgen(js_name = setSchedulerHost, skip_typescript)]
pub fn set_scheduler_host(turns: Turns, admission: Admission) {
    scheduler::set_shell(turns, admission);
}

/// Notes that so many more transfers wait outside.
#[wasm_bindgen(skip_typescript)]
pub fn knock(transfers: usize) {
    scheduler::knock(transfers);
}

/// Notes that a transfer that was admitted does not come.
#[wasm_bindgen(skip_typescript)]
pub fn withdraw() {
    scheduler::withdraw();
}

/// Takes what came of a turn's lock or channel; see [`scheduler::turn_event`].
#[wasm_bindgen(js_name = turnEvent, skip_typescript)]
pub fn turn_event(turn: f64, kind: &str, value: JsValue) {
    scheduler::turn_event(turn as u64, kind, &value);
}
