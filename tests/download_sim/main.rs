//! Simulations of the download machine: any order of answers, losses, lies, pauses, clock jumps and crashes ends in
//! the right bytes or in an error that the schedule justifies, and never in a hang.
#![cfg(not(target_arch = "wasm32"))]
// A panic is how a simulation says that it failed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod client;
mod scenario;
mod server;

use client::{End, run};
use proptest::prelude::*;
use scenario::{Cors, Expected, Happening, Ranges, Scenario, Tags, any_scenario};
use xuchuan::core::download::{Bulk, Mode};
use xuchuan::core::error::Kind;

/// `SCHEDULES` asks for another number of them, for a soak. A failure prints the smallest scenario that shows it.
fn config(cases: u32) -> ProptestConfig {
    let cases = std::env::var("SCHEDULES").ok().and_then(|it| it.parse().ok()).unwrap_or(cases);
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::default() }
}

/// Whether `kind` is an honest end of the scenario.
fn is_justified(kind: Kind, s: &Scenario) -> bool {
    match kind {
        Kind::Aborted => s.abort_at.is_some(),
        Kind::Quota => s.quota_after.is_some(),
        Kind::TooLarge => s.cap.is_some(),
        Kind::DigestMismatch => s.digest == Expected::Wrong,
        Kind::Rejected => s.may_be_refused(),
        Kind::ResourceChanged => s.may_look_changed(),
        Kind::Server => s.always_lies(),
        // The last of the attempts on one that lies was left without an answer.
        Kind::Stalled => s.always_lies() && s.may_fall_silent(),
        _ => false,
    }
}

proptest! {
    #![proptest_config(config(12_000))]

    #[test]
    fn every_schedule_ends_well_or_says_why(s in any_scenario()) {
        let report = run(&s);
        match report.end {
            End::Done(_) => {}
            End::Failed(error) => prop_assert!(is_justified(error.kind, &s), "{error}\n{:#?}", report.log),
        }
    }

    #[test]
    fn a_silent_change_is_never_mixed_in(s in any_scenario(), at in 0u64..500) {
        // Nothing tells the versions apart but their bytes.
        let mut s = Scenario { ranges: Ranges::Good, tags: Tags::None, digest: Expected::Nothing, ..s };
        s.happenings.push((at, Happening::Change(false)));
        let report = run(&s);
        if let End::Failed(error) = report.end {
            prop_assert!(is_justified(error.kind, &s), "{error}\n{:#?}", report.log);
        }
    }

    #[test]
    fn a_quiet_network_carries_each_byte_once(s in any_scenario()) {
        let s = Scenario {
            ranges: Ranges::Good,
            tags: Tags::Strong,
            cors: Cors::Exposed,
            locked: false,
            ..s.quiet()
        };
        let report = run(&s);
        let End::Done(outcome) = report.end else { panic!("{:?}", report.end) };
        prop_assert_eq!(outcome.mode, if s.connections > 1 { Mode::Parallel } else { Mode::Sequential });
        prop_assert_eq!(report.received, s.size);
        prop_assert!(report.beyond == 0, "{} requests beyond the end", report.beyond);
        prop_assert!(report.most_at_once <= s.connections);
    }

    #[test]
    fn bulk_reads_carry_each_byte_once_too(s in any_scenario()) {
        let s = Scenario {
            size: 4000,
            piece: 50,
            min_split: 10_000,
            ranges: Ranges::Good,
            tags: Tags::Strong,
            cors: Cors::Exposed,
            locked: false,
            bulk: Some(Bulk { after: 100, pace: 0, most: 1000 }),
            ..s.quiet()
        };
        let report = run(&s);
        prop_assert!(matches!(report.end, End::Done(_)), "{:?}", report.end);
        prop_assert_eq!(report.received, s.size);
        prop_assert!(report.bulk_reads > 0, "{:#?}", report.log);
        prop_assert!(report.most_at_once <= s.connections);
    }

    #[test]
    fn without_validators_only_the_overlaps_are_read_twice(s in any_scenario()) {
        let s = Scenario { ranges: Ranges::Good, tags: Tags::None, locked: false, ..s.quiet() };
        let report = run(&s);
        prop_assert!(matches!(report.end, End::Done(_)), "{:?}", report.end);
        let slack = 2 * s.overlap * report.requests;
        prop_assert!(report.received <= s.size + slack, "{} of {}", report.received, s.size);
        prop_assert!(report.beyond == 0, "{} requests beyond the end", report.beyond);
    }
}
