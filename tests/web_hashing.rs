//! Hashing on the page's thread.
#![cfg(target_arch = "wasm32")]
// A panic here is a failing test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod web;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::*;
use web_sys::Blob;
use xuchuan::core::md5::{Digest, Digests, FileHasher, Portable, WHOLE};
use xuchuan::core::thrown::Thrown;
use xuchuan::web::hash::{self, HashControl, RunControl, Thread, Unreadable, Unwatched};

use web::*;

wasm_bindgen_test_configure!(run_in_browser);

const CHUNK: u64 = 1 << 20;
/// What is read at once: several groups of four chunks.
const GROUP: usize = 16 << 20;

async fn on_page(blob: &Blob, chunk: u64) -> Result<Digests, Unreadable> {
    hash::run(blob, chunk, None, Thread::Page, &RunControl::default(), &Unwatched)
        .await
        .expect("it was not stopped")
}

#[wasm_bindgen_test]
async fn digests_are_those_of_the_core() {
    guarded(async {
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5] {
            let bytes = bytes(size, size as usize);
            let blob = blob(&bytes);
            assert_eq!(on_page(&blob, CHUNK).await, Ok(digests(&bytes, CHUNK)), "{size}");
            let whole = on_page(&blob, WHOLE).await.map(|digests| digests.file);
            assert_eq!(whole, Ok(Digest::of(&bytes)), "{size}");
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn files_of_several_groups_are_hashed_whole() {
    guarded(async {
        for size in [GROUP - 1, GROUP, GROUP + 1, 2 * GROUP + 300_001] {
            let bytes = bytes(1, size);
            // Four at a time; each alone; each alone and not in whole blocks.
            for chunk in [CHUNK, 9 << 20, 3_000_017] {
                assert_eq!(
                    on_page(&blob(&bytes), chunk).await,
                    Ok(digests(&bytes, chunk)),
                    "{size}, {chunk}"
                );
            }
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn the_page_stays_alive_and_hears_how_far_it_is() {
    guarded(async {
        let unit = bytes(2, 1 << 20);
        let blob = repeated(&blob(&unit), 257);
        let ticker = start_ticker();
        let reports = Rc::new(RefCell::new(Vec::new()));
        let told = reports.clone();
        let report = move |at| told.borrow_mut().push(at);
        let (control, watcher) = (RunControl::default(), hears(report));
        let hashed = hash::run(&blob, 1 << 20, None, Thread::Page, &control, &watcher).await;
        call(&ticker, "stop", &[]);
        let digests = hashed.expect("it was not stopped").expect("it can be read");
        assert_eq!(digests.chunks, vec![Digest::of(&unit); 257]);
        let reports = reports.take();
        assert!(reports.is_sorted_by(|a, b| a < b), "{reports:?}");
        assert_eq!(reports.last(), Some(&(257 << 20)));
        // At a GiB a second, slices of 8 ms leave the page some 30 turns.
        let count = number(&ticker, "count");
        assert!(count >= 10.0, "the ticker ran {count} times");
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_job_is_held_and_goes_on() {
    guarded(async {
        let bytes = bytes(3, 2 * GROUP + 1);
        let blob = blob(&bytes);
        let control = Rc::new(RunControl::default());
        control.hold(true);
        let (at, result) = (Rc::new(Cell::new(0)), Rc::new(RefCell::new(None)));
        spawn_local({
            let (control, at, result) = (control.clone(), at.clone(), result.clone());
            async move {
                let hashed =
                    hash::run(&blob, CHUNK, None, Thread::Page, &control, &hears(|done| at.set(done))).await;
                *result.borrow_mut() = Some(hashed);
            }
        });
        sleep(100).await;
        assert_eq!(at.get(), 0, "it is held before it begins");
        control.hold(false);
        until("it moves", || at.get() > 0).await;
        control.hold(true);
        assert!(control.is_held());
        // A slice that was begun may end, however long that takes here; then nothing moves.
        let mut held_at = u64::MAX;
        while held_at != at.get() {
            held_at = at.get();
            sleep(150).await;
        }
        assert!(held_at < bytes.len() as u64 && result.borrow().is_none(), "it is held");
        control.hold(false);
        until("it ends", || result.borrow().is_some()).await;
        assert_eq!(result.take().flatten(), Some(Ok(digests(&bytes, CHUNK))));
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_stopped_job_yields_nothing() {
    guarded(async {
        let blob = blob(&bytes(4, GROUP + 1));
        for hold in [false, true] {
            let control = Rc::new(RunControl::default());
            control.hold(hold);
            let result = Rc::new(RefCell::new(None));
            spawn_local({
                let (control, result, blob) = (control.clone(), result.clone(), blob.clone());
                async move {
                    let hashed = hash::run(&blob, CHUNK, None, Thread::Page, &control, &Unwatched).await;
                    *result.borrow_mut() = Some(hashed);
                }
            });
            sleep(10).await;
            control.stop();
            until("it ends", || result.borrow().is_some()).await;
            assert_eq!(result.take().flatten(), None);
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn an_unreadable_file_says_where() {
    guarded(async {
        let bytes = Uint8Array::from(bytes(5, GROUP + 100).as_slice());
        let gone = unreadable(&bytes, GROUP as f64);
        let why = Thrown::new("NotReadableError", "The file is gone");
        assert_eq!(on_page(&gone, CHUNK).await, Err(Unreadable { at: GROUP as u64, why }));
        let gone = unreadable(&bytes, 0.0);
        assert_eq!(on_page(&gone, CHUNK).await.map_err(|it| it.at), Err(0));
        let short = shortened(&bytes, GROUP as f64 + 200.0);
        // By its stream it is read to its end, by slices to where the one begins that is short.
        let at = on_page(&short, CHUNK).await.expect_err("it is short").at;
        assert!([GROUP as u64, GROUP as u64 + 100].contains(&at), "{at}");
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_file_that_is_gone_while_its_job_is_held_or_stopped_is_silent() {
    guarded(async {
        let bytes = Uint8Array::from(bytes(6, GROUP + 100).as_slice());
        let gone = unreadable(&bytes, 0.0);
        let control = Rc::new(RunControl::default());
        control.hold(true);
        let stopper = control.clone();
        spawn_local(async move {
            sleep(60).await;
            stopper.stop();
        });
        let result = hash::run(&gone, CHUNK, None, Thread::Page, &control, &Unwatched).await;
        assert_eq!(result, None);
    })
    .await;
}

#[wasm_bindgen_test]
async fn without_a_source_of_workers_the_page_does_it() {
    guarded(async {
        let bytes = bytes(7, 2_000_003);
        let hashed = hash::hash(blob(&bytes), CHUNK, None, Rc::default(), Rc::new(Unwatched)).await;
        assert_eq!(hashed, Some(Ok(digests(&bytes, CHUNK))));
        assert_eq!(hash::digest(blob(&bytes)).await, Ok(Digest::of(&bytes)));
        let control = Rc::new(HashControl::default());
        control.stop();
        assert_eq!(hash::hash(blob(&bytes), CHUNK, None, control, Rc::new(Unwatched)).await, None);
    })
    .await;
}

#[wasm_bindgen_test]
async fn it_goes_on_from_a_saved_state() {
    guarded(async {
        let bytes = bytes(8, 2 * GROUP + 77);
        for (chunk, cut) in [(CHUNK, GROUP), (CHUNK, 5_000_001), (3_000_017, GROUP), (WHOLE, 64)] {
            let mut first = FileHasher::new(chunk);
            first.update(&bytes[..cut], &Portable);
            let told = Rc::new(RefCell::new(Vec::new()));
            let watcher = hears(|at| told.borrow_mut().push(at));
            let (blob, control) = (blob(&bytes), RunControl::default());
            let hashed = hash::run(&blob, chunk, first.snapshot(), Thread::Page, &control, &watcher).await;
            assert_eq!(hashed, Some(Ok(digests(&bytes, chunk))), "{chunk}, {cut}");
            assert!(told.borrow().iter().all(|at| *at > cut as u64), "only the rest is hashed");
        }
        // A state of another cut, and one that is further than the file is long.
        let mut other = FileHasher::new(CHUNK);
        other.update(&bytes, &Portable);
        let (small, control) = (blob(&bytes[..100]), RunControl::default());
        for chunk in [CHUNK, 5] {
            let hashed = hash::run(&small, chunk, other.snapshot(), Thread::Page, &control, &Unwatched).await;
            assert_eq!(hashed, Some(Ok(digests(&bytes[..100], chunk))), "{chunk}");
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_state_is_saved_now_and_then() {
    guarded(async {
        let unit = bytes(9, 1 << 20);
        let blob = repeated(&blob(&unit), 320);
        let (watcher, control) = (hears(|_| {}), RunControl::default());
        let hashed = hash::run(&blob, CHUNK, None, Thread::Page, &control, &watcher).await;
        let saved = watcher.1.take();
        let at: Vec<u64> = saved.iter().map(|snapshot| snapshot.position()).collect();
        assert!(!at.is_empty() && at.iter().all(|at| at.is_multiple_of(16 << 20)), "{at:?}");
        assert!(at[0] <= 256 << 20, "{at:?}");
        let again =
            hash::run(&blob, CHUNK, saved.into_iter().last(), Thread::Page, &control, &Unwatched).await;
        assert_eq!(again, hashed);
    })
    .await;
}
