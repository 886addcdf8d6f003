//! Runs futures one after the other, in the order they came.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use super::task::spawn;

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// A queue of futures; clones add to the same one.
#[derive(Clone, Default)]
pub struct Serial(Rc<Queue>);

#[derive(Default)]
struct Queue {
    waiting: RefCell<VecDeque<Task>>,
    running: Cell<bool>,
}

impl Serial {
    /// Runs `task` when all before it have ended.
    pub fn run(&self, task: impl Future<Output = ()> + 'static) {
        self.0.waiting.borrow_mut().push_back(Box::pin(task));
        if self.0.running.replace(true) {
            return;
        }
        let queue = self.0.clone();
        spawn(async move {
            loop {
                let task = queue.waiting.borrow_mut().pop_front();
                match task {
                    Some(task) => task.await,
                    None => break,
                }
            }
            queue.running.set(false);
        });
    }
}
