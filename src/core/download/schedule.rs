//! A download as the scheduler sees it.

use super::machine::Stage;
use super::{Download, Effect, Input, Restored};
use crate::core::clock::Instant;
use crate::core::scheduler::Transfer;

impl Transfer for Download {
    type Restored = Option<Box<Restored>>;

    fn start(restored: Option<Box<Restored>>) -> Input {
        Input::Start(restored)
    }

    fn pause() -> Input {
        Input::Pause
    }

    fn resume() -> Input {
        Input::Resume
    }

    fn abort() -> Input {
        Input::Abort
    }

    fn slots(_slots: usize) -> Input {
        Input::Wake
    }

    fn server_limit(_limit: Option<usize>) -> Input {
        Input::Wake
    }

    fn demand(&self, _now: Instant) -> Option<usize> {
        (self.stage == Stage::Running).then_some(4)
    }

    fn in_flight(&self) -> usize {
        self.flights.len()
    }

    fn take_refusal(&mut self) -> Option<Instant> {
        None
    }

    fn is_forget(effect: &Effect) -> bool {
        *effect == Effect::Forget
    }
}
