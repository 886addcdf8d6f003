//! Tasks that the page's own thread does, where no worker can be had.

use std::cell::RefCell;
use std::rc::Rc;

use super::queue::Queue;
use super::run::{Thread, run};
use super::task::{HashEnd, HashTask};
use crate::web::task::spawn;

thread_local! {
    static WAITING: Queue = const { Queue::new() };
    static RUNNING: RefCell<Vec<Rc<HashTask>>> = const { RefCell::new(Vec::new()) };
    /// Why the first of them was; nothing if there never was one.
    static WHY: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Returns why this thread hashed something; nothing if it never had to.
pub fn why() -> Option<String> {
    WHY.with_borrow(Option::clone)
}

/// Takes some tasks, and notes `why` they are not a worker's.
pub fn hash_here(tasks: impl IntoIterator<Item = Rc<HashTask>>, why: &str) {
    WHY.with_borrow_mut(|known| {
        known.get_or_insert_with(|| why.to_owned());
    });
    WAITING.with(|waiting| tasks.into_iter().for_each(|task| waiting.push(task)));
    begin_next();
}

/// Takes a task back that has not begun.
pub fn withdraw(task: &Rc<HashTask>) {
    WAITING.with(|waiting| waiting.remove(task));
}

/// Begins the next task, if none runs: one at a time, so that there is one file's memory and no slice is long.
pub fn begin_next() {
    if !RUNNING.with_borrow(|running| running.iter().all(|task| task.leaves_room())) {
        return;
    }
    let Some(task) = WAITING.with(Queue::take_one) else { return };
    RUNNING.with_borrow_mut(|running| running.push(task.clone()));
    spawn(async move {
        let hashing = run(&task.blob, task.chunk, task.start(), Thread::Page, task.control(), &*task);
        task.end(match hashing.await {
            Some(Ok(digests)) => HashEnd::Hashed(digests),
            Some(Err(unreadable)) => HashEnd::Unreadable(unreadable),
            None => HashEnd::Stopped,
        });
        RUNNING.with_borrow_mut(|running| running.retain(|other| !Rc::ptr_eq(other, &task)));
        begin_next();
    });
}
