//! The one place that runs a machine: inputs go in as they happen, effects are carried out at once, and the page is
//! called back from one loop, with nothing borrowed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsValue;

use super::listener::Listener;
use super::signal::Signal;
use super::task::first;
use super::throttle::Throttle;
use super::{clock, object, page, timer};
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
pub trait Hands<M: Driven>: 'static {
    /// Carries one effect out, or starts to; returns the end, if that is what the effect is. What comes of it goes to
    /// [`Driver::tell`], now or later.
    fn perform(&mut self, effect: M::Effect) -> Option<Result<M::Outcome, Error>>;

    /// Notes that the effects of one input have all been performed.
    fn performed(&mut self) {}
}

/// Who is told how it goes.
pub trait Audience<M: Driven>: 'static {
    /// The state has changed.
    fn state(&self, state: State);
    /// The counts or the state have changed; called at most 20 times a second, and at the end.
    fn progress(&self, progress: Progress);
    /// It is over.
    fn settled(&self, result: Result<M::Outcome, Error>);
}

/// A machine and its hands.
pub struct Driver<M: Driven> {
    machine: RefCell<M>,
    hands: RefCell<Option<Box<dyn Hands<M>>>>,
    inputs: RefCell<VecDeque<M::Input>>,
    busy: Cell<bool>,
    settled: RefCell<Option<Result<M::Outcome, Error>>>,
    changed: Signal,
}

impl<M: Driven> Driver<M> {
    /// Runs `machine` to its end with the hands that `equip` makes; they may keep the driver to tell it things.
    pub fn start<H: Hands<M>>(
        machine: M,
        equip: impl FnOnce(&Rc<Driver<M>>) -> H,
        audience: impl Audience<M>,
    ) -> Rc<Driver<M>> {
        let driver = Rc::new(Driver {
            machine: RefCell::new(machine),
            hands: RefCell::new(None),
            inputs: RefCell::default(),
            busy: Cell::new(false),
            settled: RefCell::new(None),
            changed: Signal::default(),
        });
        let hands = equip(&driver);
        *driver.hands.borrow_mut() = Some(Box::new(hands));
        crate::web::task::spawn(driver.clone().run(audience));
        driver
    }

    /// Looks at the machine.
    pub fn look<T>(&self, at: impl FnOnce(&M) -> T) -> T {
        at(&self.machine.borrow())
    }

    /// Takes an input, and carries out what it leads to before it returns. Told from within that, it is queued.
    pub fn tell(&self, input: M::Input) {
        self.inputs.borrow_mut().push_back(input);
        if self.busy.replace(true) {
            return;
        }
        loop {
            let input = self.inputs.borrow_mut().pop_front();
            let Some(input) = input else { break };
            self.machine.borrow_mut().handle(input, clock::now());
            loop {
                let effect = self.machine.borrow_mut().poll();
                let Some(effect) = effect else { break };
                let mut hands = self.hands.borrow_mut();
                if let Some(end) = hands.as_mut().and_then(|hands| hands.perform(effect)) {
                    *self.settled.borrow_mut() = Some(end);
                }
            }
            if let Some(hands) = self.hands.borrow_mut().as_mut() {
                hands.performed();
            }
        }
        self.busy.set(false);
        self.changed.raise();
    }

    async fn run(self: Rc<Self>, audience: impl Audience<M>) {
        let audience = Rc::new(audience);
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
        let telling = Throttle::new({
            let (driver, audience) = (Rc::downgrade(&self), audience.clone());
            move || {
                let progress =
                    driver.upgrade().map(|driver| driver.look(|machine| machine.progress(clock::now())));
                if let Some(progress) = progress.filter(|progress| !progress.state.is_final()) {
                    audience.progress(progress);
                }
            }
        });
        let mut last = None;
        loop {
            let progress = self.look(|machine| machine.progress(clock::now()));
            let state = progress.state;
            if last.replace(state) != Some(state) {
                audience.state(state);
            }
            if state.is_final() {
                audience.progress(progress);
            } else {
                telling.ask();
            }
            // The page may have ended it in the callback just now: that state comes first.
            let settled = if state.is_final() { self.settled.take() } else { None };
            if let Some(result) = settled {
                self.hands.take();
                audience.settled(result);
                return;
            }
            let wake = self.look(M::poll_timeout);
            match wake {
                Some(at) => {
                    if !first(self.changed.wait(), timer::sleep(at.since(clock::now()))).await {
                        self.tell(M::wake());
                    }
                }
                None => self.changed.wait().await,
            }
        }
    }
}
