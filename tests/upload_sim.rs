//! Any order of answers, losses, pauses, clock jumps, crashes and reloads ends an upload in the right bytes or in
//! a typed error that the schedule justifies, and never in a hang.
//!
//! `XUCHUAN_SIM_SEED=… cargo test --test upload_sim` runs one schedule, `XUCHUAN_SIM_RUNS=…` that many.
#![cfg(not(target_arch = "wasm32"))]
// clippy.toml lifts these for `#[test]` functions alone; a panic here is a failing test.
#![allow(clippy::indexing_slicing, clippy::panic)]

mod sim;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use sim::scenario::Scenario;
use sim::world::{End, run};

/// How many schedules a run tries.
const RUNS: u64 = 120_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn attempt(scenario: &Scenario) -> Result<End, String> {
    catch_unwind(AssertUnwindSafe(|| run(scenario))).unwrap_or_else(|_| Err("it panicked".into()))
}

/// Takes things out of a scenario as long as it still breaks something.
fn shrink(mut scenario: Scenario, mut why: String) -> (Scenario, String) {
    let begun = Instant::now();
    'again: while begun.elapsed().as_secs() < 10 {
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
fn every_schedule_ends_well_or_in_a_justified_error() {
    let (first, runs) = match number("XUCHUAN_SIM_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number("XUCHUAN_SIM_RUNS").unwrap_or(RUNS)),
    };
    let begun = Instant::now();
    let mut ends: HashMap<End, u64> = HashMap::new();
    for seed in first..first + runs {
        let scenario = Scenario::draw(seed);
        match attempt(&scenario) {
            Ok(end) => *ends.entry(end).or_default() += 1,
            Err(why) => {
                let (small, small_why) = shrink(scenario, why.clone());
                panic!(
                    "seed {seed}: {why}\nsmaller: {small_why}\n{small:#?}\n\
                     again: XUCHUAN_SIM_SEED={seed} cargo test --test upload_sim"
                );
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{runs} schedules, {:.0} a second: {ends:?}", runs as f64 / seconds);
    if runs >= RUNS {
        // A generator that no longer reaches an end would make this test say less than it seems to.
        let kinds = ends.len();
        assert!(kinds >= 10 && ends.get(&End::Done).is_some_and(|done| *done > runs / 3), "{ends:?}");
    }
}
