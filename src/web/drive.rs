//! The one place that runs a machine: inputs go in as they happen, effects are carried out at once, and the page is
//! called back from one loop, with nothing borrowed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsValue;

use super::listener::Listener;
use super::task::{Signal, first};
use super::time::{self, Throttle};
use super::{object, page};
use crate::core::error::Error;
use crate::core::machine::Machine;
use crate::core::progress::{Progress, State};
use std::collections::VecDeque;

/// A machine that can be driven here.
pub trait Driven: Machine + 'static {
    /// How it ends well.
    type Outcome: 'static;
}

/// What carries a machine's effects out.
pub trait EffectHandler<M: Driven>: 'static {
    /// Carries one effect out, or starts to; returns the end, if that is what the effect is. What comes of it goes to
    /// [`Driver::tell`], now or later.
    fn carry_out(&mut self, effect: M::Effect) -> Option<Result<M::Outcome, Error>>;

    /// Notes that the effects of one input have all been carried out.
    fn carried_out(&mut self) {}
}

/// What shows the page how it goes.
pub trait PageObserver<M: Driven>: 'static {
    /// The state has changed.
    fn state(&self, state: State);
    /// The counts or the state have changed; called at most 20 times a second, and at the end.
    fn progress(&self, progress: Progress);
    /// It is over.
    fn settled(&self, result: Result<M::Outcome, Error>);
}

/// A machine, and what carries its effects out.
pub struct Driver<M: Driven> {
    machine: RefCell<M>,
    handler: RefCell<Option<Box<dyn EffectHandler<M>>>>,
    inputs: RefCell<VecDeque<M::Input>>,
    busy: Cell<bool>,
    settled: RefCell<Option<Result<M::Outcome, Error>>>,
    changed: Signal,
}

impl<M: Driven> Driver<M> {
    /// Runs `machine` to its end with the handler that `make_handler` makes; it may keep the driver to tell it things.
    pub fn start<H: EffectHandler<M>>(
        machine: M,
        make_handler: impl FnOnce(&Rc<Driver<M>>) -> H,
        observer: impl PageObserver<M>,
    ) -> Rc<Driver<M>> {
        let driver = Rc::new(Driver {
            machine: RefCell::new(machine),
            handler: RefCell::new(None),
            inputs: RefCell::default(),
            busy: Cell::new(false),
            settled: RefCell::new(None),
            changed: Signal::default(),
        });
        let handler = make_handler(&driver);
        *driver.handler.borrow_mut() = Some(Box::new(handler));
        crate::web::task::spawn(driver.clone().run(observer));
        driver
    }

    /// Looks at the machine.
    pub fn look<T>(&self, at: impl FnOnce(&M) -> T) -> T {
        at(&self.machine.borrow())
    }

    /// Takes an input, and carries out what it leads to before it returns; if it comes from within that, it is queued.
    pub fn tell(&self, input: M::Input) {
        self.inputs.borrow_mut().push_back(input);
        if self.busy.replace(true) {
            return;
        }
        loop {
            let input = self.inputs.borrow_mut().pop_front();
            let Some(input) = input else { break };
            self.machine.borrow_mut().handle(input, time::now());
            loop {
                let effect = self.machine.borrow_mut().poll();
                let Some(effect) = effect else { break };
                let mut handler = self.handler.borrow_mut();
                if let Some(end) = handler.as_mut().and_then(|handler| handler.carry_out(effect)) {
                    *self.settled.borrow_mut() = Some(end);
                }
            }
            if let Some(handler) = self.handler.borrow_mut().as_mut() {
                handler.carried_out();
            }
        }
        self.busy.set(false);
        self.changed.raise();
    }

    async fn run(self: Rc<Self>, observer: impl PageObserver<M>) {
        let observer = Rc::new(observer);
        let listen = |target: &JsValue, kind, input: fn() -> Option<M::Input>| {
            let driver = Rc::downgrade(&self);
            Listener::new(target, kind, move |_| {
                if let Some(input) = input()
                    && let Some(driver) = driver.upgrade()
                {
                    driver.tell(input);
                }
            })
        };
        let global = js_sys::global();
        let _network = (
            listen(&global, "online", || Some(M::online(true))),
            listen(&global, "offline", || Some(M::online(false))),
        );
        // A page that is left may never be seen again; which of the two comes last, and whether, differs by browser.
        let document = object::get(&global, "document");
        let _hidden = (
            listen(&global, "pagehide", M::hidden),
            document.map(|document| {
                listen(&document, "visibilitychange", || if page::is_visible() { None } else { M::hidden() })
            }),
        );
        if !page::is_online() {
            self.tell(M::online(false));
        }
        let throttle = Throttle::new({
            let (driver, observer) = (Rc::downgrade(&self), observer.clone());
            move || {
                let progress =
                    driver.upgrade().map(|driver| driver.look(|machine| machine.progress(time::now())));
                if let Some(progress) = progress.filter(|progress| !progress.state.is_final()) {
                    observer.progress(progress);
                }
            }
        });
        let mut last = None;
        loop {
            let progress = self.look(|machine| machine.progress(time::now()));
            let state = progress.state;
            if last.replace(state) != Some(state) {
                observer.state(state);
            }
            if state.is_final() {
                observer.progress(progress);
            } else {
                throttle.ask();
            }
            // The page may have ended it in the callback just now: that state comes first.
            let settled = if state.is_final() { self.settled.take() } else { None };
            if let Some(result) = settled {
                self.handler.take();
                observer.settled(result);
                return;
            }
            let wake = self.look(M::poll_timeout);
            match wake {
                Some(at) => {
                    if !first(self.changed.wait(), time::sleep(at.since(time::now()))).await {
                        self.tell(M::wake());
                    }
                }
                None => self.changed.wait().await,
            }
        }
    }
}
