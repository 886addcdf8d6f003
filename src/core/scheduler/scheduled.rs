//! A transfer that works as the scheduler grants it, and shows another tab's progress while that one has the turn.

use std::collections::VecDeque;

use super::message::{Entry, Grant, Request};
use super::transfer::Transfer;
use crate::core::clock::{Instant, Millis};
use crate::core::machine::Machine;
use crate::core::progress::{Progress, State, TabProgress, Wait};

/// How often other tabs are told how far it is, in ms, beside each change of its state.
const TELL_EVERY: Millis = 50;

/// What a scheduled transfer is told.
#[derive(Debug, Clone, PartialEq)]
pub enum ScheduledInput<I, R> {
    /// The page pauses.
    Pause,
    /// The page goes on.
    Resume,
    /// The page gives up.
    Abort,
    /// The scheduler says something.
    Grant(Grant),
    /// What an earlier visit left was looked for.
    Restored(R),
    /// Something that the transfer itself asked for or reacts to.
    Transfer(I),
}

/// What a scheduled transfer asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum ScheduledEffect<E> {
    /// Find what an earlier visit left; answered by [`ScheduledInput::Restored`].
    Restore,
    /// Tell the scheduler something.
    Schedule(Request),
    /// Something that the transfer itself asks for.
    Transfer(E),
}

/// A transfer and where it stands with the scheduler.
#[derive(Debug)]
pub struct Scheduled<T: Transfer> {
    transfer: T,
    entry: Entry,
    standing: Standing,
    /// It has begun once: what is known of it is in its machine.
    begun: bool,
    /// What it last said that it needs: slots, and requests in flight.
    demanded: Option<(Option<usize>, usize)>,
    /// How its turn is kept: by a lock, or for some reason without one; nothing for what needs none.
    turn: Option<Option<String>>,
    /// Another tab has the turn, which is that far.
    other: Option<Option<TabProgress>>,
    /// The most that another tab told to be confirmed.
    other_confirmed: u64,
    /// What other tabs were last told, and when.
    told: Option<(Instant, State)>,
    effects: VecDeque<ScheduledEffect<T::Effect>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Paused, or over.
    Away,
    /// It waits for its turn, or to begin.
    Queued,
    /// What an earlier visit left is looked for.
    Restoring,
    /// It works, as far as it has slots.
    Active,
}

impl<T: Transfer> Scheduled<T> {
    /// Makes a transfer that is queued at once.
    pub fn new(transfer: T, entry: Entry) -> Scheduled<T> {
        let mut scheduled = Scheduled {
            transfer,
            standing: Standing::Away,
            begun: false,
            demanded: None,
            turn: entry.key.as_ref().map(|_| None),
            other: None,
            other_confirmed: 0,
            told: None,
            effects: VecDeque::new(),
            entry,
        };
        scheduled.enter();
        scheduled
    }

    /// Returns how its turn among tabs is kept: `Some(None)` by a lock, `Some(Some(why))` without one; nothing for what
    /// needs no turn.
    pub fn turn(&self) -> Option<Option<&str>> {
        self.turn.as_ref().map(|why| why.as_deref())
    }

    /// Returns the transfer.
    pub fn transfer(&self) -> &T {
        &self.transfer
    }

    fn enter(&mut self) {
        if self.standing == Standing::Away {
            self.standing = Standing::Queued;
            self.schedule(Request::Enter(self.entry.clone()));
        }
    }

    fn leave(&mut self, now: Instant) {
        if self.standing != Standing::Away {
            self.stop(Standing::Away, now);
            self.schedule(Request::Leave);
        }
    }

    fn stop(&mut self, standing: Standing, now: Instant) {
        self.standing = standing;
        (self.other, self.demanded, self.told) = (None, None, None);
        // It may be lifted before it is queued again.
        self.hand(T::server_limit(None), now);
    }

    fn schedule(&mut self, request: Request) {
        self.effects.push_back(ScheduledEffect::Schedule(request));
    }

    /// Hands an input to the transfer, and takes up what it asks for.
    fn hand(&mut self, input: T::Input, now: Instant) {
        self.transfer.handle(input, now);
        while let Some(effect) = self.transfer.poll() {
            // What is remembered is of the tab that has the turn.
            let waits = matches!(self.standing, Standing::Queued | Standing::Restoring);
            if !(waits && T::is_forget(&effect)) {
                self.effects.push_back(ScheduledEffect::Transfer(effect));
            }
        }
    }

    fn grant(&mut self, grant: Grant, now: Instant) {
        match (grant, self.standing) {
            (Grant::Turn(without), _) => self.turn = Some(without),
            (Grant::Begin, Standing::Queued) => {
                self.other = None;
                if self.begun {
                    self.begin(now);
                } else {
                    self.standing = Standing::Restoring;
                    self.effects.push_back(ScheduledEffect::Restore);
                }
            }
            (Grant::Slots(slots), Standing::Active) => self.hand(T::slots(slots), now),
            (Grant::ServerLimit(limit), _) => self.hand(T::server_limit(limit), now),
            (Grant::OtherTab(told), Standing::Queued) => {
                if let Some(told) = &told {
                    self.other_confirmed = self.other_confirmed.max(told.confirmed);
                }
                let before = self.other.take().flatten();
                self.other = Some(told.or(before));
            }
            (Grant::Displaced, Standing::Queued | Standing::Restoring | Standing::Active) => {
                self.hand(T::pause(), now);
                self.stop(Standing::Queued, now);
            }
            // It was paused meanwhile.
            _ => {}
        }
    }

    /// Begins to work, without slots at first.
    fn begin(&mut self, now: Instant) {
        self.standing = Standing::Active;
        self.hand(T::slots(0), now);
        // The pause of one that waited, if it worked before.
        self.hand(T::resume(), now);
    }

    /// Tells the scheduler what has changed.
    fn report(&mut self, now: Instant) {
        if let Some(sent) = self.transfer.take_refusal() {
            self.schedule(Request::Refused(sent));
        }
        let progress = self.transfer.progress(now);
        if progress.state.is_final() {
            return self.leave(now);
        }
        if self.standing != Standing::Active {
            return;
        }
        let demand = (self.transfer.demand(now), self.transfer.in_flight());
        if self.demanded.replace(demand) != Some(demand) {
            let (slots, in_flight) = demand;
            self.schedule(Request::Demand { slots, in_flight });
        }
        self.tell(&progress, now);
    }

    /// Tells other tabs how far it is, if they may wait for it.
    fn tell(&mut self, progress: &Progress, now: Instant) {
        let fresh = |(at, state): (Instant, State)| state == progress.state && now.since(at) < TELL_EVERY;
        if self.standing == Standing::Active && self.entry.key.is_some() && !self.told.is_some_and(fresh) {
            self.told = Some((now, progress.state));
            self.schedule(Request::Progress(TabProgress::from(&self.shown(progress.clone()))));
        }
    }

    /// Shows another tab's progress as that of one that waits for it. What was told to be confirmed stays so.
    fn shown(&self, own: Progress) -> Progress {
        let theirs = self.other_confirmed.saturating_sub(own.confirmed);
        let mut shown = Progress { confirmed: own.confirmed + theirs, reused: own.reused + theirs, ..own };
        if !matches!(self.standing, Standing::Queued | Standing::Restoring) || shown.state.is_final() {
            return shown;
        }
        shown.state = State::Queued;
        match &self.other {
            None => {}
            Some(None) => shown.waiting_for = Some(Wait::OtherTab),
            Some(Some(told)) => {
                let TabProgress { state, hashed, speed, eta, waiting_for, trouble, .. } = told.clone();
                let waiting_for = waiting_for.or(Some(Wait::OtherTab));
                shown = Progress { state, hashed, speed, eta, waiting_for, trouble, ..shown };
            }
        }
        shown
    }
}

impl<T: Transfer> Machine for Scheduled<T> {
    type Input = ScheduledInput<T::Input, T::Restored>;
    type Effect = ScheduledEffect<T::Effect>;

    fn handle(&mut self, input: Self::Input, now: Instant) {
        match input {
            ScheduledInput::Pause => {
                self.hand(T::pause(), now);
                // Who is paused holds nobody up.
                self.leave(now);
            }
            ScheduledInput::Resume => {
                if !self.transfer.progress(now).state.is_final() {
                    self.enter();
                }
            }
            ScheduledInput::Abort => self.hand(T::abort(), now),
            ScheduledInput::Grant(grant) => self.grant(grant, now),
            ScheduledInput::Restored(restored) if self.standing == Standing::Restoring => {
                self.begin(now);
                self.begun = true;
                self.hand(T::start(restored), now);
            }
            // It was paused meanwhile.
            ScheduledInput::Restored(_) => {}
            ScheduledInput::Transfer(input) => self.hand(input, now),
        }
        self.report(now);
    }

    fn poll(&mut self) -> Option<Self::Effect> {
        self.effects.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.transfer.poll_timeout()
    }

    fn progress(&self, now: Instant) -> Progress {
        self.shown(self.transfer.progress(now))
    }

    fn wake() -> Self::Input {
        ScheduledInput::Transfer(T::wake())
    }

    fn online(online: bool) -> Self::Input {
        ScheduledInput::Transfer(T::online(online))
    }

    fn hidden() -> Option<Self::Input> {
        T::hidden().map(ScheduledInput::Transfer)
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Direction;
    use super::*;
    use crate::core::md5::{Digest, Digests};
    use crate::core::pace::Concurrency;
    use crate::core::plan::Cut;
    use crate::core::retry::Policy;
    use crate::core::upload::{Config, Effect, Input, Naming, Restored, Upload, Vouched};

    type It = Scheduled<Upload>;
    type Did = Vec<ScheduledEffect<Effect>>;

    const NOW: Instant = Instant(7);

    fn entry() -> Entry {
        Entry { origin: "https://h".into(), direction: Direction::Up, most: 2, key: Some("file".into()) }
    }

    fn scheduled() -> It {
        let mut it = Scheduled::new(
            Upload::new(Config {
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
            }),
            entry(),
        );
        assert_eq!(effects(&mut it), [schedule(Request::Enter(entry()))]);
        it
    }

    fn effects(it: &mut It) -> Did {
        std::iter::from_fn(|| it.poll()).collect()
    }

    fn give(it: &mut It, input: <It as Machine>::Input) -> Did {
        it.handle(input, NOW);
        effects(it)
    }

    fn grant(it: &mut It, grant: Grant) -> Did {
        give(it, ScheduledInput::Grant(grant))
    }

    fn schedule(request: Request) -> ScheduledEffect<Effect> {
        ScheduledEffect::Schedule(request)
    }

    fn state(it: &It) -> State {
        it.progress(NOW).state
    }

    fn digests() -> Restored {
        let chunks = (1..=3).map(|n| Digest([n; 16])).collect();
        Restored::Digests(Digests { file: Digest([0; 16]), chunks })
    }

    fn demand(did: &Did) -> Option<(Option<usize>, usize)> {
        did.iter().find_map(|effect| match effect {
            ScheduledEffect::Schedule(Request::Demand { slots, in_flight }) => Some((*slots, *in_flight)),
            _ => None,
        })
    }

    fn sends(did: &Did) -> bool {
        did.iter().any(|effect| matches!(effect, ScheduledEffect::Transfer(Effect::Send(..))))
    }

    #[test]
    fn nothing_is_done_before_it_may_begin() {
        let mut it = scheduled();
        assert_eq!(give(&mut it, ScheduledInput::Resume), []);
        assert_eq!(state(&it), State::Queued);
        assert_eq!(grant(&mut it, Grant::Begin), [ScheduledEffect::Restore]);
        assert_eq!(state(&it), State::Queued);
        let did = give(&mut it, ScheduledInput::Restored(Restored::Nothing));
        assert!(did.contains(&ScheduledEffect::Transfer(Effect::Hash(10, None))), "{did:?}");
        assert_eq!((demand(&did), state(&it)), (Some((None, 0)), State::Hashing));
        assert_eq!(grant(&mut it, Grant::Begin), [], "it has begun");
    }

    #[test]
    fn nothing_is_sent_without_slots() {
        let mut it = scheduled();
        grant(&mut it, Grant::Begin);
        let did = give(&mut it, ScheduledInput::Restored(digests()));
        assert!(!sends(&did), "{did:?}");
        assert_eq!((demand(&did), state(&it)), (Some((Some(3), 0)), State::Queued));
        let did = grant(&mut it, Grant::Slots(2));
        assert!(sends(&did), "{did:?}");
        assert_eq!(demand(&did), Some((Some(3), 1)));
        // It begins without slots each time.
        let did = give(&mut it, ScheduledInput::Pause);
        assert!(did.contains(&ScheduledEffect::Transfer(Effect::Cancel(1))), "{did:?}");
        assert!(did.contains(&schedule(Request::Leave)), "{did:?}");
        assert_eq!(give(&mut it, ScheduledInput::Resume), [schedule(Request::Enter(entry()))]);
        let did = grant(&mut it, Grant::Begin);
        assert!(!sends(&did) && demand(&did).is_some(), "{did:?}");
        assert_eq!(state(&it), State::Queued);
    }

    #[test]
    fn who_is_paused_holds_nobody_up() {
        let mut it = scheduled();
        assert_eq!(give(&mut it, ScheduledInput::Pause), [schedule(Request::Leave)]);
        assert_eq!(state(&it), State::Paused);
        assert_eq!(grant(&mut it, Grant::Begin), [], "a grant that came too late");
        assert_eq!(give(&mut it, ScheduledInput::Restored(digests())), [], "an answer that came too late");
        assert_eq!(state(&it), State::Paused);
        assert_eq!(give(&mut it, ScheduledInput::Resume), [schedule(Request::Enter(entry()))]);
        grant(&mut it, Grant::Begin);
        give(&mut it, ScheduledInput::Restored(Restored::Nothing));
        let did = give(&mut it, ScheduledInput::Pause);
        assert!(did.contains(&ScheduledEffect::Transfer(Effect::HoldHash)), "{did:?}");
        give(&mut it, ScheduledInput::Resume);
        assert_eq!(state(&it), State::Queued);
        let did = grant(&mut it, Grant::Begin);
        assert!(did.contains(&ScheduledEffect::Transfer(Effect::ResumeHash)), "{did:?}");
    }

    #[test]
    fn who_has_ended_wants_nothing_more() {
        let mut it = scheduled();
        let did = give(&mut it, ScheduledInput::Abort);
        assert!(!did.contains(&ScheduledEffect::Transfer(Effect::Forget)), "it is another tab's: {did:?}");
        assert_eq!(did.last(), Some(&schedule(Request::Leave)));
        assert_eq!(state(&it), State::Aborted);
        assert_eq!(give(&mut it, ScheduledInput::Pause), []);
        assert_eq!(give(&mut it, ScheduledInput::Resume), []);
    }

    #[test]
    fn who_waits_for_another_tab_shows_how_far_that_one_is() {
        let mut it = scheduled();
        grant(&mut it, Grant::OtherTab(None));
        assert_eq!((state(&it), it.progress(NOW).waiting_for), (State::Queued, Some(Wait::OtherTab)));
        let told = TabProgress {
            state: State::Transferring,
            hashed: 30,
            confirmed: 20,
            speed: 5.0,
            eta: Some(2.0),
            waiting_for: None,
            trouble: None,
        };
        grant(&mut it, Grant::OtherTab(Some(told)));
        let shown = it.progress(NOW);
        assert_eq!((shown.state, shown.hashed, shown.speed), (State::Transferring, 30, 5.0));
        assert_eq!((shown.confirmed, shown.reused, shown.sent), (20, 20, 0));
        // What was told to be confirmed stays so.
        grant(&mut it, Grant::Begin);
        let shown = it.progress(NOW);
        assert_eq!((shown.state, shown.confirmed, shown.waiting_for), (State::Queued, 20, None));
    }

    #[test]
    fn other_tabs_are_told_now_and_then() {
        let mut it = scheduled();
        grant(&mut it, Grant::Begin);
        let told = |did: &Did| {
            did.iter()
                .filter(|effect| matches!(effect, ScheduledEffect::Schedule(Request::Progress(_))))
                .count()
        };
        assert_eq!(told(&give(&mut it, ScheduledInput::Restored(Restored::Nothing))), 1);
        let mut count = 0;
        for ms in 0..100 {
            it.handle(ScheduledInput::Transfer(Input::Hashing(ms / 10)), Instant(NOW.0 + ms));
            count += told(&effects(&mut it));
        }
        assert_eq!(count, 1, "20 times a second");
    }

    #[test]
    fn whose_turn_was_taken_stops_and_is_queued() {
        let mut it = scheduled();
        grant(&mut it, Grant::Begin);
        give(&mut it, ScheduledInput::Restored(digests()));
        grant(&mut it, Grant::Slots(2));
        let did = grant(&mut it, Grant::Displaced);
        assert!(did.contains(&ScheduledEffect::Transfer(Effect::Cancel(1))), "{did:?}");
        assert_eq!(state(&it), State::Queued);
        assert_eq!(grant(&mut it, Grant::Slots(2)), [], "of the turn that it had");
        grant(&mut it, Grant::Begin);
        assert!(sends(&grant(&mut it, Grant::Slots(1))));
    }
}
