//! An upload as the scheduler sees it.

use super::{Effect, Input, Known, Upload};
use crate::core::clock::Instant;
use crate::core::scheduler::Transfer;

impl Transfer for Upload {
    type Restored = Known;

    fn start(restored: Known) -> Input {
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
        Input::Room(slots)
    }

    fn server_limit(_limit: Option<usize>) -> Input {
        Input::Wake
    }

    fn demand(&self, now: Instant) -> Option<usize> {
        self.wants(now)
    }

    fn in_flight(&self) -> usize {
        self.requests.len()
    }

    fn take_refusal(&mut self) -> Option<Instant> {
        self.refusal.take()
    }

    fn is_forget(effect: &Effect) -> bool {
        *effect == Effect::Forget
    }
}
