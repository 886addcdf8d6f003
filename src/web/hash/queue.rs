//! Tasks that wait for a thread.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::task::{HashTask, Priority};

/// The most files in one message, which end in one task of the page, and their bytes.
pub const BATCH: usize = 64;
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

    /// Takes the next one that is not held; if it is a small one, other small ones with it, `most` at most.
    pub fn take(&self, most: usize) -> Vec<Rc<HashTask>> {
        let mut taken: Vec<Rc<HashTask>> = Vec::new();
        let mut bytes = 0;
        self.0.borrow_mut().retain(|task| {
            let fits = taken.first().is_none_or(|first| {
                let are_small = first.priority == Priority::Batch && task.priority == Priority::Batch;
                are_small && taken.len() < most && bytes < BATCH_BYTES
            });
            if !fits || task.is_held() {
                return true;
            }
            bytes += task.blob.size() as u64;
            taken.push(task.clone());
            false
        });
        taken
    }

    /// Takes all.
    pub fn take_all(&self) -> VecDeque<Rc<HashTask>> {
        self.0.take()
    }
}
