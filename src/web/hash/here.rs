//! Tasks that the page's own thread does, where no worker can be had.

use std::cell::RefCell;
use std::rc::Rc;

use super::run::{Thread, run};
use super::task::{HashEnd, HashTask, Queue};
use crate::web::task::spawn;

struct Here {
    waiting: Queue,
    running: RefCell<Vec<Rc<HashTask>>>,
    /// Why the first task was done here; nothing if there never was one.
    why: RefCell<Option<String>>,
}

thread_local! {
    static HERE: Here = const {
        Here { waiting: Queue::new(), running: RefCell::new(Vec::new()), why: RefCell::new(None) }
    };
}

/// Returns why this thread hashed something; nothing if it never had to.
pub fn why() -> Option<String> {
    HERE.with(|here| here.why.borrow().clone())
}

/// Takes some tasks, and notes `why` they are not a worker's.
pub fn hash_here(tasks: impl IntoIterator<Item = Rc<HashTask>>, why: &str) {
    HERE.with(|here| {
        here.why.borrow_mut().get_or_insert_with(|| why.to_owned());
        tasks.into_iter().for_each(|task| here.waiting.push(task));
    });
    begin_next();
}

/// Takes a task back that has not begun.
pub fn withdraw(task: &Rc<HashTask>) {
    HERE.with(|here| here.waiting.remove(task));
}

/// Begins the next task, if none runs: one at a time, so that there is one file's memory and no slice is long.
pub fn begin_next() {
    HERE.with(|here| {
        if !here.running.borrow().iter().all(|task| task.leaves_room()) {
            return;
        }
        for task in here.waiting.take(1) {
            here.running.borrow_mut().push(task.clone());
            spawn(hash(task));
        }
    });
}

async fn hash(task: Rc<HashTask>) {
    let hashing = run(&task.blob, task.chunk, task.start(), Thread::Page, task.control(), &*task);
    task.end(match hashing.await {
        Some(Ok(digests)) => HashEnd::Hashed(digests),
        Some(Err(unreadable)) => HashEnd::Unreadable(unreadable),
        None => HashEnd::Stopped,
    });
    HERE.with(|here| here.running.borrow_mut().retain(|other| !Rc::ptr_eq(other, &task)));
    begin_next();
}
