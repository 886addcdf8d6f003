//! The turn at one file among the tabs that work on it: a Web Lock says who has it, a channel tells the others how far that
//! one is, and that it is alive (decisions 017 and 023).
//!
//! Whoever asks for a lock that nobody holds and gets no answer has the turn without the browser's word, as where there are
//! no locks: a transfer is not lost to them. Whoever waits asks now and then, and takes the lock from a tab that does not
//! answer.

use std::collections::VecDeque;

use super::message::Message;
use crate::core::clock::{Instant, Millis};
use crate::core::progress::{State, TabProgress};
use crate::core::retry::Jitter;

/// How long after the question the browser is asked who holds the lock, in ms.
const QUERY_AFTER: Millis = 250;
/// How long the browser may take to grant a lock that nobody holds, in ms.
const SILENCE: Millis = 1_000;
/// Whoever has the turn is asked whether it is there each so many ms, and up to as many more as [`SPREAD`]: of several that
/// ask, one is first, and the others hear the answer. It answers within milliseconds, seen or not: browsers hold back the
/// timers of hidden tabs, not messages.
const ASK_EVERY: Millis = 3_500;
const SPREAD: f64 = 1_000.0;
/// So many questions without an answer are a tab that stands still: in a dialog, in a debugger, in a long task.
const UNANSWERED: u32 = 3;

/// What a tab that has the turn says before it knows anything.
const NOTHING_YET: TabProgress = TabProgress {
    state: State::Queued,
    hashed: 0,
    confirmed: 0,
    speed: 0.0,
    eta: None,
    waiting_for: None,
    trouble: None,
};

/// What comes of the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockEvent {
    /// It is ours.
    Granted,
    /// The browser does not give it out, for this reason.
    Refused(String),
    /// It was ours, and another tab has taken it.
    Lost,
    /// Whether somebody holds it; nothing where the browser does not say.
    Queried(Option<bool>),
}

/// What a turn asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum TurnEffect {
    /// Open the channel to the other tabs.
    OpenChannel,
    /// Hear what this tab itself says, too, so that it shows whether messages arrive at all.
    Echo,
    /// Send a message to the other tabs.
    Post(Message),
    /// Ask for the lock; answered by [`LockEvent::Granted`] or [`LockEvent::Refused`], perhaps never. `steal` takes it from
    /// whoever has it.
    RequestLock {
        /// Take it away.
        steal: bool,
    },
    /// Ask who holds the lock; answered by [`LockEvent::Queried`].
    QueryLock,
    /// Give the lock and the channel back, or the wait for them.
    Release,
    /// It is ours: the transfer may be queued.
    Begin,
    /// Another tab has it, which is that far if it has said so.
    OtherTab(Option<TabProgress>),
    /// It was taken away.
    Displaced,
}

/// One attempt to get the turn at a file, and the turn.
#[derive(Debug)]
pub struct Turn {
    stage: Stage,
    /// What is due next, and when.
    due: Option<(Instant, Due)>,
    /// How often the browser, or the tab that has the turn, did not answer.
    silent: u32,
    /// After how many unanswered questions the lock is taken.
    patience: u32,
    /// Something was heard from the tab that has the turn since it was last asked.
    heard: bool,
    /// Our own messages come back to us.
    arrives: bool,
    /// How far the transfer of this tab is, as it said last.
    last: TabProgress,
    jitter: Jitter,
    effects: VecDeque<TurnEffect>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// The browser has not answered.
    Asking,
    /// Another tab has it.
    Waiting,
    /// It was silent too long, and the lock is being taken.
    Stealing,
    Held,
    /// It is ours without the browser's word, for this reason.
    Without(String),
    Released,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Query,
    Check,
    GiveUp,
}

impl Turn {
    /// Starts to wait. Who was displaced `displaced` times before has more patience each time: two tabs that do not hear each
    /// other do not take turns in taking turns.
    pub fn new(displaced: u32, seed: u64, now: Instant) -> Turn {
        let effects = [
            TurnEffect::OpenChannel,
            // Whoever has the turn says how far it is.
            TurnEffect::Post(Message::Ask),
            TurnEffect::RequestLock { steal: false },
        ];
        Turn {
            stage: Stage::Asking,
            due: Some((now + QUERY_AFTER, Due::Query)),
            silent: 0,
            patience: UNANSWERED.saturating_mul(1 << displaced.min(8)),
            heard: false,
            arrives: false,
            last: NOTHING_YET,
            jitter: Jitter::new(seed),
            effects: effects.into(),
        }
    }

    /// Returns the next thing to do.
    pub fn poll(&mut self) -> Option<TurnEffect> {
        self.effects.pop_front()
    }

    /// Returns when [`Turn::wake`] is wanted.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.due.map(|(at, _)| at)
    }

    /// Tells whether this tab has the turn.
    pub fn is_held(&self) -> bool {
        matches!(self.stage, Stage::Held | Stage::Without(_))
    }

    /// Returns why it is had without the browser's word; nothing if it is not.
    pub fn without(&self) -> Option<&str> {
        if let Stage::Without(why) = &self.stage { Some(why) } else { None }
    }

    fn is_asking(&self) -> bool {
        matches!(self.stage, Stage::Asking | Stage::Waiting | Stage::Stealing)
    }

    /// Takes what came of the lock.
    pub fn lock(&mut self, event: LockEvent, now: Instant) {
        match (event, &self.stage) {
            (LockEvent::Granted, Stage::Without(_)) => self.stage = Stage::Held,
            (LockEvent::Granted, _) => self.take(Stage::Held),
            (LockEvent::Refused(why), _) => self.take(Stage::Without(why)),
            (LockEvent::Lost, Stage::Held) => {
                self.release();
                self.effects.push_back(TurnEffect::Displaced);
            }
            (LockEvent::Lost, _) => {}
            (LockEvent::Queried(held), Stage::Asking) => self.queried(held, now),
            (LockEvent::Queried(_), _) => {}
        }
    }

    fn queried(&mut self, held: Option<bool>, now: Instant) {
        if held == Some(true) {
            self.stage = Stage::Waiting;
            self.silent = 0;
            self.effects.extend([TurnEffect::OtherTab(None), TurnEffect::Echo]);
            return self.ask(now);
        }
        // It may have been given back this moment, and be on its way here; a browser that does not even say has none.
        self.silent += if held.is_some() { 1 } else { 2 };
        if self.silent > 1 {
            self.take(Stage::Without("the browser does not answer who asks for locks".to_owned()));
        } else {
            self.due = Some((now + (SILENCE - QUERY_AFTER), Due::Query));
        }
    }

    /// Takes a message of another tab.
    pub fn hear(&mut self, message: Message) {
        match message {
            Message::Ask if self.is_held() => {
                self.effects.push_back(TurnEffect::Post(Message::Progress(self.last.clone())));
            }
            Message::Progress(progress) if self.is_asking() => {
                self.heard = true;
                // What has ended or was paused elsewhere is no news here: its turn goes to somebody else now.
                if !progress.state.is_final() && progress.state != State::Paused {
                    self.effects.push_back(TurnEffect::OtherTab(Some(progress)));
                }
            }
            Message::Ask | Message::Progress(_) => {}
        }
    }

    /// Notes that a message of this tab itself has arrived: only where messages do, silence means anything.
    pub fn echo(&mut self) {
        self.arrives = true;
    }

    /// Tells the tabs that wait how far this one is, if it has the turn.
    pub fn tell(&mut self, progress: TabProgress) {
        if self.is_held() {
            self.effects.push_back(TurnEffect::Post(Message::Progress(progress.clone())));
        }
        self.last = progress;
    }

    /// Does what is due at `now`.
    pub fn wake(&mut self, now: Instant) {
        let Some((_, due)) = self.due.filter(|(at, _)| *at <= now) else { return };
        self.due = None;
        match due {
            Due::Query => self.effects.push_back(TurnEffect::QueryLock),
            Due::Check => {
                self.silent = if self.arrives && !self.heard { self.silent + 1 } else { 0 };
                if self.silent < self.patience {
                    return self.ask(now);
                }
                self.stage = Stage::Stealing;
                self.effects.push_back(TurnEffect::RequestLock { steal: true });
                self.due = Some((now + SILENCE, Due::GiveUp));
            }
            Due::GiveUp => {
                self.take(Stage::Without(format!("the lock was not granted in {SILENCE} ms")));
            }
        }
    }

    /// Asks whether the tab that has the turn is there.
    fn ask(&mut self, now: Instant) {
        self.heard = false;
        self.effects.push_back(TurnEffect::Post(Message::Ask));
        let spread = (SPREAD * self.jitter.draw()) as Millis;
        self.due = Some((now + (ASK_EVERY + spread), Due::Check));
    }

    fn take(&mut self, stage: Stage) {
        if self.is_asking() {
            self.stage = stage;
            self.due = None;
            self.effects.push_back(TurnEffect::Begin);
        }
    }

    /// Gives it back, or the wait for it.
    pub fn release(&mut self) {
        if self.stage != Stage::Released {
            self.stage = Stage::Released;
            self.due = None;
            self.effects.push_back(TurnEffect::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effects(turn: &mut Turn) -> Vec<TurnEffect> {
        std::iter::from_fn(|| turn.poll()).collect()
    }

    /// A turn that has asked, at 0.
    fn asking() -> Turn {
        let mut turn = Turn::new(0, 1, Instant(0));
        assert_eq!(effects(&mut turn).len(), 3);
        turn
    }

    /// A turn that another tab has.
    fn waiting() -> Turn {
        let mut turn = asking();
        turn.wake(Instant(250));
        assert_eq!(effects(&mut turn), [TurnEffect::QueryLock]);
        turn.lock(LockEvent::Queried(Some(true)), Instant(260));
        let expected = [TurnEffect::OtherTab(None), TurnEffect::Echo, TurnEffect::Post(Message::Ask)];
        assert_eq!(effects(&mut turn), expected);
        turn
    }

    fn progress(state: State) -> TabProgress {
        TabProgress {
            state,
            hashed: 1,
            confirmed: 2,
            speed: 0.0,
            eta: None,
            waiting_for: None,
            trouble: None,
        }
    }

    /// Lets time pass to the next thing that is due.
    fn next(turn: &mut Turn) -> Vec<TurnEffect> {
        let at = turn.poll_timeout().unwrap();
        turn.wake(at);
        effects(turn)
    }

    #[test]
    fn a_granted_lock_is_the_turn() {
        let mut turn = asking();
        turn.lock(LockEvent::Granted, Instant(5));
        assert_eq!((effects(&mut turn), turn.is_held()), (vec![TurnEffect::Begin], true));
        assert_eq!((turn.poll_timeout(), turn.without()), (None, None));
        turn.lock(LockEvent::Granted, Instant(6));
        turn.lock(LockEvent::Queried(None), Instant(7));
        assert_eq!(effects(&mut turn), []);
        turn.release();
        turn.release();
        assert_eq!((effects(&mut turn), turn.is_held()), (vec![TurnEffect::Release], false));
        turn.lock(LockEvent::Granted, Instant(8));
        turn.hear(Message::Ask);
        assert_eq!(effects(&mut turn), []);
    }

    #[test]
    fn a_browser_without_locks_costs_no_transfer() {
        let mut refused = asking();
        refused.lock(LockEvent::Refused("SecurityError".to_owned()), Instant(1));
        assert_eq!(
            (effects(&mut refused), refused.without()),
            (vec![TurnEffect::Begin], Some("SecurityError"))
        );
        // One that does not answer, and one that says that nobody holds it, and does not grant it.
        for (answer, queries) in [(None, 1), (Some(false), 2)] {
            let mut turn = asking();
            for _ in 0..queries {
                assert_eq!(next(&mut turn), [TurnEffect::QueryLock], "{answer:?}");
                turn.lock(LockEvent::Queried(answer), Instant(900));
            }
            assert_eq!(effects(&mut turn), [TurnEffect::Begin]);
            assert!(turn.without().is_some());
            // It comes after all.
            turn.lock(LockEvent::Granted, Instant(9_000));
            assert_eq!((effects(&mut turn), turn.without(), turn.is_held()), (vec![], None, true));
        }
    }

    #[test]
    fn who_waits_shows_how_far_the_other_tab_is() {
        let mut turn = waiting();
        turn.hear(Message::Ask);
        assert_eq!(effects(&mut turn), [], "not ours to answer");
        let told = progress(State::Transferring);
        turn.hear(Message::Progress(told.clone()));
        assert_eq!(effects(&mut turn), [TurnEffect::OtherTab(Some(told))]);
        for over in [State::Paused, State::Done, State::Failed, State::Aborted] {
            turn.hear(Message::Progress(progress(over)));
            assert_eq!(effects(&mut turn), [], "{over:?}");
        }
    }

    #[test]
    fn who_has_it_answers() {
        let mut turn = asking();
        turn.tell(progress(State::Hashing));
        assert_eq!(effects(&mut turn), [], "not ours to tell");
        let mut turn = asking();
        turn.lock(LockEvent::Granted, Instant(5));
        effects(&mut turn);
        turn.hear(Message::Ask);
        assert_eq!(effects(&mut turn), [TurnEffect::Post(Message::Progress(NOTHING_YET))]);
        let told = progress(State::Transferring);
        turn.tell(told.clone());
        turn.hear(Message::Ask);
        turn.hear(Message::Progress(progress(State::Hashing)));
        assert_eq!(effects(&mut turn), vec![TurnEffect::Post(Message::Progress(told)); 2]);
    }

    #[test]
    fn a_tab_that_stands_still_loses_it_and_one_that_answers_does_not() {
        let mut turn = waiting();
        for _ in 0..10 {
            turn.echo();
            turn.hear(Message::Progress(progress(State::Transferring)));
            assert!(next(&mut turn).contains(&TurnEffect::Post(Message::Ask)));
        }
        for _ in 0..2 {
            assert_eq!(next(&mut turn), [TurnEffect::Post(Message::Ask)]);
        }
        assert_eq!(next(&mut turn), [TurnEffect::RequestLock { steal: true }]);
        turn.lock(LockEvent::Granted, Instant(99_999));
        assert_eq!((effects(&mut turn), turn.poll_timeout()), (vec![TurnEffect::Begin], None));
    }

    #[test]
    fn a_lock_that_can_not_be_taken_is_done_without() {
        let mut turn = waiting();
        turn.echo();
        for _ in 0..3 {
            next(&mut turn);
        }
        assert_eq!(next(&mut turn), [TurnEffect::Begin]);
        assert!(turn.without().is_some_and(|why| why.contains("not granted")));
    }

    #[test]
    fn silence_means_nothing_where_messages_do_not_arrive() {
        let mut turn = waiting();
        for _ in 0..50 {
            assert_eq!(next(&mut turn), [TurnEffect::Post(Message::Ask)]);
        }
    }

    #[test]
    fn who_is_displaced_gives_way_and_has_twice_the_patience() {
        let mut turn = asking();
        turn.lock(LockEvent::Granted, Instant(5));
        effects(&mut turn);
        turn.lock(LockEvent::Lost, Instant(6));
        assert_eq!(effects(&mut turn), [TurnEffect::Release, TurnEffect::Displaced]);
        let mut again = Turn::new(1, 1, Instant(7));
        again.wake(Instant(257));
        again.lock(LockEvent::Queried(Some(true)), Instant(260));
        again.echo();
        effects(&mut again);
        let asked = std::iter::from_fn(|| {
            let did = next(&mut again);
            did.contains(&TurnEffect::Post(Message::Ask)).then_some(())
        });
        assert_eq!(asked.count(), 5);
    }
}
