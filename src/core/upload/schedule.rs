//! An upload as the scheduler sees it.

use super::{Effect, Input, Restored, Upload};
use crate::core::clock::Instant;
use crate::core::scheduler::Transfer;

impl Transfer for Upload {
    type Restored = Restored;

    fn start(restored: Restored) -> Input {
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
