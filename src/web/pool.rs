//! The workers of an engine: who has which job, and who waits for one.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::{Array, Function, Uint8Array};
use wasm_bindgen::prelude::*;

use super::hasher::{End, Haste, Job};
use super::hashing::Unreadable;
use super::listener::Listener;
use super::object::{get, get_as, get_string, get_u64, number, object};
use super::signal::Signal;
use super::sys::{self, Port};
use super::task::{ask, spawn};
use super::timer;
use crate::core::clock::Millis;
use crate::core::flat_map::FlatMap;
use crate::core::md5::{Digests, Snapshot, WHOLE};
use std::collections::VecDeque;

/// The most workers: each has some tens of MiB of its own.
const MOST: u32 = 4;
/// The most files in one message, which end in one task of the page, and their bytes.
const BATCH: usize = 64;
const BATCH_BYTES: u64 = 16 << 20;
/// How long a worker beyond the first has nothing to do before it goes, with its memory, in ms.
const IDLE: Millis = 5_000;

thread_local! {
    static POOL: Pool = const { Pool::new() };
}

struct Pool {
    source: RefCell<Option<Function>>,
    /// Why this thread hashed something itself; nothing if it never had to.
    why_here: RefCell<Option<String>>,
    members: RefCell<Vec<Rc<Member>>>,
    /// Workers that were asked for and have not come.
    starting: Cell<u32>,
    waiting: RefCell<VecDeque<Rc<Job>>>,
    /// What this thread does itself.
    here: Tasks,
    waiting_here: RefCell<VecDeque<Rc<Job>>>,
    next_id: Cell<u64>,
    alarms: RefCell<FlatMap<u64, Weak<Signal>>>,
}

/// What somebody has to do: a job, or a batch of small ones.
type Tasks = RefCell<FlatMap<u64, Vec<Rc<Job>>>>;

/// Tells whether there is nothing to do, or only what is held.
fn is_free(tasks: &Tasks) -> bool {
    let waits = |job: &Rc<Job>| job.haste == Haste::Now || job.control().is_held();
    tasks.borrow().values().all(|jobs| matches!(jobs.as_slice(), [job] if waits(job)))
}

/// A worker and what it has to do.
struct Member {
    port: Port,
    listeners: RefCell<Vec<Listener>>,
    tasks: Tasks,
}

impl Member {
    /// Finds the task that is this job alone.
    fn task_of(&self, job: &Rc<Job>) -> Option<u64> {
        let tasks = self.tasks.borrow();
        let mut tasks = tasks.iter();
        tasks.find(|(_, jobs)| matches!(jobs.as_slice(), [only] if Rc::ptr_eq(only, job))).map(|(id, _)| *id)
    }

    fn tell(&self, t: &str, id: u64, rest: (&str, JsValue)) {
        // It fails only for what cannot be cloned.
        let _ = self.port.post_message(&object(&[("t", t.into()), ("id", number(id)), rest]));
    }
}

/// Says where workers come from: a function that returns a promise of a worker that is ready, which fails where none can
/// be had.
pub fn set_worker_source(source: Function) {
    POOL.with(|pool| *pool.source.borrow_mut() = Some(source));
}

/// Where files are hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Nothing was hashed yet.
    Idle,
    /// In workers.
    Workers,
    /// On this thread, and why.
    Here(String),
}

/// Returns where files are hashed.
pub fn condition() -> Condition {
    POOL.with(|pool| match pool.why_here.borrow().clone() {
        Some(why) => Condition::Here(why),
        None if pool.members.borrow().is_empty() => Condition::Idle,
        None => Condition::Workers,
    })
}

/// Raises `alarm` in `ms`, if there is a worker to do it.
pub fn wake_in(ms: Millis, alarm: &Rc<Signal>) {
    POOL.with(|pool| {
        let Some(member) = pool.members.borrow().first().cloned() else { return };
        let id = pool.number();
        let mut alarms = pool.alarms.borrow_mut();
        alarms.retain(|alarm| alarm.strong_count() > 0);
        alarms.insert(id, Rc::downgrade(alarm));
        member.tell("sleep", id, ("ms", number(ms)));
    });
}

/// Takes a job; it ends in its own time.
pub fn submit(job: &Rc<Job>) {
    POOL.with(|pool| {
        let member = pool.members.borrow().iter().min_by_key(|member| member.tasks.borrow().len()).cloned();
        match member {
            Some(member) if job.haste == Haste::Now => pool.hand(&member, vec![job.clone()]),
            _ => pool.waiting.borrow_mut().push_back(job.clone()),
        }
        pool.dispatch();
    });
}

/// Tells whoever has a job that it is held, or goes on.
pub fn hold(job: &Rc<Job>) {
    POOL.with(|pool| {
        let held = job.control().is_held();
        pool.tell_member(job, |member, id| member.tell("hold", id, ("held", held.into())));
        // A held job's worker may have another, and one that went on may have waited here.
        pool.dispatch();
    });
}

/// Takes a job back from whoever has it.
pub fn stop(job: &Rc<Job>) {
    POOL.with(|pool| {
        for line in [&pool.waiting, &pool.waiting_here] {
            line.borrow_mut().retain(|other| !Rc::ptr_eq(other, job));
        }
        pool.tell_member(job, |member, id| {
            member.tell("stop", id, ("held", JsValue::FALSE));
            member.tasks.borrow_mut().remove(&id);
        });
        pool.dispatch();
    });
}

impl Pool {
    const fn new() -> Pool {
        Pool {
            source: RefCell::new(None),
            why_here: RefCell::new(None),
            members: RefCell::new(Vec::new()),
            starting: Cell::new(0),
            waiting: RefCell::new(VecDeque::new()),
            here: RefCell::new(FlatMap::new()),
            waiting_here: RefCell::new(VecDeque::new()),
            next_id: Cell::new(0),
            alarms: RefCell::new(FlatMap::new()),
        }
    }

    fn number(&self) -> u64 {
        self.next_id.set(self.next_id.get() + 1);
        self.next_id.get()
    }

    fn tell_member(&self, job: &Rc<Job>, tell: impl FnOnce(&Member, u64)) {
        let members = self.members.borrow().clone();
        let mut found = members.iter().filter_map(|member| Some((member, member.task_of(job)?)));
        if let Some((member, id)) = found.next() {
            tell(member, id);
        }
    }

    /// Hands out what waits, and asks for another worker if more waits than there are.
    fn dispatch(&self) {
        self.dispatch_here();
        loop {
            let free = self.members.borrow().iter().find(|member| is_free(&member.tasks)).cloned();
            let Some(member) = free else { break };
            let jobs = next(&self.waiting, BATCH);
            if jobs.is_empty() {
                return;
            }
            self.hand(&member, jobs);
        }
        let waits = self.waiting.borrow().iter().any(|job| !job.control().is_held());
        let workers = self.members.borrow().len() as u32 + self.starting.get();
        if !waits || workers >= sys::processors().saturating_sub(1).clamp(1, MOST) {
            return;
        }
        let source = self.source.borrow().clone();
        match source {
            Some(source) => {
                self.starting.set(self.starting.get() + 1);
                spawn(start(source));
            }
            None => self.give_up(None),
        }
    }

    /// Begins the next job of this thread: one at a time, so that there is one file's memory and no slice is long.
    fn dispatch_here(&self) {
        if !is_free(&self.here) {
            return;
        }
        for job in next(&self.waiting_here, 1) {
            let id = self.number();
            self.here.borrow_mut().insert(id, vec![job.clone()]);
            spawn(async move {
                job.run_here().await;
                POOL.with(|pool| {
                    pool.here.borrow_mut().remove(&id);
                    pool.dispatch_here();
                });
            });
        }
    }

    /// Has this thread do some jobs, and says why.
    fn keep(&self, jobs: impl IntoIterator<Item = Rc<Job>>, why: &str) {
        self.why_here.borrow_mut().get_or_insert_with(|| why.to_owned());
        jobs.into_iter().for_each(|job| self.waiting_here.borrow_mut().push_back(job));
        self.dispatch_here();
    }

    /// Hands jobs to a worker: one, or a batch.
    fn hand(&self, member: &Rc<Member>, jobs: Vec<Rc<Job>>) {
        let id = self.number();
        let chunk = |job: &Rc<Job>| if job.chunk == WHOLE { JsValue::UNDEFINED } else { number(job.chunk) };
        let message = match jobs.as_slice() {
            [job] if job.haste != Haste::Batch => {
                let state = job.saved().map(|saved| Uint8Array::from(saved.to_bytes().as_slice()));
                let blob = job.blob.clone().into();
                let state = state.map_or(JsValue::UNDEFINED, JsValue::from);
                object(&[
                    ("t", "hash".into()),
                    ("id", number(id)),
                    ("blob", blob),
                    ("chunk", chunk(job)),
                    ("state", state),
                ])
            }
            jobs => {
                let (blobs, chunks) = (Array::new(), Array::new());
                for job in jobs {
                    blobs.push(&job.blob);
                    chunks.push(&chunk(job));
                }
                object(&[
                    ("t", "batch".into()),
                    ("id", number(id)),
                    ("blobs", blobs.into()),
                    ("chunks", chunks.into()),
                ])
            }
        };
        member.tasks.borrow_mut().insert(id, jobs);
        if member.port.post_message(&message).is_err() {
            let jobs = member.tasks.borrow_mut().remove(&id);
            self.keep(jobs.into_iter().flatten(), "a file could not be handed to a worker");
        }
    }

    /// Does all that waits on this thread, since there are no workers: `why`, unless that is known.
    fn give_up(&self, why: Option<String>) {
        if self.members.borrow().is_empty() && self.starting.get() == 0 {
            self.keep(self.waiting.take(), why.as_deref().unwrap_or("the page has no workers"));
        }
    }

    fn message(&self, member: &Rc<Member>, event: &JsValue) {
        let Some(message) = get(event, "data") else { return };
        let (Some(t), Some(id)) = (get_string(&message, "t"), get_u64(&message, "id")) else { return };
        if t == "slept" {
            let alarm = self.alarms.borrow_mut().remove(&id);
            if let Some(alarm) = alarm.and_then(|alarm| alarm.upgrade()) {
                alarm.raise();
            }
            return;
        }
        let first = member.tasks.borrow().get(&id).and_then(|jobs| jobs.first().cloned());
        let Some(job) = first else { return };
        match t.as_str() {
            "hashing" => job.hashed(get_u64(&message, "at").unwrap_or(0)),
            "repeats" => job.repeats(),
            "saved" => snapshot(&message).into_iter().for_each(|snapshot| job.save(snapshot)),
            "hashed" => self.ended(member, id, &[get(&message, "digests").unwrap_or_default()]),
            "unreadable" => self.ended(member, id, &[message]),
            "batched" => {
                let results: Option<Array> = get_as(&message, "results");
                self.ended(member, id, &results.map(|results| results.to_vec()).unwrap_or_default());
            }
            _ => {}
        }
    }

    /// Ends the jobs of a task, each with its result; one that has none begins again here.
    fn ended(&self, member: &Rc<Member>, id: u64, results: &[JsValue]) {
        let jobs = member.tasks.borrow_mut().remove(&id);
        let mut results = results.iter();
        for job in jobs.into_iter().flatten() {
            match results.next().and_then(end) {
                Some(end) => job.end(end),
                None => self.keep([job], "a worker gave no answer that could be read"),
            }
        }
        self.dispatch();
        self.dismiss_later(member);
    }

    /// Ends a worker that stays without work; the first one is kept.
    fn dismiss_later(&self, member: &Rc<Member>) {
        if !self.is_spare(member) {
            return;
        }
        let member = member.clone();
        spawn(async move {
            timer::sleep(IDLE).await;
            POOL.with(|pool| {
                if pool.is_spare(&member) {
                    pool.died(&member);
                }
            });
        });
    }

    /// Tells whether a worker has nothing to do and is not the first, which also raises alarms.
    fn is_spare(&self, member: &Rc<Member>) -> bool {
        let is_first = self.members.borrow().first().is_none_or(|first| Rc::ptr_eq(first, member));
        !is_first && member.tasks.borrow().is_empty()
    }

    /// Gives up a worker that died, or a spare one; its jobs begin again in another one, and those of two dead workers here.
    fn died(&self, member: &Rc<Member>) {
        member.port.terminate();
        self.members.borrow_mut().retain(|other| !Rc::ptr_eq(other, member));
        for (_, jobs) in member.tasks.take() {
            for job in jobs {
                if job.survives() {
                    self.waiting.borrow_mut().push_back(job);
                } else {
                    self.keep([job], "two workers died of a file, or with it");
                }
            }
        }
        // This runs inside one of the listeners; they are dropped when it has returned.
        let listeners = member.listeners.take();
        spawn(async move { drop(listeners) });
        self.dispatch();
    }
}

/// Takes what is next out of a line: a job that is not held, or some small ones, `most` of them at most.
fn next(line: &RefCell<VecDeque<Rc<Job>>>, most: usize) -> Vec<Rc<Job>> {
    let mut jobs: Vec<Rc<Job>> = Vec::new();
    let mut bytes = 0;
    line.borrow_mut().retain(|job| {
        let fits = jobs.first().is_none_or(|first| {
            let batch = first.haste == Haste::Batch && job.haste == Haste::Batch;
            batch && jobs.len() < most && bytes < BATCH_BYTES
        });
        if !fits || job.control().is_held() {
            return true;
        }
        bytes += job.blob.size() as u64;
        jobs.push(job.clone());
        false
    });
    jobs
}

async fn start(source: Function) {
    let worker = ask(&source).await;
    POOL.with(|pool| {
        pool.starting.set(pool.starting.get() - 1);
        let worker = match worker {
            Ok(worker) => worker,
            Err(why) => {
                // None will come of another try either.
                *pool.source.borrow_mut() = None;
                return pool.give_up(Some(why));
            }
        };
        let port = worker.clone().unchecked_into();
        let member = Rc::new(Member { port, listeners: RefCell::default(), tasks: RefCell::default() });
        let on = |kind, react: fn(&Pool, &Rc<Member>, &JsValue)| {
            let member = Rc::downgrade(&member);
            Listener::new(&worker, kind, move |event| {
                if let Some(member) = member.upgrade() {
                    POOL.with(|pool| react(pool, &member, &event));
                }
            })
        };
        let died: fn(&Pool, &Rc<Member>, &JsValue) = |pool, member, _| pool.died(member);
        *member.listeners.borrow_mut() =
            vec![on("message", Pool::message), on("error", died), on("messageerror", died)];
        pool.members.borrow_mut().push(member);
        pool.dispatch();
    });
}

fn snapshot(message: &JsValue) -> Option<Snapshot> {
    Snapshot::from_bytes(&get_as::<Uint8Array>(message, "state")?.to_vec())
}

/// Reads how a job ended: digests as bytes, or where the file could not be read and why.
fn end(result: &JsValue) -> Option<End> {
    match result.dyn_ref::<Uint8Array>() {
        Some(digests) => Digests::from_bytes(&digests.to_vec()).map(End::Hashed),
        None => {
            let why = get_string(result, "why")?;
            Some(End::Unreadable(Unreadable { at: get_u64(result, "at").unwrap_or(0), why }))
        }
    }
}
