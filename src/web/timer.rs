//! Sleeping. A worker ticks too where there is one, since browsers hold back the timers of hidden pages.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use wasm_bindgen::prelude::*;

use super::{hasher, sys};
use crate::core::clock::Millis;

/// The longest time a browser's timer takes, in ms (a signed 32-bit number).
const LONGEST: f64 = 2_147_483_647.0;
/// Shorter sleeps are not worth a message to the worker, in ms.
const WORTH_A_MESSAGE: Millis = 250;

/// Sleeps for `ms`; dropping it takes the timer back.
pub fn sleep(ms: Millis) -> Sleep {
    let alarm = Rc::new(Alarm::default());
    let callback = Closure::new({
        let alarm = alarm.clone();
        move || alarm.ring()
    });
    let id = sys::set_timeout(callback.as_ref().unchecked_ref(), (ms as f64).min(LONGEST));
    if ms >= WORTH_A_MESSAGE && !sys::is_visible() {
        hasher::wake_in(ms, alarm.clone());
    }
    Sleep { alarm, id, _callback: callback }
}

/// Lets the browser do what waits: input, painting, other tasks.
pub async fn breathe() {
    sleep(0).await;
}

/// Something that rings once.
#[derive(Debug, Default)]
pub struct Alarm {
    rung: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Alarm {
    /// Rings.
    pub fn ring(&self) {
        self.rung.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// A sleep; see [`sleep`].
#[derive(Debug)]
pub struct Sleep {
    alarm: Rc<Alarm>,
    id: f64,
    _callback: Closure<dyn FnMut()>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.alarm.rung.get() {
            return Poll::Ready(());
        }
        *self.alarm.waker.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        sys::clear_timeout(self.id);
    }
}
