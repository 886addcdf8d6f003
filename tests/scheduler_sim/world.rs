//! Runs one scenario in virtual time and checks at every step that nobody works out of turn.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use xuchuan::core::clock::Instant;
use xuchuan::core::download;
use xuchuan::core::machine::Machine;
use xuchuan::core::progress::Wait;
use xuchuan::core::scheduler::{
    Effect, Grant, Input, LockEvent, Message, Scheduled, ScheduledEffect, ScheduledInput, Scheduler,
    TransferId, TurnId,
};
use xuchuan::core::upload::{self, Request, Restored, Upload};

use super::browser::{Channels, Holder, Journal, Locks, Outcome};
use super::download::{Body, Downloading};
use super::random::Random;
use super::scenario::{self, Scenario, Turn, Work};
use super::server::{self, Habits, Server};
use super::tab::{Kind, Member, Tab};
use super::upload::{CHUNK, EXT, Uploading, content, digests};

/// What was seen, for the statistics.
pub type Tally = BTreeMap<&'static str, u64>;

type UploadInput = ScheduledInput<upload::Input, Restored>;
type DownloadInput = ScheduledInput<download::Input, Option<Box<download::Restored>>>;

/// No schedule takes more steps than this, or more time.
const STEPS: u32 = 300_000;
const HOURS: u64 = 12 * 3_600_000;
/// How many that have not begun may be in the engine.
const AHEAD: usize = 32;
/// What a page's requests to one origin are, by the scheduler's word.
const SLOTS: usize = 6;

/// Something that is on its way.
enum Event {
    Turn(Turn),
    /// For the scheduler of a tab, in one of its lives.
    Scheduler(usize, u32, Input),
    Lock(Holder, LockEvent),
    Message(Holder, Message),
    Echo(Holder),
    /// For a transfer of a tab, in one of its lives.
    Upload(usize, u32, TransferId, UploadInput),
    Download(usize, u32, TransferId, DownloadInput),
    Arrive(usize, u32, TransferId, upload::RequestId, Request),
    /// The server has done with a request of a tab.
    Served(usize),
    Answer(usize, u32, TransferId, upload::RequestId, Result<upload::Response, String>),
    Head(usize, u32, TransferId, download::RequestId),
    Data(usize, u32, TransferId, download::RequestId),
}

pub struct World<'a> {
    scenario: &'a Scenario,
    random: Random,
    now: u64,
    queue: BTreeMap<(u64, u64), Event>,
    serial: u64,
    server: Server,
    tabs: Vec<Tab>,
    locks: Locks,
    /// Those whose lock was taken away, and who have not heard of it.
    displaced: BTreeSet<Holder>,
    channels: Channels,
    journal: Journal,
    /// The first release of each work that was aborted: it is not begun again.
    aborted: BTreeSet<(usize, usize)>,
    /// How many requests of each tab the server works at.
    serving: Vec<usize>,
    finished: BTreeMap<(usize, usize), u32>,
    tally: Tally,
}

/// Runs a scenario to its end, or to the first thing that does not hold.
pub fn run(scenario: &Scenario) -> Result<Tally, String> {
    let mut world = World {
        scenario,
        random: Random::new(scenario.seed ^ 0x7AB5),
        now: 1_000,
        queue: BTreeMap::new(),
        serial: 0,
        server: Server::new(Habits {
            eager: true,
            accepts: Some(xuchuan::core::protocol::wire::Accepts {
                parallel: scenario.parallel,
                repeats: true,
            }),
            ..Habits::default()
        }),
        tabs: Vec::new(),
        locks: Locks::default(),
        displaced: BTreeSet::new(),
        channels: Channels::default(),
        journal: Journal::new(),
        aborted: BTreeSet::new(),
        serving: vec![0; scenario.tabs.len()],
        finished: BTreeMap::new(),
        tally: Tally::new(),
    };
    for (at, turn) in &scenario.turns {
        world.schedule(1_000 + at, Event::Turn(*turn));
    }
    for tab in 0..scenario.tabs.len() {
        world.open(tab, 1)?;
    }
    world.run()?;
    Ok(world.tally)
}

impl World<'_> {
    fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    fn schedule(&mut self, at: u64, event: Event) {
        self.serial += 1;
        let order = self.random.pick(0..1 << 20) << 40 | self.serial;
        self.queue.insert((at, order), event);
    }

    fn after(&mut self, most: u64, event: Event) {
        let at = self.now + self.random.pick(1..most);
        self.schedule(at, event);
    }

    /// Opens a tab, which begins all that is not done or aborted.
    fn open(&mut self, tab: usize, life: u32) -> Result<(), String> {
        let works = 0..self.scenario.tabs[tab].works.len();
        let left: VecDeque<usize> = works
            .filter(|place| {
                !self.aborted.contains(&(tab, *place)) && !self.finished.contains_key(&(tab, *place))
            })
            .collect();
        let knocks = left.len();
        let opened = Tab {
            life,
            is_open: true,
            frozen_until: 0,
            scheduler: Scheduler::new(self.random.next()),
            members: BTreeMap::new(),
            outside: left,
            inputs: VecDeque::new(),
            busy: false,
        };
        if life == 1 {
            self.tabs.push(opened);
        } else {
            self.tabs[tab] = opened;
        }
        self.scheduler(tab, Input::Knock(knocks))
    }

    fn run(&mut self) -> Result<(), String> {
        for _ in 0..STEPS {
            let wakes = (0..self.tabs.len()).filter_map(|tab| self.wake_of(tab).map(|at| (at, tab))).min();
            let next = self.queue.keys().next().map(|(at, _)| *at);
            let wake = match (wakes, next) {
                // What a server refused is remembered longer than anything else.
                (_, None) if self.is_over() => return self.judge(),
                (None, None) => return self.judge(),
                (Some((at, tab)), next) if next.is_none_or(|next| at < next) => Some((at, tab)),
                _ => None,
            };
            check!(self.now < HOURS, "it still goes on: {}", self.left());
            if let Some((at, tab)) = wake {
                self.now = self.now.max(at);
                self.wake(tab)?;
            } else if let Some(((at, _), event)) = self.queue.pop_first() {
                self.now = self.now.max(at);
                self.happen(event)?;
            }
        }
        Err(format!("too many steps: {}", self.left()))
    }

    /// Tells whether every transfer has ended, or is paused.
    fn is_over(&self) -> bool {
        let rests = |member: &Member| member.done.is_some() || member.paused;
        let mut open = self.tabs.iter().filter(|tab| tab.is_open);
        open.all(|tab| tab.outside.is_empty() && tab.members.values().all(rests))
    }

    /// Returns when something in a tab wants to be woken.
    fn wake_of(&self, tab: usize) -> Option<u64> {
        let it = &self.tabs[tab];
        let members = it.members.values().filter_map(Member::poll_timeout);
        let at = members.chain(it.scheduler.poll_timeout(Instant(self.now))).min()?.0;
        it.is_open.then_some(at.max(it.frozen_until))
    }

    fn wake(&mut self, tab: usize) -> Result<(), String> {
        let now = Instant(self.now);
        let due: Vec<TransferId> = self.tabs[tab]
            .members
            .iter()
            .filter(|(_, member)| member.poll_timeout().is_some_and(|at| at <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            self.page(tab, id, Wish::Wake)?;
        }
        if self.tabs[tab].scheduler.poll_timeout(now).is_some_and(|at| at <= now) {
            self.scheduler(tab, Input::Wake)?;
            let again = self.tabs[tab].scheduler.poll_timeout(now);
            check!(again.is_none_or(|at| at > now), "the scheduler spins at {now:?}: {again:?}");
        }
        Ok(())
    }

    /// Says what has not ended, for a failure's message.
    fn left(&self) -> String {
        let mut left = Vec::new();
        for (number, tab) in self.tabs.iter().enumerate() {
            for (id, member) in tab.members.iter().filter(|(_, member)| member.done.is_none()) {
                let state = member.progress(self.now).state;
                left.push(format!("tab {number}, transfer {id}: {state:?}, slots {}", member.slots));
            }
            left.push(format!("tab {number}: {} outside", tab.outside.len()));
        }
        left.join("; ")
    }

    fn happen(&mut self, event: Event) -> Result<(), String> {
        let of = match &event {
            Event::Turn(_) => None,
            Event::Scheduler(tab, life, _)
            | Event::Upload(tab, life, ..)
            | Event::Download(tab, life, ..)
            | Event::Head(tab, life, ..)
            | Event::Data(tab, life, ..) => Some((*tab, *life)),
            Event::Lock((tab, life, _), _)
            | Event::Message((tab, life, _), _)
            | Event::Echo((tab, life, _)) => Some((*tab, *life)),
            // The server works whatever the tab does.
            Event::Arrive(..) | Event::Served(_) => None,
            Event::Answer(tab, life, ..) => Some((*tab, *life)),
        };
        if let Some((tab, life)) = of {
            let it = &self.tabs[tab];
            if it.life != life || !it.is_open {
                return Ok(());
            }
            if self.now < it.frozen_until {
                // What came meanwhile is there at once when it wakes up, in any order.
                let at = it.frozen_until;
                self.schedule(at, event);
                return Ok(());
            }
        }
        match event {
            Event::Turn(turn) => self.turn(turn),
            Event::Scheduler(tab, _, input) => self.scheduler(tab, input),
            Event::Lock(who @ (tab, _, turn), event) => {
                if event == LockEvent::Lost {
                    self.displaced.remove(&who);
                    self.count("displaced");
                }
                self.scheduler(tab, Input::Lock(turn, event))
            }
            Event::Message((tab, _, turn), message) => self.scheduler(tab, Input::Message(turn, message)),
            Event::Echo((tab, _, turn)) => self.scheduler(tab, Input::Echo(turn)),
            Event::Upload(tab, _, id, input) => self.upload(tab, id, input),
            Event::Download(tab, _, id, input) => self.download(tab, id, input),
            Event::Arrive(tab, life, id, request, what) => {
                self.arrive(tab, life, id, request, &what);
                Ok(())
            }
            Event::Served(tab) => {
                self.serving[tab] -= 1;
                Ok(())
            }
            Event::Answer(tab, _, id, request, result) => self.answer(tab, id, request, result),
            Event::Head(tab, _, id, request) => self.head(tab, id, request),
            Event::Data(tab, _, id, request) => self.data(tab, id, request),
        }
    }

    fn turn(&mut self, turn: Turn) -> Result<(), String> {
        let (Turn::Pause(tab, _)
        | Turn::Resume(tab, _)
        | Turn::Abort(tab, _)
        | Turn::Crash(tab)
        | Turn::Close(tab)
        | Turn::Freeze(tab, _)) = turn;
        let it = &mut self.tabs[tab];
        if !it.is_open {
            return Ok(());
        }
        if self.now < it.frozen_until && !matches!(turn, Turn::Crash(_) | Turn::Close(_)) {
            let at = it.frozen_until;
            self.schedule(at, Event::Turn(turn));
            return Ok(());
        }
        match turn {
            Turn::Pause(tab, place) => self.act_at(tab, place, Wish::Pause),
            Turn::Resume(tab, place) => self.act_at(tab, place, Wish::Resume),
            Turn::Abort(tab, place) => {
                self.aborted.insert((tab, place));
                self.act_at(tab, place, Wish::Abort)
            }
            Turn::Freeze(_, span) => {
                it.frozen_until = self.now + span;
                Ok(())
            }
            Turn::Crash(_) | Turn::Close(_) => {
                let life = it.life + 1;
                it.is_open = false;
                self.count("crashed");
                self.channels.close_tab(tab);
                let outcomes = self.locks.release_tab(tab);
                self.tell_locks(outcomes);
                if matches!(turn, Turn::Crash(_)) { self.open(tab, life) } else { Ok(()) }
            }
        }
    }

    fn act_at(&mut self, tab: usize, place: usize, wish: Wish) -> Result<(), String> {
        let found = self.tabs[tab].members.iter().find(|(_, member)| member.place == place);
        match found.map(|(id, _)| *id) {
            Some(id) => self.page(tab, id, wish),
            None => {
                // A handle that is settled before it is admitted never enters.
                if matches!(wish, Wish::Abort) {
                    self.count("aborted");
                }
                Ok(())
            }
        }
    }

    /// Tells a transfer what the page wants.
    fn page(&mut self, tab: usize, id: TransferId, wish: Wish) -> Result<(), String> {
        let Some(member) = self.tabs[tab].members.get_mut(&id) else { return Ok(()) };
        match wish {
            Wish::Pause => (member.paused, member.slots) = (true, 0),
            Wish::Resume => member.paused = false,
            Wish::Abort | Wish::Wake => {}
        }
        let is_upload = matches!(member.kind, Kind::Upload(_));
        if is_upload {
            let input = match wish {
                Wish::Pause => ScheduledInput::Pause,
                Wish::Resume => ScheduledInput::Resume,
                Wish::Abort => ScheduledInput::Abort,
                Wish::Wake => Scheduled::<Upload>::wake(),
            };
            self.upload(tab, id, input)
        } else {
            let input = match wish {
                Wish::Pause => ScheduledInput::Pause,
                Wish::Resume => ScheduledInput::Resume,
                Wish::Abort => ScheduledInput::Abort,
                Wish::Wake => Scheduled::<download::Download>::wake(),
            };
            self.download(tab, id, input)
        }
    }

    /// Tells the scheduler of a tab something, and does what it asks for.
    fn scheduler(&mut self, tab: usize, input: Input) -> Result<(), String> {
        let now = Instant(self.now);
        self.tabs[tab].inputs.push_back(input);
        // As the page does it: told from within what it leads to, it is queued.
        if std::mem::replace(&mut self.tabs[tab].busy, true) {
            return Ok(());
        }
        loop {
            let at = &mut self.tabs[tab];
            for input in std::mem::take(&mut at.inputs) {
                at.scheduler.handle(input, now);
            }
            let Some(effect) = at.scheduler.poll(now) else { break };
            self.scheduler_effect(tab, effect)?;
        }
        self.tabs[tab].busy = false;
        let members = self.tabs[tab].members.values();
        let waiting =
            members.filter(|member| member.done.is_none() && !member.begun && !member.paused).count();
        // Who goes on after a pause is not sent outside again.
        let resumed = self.scenario.turns.iter().filter(|(_, turn)| matches!(turn, Turn::Resume(..))).count();
        check!(waiting <= AHEAD + resumed, "{waiting} wait in the engine");
        self.check_slots(tab)
    }

    /// Checks that no more slots are granted than there are.
    fn check_slots(&self, tab: usize) -> Result<(), String> {
        let auto =
            || self.tabs[tab].members.values().filter(|member| !member.is_fixed() && member.done.is_none());
        let fixed = self.tabs[tab].members.values().any(Member::is_fixed);
        let granted: usize = auto().map(|member| member.slots).sum();
        check!(fixed || granted <= SLOTS, "{granted} slots are granted");
        let in_flight: usize = auto().map(Member::transferring).sum();
        check!(fixed || in_flight <= SLOTS, "{in_flight} requests are in flight");
        Ok(())
    }

    fn scheduler_effect(&mut self, tab: usize, effect: Effect) -> Result<(), String> {
        let life = self.tabs[tab].life;
        let beforehand = &self.scenario.tabs[tab];
        let who = |turn: TurnId| (tab, life, turn);
        match effect {
            Effect::Admit => {
                let Some(place) = self.tabs[tab].outside.pop_front() else {
                    return Err("admits whoever is not there".into());
                };
                if self.aborted.contains(&(tab, place)) {
                    // In a task of its own, as the page does.
                    self.after(3, Event::Scheduler(tab, life, Input::Withdraw));
                    return Ok(());
                }
                self.admit(tab, place)?;
            }
            Effect::Grant(id, grant) => {
                if matches!(grant, Grant::ServerLimit(Some(_))) {
                    self.count("limited");
                }
                if let Some(member) = self.tabs[tab].members.get_mut(&id) {
                    member.note(&grant);
                    match member.kind {
                        Kind::Upload(_) => self.upload(tab, id, ScheduledInput::Grant(grant))?,
                        Kind::Download(_) => self.download(tab, id, ScheduledInput::Grant(grant))?,
                    }
                }
            }
            Effect::OpenChannel(turn, key) => self.channels.open(who(turn), &key),
            Effect::Echo(turn, _) => self.channels.echo(who(turn)),
            Effect::Post(turn, message) => {
                let (listeners, echo) = self.channels.listeners(who(turn));
                for listener in listeners {
                    let arrives = beforehand.channels && self.scenario.tabs[listener.0].channels;
                    if arrives || listener.0 == tab {
                        self.after(20, Event::Message(listener, message.clone()));
                    }
                }
                if echo && beforehand.channels {
                    self.after(20, Event::Echo(who(turn)));
                }
            }
            Effect::RequestLock { turn, key, steal } => match beforehand.locks {
                scenario::Locks::Good => {
                    let outcomes = self.locks.request(&key, who(turn), steal);
                    self.tell_locks(outcomes);
                }
                scenario::Locks::None => {
                    self.count("without a lock");
                    let refused = LockEvent::Refused("no locks".to_owned());
                    self.after(20, Event::Lock(who(turn), refused));
                }
                scenario::Locks::Silent => self.count("without a lock"),
            },
            Effect::QueryLock(turn, key) => {
                let held = match beforehand.locks {
                    scenario::Locks::Good => Some(self.locks.is_held(&key)),
                    scenario::Locks::None | scenario::Locks::Silent => None,
                };
                self.after(50, Event::Lock(who(turn), LockEvent::Queried(held)));
            }
            Effect::Release { turn, .. } => {
                self.channels.close(who(turn));
                let outcomes = self.locks.release(who(turn));
                self.tell_locks(outcomes);
            }
        }
        Ok(())
    }

    fn tell_locks(&mut self, outcomes: Vec<Outcome>) {
        for outcome in outcomes {
            let (who, event) = match outcome {
                Outcome::Granted(who) => (who, LockEvent::Granted),
                Outcome::Lost(who) => {
                    self.displaced.insert(who);
                    (who, LockEvent::Lost)
                }
            };
            self.after(20, Event::Lock(who, event));
        }
    }

    fn admit(&mut self, tab: usize, place: usize) -> Result<(), String> {
        let seed = self.random.next();
        let kind = match self.scenario.tabs[tab].works[place] {
            Work::Upload { file, exclusive, fixed } => {
                Kind::Upload(Box::new(Uploading::new(file, exclusive, fixed, self.scenario.parallel, seed)))
            }
            Work::Download { pieces } => Kind::Download(Box::new(Downloading::new(pieces, seed))),
        };
        let id = self.tabs[tab].members.keys().next_back().map_or(1, |last| last + 1);
        let is_upload = matches!(kind, Kind::Upload(_));
        let member = Member { place, kind, paused: false, begun: false, slots: 0, limit: None, done: None };
        self.tabs[tab].members.insert(id, member);
        // What it asks for from the start is done with the first input, whatever that is.
        let life = self.tabs[tab].life;
        let first = if is_upload {
            Event::Upload(tab, life, id, Scheduled::<Upload>::wake())
        } else {
            Event::Download(tab, life, id, Scheduled::<download::Download>::wake())
        };
        self.schedule(self.now, first);
        Ok(())
    }

    fn upload(&mut self, tab: usize, id: TransferId, input: UploadInput) -> Result<(), String> {
        let now = Instant(self.now);
        let Some(Member { kind: Kind::Upload(upload), .. }) = self.tabs[tab].members.get_mut(&id) else {
            return Ok(());
        };
        upload.machine.handle(input, now);
        let effects: Vec<_> = std::iter::from_fn(|| upload.machine.poll()).collect();
        for effect in effects {
            match effect {
                ScheduledEffect::Restore => self.restore(tab, id),
                ScheduledEffect::Schedule(request) => self.scheduler(tab, Input::Request(id, request))?,
                ScheduledEffect::Transfer(effect) => self.upload_effect(tab, id, effect)?,
            }
        }
        self.check_member(tab, id)
    }

    /// Finds what an earlier life, or another tab, has left of a file.
    fn restore(&mut self, tab: usize, id: TransferId) {
        let life = self.tabs[tab].life;
        let Some(Member { kind, .. }) = self.tabs[tab].members.get(&id) else { return };
        let event = match kind {
            Kind::Upload(upload) => {
                let record = upload.exclusive.then(|| self.journal.get(&upload.key()).cloned()).flatten();
                let known = record
                    .map_or(Restored::Nothing, |(digests, naming)| Restored::Announced(digests, naming));
                Event::Upload(tab, life, id, ScheduledInput::Restored(known))
            }
            Kind::Download(_) => Event::Download(tab, life, id, ScheduledInput::Restored(None)),
        };
        self.after(50, event);
    }

    fn upload_effect(&mut self, tab: usize, id: TransferId, effect: upload::Effect) -> Result<(), String> {
        let life = self.tabs[tab].life;
        let to = |input| Event::Upload(tab, life, id, ScheduledInput::Transfer(input));
        let Some(Member { kind: Kind::Upload(upload), slots, done, place, .. }) =
            self.tabs[tab].members.get_mut(&id)
        else {
            return Ok(());
        };
        check!(done.is_none(), "after the end: {effect:?}");
        match effect {
            upload::Effect::Hash(..) => {
                upload.hashing = Some(false);
                let hashed = digests(&content(upload.file));
                self.after(500, to(upload::Input::Hashed(Ok(hashed))));
            }
            // What is held and let go on ends as any other.
            upload::Effect::HoldHash | upload::Effect::ResumeHash | upload::Effect::StopHash => {}
            upload::Effect::Send(request, what) => {
                // What the server has is asked at once: until it is known nothing else is sent.
                let asks = matches!(what, Request::Handshake(_));
                check!(
                    *slots > 0,
                    "tab {tab}, transfer {id} sends without any slot at {}: {what:?}",
                    self.now
                );
                check!(upload.fixed || asks || *slots > upload.open.len(), "sends without a slot: {what:?}");
                upload.open.insert(request, what.clone());
                self.after(100, Event::Arrive(tab, life, id, request, what));
            }
            upload::Effect::Cancel(request) => drop(upload.open.remove(&request)),
            upload::Effect::Check(index, _) => {
                let all = content(upload.file);
                let chunk = all.chunks(CHUNK).nth(index).unwrap_or_default();
                let digest = xuchuan::core::md5::Digest::of(chunk);
                self.after(50, to(upload::Input::Checked(index, Ok(digest))));
            }
            upload::Effect::Save(memory) => {
                if upload.exclusive
                    && let Some(announced) = memory.announced
                {
                    self.journal.insert(upload.key(), announced);
                }
            }
            upload::Effect::Forget => {
                if upload.exclusive {
                    self.journal.remove(&upload.key());
                }
            }
            upload::Effect::Settle(result) => {
                let place = *place;
                *done = Some(result.as_ref().map(drop).map_err(ToString::to_string));
                let file = upload.file;
                self.settled(tab, place)?;
                match result {
                    Ok(outcome) => {
                        let held = self.server.file(&outcome.file_id.to_hex());
                        check!(held == Some(content(file).as_slice()), "done with other bytes");
                        check!(outcome.url == server::url(&outcome.file_id.to_hex(), EXT), "{}", outcome.url);
                        self.count("done");
                    }
                    Err(error) => {
                        let aborted = self.aborted.contains(&(tab, place));
                        check!(aborted, "tab {tab}, transfer {id}: {error}");
                        self.count("aborted");
                    }
                }
            }
            other => check!(
                matches!(other, upload::Effect::Prepare(_) | upload::Effect::Learn(_)),
                "nothing asked for {other:?}"
            ),
        }
        Ok(())
    }

    /// Notes that a work has ended; no work ends twice in one life.
    fn settled(&mut self, tab: usize, place: usize) -> Result<(), String> {
        let life = self.tabs[tab].life;
        let before = self.finished.insert((tab, place), life);
        check!(before.is_none(), "tab {tab}, work {place} ended twice");
        Ok(())
    }

    /// A request reaches the server, or is lost, or refused since there are too many of the tab's.
    fn arrive(&mut self, tab: usize, life: u32, id: TransferId, request: upload::RequestId, what: &Request) {
        let answer = |result| Event::Answer(tab, life, id, request, result);
        if self.random.chance(self.scenario.lossy) {
            return self.after(100, answer(Err("failed to fetch".to_owned())));
        }
        if self.serving[tab] >= self.scenario.takes {
            self.count("refused");
            let after = self.random.of(&[None, Some(0), Some(2_000)]);
            return self.after(50, answer(Ok(server::page(429, after))));
        }
        self.serving[tab] += 1;
        let response = match what {
            Request::Handshake(handshake) => self.server.handshake(0, handshake),
            Request::Chunk { index, chunk_id, file_id, .. } => {
                let file = (0..scenario::FILES.len())
                    .find(|file| digests(&content(*file)).file.to_hex() == *file_id)
                    .unwrap_or(0);
                let bytes = content(file);
                self.server.chunk(0, file_id, chunk_id, bytes.chunks(CHUNK).nth(*index).unwrap_or_default())
            }
        };
        let at = self.now + self.random.pick(1..400);
        self.schedule(at, Event::Served(tab));
        self.schedule(at + 1, answer(Ok(response)));
    }

    fn answer(
        &mut self,
        tab: usize,
        id: TransferId,
        request: upload::RequestId,
        result: Result<upload::Response, String>,
    ) -> Result<(), String> {
        let Some(Member { kind: Kind::Upload(upload), .. }) = self.tabs[tab].members.get_mut(&id) else {
            return Ok(());
        };
        if upload.open.remove(&request).is_none() {
            return Ok(());
        }
        let input = match result {
            Ok(response) => upload::Input::Answered(request, response),
            Err(why) => upload::Input::Lost(request, why.into()),
        };
        self.upload(tab, id, ScheduledInput::Transfer(input))
    }

    fn download(&mut self, tab: usize, id: TransferId, input: DownloadInput) -> Result<(), String> {
        let now = Instant(self.now);
        let Some(Member { kind: Kind::Download(download), .. }) = self.tabs[tab].members.get_mut(&id) else {
            return Ok(());
        };
        download.machine.handle(input, now);
        let effects: Vec<_> = std::iter::from_fn(|| download.machine.poll()).collect();
        for effect in effects {
            match effect {
                ScheduledEffect::Restore => self.restore(tab, id),
                ScheduledEffect::Schedule(request) => self.scheduler(tab, Input::Request(id, request))?,
                ScheduledEffect::Transfer(effect) => self.download_effect(tab, id, effect)?,
            }
        }
        self.check_member(tab, id)
    }

    fn download_effect(
        &mut self,
        tab: usize,
        id: TransferId,
        effect: download::Effect,
    ) -> Result<(), String> {
        let life = self.tabs[tab].life;
        let to = |input| Event::Download(tab, life, id, ScheduledInput::Transfer(input));
        let Some(Member { kind: Kind::Download(download), slots, done, place, .. }) =
            self.tabs[tab].members.get_mut(&id)
        else {
            return Ok(());
        };
        check!(done.is_none(), "after the end: {effect:?}");
        match effect {
            download::Effect::Send { id: request, range, .. } => {
                let in_flight = download.machine.transfer().in_flight();
                check!(in_flight <= *slots, "{in_flight} in flight with {slots} slots");
                let body = Body { range, at: 0, limit: 0, end: 0 };
                download.open.insert(request, body);
                self.after(200, Event::Head(tab, life, id, request));
            }
            download::Effect::Receive { id: request, cursor, .. } => {
                let (at, limit) = (cursor.at, cursor.limit);
                let size = download.size;
                if let Some(body) = download.open.get_mut(&request) {
                    let last = body.range.and_then(|range| range.last).map_or(size, |last| last + 1);
                    *body = Body { at, limit: limit.unwrap_or(last), end: last.min(size), ..*body };
                    self.after(100, Event::Data(tab, life, id, request));
                }
            }
            download::Effect::Limit { id: request, end } => {
                if let Some(body) = download.open.get_mut(&request) {
                    check!(end >= body.at, "a limit before what was written");
                    body.limit = end;
                }
            }
            download::Effect::Cancel(request) => drop(download.open.remove(&request)),
            download::Effect::Prepare { .. } => self.after(20, to(download::Input::Prepared(Ok(())))),
            download::Effect::Finish { total, .. } => {
                check!(download.written == total, "{} of {total} bytes were written", download.written);
                self.after(20, to(download::Input::Finished(Ok(None))));
            }
            download::Effect::Settle(result) => {
                let place = *place;
                *done = Some(result.as_ref().map(drop).map_err(ToString::to_string));
                self.settled(tab, place)?;
                match result {
                    Ok(_) => self.count("downloaded"),
                    Err(error) => {
                        check!(self.aborted.contains(&(tab, place)), "tab {tab}, transfer {id}: {error}");
                        self.count("aborted");
                    }
                }
            }
            other => check!(
                matches!(
                    other,
                    download::Effect::Save(_) | download::Effect::Forget | download::Effect::Hash(_)
                ),
                "nothing asked for {other:?}"
            ),
        }
        Ok(())
    }

    fn head(&mut self, tab: usize, id: TransferId, request: download::RequestId) -> Result<(), String> {
        let lost = self.random.chance(self.scenario.lossy);
        let Some(Member { kind: Kind::Download(download), .. }) = self.tabs[tab].members.get_mut(&id) else {
            return Ok(());
        };
        if !download.open.contains_key(&request) {
            return Ok(());
        }
        let input = if lost {
            download.open.remove(&request);
            download::Input::Lost(request, "failed to fetch".into())
        } else {
            download::Input::Head(request, Box::new(download.head(request)))
        };
        self.download(tab, id, ScheduledInput::Transfer(input))
    }

    /// Some bytes of a body come.
    fn data(&mut self, tab: usize, id: TransferId, request: download::RequestId) -> Result<(), String> {
        let life = self.tabs[tab].life;
        let part = self.random.of(&[1 << 18, 1 << 20, 1 << 24]);
        let Some(Member { kind: Kind::Download(download), .. }) = self.tabs[tab].members.get_mut(&id) else {
            return Ok(());
        };
        let Some(body) = download.open.get_mut(&request) else { return Ok(()) };
        let len = part.min(body.limit.min(body.end) - body.at);
        if len == 0 {
            let ended = body.at == body.end;
            if ended {
                download.open.remove(&request);
            }
            let input = if ended { download::Input::End(request) } else { download::Input::Excess(request) };
            return self.download(tab, id, ScheduledInput::Transfer(input));
        }
        body.at += len;
        download.written += len;
        self.download(tab, id, ScheduledInput::Transfer(download::Input::Data(request, len)))?;
        self.after(100, Event::Data(tab, life, id, request));
        Ok(())
    }

    /// Checks what has to hold for a transfer whenever something has happened to it.
    fn check_member(&mut self, tab: usize, id: TransferId) -> Result<(), String> {
        let Some(member) = self.tabs[tab].members.get(&id) else { return Ok(()) };
        let progress = member.progress(self.now);
        if member.done.is_some() || member.paused {
            check!(member.open() == 0, "in flight though it is {:?}", progress.state);
        }
        if progress.waiting_for == Some(Wait::OtherTab) {
            self.count("waited for a tab");
        }
        let Some(Member { kind: Kind::Upload(upload), .. }) = self.tabs[tab].members.get(&id) else {
            return Ok(());
        };
        if upload.open.is_empty() || !upload.exclusive {
            return Ok(());
        }
        // By the browser's word one works at a file; one that stood still hears of its lock in any order.
        let key = upload.key();
        let mut at_it = 0;
        for (number, other) in self.tabs.iter().enumerate() {
            let by_lock = self.scenario.tabs[number].locks == scenario::Locks::Good;
            let displaced = self.displaced.iter().any(|(tab, life, _)| (*tab, *life) == (number, other.life));
            if !other.is_open || displaced || !by_lock {
                continue;
            }
            for (id, member) in &other.members {
                if let Kind::Upload(upload) = &member.kind {
                    let works = upload.exclusive && upload.key() == key && !upload.open.is_empty();
                    at_it += usize::from(works && other.scheduler.turn_of(*id) == Some(None));
                }
            }
        }
        let frozen_before = self.scenario.turns.iter().any(|(_, turn)| matches!(turn, Turn::Freeze(..)));
        check!(at_it <= 1 || frozen_before, "{at_it} work at {key}");
        Ok(())
    }

    /// Nothing is going to happen any more: looks what is left.
    fn judge(&mut self) -> Result<(), String> {
        for (number, tab) in self.tabs.iter().enumerate().filter(|(_, tab)| tab.is_open) {
            for (id, member) in tab.members.iter().filter(|(_, member)| member.done.is_none()) {
                check!(member.paused, "tab {number}, transfer {id} hangs: {}", self.left());
            }
            check!(tab.outside.is_empty(), "tab {number}: {} were never admitted", tab.outside.len());
        }
        check!(self.channels.is_idle(), "a channel is still open");
        check!(self.locks.is_idle(), "a lock is still held or wanted: {:?}", self.locks);
        Ok(())
    }
}

/// What a page wants of a transfer.
#[derive(Debug, Clone, Copy)]
enum Wish {
    Pause,
    Resume,
    Abort,
    Wake,
}
