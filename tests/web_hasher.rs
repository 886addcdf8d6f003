//! The page's side of hashing, with workers in name only. An engine has one pool in its life, so the tests of this binary
//! share it: what happens to it stands in one test, in order.
#![cfg(target_arch = "wasm32")]
// A panic here is a failing test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod web;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Function, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::*;
use web_sys::Blob;
use xuchuan::core::md5::{Digest, Digests, FileHasher, Portable, Snapshot};
use xuchuan::web::hash::{self, HashControl, Unreadable, Watcher};
use xuchuan::web::time;

use web::*;

wasm_bindgen_test_configure!(run_in_browser);

const CHUNK: u64 = 1 << 20;

type Ended = Rc<RefCell<Option<Option<Result<Digests, Unreadable>>>>>;

#[derive(Default)]
struct Notes {
    at: RefCell<Vec<u64>>,
    saved: RefCell<Vec<Snapshot>>,
}

impl Watcher for Notes {
    fn hashed(&self, at: u64) {
        self.at.borrow_mut().push(at);
    }

    fn saved(&self, snapshot: Snapshot) {
        self.saved.borrow_mut().push(snapshot);
    }
}

struct Job {
    control: Rc<HashControl>,
    notes: Rc<Notes>,
    ended: Ended,
}

impl Job {
    fn start(blob: &Blob) -> Job {
        let job = Job { control: Rc::default(), notes: Rc::default(), ended: Rc::default() };
        let (control, notes, ended, blob) =
            (job.control.clone(), job.notes.clone(), job.ended.clone(), blob.clone());
        spawn_local(async move {
            let result = hash::hash(blob, CHUNK, None, control, notes).await;
            *ended.borrow_mut() = Some(result);
        });
        job
    }

    async fn end(&self) -> Option<Result<Digests, Unreadable>> {
        until("the job ends", || self.ended.borrow().is_some()).await;
        self.ended.take().expect("it has ended")
    }

    fn is_open(&self) -> bool {
        self.ended.borrow().is_none()
    }
}

/// A source of workers that come when they are let in.
fn workers() -> (Function, JsValue) {
    let source = js("(() => { const source = () => new Promise((resolve) => source.waiting.push(resolve));
        source.waiting = []; source.admit = (worker) => source.waiting.shift()(worker); return source })()");
    (source.clone().unchecked_into(), source)
}

fn waiting(source: &JsValue) -> u32 {
    let waiting: Array = get(source, "waiting").unchecked_into();
    waiting.length()
}

fn posted(worker: &JsValue, t: &str) -> Vec<JsValue> {
    let all: Array = get(worker, "posted").unchecked_into();
    all.iter().filter(|message| text(message, "t") == t).collect()
}

async fn asked(worker: &JsValue, t: &str, count: usize) -> JsValue {
    until(&format!("the worker is told {t}"), || posted(worker, t).len() >= count).await;
    posted(worker, t)[count - 1].clone()
}

/// Has a worker answer a message.
fn answer(worker: &JsValue, message: &JsValue, t: &str, rest: &[(&str, &JsValue)]) {
    let answer = js("({})");
    for (name, value) in [("t", &t.into()), ("id", &get(message, "id"))].iter().chain(rest) {
        js_sys::Reflect::set(&answer, &(*name).into(), value).expect("an object");
    }
    call(worker, "say", &[answer]);
}

fn encoded(digests: &Digests) -> JsValue {
    Uint8Array::from(digests.to_bytes().as_slice()).into()
}

fn state(bytes: &[u8]) -> (Snapshot, JsValue) {
    let mut hasher = FileHasher::new(CHUNK);
    hasher.update(bytes, &Portable);
    let snapshot = hasher.snapshot().expect("no group is begun");
    let state = Uint8Array::from(snapshot.to_bytes().as_slice());
    (snapshot, state.into())
}

#[wasm_bindgen_test]
async fn a_pools_life() {
    guarded(async {
        js("Object.defineProperty(navigator, 'hardwareConcurrency', { value: 3, configurable: true })");
        let (function, source) = workers();
        hash::set_worker_source(function);
        let unit = bytes(1, 1 << 20);
        let big = repeated(&blob(&unit), 17);
        let of_big = Digests {
            file: Digest::of(&(0..17).flat_map(|_| unit.clone()).collect::<Vec<u8>>()),
            chunks: vec![Digest::of(&unit); 17],
        };

        // Stopped and held before there is a worker; two are asked for at most, one less than there are processors.
        let (stopped, held) = (Job::start(&big), Job::start(&big));
        let (first, second, third) = (Job::start(&big), Job::start(&big), Job::start(&big));
        sleep(20).await;
        stopped.control.stop();
        held.control.hold(true);
        assert_eq!(stopped.end().await, None);
        assert_eq!(waiting(&source), 2);
        let (one, other) = (fake_worker(), fake_worker());
        call(&source, "admit", std::slice::from_ref(&one));
        call(&source, "admit", std::slice::from_ref(&other));
        let (of_one, of_other) = (asked(&one, "hash", 1).await, asked(&other, "hash", 1).await);
        sleep(20).await;
        assert_eq!((posted(&one, "hash").len(), posted(&other, "hash").len()), (1, 1), "one each");
        assert_eq!(waiting(&source), 0);

        // Answers reach the job they belong to, and who is free gets the next.
        answer(&one, &of_one, "hashing", &[("at", &200.into())]);
        let (snapshot, bytes_of_state) = state(&unit);
        answer(&one, &of_one, "saved", &[("state", &bytes_of_state)]);
        answer(&one, &of_one, "hashed", &[("digests", &encoded(&of_big))]);
        assert_eq!(first.end().await, Some(Ok(of_big.clone())));
        assert_eq!((first.notes.at.take(), first.notes.saved.take()), (vec![200], vec![snapshot.clone()]));
        assert!(second.is_open() && third.is_open() && held.is_open());
        let of_third = asked(&one, "hash", 2).await;
        answer(&other, &of_other, "unreadable", &[("at", &5.into()), ("why", &"gone".into())]);
        assert_eq!(second.end().await, Some(Err(Unreadable { at: 5, why: "gone".into() })));
        // What comes twice, or for nobody, or is nonsense, is nothing.
        answer(&one, &of_one, "hashed", &[("digests", &encoded(&of_big))]);
        for odd in ["null", "5", "{}", "{ t: 'hashed' }", "{ t: 'hashed', id: 999 }", "{ t: 5, id: 5 }"] {
            call(&one, "say", &[js(odd)]);
        }
        assert!(third.is_open());

        // A held job waits in the line while the other worker has nothing to do; held in a worker, it makes room.
        sleep(20).await;
        assert_eq!(posted(&other, "hash").len(), 1);
        held.control.hold(false);
        let of_held = asked(&other, "hash", 2).await;
        held.control.hold(true);
        let hold = asked(&other, "hold", 1).await;
        assert_eq!((get(&hold, "id"), get(&hold, "held")), (get(&of_held, "id"), JsValue::TRUE));
        let fourth = Job::start(&big);
        let of_fourth = asked(&other, "hash", 3).await;
        held.control.hold(false);
        assert_eq!(get(&asked(&other, "hold", 2).await, "held"), JsValue::FALSE);
        answer(&other, &of_held, "hashed", &[("digests", &encoded(&of_big))]);
        assert_eq!(held.end().await, Some(Ok(of_big.clone())));

        // A job that is stopped in the worker.
        fourth.control.stop();
        assert_eq!(get(&asked(&other, "stop", 1).await, "id"), get(&of_fourth, "id"));
        assert_eq!(fourth.end().await, None);
        answer(&other, &of_fourth, "hashed", &[("digests", &encoded(&of_big))]);

        // Small files go together: the first alone, since a worker is free, and the others when it has answered.
        let small: Vec<Vec<u8>> = (0..108).map(|n| bytes(n, 4096)).collect();
        let jobs: Vec<Job> = small.iter().map(|bytes| Job::start(&blob(bytes))).collect();
        let batch = asked(&other, "batch", 1).await;
        sleep(20).await;
        assert_eq!(posted(&other, "batch").len(), 1);
        let results = |from: usize, to: usize| -> JsValue {
            small[from..to].iter().map(|bytes| encoded(&digests(bytes, CHUNK))).collect::<Array>().into()
        };
        assert_eq!(Array::from(&get(&batch, "blobs")).length(), 1);
        answer(&other, &batch, "batched", &[("results", &results(0, 1))]);
        let batch = asked(&other, "batch", 2).await;
        assert_eq!(Array::from(&get(&batch, "blobs")).length(), 64);
        assert_eq!(Array::from(&get(&batch, "chunks")).length(), 64);
        answer(&other, &batch, "batched", &[("results", &results(1, 65))]);
        let batch = asked(&other, "batch", 3).await;
        // A result that is none, and those that are missing: done on the page.
        let short = Array::of2(&5.into(), &encoded(&digests(&small[66], CHUNK)));
        answer(&other, &batch, "batched", &[("results", &short)]);
        for (bytes, job) in small.iter().zip(jobs) {
            assert_eq!(job.end().await, Some(Ok(digests(bytes, CHUNK))));
        }

        // The digest of a chunk waits for nobody.
        assert!(third.is_open());
        let slice = blob(&small[0]);
        let busy = Job::start(&big);
        asked(&other, "hash", 4).await;
        let found = Rc::new(RefCell::new(None));
        let digest = found.clone();
        spawn_local(async move { *digest.borrow_mut() = Some(hash::digest(slice).await) });
        let of_digest = asked(&one, "hash", 3).await;
        assert!(get(&of_digest, "chunk").is_undefined());
        answer(&one, &of_digest, "hashed", &[("digests", &encoded(&digests(&small[0], 1 << 30)))]);
        until("the digest is there", || found.borrow().is_some()).await;
        assert_eq!(found.take(), Some(Ok(Digest::of(&small[0]))));

        // The alarm of a hidden page.
        js("Object.defineProperty(document, 'hidden', { value: true, configurable: true })");
        let woken = Rc::new(RefCell::new(false));
        let wake = woken.clone();
        spawn_local(async move {
            time::sleep(60_000).await;
            *wake.borrow_mut() = true;
        });
        let sleep_order = asked(&one, "sleep", 1).await;
        assert_eq!(number(&sleep_order, "ms"), 60_000.0);
        answer(&one, &sleep_order, "slept", &[]);
        until("the worker wakes it", || *woken.borrow()).await;
        js("delete document.hidden");

        // A worker dies: its job begins again in a new one, from where it was saved, and what was told never goes back.
        answer(&one, &of_third, "hashing", &[("at", &8_388_609.into())]);
        answer(&one, &of_third, "saved", &[("state", &bytes_of_state)]);
        call(&one, "die", &[]);
        assert_eq!(get(&one, "terminated"), JsValue::TRUE);
        until("another worker is asked for", || waiting(&source) == 1).await;
        let next = fake_worker();
        call(&source, "admit", std::slice::from_ref(&next));
        let of_third = asked(&next, "hash", 1).await;
        assert_eq!(Uint8Array::new(&get(&of_third, "state")).to_vec(), snapshot.to_bytes());
        answer(&next, &of_third, "hashing", &[("at", &2_000_000.into())]);
        assert_eq!(third.notes.at.take(), [8_388_609]);
        // What the dead one says is not heard. A job that two workers died of is done here.
        answer(&one, &of_third, "hashed", &[("digests", &encoded(&of_big))]);
        call(&one, "die", &[]);
        call(&next, "messageerror", &[]);
        assert_eq!(third.end().await, Some(Ok(of_big.clone())));
        assert!(third.notes.at.borrow().iter().is_sorted());

        // A worker beyond the first goes when it has had nothing to do for a while.
        let job = Job::start(&big);
        until("another worker is asked for", || waiting(&source) == 1).await;
        let spare = fake_worker();
        call(&source, "admit", std::slice::from_ref(&spare));
        let order = asked(&spare, "hash", 1).await;
        answer(&spare, &order, "hashed", &[("digests", &encoded(&of_big))]);
        assert_eq!(job.end().await, Some(Ok(of_big.clone())));
        assert_eq!(get(&spare, "terminated"), JsValue::FALSE);
        until("the spare worker is gone", || get(&spare, "terminated").is_truthy()).await;
        assert_eq!(get(&other, "terminated"), JsValue::FALSE);

        // No more workers come: what is left is done here, and what is held stays held.
        call(&other, "die", &[]);
        until("another worker is asked for", || waiting(&source) == 1).await;
        busy.control.hold(true);
        let last = Job::start(&big);
        until("yet another one is asked for", || waiting(&source) == 2).await;
        call(&source, "admit", &[JsValue::NULL]);
        call(&source, "admit", &[JsValue::NULL]);
        assert_eq!(last.end().await, Some(Ok(of_big.clone())));
        sleep(50).await;
        assert!(busy.is_open(), "it is held on the page too");
        busy.control.hold(false);
        assert_eq!(busy.end().await, Some(Ok(of_big)));
        assert_eq!(waiting(&source), 0);
    })
    .await;
}
