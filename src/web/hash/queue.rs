//! Tasks that wait for a thread.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::task::{HashTask, Priority};

/// The most files in one message, which end in one task of the page, and their bytes.
const BATCH: usize = 64;
const BATCH_BYTES: u64 = 16 << 20;

/// Tasks in the order they came. Those that are held keep their place.
#[derive(Default)]
pub struct Queue(RefCell<VecDeque<Rc<HashTask>>>);

impl Queue {
    /// Makes an empty one.
    pub const fn new() -> Queue {
        Queue(RefCell::new(VecDeque::new()))
    }

    /// Adds a task.
    pub fn push(&self, task: Rc<HashTask>) {
        self.0.borrow_mut().push_back(task);
    }

    /// Takes a task out, if it is there.
    pub fn remove(&self, task: &Rc<HashTask>) {
        self.0.borrow_mut().retain(|other| !Rc::ptr_eq(other, task));
    }

    /// Tells whether there is one that is not held.
    pub fn is_ready(&self) -> bool {
        self.0.borrow().iter().any(|task| !task.is_held())
    }

    /// Takes the next one that is not held.
    pub fn take_one(&self) -> Option<Rc<HashTask>> {
        let mut tasks = self.0.borrow_mut();
        let at = tasks.iter().position(|task| !task.is_held())?;
        tasks.remove(at)
    }

    /// Takes the next one that is not held; if it is a small one, some other small ones with it.
    pub fn take_batch(&self) -> Vec<Rc<HashTask>> {
        let mut batch: Vec<Rc<HashTask>> = self.take_one().into_iter().collect();
        if batch.first().is_none_or(|first| first.priority != Priority::Batch) {
            return batch;
        }
        let size = |task: &HashTask| task.blob.size() as u64;
        let mut bytes: u64 = batch.iter().map(|task| size(task)).sum();
        self.0.borrow_mut().retain(|task| {
            let fits = task.priority == Priority::Batch && batch.len() < BATCH && bytes < BATCH_BYTES;
            if !fits || task.is_held() {
                return true;
            }
            bytes += size(task);
            batch.push(task.clone());
            false
        });
        batch
    }

    /// Takes all.
    pub fn take_all(&self) -> VecDeque<Rc<HashTask>> {
        self.0.take()
    }
}
