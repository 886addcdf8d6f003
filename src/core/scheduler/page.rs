//! The scheduler of a page: routes what transfers, locks and channels say to turns and queues, and grants.

use std::collections::VecDeque;

use super::message::{Entry, Grant, Message, Request, TransferId, TurnId};
use super::queue::{Change, Queue, SLOTS};
use super::refusals::Refusals;
use super::turn::{LockEvent, Turn, TurnEffect};
use crate::core::clock::Instant;
use crate::core::retry::Jitter;

/// So many that have not begun are enough for the queues to have the next one at hand; the others wait outside, where they
/// cost no more than their handles.
const AHEAD: usize = 32;

/// What happened outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// So many more transfers wait outside to be admitted.
    Knock(usize),
    /// One that was admitted will not enter.
    Withdraw,
    /// A transfer says something.
    Request(TransferId, Request),
    /// Something came of a turn's lock.
    Lock(TurnId, LockEvent),
    /// A message came by a turn's channel.
    Message(TurnId, Message),
    /// A message of this tab itself came by a turn's channel.
    Echo(TurnId),
    /// Time has passed.
    Wake,
}

/// What the scheduler asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Admit the transfer that has waited longest outside.
    Admit,
    /// Tell a transfer something.
    Grant(TransferId, Grant),
    /// Open the channel of a turn, by the name of what it is for.
    OpenChannel(TurnId, String),
    /// Hear this tab's own messages by it, too; each is told as [`Input::Echo`].
    Echo(TurnId, String),
    /// Send a message to the other tabs.
    Post(TurnId, Message),
    /// Ask for a turn's lock; see [`TurnEffect::RequestLock`].
    RequestLock {
        /// The turn.
        turn: TurnId,
        /// What it is for.
        key: String,
        /// Take it from whoever has it.
        steal: bool,
    },
    /// Ask who holds a turn's lock.
    QueryLock(TurnId, String),
    /// Give a turn's lock and channel back, once all that its transfer has to write down is written: the next tab reads that.
    Release {
        /// Whose turn it is.
        transfer: TransferId,
        /// The turn.
        turn: TurnId,
    },
}

/// The scheduler of a page.
#[derive(Debug)]
pub struct Scheduler {
    /// Those that were told to wait outside.
    outside: usize,
    /// Those that were admitted and have not entered.
    admitted: usize,
    transfers: Vec<Member>,
    origins: Vec<Origin>,
    last_turn: TurnId,
    jitter: Jitter,
    effects: VecDeque<Effect>,
}

/// A transfer that wants to work.
#[derive(Debug)]
struct Member {
    id: TransferId,
    entry: Entry,
    turn: Option<(TurnId, Turn)>,
    /// How often its turn was taken away.
    displaced: u32,
}

/// What is known of an origin.
#[derive(Debug)]
struct Origin {
    name: String,
    queue: Queue,
    refusals: Refusals,
    /// What its transfers were last told.
    told_limit: Option<usize>,
}

impl Scheduler {
    /// Makes a scheduler; `seed` is where its randomness starts.
    pub fn new(seed: u64) -> Scheduler {
        Scheduler {
            outside: 0,
            admitted: 0,
            transfers: Vec::new(),
            origins: Vec::new(),
            last_turn: 0,
            jitter: Jitter::new(seed),
            effects: VecDeque::new(),
        }
    }

    /// Takes an input at `now`.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Knock(transfers) => self.outside += transfers,
            Input::Withdraw => self.admitted = self.admitted.saturating_sub(1),
            Input::Request(id, request) => self.request(id, request, now),
            Input::Lock(turn, event) => self.turn(turn, now, |turn| turn.lock(event, now)),
            Input::Message(turn, message) => self.turn(turn, now, |turn| turn.hear(message)),
            Input::Echo(turn) => self.turn(turn, now, Turn::echo),
            Input::Wake => {
                let due = |turn: &Turn| turn.poll_timeout().is_some_and(|at| at <= now);
                let turns = self.transfers.iter().filter_map(|transfer| transfer.turn.as_ref());
                let due: Vec<TurnId> = turns.filter(|(_, turn)| due(turn)).map(|(id, _)| *id).collect();
                for id in due {
                    self.turn(id, now, |turn| turn.wake(now));
                }
            }
        }
    }

    /// Returns the next thing to do at `now`. What it leads to is to be handled before the next call: slots are shared out by
    /// what is in flight.
    pub fn poll(&mut self, now: Instant) -> Option<Effect> {
        if self.effects.is_empty() {
            self.arrange(now);
            self.admit();
        }
        self.effects.pop_front()
    }

    /// Returns when [`Input::Wake`] is wanted; may change after every [`Scheduler::poll`].
    pub fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let turns = self.transfers.iter().filter_map(|transfer| transfer.turn.as_ref()?.1.poll_timeout());
        let lifted = self.origins.iter().filter_map(|origin| origin.refusals.lifted_at(now));
        turns.chain(lifted).min()
    }

    /// Returns how the turn of a transfer is kept: `Some(None)` by a lock, `Some(Some(why))` without one; nothing for what
    /// needs no turn.
    pub fn turn_of(&self, id: TransferId) -> Option<Option<&str>> {
        let transfer = self.transfers.iter().find(|transfer| transfer.id == id)?;
        transfer.turn.as_ref().map(|(_, turn)| turn.without())
    }

    fn request(&mut self, id: TransferId, request: Request, now: Instant) {
        if let Request::Enter(entry) = request {
            return self.enter(id, entry, now);
        }
        let Some(transfer) = self.transfers.iter_mut().find(|transfer| transfer.id == id) else { return };
        match request {
            Request::Enter(_) => {}
            Request::Progress(progress) => {
                if let Some((turn, _)) = transfer.turn {
                    self.turn(turn, now, |turn| turn.tell(progress));
                }
            }
            Request::Demand { slots, in_flight } => {
                if let Some(origin) = origin_of(&mut self.origins, &transfer.entry.origin) {
                    origin.queue.demand(id, slots, in_flight);
                }
            }
            Request::Refused(sent) => {
                if let Some(origin) = origin_of(&mut self.origins, &transfer.entry.origin) {
                    origin.refusals.note(origin.queue.in_flight(), sent, now);
                }
            }
            Request::Leave => self.leave(id, now),
        }
    }

    fn enter(&mut self, id: TransferId, entry: Entry, now: Instant) {
        // One that goes on after a pause was never outside.
        self.admitted = self.admitted.saturating_sub(1);
        self.transfers.push(Member { id, entry, turn: None, displaced: 0 });
        self.line_up(id, now);
    }

    /// Gets a transfer the turn that it needs, or a place in its queue.
    fn line_up(&mut self, id: TransferId, now: Instant) {
        let seed = (self.jitter.draw() * (1_u64 << 53) as f64) as u64;
        let Some(transfer) = self.transfers.iter_mut().find(|transfer| transfer.id == id) else { return };
        if transfer.entry.key.is_none() {
            return self.queue_up(id);
        }
        self.last_turn += 1;
        let turn = self.last_turn;
        transfer.turn = Some((turn, Turn::new(transfer.displaced, seed, now)));
        self.turn(turn, now, |_| ());
    }

    fn queue_up(&mut self, id: TransferId) {
        let Some(transfer) = self.transfers.iter().find(|transfer| transfer.id == id) else { return };
        let Entry { origin: name, direction, most, .. } = &transfer.entry;
        if origin_of(&mut self.origins, name).is_none() {
            self.origins.push(Origin {
                name: name.clone(),
                queue: Queue::default(),
                refusals: Refusals::default(),
                told_limit: None,
            });
        }
        if let Some(origin) = origin_of(&mut self.origins, name) {
            origin.queue.enter(id, *direction, *most);
            if origin.told_limit.is_some() {
                self.effects.push_back(Effect::Grant(id, Grant::ServerLimit(origin.told_limit)));
            }
        }
    }

    fn leave(&mut self, id: TransferId, now: Instant) {
        self.leave_queue(id);
        let turn = self.transfers.iter().find(|transfer| transfer.id == id);
        if let Some((turn, _)) = turn.and_then(|transfer| transfer.turn.as_ref()) {
            let turn = *turn;
            self.turn(turn, now, Turn::release);
        }
        self.transfers.retain(|transfer| transfer.id != id);
    }

    fn leave_queue(&mut self, id: TransferId) {
        let Some(transfer) = self.transfers.iter().find(|transfer| transfer.id == id) else { return };
        if let Some(origin) = origin_of(&mut self.origins, &transfer.entry.origin) {
            origin.queue.leave(id);
        }
    }

    /// Does something with a turn, and carries on what comes of it.
    fn turn(&mut self, turn: TurnId, now: Instant, act: impl FnOnce(&mut Turn)) {
        let mut transfers = self.transfers.iter_mut();
        let found = transfers.find(|transfer| transfer.turn.as_ref().is_some_and(|(id, _)| *id == turn));
        let Some(Member { id, entry, turn: Some((_, state)), .. }) = found else { return };
        let (id, key) = (*id, entry.key.clone().unwrap_or_default());
        act(state);
        let effects: Vec<TurnEffect> = std::iter::from_fn(|| state.poll()).collect();
        let without = state.without().map(str::to_owned);
        for effect in effects {
            let effect = match effect {
                TurnEffect::Begin => {
                    self.effects.push_back(Effect::Grant(id, Grant::Turn(without.clone())));
                    self.queue_up(id);
                    continue;
                }
                TurnEffect::Displaced => {
                    self.displaced(id, now);
                    continue;
                }
                TurnEffect::OpenChannel => Effect::OpenChannel(turn, key.clone()),
                TurnEffect::Echo => Effect::Echo(turn, key.clone()),
                TurnEffect::Post(message) => Effect::Post(turn, message),
                TurnEffect::RequestLock { steal } => Effect::RequestLock { turn, key: key.clone(), steal },
                TurnEffect::QueryLock => Effect::QueryLock(turn, key.clone()),
                TurnEffect::Release => Effect::Release { transfer: id, turn },
                TurnEffect::OtherTab(progress) => Effect::Grant(id, Grant::OtherTab(progress)),
            };
            self.effects.push_back(effect);
        }
    }

    /// This tab stood still, and another one went on: the transfer waits for that as for any other.
    fn displaced(&mut self, id: TransferId, now: Instant) {
        self.leave_queue(id);
        self.effects.push_back(Effect::Grant(id, Grant::Displaced));
        if let Some(transfer) = self.transfers.iter_mut().find(|transfer| transfer.id == id) {
            transfer.displaced += 1;
            self.line_up(id, now);
        }
    }

    /// Shares the slots of each origin out.
    fn arrange(&mut self, now: Instant) {
        for origin in &mut self.origins {
            let limit = origin.refusals.limit(now);
            if origin.told_limit != limit {
                origin.told_limit = limit;
                let grants = origin.queue.ids().map(|id| Effect::Grant(id, Grant::ServerLimit(limit)));
                self.effects.extend(grants);
            }
            for (id, change) in origin.queue.arrange(limit.unwrap_or(SLOTS).min(SLOTS)) {
                let grant = match change {
                    Change::Begin => Grant::Begin,
                    Change::Slots(slots) => Grant::Slots(slots),
                };
                self.effects.push_back(Effect::Grant(id, grant));
            }
        }
        // One that refused something is remembered.
        self.origins.retain(|origin| !origin.queue.is_empty() || origin.refusals.was_refused());
    }

    /// Takes in those who wait outside, as far as they are needed.
    fn admit(&mut self) {
        let begun: usize =
            self.origins.iter().map(|origin| origin.queue.ids().count() - origin.queue.waiting()).sum();
        let waiting = self.transfers.len().saturating_sub(begun);
        while self.outside > 0 && waiting + self.admitted < AHEAD {
            self.outside -= 1;
            self.admitted += 1;
            self.effects.push_back(Effect::Admit);
        }
    }
}

fn origin_of<'a>(origins: &'a mut [Origin], name: &str) -> Option<&'a mut Origin> {
    origins.iter_mut().find(|origin| origin.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::scheduler::Direction;

    const NOW: Instant = Instant(1_000);

    /// Takes an input, and returns what comes of it.
    fn told(scheduler: &mut Scheduler, input: Input, now: Instant) -> Vec<Effect> {
        scheduler.handle(input, now);
        std::iter::from_fn(|| scheduler.poll(now)).collect()
    }

    fn enter(key: Option<&str>) -> Request {
        Request::Enter(Entry {
            origin: "https://a.example".to_owned(),
            direction: Direction::Up,
            most: SLOTS,
            key: key.map(str::to_owned),
        })
    }

    /// A scheduler whose first transfer was refused the last of three requests.
    fn refused() -> Scheduler {
        let mut scheduler = Scheduler::new(1);
        told(&mut scheduler, Input::Request(1, enter(None)), NOW);
        told(&mut scheduler, Input::Request(1, Request::Demand { slots: Some(SLOTS), in_flight: 3 }), NOW);
        let effects = told(&mut scheduler, Input::Request(1, Request::Refused(NOW)), NOW);
        assert!(effects.contains(&Effect::Grant(1, Grant::ServerLimit(Some(2)))), "{effects:?}");
        scheduler
    }

    #[test]
    fn who_withdraws_makes_room_for_the_next() {
        let mut scheduler = Scheduler::new(1);
        let admitted = told(&mut scheduler, Input::Knock(AHEAD + 2), NOW);
        assert_eq!(admitted, vec![Effect::Admit; AHEAD]);
        assert_eq!(told(&mut scheduler, Input::Withdraw, NOW), [Effect::Admit]);
    }

    #[test]
    fn who_comes_later_hears_what_the_server_refused() {
        let mut scheduler = refused();
        let limit = Effect::Grant(2, Grant::ServerLimit(Some(2)));
        assert!(told(&mut scheduler, Input::Request(2, enter(None)), NOW).contains(&limit));
        // Also when nobody was left in between.
        let mut scheduler = refused();
        told(&mut scheduler, Input::Request(1, Request::Leave), NOW);
        assert!(told(&mut scheduler, Input::Request(2, enter(None)), NOW).contains(&limit));
    }

    #[test]
    fn what_was_refused_is_tried_again_by_itself() {
        let mut scheduler = refused();
        let lifted = scheduler.poll_timeout(NOW).expect("it wakes for it");
        let effects = told(&mut scheduler, Input::Wake, lifted);
        assert!(effects.contains(&Effect::Grant(1, Grant::ServerLimit(None))), "{effects:?}");
    }

    /// Waits for a tab that never answers; how many questions it was asked before its lock was taken, and when.
    fn questions(scheduler: &mut Scheduler, turn: TurnId, mut now: Instant) -> (usize, Instant) {
        let mut asked = 0;
        for _ in 0..100 {
            now = scheduler.poll_timeout(now).expect("it waits for something");
            for effect in told(scheduler, Input::Wake, now) {
                match effect {
                    Effect::QueryLock(..) => {
                        let held = LockEvent::Queried(Some(true));
                        let effects = told(scheduler, Input::Lock(turn, held), now);
                        asked += effects.iter().filter(|effect| matches!(effect, Effect::Post(..))).count();
                        told(scheduler, Input::Echo(turn), now);
                    }
                    Effect::Post(..) => asked += 1,
                    Effect::RequestLock { steal: true, .. } => return (asked, now),
                    _ => {}
                }
            }
        }
        panic!("it waits for ever");
    }

    #[test]
    fn who_was_displaced_has_more_patience_with_the_other_tab() {
        let mut scheduler = Scheduler::new(1);
        told(&mut scheduler, Input::Request(1, enter(Some("file"))), NOW);
        let (first, now) = questions(&mut scheduler, 1, NOW);
        told(&mut scheduler, Input::Lock(1, LockEvent::Granted), now);
        let effects = told(&mut scheduler, Input::Lock(1, LockEvent::Lost), now);
        assert!(effects.contains(&Effect::Grant(1, Grant::Displaced)), "{effects:?}");
        let (second, _) = questions(&mut scheduler, 2, now);
        assert_eq!(second, 2 * first);
    }
}
