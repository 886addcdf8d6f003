//! Which worker has which task, and which tasks wait for one.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;

use super::here;
use super::messages::{self, read_end, read_state};
use super::run::Watcher;
use super::task::{BATCH, HashTask, Priority, Queue};
use crate::core::flat_map::FlatMap;
use crate::web::object::{get, get_as, get_u64};
use crate::web::workers::{self, Message, Worker, message};

thread_local! {
    static POOL: Pool = const {
        Pool {
            orders: RefCell::new(FlatMap::new()),
            waiting: Queue::new(),
            last_id: Cell::new(0),
        }
    };
}

struct Pool {
    /// What the workers have to do, by the id that messages give it.
    orders: RefCell<FlatMap<u64, Order>>,
    waiting: Queue,
    last_id: Cell<u64>,
}

/// What a worker was told to do at once: a task, or a batch of small ones.
struct Order {
    worker: Rc<Worker>,
    tasks: Vec<Rc<HashTask>>,
}

impl Order {
    fn is_of(&self, worker: &Rc<Worker>) -> bool {
        Rc::ptr_eq(&self.worker, worker)
    }

    fn is_only(&self, task: &Rc<HashTask>) -> bool {
        matches!(self.tasks.as_slice(), [only] if Rc::ptr_eq(only, task))
    }

    /// Tells whether its worker can be given another one.
    fn leaves_room(&self) -> bool {
        matches!(self.tasks.as_slice(), [task] if task.leaves_room())
    }
}

/// Where files are hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Nothing was hashed yet.
    Idle,
    /// In workers.
    Workers,
    /// On the page's own thread, and why.
    Page(String),
}

/// Returns where files are hashed.
pub fn condition() -> Condition {
    match here::why() {
        Some(why) => Condition::Page(why),
        None if workers::all().is_empty() => Condition::Idle,
        None => Condition::Workers,
    }
}

/// Says where workers come from: a function that returns a promise of a worker that is ready, which fails where none
/// can be had.
pub fn set_worker_source(source: Function) {
    workers::set_source(source, &PoolEvents);
}

/// Takes a task; it ends in its own time.
pub fn submit(task: &Rc<HashTask>) {
    POOL.with(|pool| {
        let worker = workers::all().into_iter().min_by_key(|worker| pool.load(worker));
        match worker {
            Some(worker) if task.priority == Priority::Now => pool.hand(worker, vec![task.clone()]),
            _ => pool.waiting.push(task.clone()),
        }
        pool.dispatch();
    });
}

/// Tells whoever has a task that it is held, or goes on.
pub fn hold(task: &Rc<HashTask>) {
    POOL.with(|pool| {
        if let Some((id, worker)) = pool.order_of(task) {
            pool.tell(&worker, &message(messages::HOLD, id, &[("held", task.is_held().into())]));
        }
        // A held task's worker may have another, and one that went on may have waited here.
        pool.dispatch();
    });
}

/// Takes a task back from whoever has it.
pub fn stop(task: &Rc<HashTask>) {
    here::withdraw(task);
    POOL.with(|pool| {
        pool.waiting.remove(task);
        if let Some((id, worker)) = pool.order_of(task) {
            pool.tell(&worker, &message(messages::STOP, id, &[]));
            pool.orders.borrow_mut().remove(&id);
        }
        pool.dispatch();
    });
}

impl Pool {
    /// Counts what a worker has to do.
    fn load(&self, worker: &Rc<Worker>) -> usize {
        self.orders.borrow().values().filter(|order| order.is_of(worker)).count()
    }

    /// Tells whether a worker has nothing to do, or only what leaves room for more.
    fn is_free(&self, worker: &Rc<Worker>) -> bool {
        self.orders.borrow().values().filter(|order| order.is_of(worker)).all(Order::leaves_room)
    }

    /// Finds the order that is this task alone, and who has it.
    fn order_of(&self, task: &Rc<HashTask>) -> Option<(u64, Rc<Worker>)> {
        let orders = self.orders.borrow();
        let (id, order) = orders.iter().find(|(_, order)| order.is_only(task))?;
        Some((*id, order.worker.clone()))
    }

    fn tell(&self, worker: &Worker, message: &JsValue) {
        // It fails only for what cannot be cloned.
        let _ = worker.send(message);
    }

    /// Hands out what waits, and asks for another worker if more waits than there are.
    fn dispatch(&self) {
        here::begin_next();
        for worker in workers::all() {
            while self.is_free(&worker) {
                let tasks = self.waiting.take(BATCH);
                if tasks.is_empty() {
                    return;
                }
                self.hand(worker.clone(), tasks);
            }
        }
        if !self.waiting.is_ready() {
            return;
        }
        workers::ask_for_one();
        if workers::are_none() {
            here::hash_here(self.waiting.take_all(), &workers::why_none().to_string());
        }
    }

    /// Hands tasks to a worker: one, or a batch.
    fn hand(&self, worker: Rc<Worker>, tasks: Vec<Rc<HashTask>>) {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        let order = messages::order(id, &tasks);
        if worker.send(&order).is_ok() {
            self.orders.borrow_mut().insert(id, Order { worker, tasks });
        } else {
            here::hash_here(tasks, "a file could not be handed to a worker");
        }
    }

    fn said(&self, worker: &Rc<Worker>, Message { kind, id, fields }: &Message) {
        let order = |order: &Order| order.is_of(worker).then(|| order.tasks.first().cloned())?;
        let first = self.orders.borrow().get(id).and_then(order);
        let Some(task) = first else { return };
        match kind.as_str() {
            messages::HASHING => task.hashed(get_u64(fields, "at").unwrap_or(0)),
            messages::REPEATS => task.repeats(),
            messages::SAVED => read_state(fields).into_iter().for_each(|snapshot| task.saved(snapshot)),
            messages::HASHED => self.ended(*id, &[get(fields, "digests").unwrap_or_default()]),
            messages::UNREADABLE => self.ended(*id, std::slice::from_ref(fields)),
            messages::BATCHED => {
                let results: Option<Array> = get_as(fields, "results");
                self.ended(*id, &results.map(|results| results.to_vec()).unwrap_or_default());
            }
            _ => {}
        }
    }

    /// Ends the tasks of an order, each with its result; one that has none begins again here.
    fn ended(&self, id: u64, results: &[JsValue]) {
        let order = self.orders.borrow_mut().remove(&id);
        let Some(Order { worker, tasks }) = order else { return };
        let mut results = results.iter();
        for task in tasks {
            match results.next().and_then(read_end) {
                Some(end) => task.end(end),
                None => here::hash_here([task], "a worker gave no answer that could be read"),
            }
        }
        self.dispatch();
        workers::dismiss_later(&worker, |worker| POOL.with(|pool| pool.load(worker) == 0));
    }

    /// Has the tasks of a worker that is gone begin again in another one, and those of two here.
    fn gone(&self, worker: &Rc<Worker>) {
        let mut lost = Vec::new();
        for (id, order) in self.orders.take() {
            if order.is_of(worker) {
                lost.extend(order.tasks);
            } else {
                self.orders.borrow_mut().insert(id, order);
            }
        }
        for task in lost {
            if task.survives() {
                self.waiting.push(task);
            } else {
                here::hash_here([task], "two workers died of a file, or with it");
            }
        }
        self.dispatch();
    }
}

/// The pool, as the workers know it.
struct PoolEvents;

impl workers::Events for PoolEvents {
    fn changed(&self) {
        POOL.with(Pool::dispatch);
    }

    fn said(&self, worker: &Rc<Worker>, message: &Message) {
        POOL.with(|pool| pool.said(worker, message));
    }

    fn gone(&self, worker: &Rc<Worker>) {
        POOL.with(|pool| pool.gone(worker));
    }
}
