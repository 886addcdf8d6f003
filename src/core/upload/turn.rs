//! An upload that works only when it is its turn: among the tabs that upload the same file, one does, and the others show
//! how far that one is (decision 017).

use super::{Effect, Input, Upload};
use crate::core::clock::Instant;
use crate::core::progress::{Progress, State};

/// An upload and its place in the line.
#[derive(Debug)]
pub struct InTurn {
    upload: Upload,
    place: Place,
    started: bool,
    line_up: Option<Effect>,
    /// What the line was last told that it wants, and what it wants now.
    wanted: Option<usize>,
    wants: Option<usize>,
    /// What the one whose turn it is last told.
    followed: Option<Progress>,
    /// Bytes that were told confirmed: they stay so when it is this one's turn.
    confirmed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Not in the line: not yet, or paused.
    Away,
    Waiting,
    Turn,
}

impl InTurn {
    /// Makes an upload that gets into the line at [`Input::Resume`].
    pub fn new(upload: Upload) -> InTurn {
        let (place, started, wanted, wants) = (Place::Away, false, None, None);
        InTurn { upload, place, started, line_up: None, wanted, wants, followed: None, confirmed: 0 }
    }

    /// Takes an input at `now`; see [`Upload::handle`]. Its turn comes with [`Input::Start`], each time anew.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            // It was stepped back from meanwhile.
            Input::Start(_) if self.place == Place::Away => self.line_up = Some(Effect::StepBack),
            Input::Start(known) => {
                self.place = Place::Turn;
                self.wanted = None;
                // Until the line gives it room.
                self.upload.handle(Input::Room(0), now);
                // The pause of the one who waited, if it was in the line before.
                self.upload.handle(Input::Resume, now);
                if !std::mem::replace(&mut self.started, true) {
                    self.upload.handle(Input::Start(known), now);
                }
            }
            Input::Followed(told) => {
                // What has ended or was paused elsewhere is no news here: its turn goes to somebody else now.
                let under_way = !told.state.is_final() && told.state != State::Paused;
                if self.place == Place::Waiting && under_way {
                    self.confirmed = self.confirmed.max(told.confirmed.min(told.total.unwrap_or(0)));
                    self.followed = Some(*told);
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
        if !self.upload.is_over() {
            self.wants = self.upload.wants(now);
        }
    }

    fn step(&mut self, place: Place, effect: Effect) {
        self.followed = None;
        if self.place != place && !self.upload.is_over() {
            self.place = place;
            self.line_up = Some(effect);
        }
    }

    /// Returns the next thing to do.
    pub fn poll(&mut self) -> Option<Effect> {
        loop {
            match self.upload.poll() {
                // What is remembered is of the one whose turn it is.
                Some(Effect::Forget) if self.place == Place::Waiting => {}
                Some(effect) => return Some(effect),
                None if self.place == Place::Turn && self.wants != self.wanted => {
                    self.wanted = self.wants;
                    return Some(Effect::Wants(self.wants));
                }
                None => return self.line_up.take(),
            }
        }
    }

    /// Returns when [`Input::Wake`] is wanted.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.upload.poll_timeout()
    }

    /// Tells whether it has had its turn before: then it goes on with what it knows.
    pub fn has_started(&self) -> bool {
        self.started
    }

    /// Returns the state and counts at `now`: its own, or while it waits those of the one whose turn it is.
    pub fn progress(&self, now: Instant) -> Progress {
        let mut shown = self.upload.progress(now);
        if self.place == Place::Waiting && !shown.state.is_final() {
            shown.state = State::Queued;
            if let Some(told) = &self.followed {
                shown.hashed = told.hashed;
                (shown.state, shown.speed, shown.eta) = (told.state, told.speed, told.eta);
                shown.waiting_for = told.waiting_for;
            }
        }
        let more = self.confirmed.saturating_sub(shown.confirmed);
        // Somebody else's bytes.
        shown.reused += more;
        shown.confirmed += more;
        shown
    }

    /// Returns the upload.
    pub fn upload(&self) -> &Upload {
        &self.upload
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::clock::Instant;
    use crate::core::md5::{Digest, Digests};
    use crate::core::pace::Concurrency;
    use crate::core::plan::Cut;
    use crate::core::retry::Policy;
    use crate::core::upload::{Config, Known, Naming};

    const NOW: Instant = Instant(7);

    fn in_turn() -> InTurn {
        InTurn::new(Upload::new(Config {
            cut: Cut::new(30, 10),
            naming: Naming::Md5,
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

    fn told(state: State, confirmed: u64) -> Input {
        Input::Followed(Box::new(Progress {
            state,
            total: Some(30),
            hashed: 30,
            sent: confirmed,
            confirmed,
            reused: 0,
            speed: 5.0,
            eta: Some(2.0),
            waiting_for: None,
        }))
    }

    #[test]
    fn nothing_is_done_before_its_turn() {
        let mut it = in_turn();
        assert_eq!(give(&mut it, Input::Resume), [Effect::LineUp]);
        assert_eq!(give(&mut it, Input::Resume), []);
        assert_eq!(state(&it), State::Queued);
        let effects = give(&mut it, Input::Start(Known::Nothing));
        assert!(effects.contains(&Effect::Hash(None)), "{effects:?}");
        assert_eq!(state(&it), State::Hashing);
    }

    #[test]
    fn who_waits_shows_the_one_whose_turn_it_is() {
        let mut it = in_turn();
        give(&mut it, Input::Resume);
        assert_eq!(give(&mut it, told(State::Transferring, 20)), []);
        let shown = it.progress(NOW);
        assert_eq!((shown.state, shown.confirmed, shown.reused), (State::Transferring, 20, 20));
        assert_eq!((shown.hashed, shown.sent, shown.speed), (30, 0, 5.0));
        for ended in [State::Done, State::Failed, State::Aborted, State::Paused] {
            give(&mut it, told(ended, 30));
            assert_eq!(state(&it), State::Transferring, "{ended:?}");
        }
    }

    #[test]
    fn what_was_told_confirmed_stays_so() {
        let mut it = in_turn();
        give(&mut it, Input::Resume);
        give(&mut it, told(State::Transferring, 20));
        give(
            &mut it,
            Input::Start(Known::Digests(Digests { file: Digest([0; 16]), chunks: vec![Digest([1; 16]); 3] })),
        );
        give(&mut it, Input::Room(2));
        let shown = it.progress(NOW);
        assert_eq!((shown.state, shown.confirmed), (State::Negotiating, 20));
        give(&mut it, told(State::Transferring, 30));
        assert_eq!(it.progress(NOW).confirmed, 20, "whose turn it is follows nobody");
    }

    #[test]
    fn nothing_is_sent_before_there_is_room() {
        let mut it = in_turn();
        give(&mut it, Input::Resume);
        let digests = Digests { file: Digest([0; 16]), chunks: (1..=3).map(|n| Digest([n; 16])).collect() };
        assert_eq!(give(&mut it, Input::Start(Known::Digests(digests))), [Effect::Wants(Some(3))]);
        assert_eq!(state(&it), State::Queued);
        let effects = give(&mut it, Input::Room(2));
        assert!(matches!(effects.as_slice(), [Effect::Send(1, _)]), "{effects:?}");
        // Another turn begins without room, and says anew what it wants.
        let effects = give(&mut it, Input::Pause);
        assert!(effects.contains(&Effect::Cancel(1)) && effects.contains(&Effect::StepBack), "{effects:?}");
        give(&mut it, Input::Resume);
        assert_eq!(give(&mut it, Input::Start(Known::Nothing)), [Effect::Wants(Some(3))]);
    }

    #[test]
    fn who_is_paused_holds_nobody_up() {
        let mut it = in_turn();
        give(&mut it, Input::Resume);
        assert_eq!(give(&mut it, Input::Pause), [Effect::StepBack]);
        assert_eq!(state(&it), State::Paused);
        give(&mut it, told(State::Transferring, 20));
        assert_eq!((state(&it), it.progress(NOW).confirmed), (State::Paused, 0));
        assert_eq!(
            give(&mut it, Input::Start(Known::Nothing)),
            [Effect::StepBack],
            "a turn that came too late"
        );
        assert_eq!(give(&mut it, Input::Resume), [Effect::LineUp]);
        give(&mut it, Input::Start(Known::Nothing));
        assert_eq!(give(&mut it, Input::Pause), [Effect::HoldHash, Effect::StepBack]);
        assert_eq!(give(&mut it, Input::Resume), [Effect::LineUp]);
        assert_eq!(state(&it), State::Queued);
        assert_eq!(give(&mut it, Input::Start(Known::Nothing)), [Effect::ResumeHash]);
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
