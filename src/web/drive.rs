//! The one loop that runs a machine, and the one place that calls the page back, with nothing borrowed.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use super::frame::Frame;
use super::listener::Listener;
use super::mailbox::Mailbox;
use super::{clock, sys, timer};
use crate::core::clock::Instant;
use crate::core::error::Error;
use crate::core::progress::{Progress, State};

/// A state machine of the core.
pub trait Machine: 'static {
    /// What it is told.
    type Input: 'static;
    /// What it asks for.
    type Effect;
    /// How it ends well.
    type Outcome;

    /// Takes an input.
    fn handle(&mut self, input: Self::Input, now: Instant);
    /// Returns the next effect.
    fn poll(&mut self) -> Option<Self::Effect>;
    /// Returns when it wants to be woken.
    fn poll_timeout(&self) -> Option<Instant>;
    /// Returns its state and counts.
    fn progress(&self, now: Instant) -> Progress;
    /// Makes the input that wakes it.
    fn wake() -> Self::Input;
    /// Makes the input that says whether there is a network.
    fn online(online: bool) -> Self::Input;
}

/// What carries a machine's effects out; the outcomes come back through the mailbox.
pub trait Hands<M: Machine> {
    /// Carries one effect out, or starts to; returns the end, if that is what the effect is.
    fn perform(&mut self, effect: M::Effect) -> Option<Result<M::Outcome, Error>>;
    /// Notes that the effects of one step have all been performed.
    fn performed(&mut self) {}
}

/// Who is told how it goes.
pub trait Audience<M: Machine>: 'static {
    /// The state has changed.
    fn state(&self, state: State);
    /// The counts have changed; called at most once a frame, and at each change of state.
    fn progress(&self, progress: Progress);
    /// It is over.
    fn settled(&self, result: Result<M::Outcome, Error>);
}

/// Runs `machine` to its end.
pub async fn drive<M: Machine>(
    machine: Rc<RefCell<M>>,
    mailbox: Mailbox<M::Input>,
    mut hands: impl Hands<M>,
    audience: Rc<impl Audience<M>>,
) {
    let _network = ["online", "offline"].map(|kind| {
        let mailbox = mailbox.clone();
        Listener::new(&js_sys::global(), kind, move |_| mailbox.push(M::online(kind == "online")))
    });
    if !sys::is_online() {
        mailbox.push(M::online(false));
    }
    let frame = Frame::new({
        let (machine, audience) = (machine.clone(), audience.clone());
        move || {
            let progress = machine.borrow().progress(clock::now());
            if !progress.state.is_final() {
                audience.progress(progress);
            }
        }
    });
    let mut last = None;
    loop {
        let now = clock::now();
        while let Some(input) = mailbox.take() {
            machine.borrow_mut().handle(input, now);
        }
        let mut settled = None;
        loop {
            let effect = machine.borrow_mut().poll();
            let Some(effect) = effect else { break };
            settled = hands.perform(effect).or(settled);
        }
        hands.performed();
        let progress = machine.borrow().progress(now);
        let state = progress.state;
        if last.replace(state) != Some(state) {
            audience.state(state);
            audience.progress(progress);
        } else {
            frame.ask();
        }
        if let Some(result) = settled {
            audience.settled(result);
            return;
        }
        let wake = machine.borrow().poll_timeout();
        let timed_out = match wake {
            Some(at) => !first(mailbox.filled(), timer::sleep(at.since(clock::now()))).await,
            None => {
                mailbox.filled().await;
                false
            }
        };
        if timed_out {
            mailbox.push(M::wake());
        }
    }
}

/// Waits for either; tells whether it was the first.
async fn first(a: impl Future<Output = ()>, b: impl Future<Output = ()>) -> bool {
    let (mut a, mut b) = (pin!(a), pin!(b));
    poll_fn(|context| {
        if a.as_mut().poll(context).is_ready() {
            Poll::Ready(true)
        } else if b.as_mut().poll(context).is_ready() {
            Poll::Ready(false)
        } else {
            Poll::Pending
        }
    })
    .await
}
