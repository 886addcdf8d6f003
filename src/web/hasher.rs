//! The page's side of hashing: a worker where one can be had, else the page's own thread.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::task::{Poll, Waker};

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::hashing::{self, Control, Hashing, Place, Unreadable};
use super::listener::Listener;
use super::object::{get, get_as, get_string, get_u64, number, object};
use super::signal::Signal;
use super::sys::WorkerPort;
use super::task::promised;
use crate::core::clock::Millis;
use crate::core::flat_map::FlatMap;
use crate::core::md5::{Digest, Digests, WHOLE};

thread_local! {
    static PORT: Port = Port::default();
}

/// The one worker of an engine, and who waits for it.
#[derive(Default)]
struct Port {
    source: RefCell<Option<Function>>,
    worker: RefCell<Worker>,
    waiting_for_worker: RefCell<Vec<Waker>>,
    next_id: Cell<u64>,
    jobs: RefCell<FlatMap<u64, Rc<Job>>>,
    alarms: RefCell<FlatMap<u64, Weak<Signal>>>,
}

#[derive(Default)]
enum Worker {
    #[default]
    Unasked,
    Starting,
    Ready {
        port: WorkerPort,
        _listeners: [Listener; 3],
    },
    None,
}

/// A job in the worker.
struct Job {
    report: Rc<dyn Fn(u64)>,
    end: RefCell<Option<End>>,
    waker: RefCell<Option<Waker>>,
}

enum End {
    Hashed(Digests),
    Unreadable(Unreadable),
    /// The worker is gone; the job has to begin again elsewhere.
    Orphaned,
}

impl Job {
    fn end(&self, end: End) {
        *self.end.borrow_mut() = Some(end);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// Says where workers come from: a function that returns a promise of a worker that is ready, or of null.
pub fn set_worker_source(source: Function) {
    PORT.with(|port| *port.source.borrow_mut() = Some(source));
}

/// Raises `alarm` in `ms`, if there is a worker to do it.
pub fn wake_in(ms: Millis, alarm: &Rc<Signal>) {
    PORT.with(|port| {
        let Some(worker) = port.ready() else { return };
        let id = port.number();
        let mut alarms = port.alarms.borrow_mut();
        alarms.retain(|alarm| alarm.strong_count() > 0);
        alarms.insert(id, Rc::downgrade(alarm));
        let message = object(&[("t", "sleep".into()), ("id", number(id)), ("ms", number(ms))]);
        let _ = worker.post_message(&message);
    });
}

/// Hashes `blob`, cut into chunks of `chunk` bytes; `report` gets the bytes done so far. Yields nothing if stopped.
pub fn hash(blob: Blob, chunk: u64, control: Rc<HashControl>, report: Rc<dyn Fn(u64)>) -> Hashing<'static> {
    Box::pin(async move {
        let most = Cell::new(0);
        // A job that begins again on the page's thread does not go back for who is told.
        let report: Rc<dyn Fn(u64)> = Rc::new(move |at| {
            if at >= most.get() {
                most.set(at);
                report(at);
            }
        });
        if let Some(worker) = worker().await
            && !control.local.is_stopped()
        {
            let id = PORT.with(Port::number);
            let chunk = if chunk == WHOLE { JsValue::UNDEFINED } else { number(chunk) };
            let blob = blob.clone().into();
            let message =
                object(&[("t", "hash".into()), ("id", number(id)), ("blob", blob), ("chunk", chunk)]);
            control.attach(id, worker.clone());
            match run(id, &worker, &message, report.clone(), &control).await {
                End::Hashed(digests) => return Some(Ok(digests)),
                End::Unreadable(unreadable) => return Some(Err(unreadable)),
                End::Orphaned => {}
            }
        }
        if control.local.is_stopped() {
            return None;
        }
        hashing::hash(&blob, chunk, Place::Page, &control.local, &*report).await
    })
}

/// Hashes all of `blob`.
pub async fn digest(blob: Blob) -> Result<Digest, Unreadable> {
    let digests = hash(blob, WHOLE, Rc::default(), Rc::new(|_| {})).await;
    // Nobody can stop it, so it always yields.
    let digests = digests.unwrap_or_else(|| Err(Unreadable { at: 0, why: "stopped".to_owned() }));
    digests.map(|digests| digests.file)
}

/// Holds, lets go on, or stops a job, wherever it runs.
#[derive(Default)]
pub struct HashControl {
    local: Control,
    remote: RefCell<Option<(u64, WorkerPort)>>,
}

impl HashControl {
    /// Holds the job where it is, or lets it go on.
    pub fn hold(&self, held: bool) {
        self.local.hold(held);
        self.send("hold");
    }

    /// Ends the job.
    pub fn stop(&self) {
        self.local.stop();
        self.send("stop");
        if let Some((id, _)) = self.remote.take() {
            let job = PORT.with(|port| port.jobs.borrow_mut().remove(&id));
            if let Some(job) = job {
                job.end(End::Orphaned);
            }
        }
    }

    fn attach(&self, id: u64, worker: WorkerPort) {
        *self.remote.borrow_mut() = Some((id, worker));
    }

    /// Repeats to a new job what was said before it began.
    fn repeat(&self) {
        if self.local.is_held() {
            self.send("hold");
        }
    }

    fn send(&self, t: &str) {
        if let Some((id, worker)) = self.remote.borrow().as_ref() {
            let held = self.local.is_held().into();
            let _ = worker.post_message(&object(&[("t", t.into()), ("id", number(*id)), ("held", held)]));
        }
    }
}

/// Runs one job in the worker.
async fn run(
    id: u64,
    worker: &WorkerPort,
    message: &JsValue,
    report: Rc<dyn Fn(u64)>,
    control: &HashControl,
) -> End {
    let job = Rc::new(Job { report, end: RefCell::new(None), waker: RefCell::new(None) });
    PORT.with(|port| port.jobs.borrow_mut().insert(id, job.clone()));
    if worker.post_message(message).is_err() {
        PORT.with(|port| port.jobs.borrow_mut().remove(&id));
        return End::Orphaned;
    }
    control.repeat();
    poll_fn(|context| match job.end.take() {
        Some(end) => Poll::Ready(end),
        None => {
            *job.waker.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        }
    })
    .await
}

/// Returns the worker, starting it if that was not tried yet; nothing if none can be had.
async fn worker() -> Option<WorkerPort> {
    let source = PORT.with(|port| {
        let unasked = matches!(*port.worker.borrow(), Worker::Unasked);
        if !unasked {
            return None;
        }
        let source = port.source.borrow().clone();
        *port.worker.borrow_mut() = if source.is_some() { Worker::Starting } else { Worker::None };
        source
    });
    if let Some(source) = source {
        let worker = start(&source).await;
        let waiting = PORT.with(|port| {
            *port.worker.borrow_mut() = worker;
            port.waiting_for_worker.take()
        });
        waiting.into_iter().for_each(Waker::wake);
    }
    poll_fn(|context| {
        PORT.with(|port| match &*port.worker.borrow() {
            Worker::Starting => {
                port.waiting_for_worker.borrow_mut().push(context.waker().clone());
                Poll::Pending
            }
            Worker::Ready { port, .. } => Poll::Ready(Some(port.clone())),
            Worker::Unasked | Worker::None => Poll::Ready(None),
        })
    })
    .await
}

async fn start(source: &Function) -> Worker {
    let Ok(promise) = source.call0(&JsValue::UNDEFINED) else { return Worker::None };
    let Ok(worker) = promised(Promise::resolve(&promise)).await else { return Worker::None };
    if worker.is_null() || worker.is_undefined() {
        return Worker::None;
    }
    let port: WorkerPort = worker.clone().unchecked_into();
    let listeners = [
        Listener::new(&worker, "message", |event| PORT.with(|port| port.message(&event))),
        Listener::new(&worker, "error", |_| PORT.with(Port::died)),
        Listener::new(&worker, "messageerror", |_| PORT.with(Port::died)),
    ];
    Worker::Ready { port, _listeners: listeners }
}

impl Port {
    fn ready(&self) -> Option<WorkerPort> {
        match &*self.worker.borrow() {
            Worker::Ready { port, .. } => Some(port.clone()),
            _ => None,
        }
    }

    fn number(&self) -> u64 {
        self.next_id.set(self.next_id.get() + 1);
        self.next_id.get()
    }

    fn message(&self, event: &JsValue) {
        let Some(message) = get(event, "data") else { return };
        let (Some(t), Some(id)) = (get_string(&message, "t"), get_u64(&message, "id")) else { return };
        if t == "slept" {
            let alarm = self.alarms.borrow_mut().remove(&id);
            if let Some(alarm) = alarm.and_then(|alarm| alarm.upgrade()) {
                alarm.raise();
            }
            return;
        }
        let job = self.jobs.borrow().get(&id).cloned();
        let Some(job) = job else { return };
        match t.as_str() {
            "hashing" => (job.report)(get_u64(&message, "at").unwrap_or(0)),
            "hashed" => {
                self.jobs.borrow_mut().remove(&id);
                job.end(match digests(&message) {
                    Some(digests) => End::Hashed(digests),
                    None => End::Orphaned,
                });
            }
            "unreadable" => {
                self.jobs.borrow_mut().remove(&id);
                let at = get_u64(&message, "at").unwrap_or(0);
                job.end(End::Unreadable(Unreadable {
                    at,
                    why: get_string(&message, "why").unwrap_or_default(),
                }));
            }
            _ => {}
        }
    }

    /// Gives the worker up: its jobs begin again on the page's thread.
    fn died(&self) {
        let worker = self.worker.replace(Worker::None);
        if let Worker::Ready { port, .. } = &worker {
            port.terminate();
        }
        for (_, job) in self.jobs.take() {
            job.end(End::Orphaned);
        }
        // This runs inside one of the listeners it owns; they are dropped when it has returned.
        crate::web::task::spawn(async move { drop(worker) });
    }
}

fn digests(message: &JsValue) -> Option<Digests> {
    let file = Digest::from_hex(&get_string(message, "file")?)?;
    let chunks: Array = get_as(message, "chunks")?;
    let chunks: Option<Vec<Digest>> = chunks.iter().map(|id| Digest::from_hex(&id.as_string()?)).collect();
    Some(Digests { file, chunks: chunks? })
}
