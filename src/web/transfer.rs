//! A transfer that is scheduled and driven: carries what it says to the page's scheduler, and what that grants back.

use std::rc::Rc;

use super::drive::{Driven, Driver, EffectHandler, PageObserver};
use super::scheduler::Member;
use super::task::Serial;
use crate::core::error::Error;
use crate::core::machine::Machine;
use crate::core::scheduler::{Entry, Scheduled, ScheduledEffect, ScheduledInput, Transfer};

/// A transfer that this module can run.
pub trait Runnable: Transfer<Input: 'static, Restored: 'static> + 'static {
    /// How it ends well.
    type Outcome: 'static;
}

impl<T: Runnable> Driven for Scheduled<T> {
    type Outcome = T::Outcome;
}

/// What carries out the effects of one transfer.
pub trait TransferEffects<T: Runnable>: 'static {
    /// Carries one effect out, or starts to; returns the end, if that is what the effect is. What comes of it goes to
    /// [`TransferDriver::tell`], now or later.
    fn carry_out(&mut self, effect: T::Effect) -> Option<Result<T::Outcome, Error>>;

    /// Finds what an earlier visit left; answered by [`TransferDriver::restored`].
    fn restore(&mut self);

    /// Notes that the effects of one input have all been carried out.
    fn carried_out(&mut self) {}
}

/// The driver of a transfer, as its effects know it.
pub struct TransferDriver<T: Runnable>(Rc<Driver<Scheduled<T>>>);

impl<T: Runnable> Clone for TransferDriver<T> {
    fn clone(&self) -> Self {
        TransferDriver(self.0.clone())
    }
}

impl<T: Runnable> TransferDriver<T> {
    /// Tells the transfer what has happened.
    pub fn tell(&self, input: T::Input) {
        self.0.tell(ScheduledInput::Transfer(input));
    }

    /// Tells it what an earlier visit left.
    pub fn restored(&self, restored: T::Restored) {
        self.0.tell(ScheduledInput::Restored(restored));
    }
}

/// Runs a transfer to its end; returns its driver. Its turn among tabs, if it needs one, ends when its `writes` are done.
pub fn run<T: Runnable, E: TransferEffects<T>>(
    transfer: T,
    entry: Entry,
    writes: Serial,
    effects: impl FnOnce(TransferDriver<T>) -> E,
    observer: impl PageObserver<Scheduled<T>>,
) -> Rc<Driver<Scheduled<T>>> {
    let driver = Driver::start(
        Scheduled::new(transfer, entry),
        |driver| {
            let weak = Rc::downgrade(driver);
            let member = Member::new(
                Rc::new(move |grant| {
                    if let Some(driver) = weak.upgrade() {
                        driver.tell(ScheduledInput::Grant(grant));
                    }
                }),
                writes,
            );
            Handler { effects: effects(TransferDriver(driver.clone())), member }
        },
        observer,
    );
    // It has things to say from the start.
    driver.tell(Scheduled::<T>::wake());
    driver
}

struct Handler<E> {
    effects: E,
    member: Member,
}

impl<T: Runnable, E: TransferEffects<T>> EffectHandler<Scheduled<T>> for Handler<E> {
    fn carry_out(&mut self, effect: ScheduledEffect<T::Effect>) -> Option<Result<T::Outcome, Error>> {
        match effect {
            ScheduledEffect::Restore => self.effects.restore(),
            ScheduledEffect::Schedule(request) => self.member.request(request),
            ScheduledEffect::Transfer(effect) => return self.effects.carry_out(effect),
        }
        None
    }

    fn carried_out(&mut self) {
        self.effects.carried_out();
    }
}
