//! Runs futures one after the other, in the order they came.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use crate::web::task::spawn;
use std::collections::VecDeque;

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// A line of futures; clones add to the same line.
#[derive(Clone, Default)]
pub struct Serial(Rc<Line>);

#[derive(Default)]
struct Line {
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
        let line = self.0.clone();
        spawn(async move {
            loop {
                let task = line.waiting.borrow_mut().pop_front();
                match task {
                    Some(task) => task.await,
                    None => break,
                }
            }
            line.running.set(false);
        });
    }
}
