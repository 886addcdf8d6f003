//! The scheduler of this page, and what it asks of the browser: locks, channels and alarms.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use wasm_bindgen::prelude::*;

use super::sys::{Admission, Turns};
use super::task::{Serial, spawn};
use super::{sys, tab_message, time};
use crate::core::clock::Instant;
use crate::core::flat_map::FlatMap;
use crate::core::scheduler::{Effect, Grant, Input, LockEvent, Request, Scheduler, TransferId, TurnId};

thread_local! {
    static PAGE: Page = Page::new();
}

/// Takes what the scheduler grants.
pub type OnGrant = dyn Fn(Grant);

struct Page {
    scheduler: RefCell<Scheduler>,
    /// The shell's part: locks and channels, and those who wait outside. Nothing in tests of the engine alone.
    shell: RefCell<Option<(Turns, Admission)>>,
    members: RefCell<FlatMap<TransferId, Registered>>,
    inputs: RefCell<VecDeque<Input>>,
    busy: Cell<bool>,
    last: Cell<TransferId>,
    /// When the alarm rings that was set last.
    alarm: Cell<Option<Instant>>,
}

struct Registered {
    on_grant: Weak<OnGrant>,
    /// What it has to write down before the next tab has its turn.
    writes: Serial,
}

/// A transfer that the scheduler knows; dropping it takes it out.
pub struct Member {
    id: TransferId,
    _on_grant: Rc<OnGrant>,
}

impl Member {
    /// Makes the scheduler know a transfer, whose grants go to `on_grant`, and which has its `writes` done before its turn ends.
    pub fn new(on_grant: Rc<OnGrant>, writes: Serial) -> Member {
        PAGE.with(|page| {
            let id = page.last.get() + 1;
            page.last.set(id);
            let registered = Registered { on_grant: Rc::downgrade(&on_grant), writes };
            page.members.borrow_mut().insert(id, registered);
            Member { id, _on_grant: on_grant }
        })
    }

    /// Hands on what the transfer says.
    pub fn request(&self, request: Request) {
        PAGE.with(|page| page.handle(Input::Request(self.id, request)));
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        PAGE.with(|page| {
            page.handle(Input::Request(self.id, Request::Leave));
            page.members.borrow_mut().remove(&self.id);
        });
    }
}

/// Says who holds locks and channels, and who keeps those that wait outside.
pub fn set_shell(turns: Turns, admission: Admission) {
    PAGE.with(|page| *page.shell.borrow_mut() = Some((turns, admission)));
}

/// Notes that so many more transfers wait outside.
pub fn knock(transfers: usize) {
    PAGE.with(|page| page.handle(Input::Knock(transfers)));
}

/// Notes that one that was admitted will not enter.
pub fn withdraw() {
    PAGE.with(|page| page.handle(Input::Withdraw));
}

/// Takes what came of a turn's lock or channel: `granted`, `refused` (why), `lost`, `queried` (whether it is held, if that is
/// known), `message` (of another tab) or `echo`.
pub fn turn_event(turn: TurnId, kind: &str, value: &JsValue) {
    let input = match kind {
        "granted" => Input::Lock(turn, LockEvent::Granted),
        "refused" => Input::Lock(turn, LockEvent::Refused(value.as_string().unwrap_or_default())),
        "lost" => Input::Lock(turn, LockEvent::Lost),
        "queried" => Input::Lock(turn, LockEvent::Queried(value.as_bool())),
        "message" => match tab_message::read(value, time::now()) {
            Some(message) => Input::Message(turn, message),
            // A tab with another version of this package.
            None => return,
        },
        "echo" => Input::Echo(turn),
        _ => return,
    };
    PAGE.with(|page| page.handle(input));
}

impl Page {
    fn new() -> Page {
        Page {
            scheduler: RefCell::new(Scheduler::new(sys::random())),
            shell: RefCell::default(),
            members: RefCell::default(),
            inputs: RefCell::default(),
            busy: Cell::new(false),
            last: Cell::new(0),
            alarm: Cell::new(None),
        }
    }

    /// Takes an input, and carries out what it leads to before it returns. If it comes from within that, it is queued.
    fn handle(&self, input: Input) {
        self.inputs.borrow_mut().push_back(input);
        if self.busy.replace(true) {
            return;
        }
        while let Some(effect) = self.next() {
            self.carry_out(effect);
        }
        self.busy.set(false);
        self.set_alarm();
    }

    /// Hands all inputs to the scheduler; returns the next effect.
    fn next(&self) -> Option<Effect> {
        let mut scheduler = self.scheduler.borrow_mut();
        for input in self.inputs.take() {
            scheduler.handle(input, time::now());
        }
        scheduler.poll(time::now())
    }

    fn carry_out(&self, effect: Effect) {
        if let Effect::Grant(id, grant) = effect {
            let on_grant = self.members.borrow().get(&id).and_then(|member| member.on_grant.upgrade());
            if let Some(on_grant) = on_grant {
                on_grant(grant);
            }
            return;
        }
        let shell = self.shell.borrow().clone();
        let Some((turns, admission)) = shell else { return self.without_shell(effect) };
        match effect {
            Effect::Grant(..) => {}
            Effect::Admit => admission.admit(),
            Effect::OpenChannel(turn, key) => turns.open_channel(turn as f64, &key),
            Effect::Echo(turn, key) => turns.echo(turn as f64, &key),
            Effect::Post(turn, message) => {
                turns.post(turn as f64, &tab_message::write(&message, time::now()));
            }
            Effect::RequestLock { turn, key, steal } => turns.request_lock(turn as f64, &key, steal),
            Effect::QueryLock(turn, key) => turns.query_lock(turn as f64, &key),
            Effect::Release { transfer, turn } => {
                let writes = self.members.borrow().get(&transfer).map(|member| member.writes.clone());
                writes.unwrap_or_default().run(async move { turns.release(turn as f64) });
            }
        }
    }

    /// Without a shell there are no locks: the turn is had at once.
    fn without_shell(&self, effect: Effect) {
        if let Effect::RequestLock { turn, .. } = effect {
            let refused = LockEvent::Refused("the engine has no shell".to_owned());
            self.inputs.borrow_mut().push_back(Input::Lock(turn, refused));
        }
    }

    /// Has the scheduler woken when it wants to be.
    fn set_alarm(&self) {
        let wanted = self.scheduler.borrow().poll_timeout(time::now());
        let Some(at) = wanted.filter(|at| self.alarm.get().is_none_or(|alarm| *at < alarm)) else { return };
        self.alarm.set(Some(at));
        spawn(async move {
            time::sleep(at.since(time::now())).await;
            PAGE.with(|page| {
                // An earlier one may have been set since.
                if page.alarm.get() == Some(at) {
                    page.alarm.set(None);
                }
                page.handle(Input::Wake);
            });
        });
    }
}
