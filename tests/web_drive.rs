//! The driver, with a tiny machine.
#![cfg(target_arch = "wasm32")]
// A panic here is a failing test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod web;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use wasm_bindgen_test::*;
use xuchuan::core::clock::Instant;
use xuchuan::core::error::{Error, Kind};
use xuchuan::core::machine::Machine;
use xuchuan::core::progress::{Progress, State};
use xuchuan::web::drive::{Driven, Driver, EffectHandler, PageObserver};

use web::*;

wasm_bindgen_test_configure!(run_in_browser);

#[derive(Debug, Clone, PartialEq)]
enum Input {
    /// Ask for an effect of this number.
    Do(u32),
    /// Be in a state.
    Enter(State),
    /// Ask to be woken after this many ms.
    WakeIn(u64),
    End(Result<u32, &'static str>),
    Online(bool),
    Wake,
}

enum Effect {
    Done(u32),
    Settle(Result<u32, Error>),
}

struct Toy {
    state: State,
    effects: VecDeque<Effect>,
    wake: Option<Instant>,
    inputs: Vec<Input>,
}

impl Driven for Toy {
    type Outcome = u32;
}

impl Machine for Toy {
    type Input = Input;
    type Effect = Effect;

    fn handle(&mut self, input: Input, now: Instant) {
        self.inputs.push(input.clone());
        match input {
            Input::Do(number) => self.effects.push_back(Effect::Done(number)),
            Input::Enter(state) => self.state = state,
            Input::WakeIn(ms) => self.wake = Some(Instant(now.0 + ms)),
            Input::End(result) => {
                self.state = if result.is_ok() { State::Done } else { State::Aborted };
                let result = result.map_err(|why| Error::new(Kind::Aborted, "playing", why));
                self.effects.push_back(Effect::Settle(result));
            }
            Input::Online(_) => {}
            Input::Wake => self.wake = None,
        }
    }

    fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.wake
    }

    fn progress(&self, _: Instant) -> Progress {
        Progress {
            state: self.state,
            total: None,
            hashed: 0,
            sent: 0,
            confirmed: self.inputs.len() as u64,
            reused: 0,
            speed: 0.0,
            eta: None,
            waiting_for: None,
            trouble: None,
        }
    }

    fn wake() -> Input {
        Input::Wake
    }

    fn online(online: bool) -> Input {
        Input::Online(online)
    }
}

type Log = Rc<RefCell<Vec<String>>>;

fn note(log: &Log, line: impl Into<String>) {
    log.borrow_mut().push(line.into());
}

/// Tells the driver to do 1 while it does 0, and notes when it is dropped.
struct ToyHandler {
    driver: Rc<Driver<Toy>>,
    log: Log,
}

impl EffectHandler<Toy> for ToyHandler {
    fn carry_out(&mut self, effect: Effect) -> Option<Result<u32, Error>> {
        match effect {
            Effect::Done(number) => {
                note(&self.log, format!("begin {number}"));
                if number == 0 {
                    self.driver.tell(Input::Do(1));
                }
                note(&self.log, format!("end {number}"));
                None
            }
            Effect::Settle(result) => Some(result),
        }
    }

    fn carried_out(&mut self) {
        note(&self.log, "performed");
    }
}

impl Drop for ToyHandler {
    fn drop(&mut self) {
        note(&self.log, "handler dropped");
    }
}

/// Looks at the driver and tells it something in every callback.
struct ToyObserver {
    driver: Rc<RefCell<Weak<Driver<Toy>>>>,
    log: Log,
    on_state: RefCell<Option<(State, Input)>>,
}

impl PageObserver<Toy> for ToyObserver {
    fn state(&self, state: State) {
        note(&self.log, format!("state {}", state.name()));
        let driver = self.driver.borrow().upgrade().expect("it is driven");
        // Nothing is borrowed.
        driver.look(|toy| toy.inputs.len());
        let due = self.on_state.borrow().as_ref().is_some_and(|(when, _)| *when == state);
        if let Some((_, input)) = self.on_state.take_if(|_| due) {
            driver.tell(input);
        }
    }

    fn progress(&self, progress: Progress) {
        note(&self.log, format!("progress {}", progress.confirmed));
        self.driver.borrow().upgrade().expect("it is driven").look(|toy| toy.inputs.len());
    }

    fn settled(&self, result: Result<u32, Error>) {
        note(&self.log, format!("settled {result:?}", result = result.map_err(|error| error.kind)));
        // A page may start anything here, and tell what has ended.
        self.driver.borrow().upgrade().expect("it is driven").tell(Input::Do(9));
    }
}

trait TakeIf<T> {
    fn take_if(&self, due: impl Fn(&T) -> bool) -> Option<T>;
}

impl<T> TakeIf<T> for RefCell<Option<T>> {
    fn take_if(&self, due: impl Fn(&T) -> bool) -> Option<T> {
        let is_due = self.borrow().as_ref().is_some_and(due);
        if is_due { self.take() } else { None }
    }
}

fn start(on_state: Option<(State, Input)>) -> (Rc<Driver<Toy>>, Log) {
    let log = Log::default();
    let toy = Toy { state: State::Queued, effects: VecDeque::new(), wake: None, inputs: Vec::new() };
    let place = Rc::new(RefCell::new(Weak::new()));
    let observer = ToyObserver { driver: place.clone(), log: log.clone(), on_state: RefCell::new(on_state) };
    let handler_log = log.clone();
    let driver =
        Driver::start(toy, |driver| ToyHandler { driver: driver.clone(), log: handler_log }, observer);
    *place.borrow_mut() = Rc::downgrade(&driver);
    (driver, log)
}

fn has(log: &Log, line: &str) -> bool {
    log.borrow().iter().any(|entry| entry == line)
}

#[wasm_bindgen_test]
async fn what_is_told_from_within_is_queued() {
    guarded(async {
        let (driver, log) = start(None);
        driver.tell(Input::Do(0));
        assert_eq!(*log.borrow(), ["begin 0", "end 0", "performed", "begin 1", "end 1", "performed"]);
        driver.tell(Input::End(Ok(1)));
        until("it settles", || has(&log, "handler dropped")).await;
    })
    .await;
}

#[wasm_bindgen_test]
async fn the_end_drops_the_hands_and_then_the_driver() {
    guarded(async {
        let (driver, log) = start(None);
        let weak = Rc::downgrade(&driver);
        driver.tell(Input::End(Ok(7)));
        until("it settles", || log.borrow().iter().any(|line| line.starts_with("settled"))).await;
        let lines = log.borrow().clone();
        assert_eq!(lines[1..], ["state done", "progress 1", "handler dropped", "settled Ok(7)"]);
        sleep(20).await;
        assert_eq!(Rc::strong_count(&driver), 1, "only this test has it");
        drop(driver);
        assert!(weak.upgrade().is_none());
    })
    .await;
}

#[wasm_bindgen_test]
async fn what_is_told_in_a_callback_shows_in_the_next() {
    guarded(async {
        let (driver, log) = start(Some((State::Transferring, Input::Enter(State::Paused))));
        sleep(10).await;
        driver.tell(Input::Enter(State::Transferring));
        until("it is paused", || has(&log, "state paused")).await;
        driver.tell(Input::End(Err("no")));
        until("it settles", || has(&log, "settled Err(Aborted)")).await;
    })
    .await;
}

#[wasm_bindgen_test]
async fn an_end_out_of_a_callback_is_told_as_a_state_first() {
    guarded(async {
        let (driver, log) = start(Some((State::Transferring, Input::End(Err("no")))));
        sleep(10).await;
        driver.tell(Input::Enter(State::Transferring));
        until("it settles", || has(&log, "settled Err(Aborted)")).await;
        let states: Vec<String> = log.borrow().iter().filter(|line| line.starts_with('s')).cloned().collect();
        assert_eq!(states, ["state queued", "state transferring", "state aborted", "settled Err(Aborted)"]);
    })
    .await;
}

#[wasm_bindgen_test]
async fn it_is_woken_when_it_wants() {
    guarded(async {
        let (driver, log) = start(None);
        driver.tell(Input::WakeIn(50));
        let woken = || driver.look(|toy| toy.inputs.contains(&Input::Wake));
        sleep(15).await;
        assert!(!woken());
        until("it is woken", woken).await;
        // A later wish goes before an earlier one.
        driver.tell(Input::WakeIn(10_000));
        driver.tell(Input::WakeIn(20));
        let times = || driver.look(|toy| toy.inputs.iter().filter(|input| **input == Input::Wake).count());
        until("it is woken again", || times() == 2).await;
        driver.tell(Input::End(Ok(0)));
        until("it settles", || has(&log, "settled Ok(0)")).await;
    })
    .await;
}

#[wasm_bindgen_test]
async fn it_hears_of_the_network_until_its_end() {
    guarded(async {
        let (driver, log) = start(None);
        sleep(10).await;
        js("dispatchEvent(new Event('offline'))");
        js("dispatchEvent(new Event('online'))");
        let inputs = driver.look(|toy| toy.inputs.clone());
        assert_eq!(inputs, [Input::Online(false), Input::Online(true)]);
        driver.tell(Input::End(Ok(0)));
        until("it settles", || has(&log, "settled Ok(0)")).await;
        let before = driver.look(|toy| toy.inputs.len());
        js("dispatchEvent(new Event('offline'))");
        assert_eq!(driver.look(|toy| toy.inputs.len()), before);
    })
    .await;
}

#[wasm_bindgen_test]
async fn progress_is_told_once_a_frame() {
    guarded(async {
        let (driver, log) = start(None);
        driver.tell(Input::Enter(State::Transferring));
        until("it begins", || has(&log, "state transferring")).await;
        let told = || log.borrow().iter().filter(|line| line.starts_with("progress")).count();
        let (before, stop) = (told(), Rc::new(Cell::new(0)));
        for _ in 0..50 {
            driver.tell(Input::Enter(State::Transferring));
            stop.set(stop.get() + 1);
            sleep(1).await;
        }
        until("the last is told", || has(&log, &format!("progress {}", stop.get() + 1))).await;
        assert!(told() - before <= 40, "{} of {}", told() - before, stop.get());
        driver.tell(Input::End(Ok(0)));
        until("it settles", || has(&log, "settled Ok(0)")).await;
    })
    .await;
}
