//! A download as the scheduler sees it.

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

    fn slots(slots: usize) -> Input {
        Input::Slots(slots)
    }

    fn server_limit(limit: Option<usize>) -> Input {
        Input::ServerLimit(limit)
    }

    fn demand(&self, now: Instant) -> Option<usize> {
        self.demand(now)
    }

    fn in_flight(&self) -> usize {
        self.in_flight()
    }

    fn take_refusal(&mut self) -> Option<Instant> {
        self.take_refusal()
    }

    fn is_forget(effect: &Effect) -> bool {
        *effect == Effect::Forget
    }
}
