//! An upload that works only when it is its turn: among the tabs that upload the same file one does (decision 017), and in
//! a page's line only those do for whom there is room (decision 018).

use super::{Effect, Input, Upload};
use crate::core::clock::Instant;
use crate::core::machine::Machine;
use crate::core::progress::{Progress, State};

/// An upload and where it stands.
#[derive(Debug)]
pub struct InTurn {
    upload: Upload,
    place: Place,
    started: bool,
    step: Option<Effect>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nowhere: not yet, or paused.
    Away,
    /// Behind other tabs, and then in the page's line.
    Waiting,
    Turn,
}

impl Machine for InTurn {
    type Input = Input;
    type Effect = Effect;

    /// Takes an input at `now`; see [`Upload::handle`]. Its turn comes with [`Input::Start`], each time anew.
    fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Foremost if self.place == Place::Waiting => self.step = Some(Effect::TakeSeat),
            // It was paused meanwhile.
            Input::Start(_) if self.place == Place::Away => {}
            Input::Start(restored) => {
                self.place = Place::Turn;
                // Until the line gives it room.
                self.upload.handle(Input::Slots(0), now);
                // The pause of the one who waited, if it worked before.
                self.upload.handle(Input::Resume, now);
                if !std::mem::replace(&mut self.started, true) {
                    self.upload.handle(Input::Start(restored), now);
                }
            }
            Input::Pause => {
                // Who is paused holds nobody up.
                self.step(Place::Away, Effect::StepBack);
                self.upload.handle(Input::Pause, now);
            }
            Input::Resume if self.place == Place::Away => self.step(Place::Waiting, Effect::LineUp),
            Input::Resume => {}
            input => self.upload.handle(input, now),
        }
    }

    fn poll(&mut self) -> Option<Effect> {
        match self.upload.poll() {
            // What is remembered is of the one whose turn it is.
            Some(Effect::Forget) if self.place == Place::Waiting => self.upload.poll(),
            None => self.step.take(),
            effect => effect,
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.upload.poll_timeout()
    }

    fn progress(&self, now: Instant) -> Progress {
        let mut shown = self.upload.progress(now);
        if self.place == Place::Waiting && !shown.state.is_final() {
            shown.state = State::Queued;
        }
        shown
    }

    fn wake() -> Input {
        Input::Wake
    }

    fn online(online: bool) -> Input {
        Input::Online(online)
    }

    fn hidden() -> Option<Input> {
        Some(Input::Hidden)
    }
}

impl InTurn {
    /// Makes an upload that lines up at [`Input::Resume`].
    pub fn new(upload: Upload) -> InTurn {
        InTurn { upload, place: Place::Away, started: false, step: None }
    }

    fn step(&mut self, place: Place, effect: Effect) {
        if self.place != place && !self.upload.is_over() {
            self.place = place;
            self.step = Some(effect);
        }
    }

    /// Returns how many requests it would have in flight at `now` if it were alone; nothing while it hashes or waits.
    pub fn wants(&self, now: Instant) -> Option<usize> {
        if self.place == Place::Turn { self.upload.demand(now) } else { None }
    }

    /// Tells whether it has had its turn before: then it goes on with what it knows.
    pub fn has_started(&self) -> bool {
        self.started
    }

    /// Returns the upload.
    pub fn upload(&self) -> &Upload {
        &self.upload
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::md5::{Digest, Digests};
    use crate::core::pace::Concurrency;
    use crate::core::plan::Cut;
    use crate::core::retry::Policy;
    use crate::core::upload::Vouched;
    use crate::core::upload::{Config, Naming, Restored};

    const NOW: Instant = Instant(7);

    fn in_turn() -> InTurn {
        InTurn::new(Upload::new(Config {
            endpoint: "https://server.example/api/upload?token=secret".into(),
            cut: Cut::new(30, 10),
            naming: Some(Naming::Md5),
            vouched: Vouched::default(),
            accepted: None,
            expected: None,
            ext: String::new(),
            concurrency: Concurrency::Fixed(2),
            retry: Policy::default(),
            stall_timeout: 1000,
            finish_timeout: 1000,
            can_refresh_headers: false,
            seed: 1,
        }))
    }

    fn give(it: &mut InTurn, input: Input) -> Vec<Effect> {
        it.handle(input, NOW);
        std::iter::from_fn(|| it.poll()).collect()
    }

    fn state(it: &InTurn) -> State {
        it.progress(NOW).state
    }

    #[test]
    fn nothing_is_done_before_its_turn() {
        let mut it = in_turn();
        assert_eq!(give(&mut it, Input::Resume), [Effect::LineUp]);
        assert_eq!(give(&mut it, Input::Resume), []);
        assert_eq!(give(&mut it, Input::Foremost), [Effect::TakeSeat]);
        assert_eq!(state(&it), State::Queued);
        let effects = give(&mut it, Input::Start(Restored::Nothing));
        assert!(effects.contains(&Effect::Hash(10, None)), "{effects:?}");
        assert_eq!(state(&it), State::Hashing);
        assert_eq!(give(&mut it, Input::Foremost), [], "it has its turn");
    }

    #[test]
    fn nothing_is_sent_before_there_is_room() {
        let mut it = in_turn();
        give(&mut it, Input::Resume);
        let digests = Digests { file: Digest([0; 16]), chunks: (1..=3).map(|n| Digest([n; 16])).collect() };
        assert_eq!(give(&mut it, Input::Start(Restored::Digests(digests))), []);
        assert_eq!((state(&it), it.wants(NOW)), (State::Queued, Some(3)));
        let effects = give(&mut it, Input::Slots(2));
        assert!(matches!(effects.as_slice(), [Effect::Send(1, _)]), "{effects:?}");
        // Another turn begins without room.
        let effects = give(&mut it, Input::Pause);
        assert!(effects.contains(&Effect::Cancel(1)) && effects.contains(&Effect::StepBack), "{effects:?}");
        give(&mut it, Input::Resume);
        assert_eq!(give(&mut it, Input::Start(Restored::Nothing)), []);
        assert_eq!(state(&it), State::Queued);
    }

    #[test]
    fn who_is_paused_holds_nobody_up() {
        let mut it = in_turn();
        give(&mut it, Input::Resume);
        assert_eq!(give(&mut it, Input::Pause), [Effect::StepBack]);
        assert_eq!(state(&it), State::Paused);
        assert_eq!(give(&mut it, Input::Foremost), [], "a turn that came too late");
        assert_eq!(give(&mut it, Input::Start(Restored::Nothing)), [], "a turn that came too late");
        assert_eq!(state(&it), State::Paused);
        assert_eq!(give(&mut it, Input::Resume), [Effect::LineUp]);
        give(&mut it, Input::Start(Restored::Nothing));
        assert_eq!(give(&mut it, Input::Pause), [Effect::HoldHash, Effect::StepBack]);
        assert_eq!(give(&mut it, Input::Resume), [Effect::LineUp]);
        assert_eq!(state(&it), State::Queued);
        assert_eq!(give(&mut it, Input::Start(Restored::Nothing)), [Effect::ResumeHash]);
    }

    #[test]
    fn who_has_ended_leaves_the_line_alone() {
        let mut it = in_turn();
        give(&mut it, Input::Resume);
        let effects = give(&mut it, Input::Abort);
        assert!(matches!(effects.as_slice(), [Effect::Settle(Err(_))]), "{effects:?}");
        assert_eq!(state(&it), State::Aborted);
        assert_eq!(give(&mut it, Input::Pause), []);
        assert_eq!(give(&mut it, Input::Resume), []);
    }
}
