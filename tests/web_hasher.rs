//! The page's side of hashing, with a worker in name only. An engine has one worker in its life, so the tests of this
//! binary share it: what happens to it stands in one test, in order.
#![cfg(target_arch = "wasm32")]
// A panic here is a failing test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod web;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::*;
use web_sys::Blob;
use xuchuan::core::md5::{Digest, Digests, FileHasher};
use xuchuan::web::hasher::{self, HashControl};
use xuchuan::web::hashing::Unreadable;
use xuchuan::web::timer;

use web::*;

wasm_bindgen_test_configure!(run_in_browser);

const CHUNK: u64 = 100;

type Ended = Rc<RefCell<Option<Option<Result<Digests, Unreadable>>>>>;

struct Job {
    control: Rc<HashControl>,
    at: Rc<RefCell<Vec<u64>>>,
    ended: Ended,
}

impl Job {
    fn start(blob: &Blob) -> Job {
        let job = Job { control: Rc::default(), at: Rc::default(), ended: Rc::default() };
        let (control, at, ended, blob) =
            (job.control.clone(), job.at.clone(), job.ended.clone(), blob.clone());
        spawn_local(async move {
            let result =
                hasher::hash(blob, CHUNK, control, Rc::new(move |done| at.borrow_mut().push(done))).await;
            *ended.borrow_mut() = Some(result);
        });
        job
    }

    async fn end(&self) -> Option<Result<Digests, Unreadable>> {
        until("the job ends", || self.ended.borrow().is_some()).await;
        self.ended.take().expect("it has ended")
    }
}

fn posted(worker: &JsValue, t: &str) -> Vec<JsValue> {
    let all: Array = get(worker, "posted").unchecked_into();
    all.iter().filter(|message| text(message, "t") == t).collect()
}

async fn asked(worker: &JsValue, t: &str, count: usize) -> JsValue {
    until(&format!("the worker is told {t}"), || posted(worker, t).len() >= count).await;
    posted(worker, t)[count - 1].clone()
}

fn say(worker: &JsValue, t: &str, id: &JsValue, rest: &str) {
    let message = js(rest);
    js_sys::Reflect::set(&message, &"t".into(), &t.into()).expect("an object");
    js_sys::Reflect::set(&message, &"id".into(), id).expect("an object");
    call(worker, "say", &[message]);
}

fn expected(bytes: &[u8]) -> Digests {
    let mut hasher = FileHasher::new(CHUNK);
    hasher.update(bytes);
    hasher.finish()
}

#[wasm_bindgen_test]
async fn a_workers_life() {
    guarded(async {
        let worker = fake_worker();
        // It takes a while to start.
        let source = js("(() => { const source = () => { source.calls += 1; return source.ready };
            source.calls = 0; source.ready = new Promise((resolve) => { source.start = resolve }); return source })()");
        hasher::set_worker_source(source.clone().unchecked_into::<Function>());
        let bytes = bytes(1, 250);
        let blob = blob(&bytes);

        // Stopped and held before there is a worker.
        let (stopped, held, plain) = (Job::start(&blob), Job::start(&blob), Job::start(&blob));
        sleep(20).await;
        stopped.control.stop();
        held.control.hold(true);
        call(&source, "start", std::slice::from_ref(&worker));
        assert_eq!(stopped.end().await, None);
        let first = asked(&worker, "hash", 2).await;
        assert_eq!(posted(&worker, "hash").len(), 2, "the stopped one never reaches the worker");
        assert_eq!(number(&source, "calls"), 1.0);
        let held_id = get(&posted(&worker, "hash")[0], "id");
        let plain_id = get(&first, "id");
        let hold = asked(&worker, "hold", 1).await;
        assert_eq!((get(&hold, "id"), get(&hold, "held")), (held_id.clone(), JsValue::TRUE));
        held.control.hold(false);
        assert_eq!(get(&asked(&worker, "hold", 2).await, "held"), JsValue::FALSE);

        // Answers reach the job they belong to.
        let digests = expected(&bytes);
        let chunks: Vec<String> = digests.chunks.iter().map(|id| format!("'{id}'")).collect();
        let hashed = format!("{{ file: '{}', chunks: [{}] }}", digests.file, chunks.join(","));
        say(&worker, "hashing", &plain_id, "{ at: 200 }");
        say(&worker, "hashed", &plain_id, &hashed);
        assert_eq!(plain.end().await, Some(Ok(digests.clone())));
        assert_eq!(*plain.at.borrow(), [200]);
        assert!(held.at.borrow().is_empty() && held.ended.borrow().is_none());
        say(&worker, "unreadable", &held_id, "{ at: 5, why: 'gone' }");
        assert_eq!(held.end().await, Some(Err(Unreadable { at: 5, why: "gone".to_owned() })));
        // What comes twice, or for nobody, or is nonsense, is nothing.
        say(&worker, "hashed", &plain_id, &hashed);
        say(&worker, "hashed", &999.into(), &hashed);
        for odd in ["null", "5", "{}", "{ t: 'hashed' }", "{ t: 5, id: 5 }"] {
            call(&worker, "say", &[js(odd)]);
        }

        // A job that is stopped in the worker.
        let job = Job::start(&blob);
        let id = get(&asked(&worker, "hash", 3).await, "id");
        job.control.stop();
        assert_eq!(get(&asked(&worker, "stop", 1).await, "id"), id);
        assert_eq!(job.end().await, None);
        say(&worker, "hashed", &id, &hashed);

        // An answer that is none is done again on the page.
        let job = Job::start(&blob);
        let id = get(&asked(&worker, "hash", 4).await, "id");
        say(&worker, "hashed", &id, "{ file: 'short', chunks: [] }");
        assert_eq!(job.end().await, Some(Ok(digests.clone())));

        // A digest, and the alarm of a hidden page.
        let digest = Rc::new(RefCell::new(None));
        let found = digest.clone();
        let whole = blob.clone();
        spawn_local(async move { *found.borrow_mut() = Some(hasher::digest(whole).await) });
        let id = get(&asked(&worker, "hash", 5).await, "id");
        assert!(get(&posted(&worker, "hash")[4], "chunk").is_undefined());
        say(&worker, "hashed", &id, &hashed);
        until("the digest is there", || digest.borrow().is_some()).await;
        assert_eq!(digest.take(), Some(Ok(digests.file)));
        js("Object.defineProperty(document, 'hidden', { value: true, configurable: true })");
        let woken = Rc::new(Cell::new(false));
        let wake = woken.clone();
        spawn_local(async move {
            timer::sleep(60_000).await;
            wake.set(true);
        });
        let sleep_order = asked(&worker, "sleep", 1).await;
        assert_eq!(number(&sleep_order, "ms"), 60_000.0);
        say(&worker, "slept", &get(&sleep_order, "id"), "{}");
        until("the worker wakes it", || woken.get()).await;
        js("delete document.hidden");

        // It dies in the middle of several jobs: the page does them, and what was reported never goes back.
        let long_bytes = web::bytes(2, (8 << 20) + 1);
        let (running, held, digest) =
            (Job::start(&web::blob(&long_bytes)), Job::start(&blob), Rc::new(RefCell::new(None)));
        let held_id = get(&asked(&worker, "hash", 7).await, "id");
        held.control.hold(true);
        let (found, whole) = (digest.clone(), blob.clone());
        spawn_local(async move { *found.borrow_mut() = Some(hasher::digest(whole).await) });
        asked(&worker, "hash", 8).await;
        say(&worker, "hashing", &get(&posted(&worker, "hash")[5], "id"), "{ at: 8388609 }");
        call(&worker, "die", &[]);
        assert_eq!(get(&worker, "terminated"), JsValue::TRUE);
        assert_eq!(running.end().await, Some(Ok(expected(&long_bytes))));
        assert!(running.at.borrow().is_sorted(), "{:?}", running.at.borrow());
        until("the digest is there", || digest.borrow().is_some()).await;
        assert_eq!(digest.take(), Some(Ok(Digest::of(&bytes))));
        sleep(50).await;
        assert!(held.ended.borrow().is_none(), "it is held on the page too");
        held.control.hold(false);
        assert_eq!(held.end().await, Some(Ok(digests.clone())));

        // What the dead one says is not heard, and new jobs are done on the page.
        say(&worker, "hashed", &held_id, &hashed);
        call(&worker, "die", &[]);
        let before = posted(&worker, "hash").len();
        assert_eq!(Job::start(&blob).end().await, Some(Ok(digests)));
        assert_eq!(posted(&worker, "hash").len(), before);
    })
    .await;
}
