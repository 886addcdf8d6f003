//! A queue between the browser's callbacks and the one task that reads it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// A queue of `T` with one reader; clones write to the same queue.
#[derive(Debug)]
pub struct Mailbox<T>(Rc<RefCell<Inner<T>>>);

#[derive(Debug)]
struct Inner<T> {
    queue: VecDeque<T>,
    reader: Option<Waker>,
}

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Mailbox(self.0.clone())
    }
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Mailbox(Rc::new(RefCell::new(Inner { queue: VecDeque::new(), reader: None })))
    }
}

impl<T> Mailbox<T> {
    /// Puts a value at the end and wakes the reader.
    pub fn push(&self, value: T) {
        let reader = {
            let mut inner = self.0.borrow_mut();
            inner.queue.push_back(value);
            inner.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Takes the first value, if there is one.
    pub fn take(&self) -> Option<T> {
        self.0.borrow_mut().queue.pop_front()
    }

    /// Waits until there is a value; does not take it.
    pub async fn filled(&self) {
        poll_fn(|context| {
            let mut inner = self.0.borrow_mut();
            if inner.queue.is_empty() {
                inner.reader = Some(context.waker().clone());
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }
}
