//! How many requests at once: what the machine finds by itself is within a tenth of the best fixed number, on each
//! kind of link. `cargo test --test upload_links -- --nocapture` prints the table.
#![cfg(not(target_arch = "wasm32"))]
// clippy.toml lifts these for `#[test]` functions alone; a panic here is a failing test.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

mod links;

use links::net::Link;
use links::run::upload;
use xuchuan::core::upload::Concurrency;

/// The most uploads at once, as `api` sets it.
const MOST: usize = 6;

/// The links that are asked for, and two to a near server where a request by itself carries little.
const LINKS: [Link; 7] = [
    // Each request has its hashing and its fsync; two processors do all.
    Link {
        window: 1e9,
        each: 110_000.0,
        all: 170_000.0,
        crowd: 0.02,
        work: 6.0,
        ..Link::new("loopback", 80_000.0, 0.1)
    },
    Link::new("50 Mbit/s, 20 ms", 50.0, 20.0),
    Link { loss: 0.01, ..Link::new("10 Mbit/s, 100 ms, 1 % loss", 10.0, 100.0) },
    Link::new("100 Mbit/s, 200 ms", 100.0, 200.0),
    Link { most: 2, ..Link::new("50 Mbit/s, 20 ms, 429 above 2", 50.0, 20.0) },
    Link { loss: 0.01, ..Link::new("50 Mbit/s, 20 ms, 1 % loss", 50.0, 20.0) },
    Link { each: 500.0, ..Link::new("50 Mbit/s, 20 ms, 4 Mbit/s each", 50.0, 20.0) },
];

#[test]
fn what_it_finds_is_within_a_tenth_of_the_best_fixed_number() {
    let mut short = vec![];
    for link in LINKS {
        for mebibytes in [64, 128, 256, 512] {
            let size = mebibytes << 20;
            let fixed: Vec<f64> =
                (1..=MOST).map(|limit| upload(link, size, Concurrency::Fixed(limit)).ms).collect();
            let auto = upload(link, size, Concurrency::Auto(MOST));
            let best = fixed.iter().copied().fold(f64::INFINITY, f64::min);
            let share = best / auto.ms;
            let fixed: Vec<String> = fixed.iter().map(|ms| format!("{:.2}", ms / 1000.0)).collect();
            let line = format!(
                "{:30} {mebibytes:4} MiB: fixed {} s; auto {:.2} s, {share:.3} of the best, {} refusals, up to {}",
                link.name,
                fixed.join(" "),
                auto.ms / 1000.0,
                auto.refusals,
                auto.most,
            );
            println!("{line}");
            if share < 0.9 {
                short.push(line);
            }
        }
    }
    assert!(short.is_empty(), "{short:#?}");
}
