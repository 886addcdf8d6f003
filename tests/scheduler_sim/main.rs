//! Many transfers in many tabs: whatever tabs crash, stand still or are closed, whatever is paused or aborted and however
//! many requests a server refuses, each transfer that is left ends well, and nobody works out of turn.
//!
//! What is driven is what the page runs: one [`Scheduler`](xuchuan::core::scheduler::Scheduler) a tab, and the machines of
//! its uploads and downloads. `XUCHUAN_SIM_SEED=… cargo test --test scheduler_sim` runs one schedule, `XUCHUAN_SIM_RUNS=…`
//! that many.
#![cfg(not(target_arch = "wasm32"))]
// clippy.toml lifts these for `#[test]` functions alone; a panic here is a failing test.
#![allow(clippy::indexing_slicing, clippy::panic)]

macro_rules! check {
    ($holds:expr, $($what:tt)*) => {
        if !$holds {
            return Err(format!($($what)*));
        }
    };
}

mod browser;
mod download;
#[path = "../sim/random.rs"]
mod random;
mod scenario;
#[path = "../sim/server.rs"]
#[allow(dead_code, reason = "the upload simulation has servers that forget")]
mod server;
mod tab;
mod upload;
mod world;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use scenario::Scenario;
use world::{Tally, run};

/// How many schedules a run tries.
const RUNS: u64 = 120_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn attempt(scenario: &Scenario) -> Result<Tally, String> {
    catch_unwind(AssertUnwindSafe(|| run(scenario))).unwrap_or_else(|_| Err("it panicked".into()))
}

/// Takes things out of a scenario as long as it still breaks something.
fn shrink(mut scenario: Scenario, mut why: String) -> (Scenario, String) {
    let begun = Instant::now();
    'again: while begun.elapsed().as_secs() < 20 {
        for smaller in scenario.smaller() {
            if let Err(still) = attempt(&smaller) {
                (scenario, why) = (smaller, still);
                continue 'again;
            }
        }
        break;
    }
    (scenario, why)
}

#[test]
fn every_transfer_gets_its_turn_and_nobody_works_out_of_turn() {
    let (first, runs) = match number("XUCHUAN_SIM_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number("XUCHUAN_SIM_RUNS").unwrap_or(RUNS)),
    };
    let begun = Instant::now();
    let mut seen = BTreeMap::<&str, u64>::new();
    for seed in first..first + runs {
        let scenario = Scenario::draw(seed);
        match attempt(&scenario) {
            Ok(tally) => {
                for (what, count) in tally {
                    *seen.entry(what).or_default() += count;
                }
            }
            Err(why) => {
                let (small, small_why) = shrink(scenario, why.clone());
                panic!(
                    "seed {seed}: {why}\nsmaller: {small_why}\n{small:#?}\n\
                     again: XUCHUAN_SIM_SEED={seed} cargo test --test scheduler_sim"
                );
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{runs} schedules, {:.0} a second: {seen:?}", runs as f64 / seconds);
    if runs >= RUNS {
        // A generator that no longer reaches something would make this test say less than it seems to.
        for what in
            ["done", "aborted", "crashed", "displaced", "without a lock", "refused", "waited for a tab"]
        {
            assert!(seen.get(what).is_some_and(|count| *count > runs / 500), "{what}: {seen:?}");
        }
    }
}
