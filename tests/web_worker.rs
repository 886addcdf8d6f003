//! In a dedicated worker: the worker's side of hashing, and what must work there as in a page.
#![cfg(target_arch = "wasm32")]
// A panic here is a failing test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod web;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::*;
use web_sys::Blob;
use xuchuan::core::md5::{Digest, Digests, FileHasher, Portable, WHOLE};
use xuchuan::web::download::{serve_disk, write_all};
use xuchuan::web::hash::{self, RunControl, Thread, Unwatched};
use xuchuan::web::object::{get_u64, object, set};
use xuchuan::web::time::{self, Throttle};
use xuchuan::web::{page, store};

use web::*;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

thread_local! {
    static SERVING: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    /// What the worker said to its page.
    static SAID: Rc<RefCell<Vec<JsValue>>> = Rc::default();
}

/// Serves once, and hears what is said in the page's place.
fn serve() {
    if SERVING.replace(true) {
        return;
    }
    // The test runner has had its start, and does not understand what comes here from now on.
    js("globalThis.onmessage = null");
    let say = js("globalThis.postMessage.bind(globalThis)").unchecked_into::<js_sys::Function>();
    let listen = Closure::<dyn FnMut(JsValue)>::new(move |message: JsValue| {
        if message.is_object() && get_u64(&message, "id").is_some_and(|id| id >= 1_000_000) {
            SAID.with(|said| said.borrow_mut().push(message));
        } else {
            // The test runner's own.
            let _ = say.call1(&JsValue::UNDEFINED, &message);
        }
    });
    let _ = replace("postMessage", &listen.into_js_value());
    hash::serve();
    serve_disk();
}

fn tell(message: &JsValue) {
    let make: js_sys::Function =
        js("(data) => dispatchEvent(new MessageEvent('message', { data }))").unchecked_into();
    make.call1(&JsValue::NULL, message).expect("it is told");
}

fn said(id: u64, t: &str) -> Option<JsValue> {
    SAID.with(|said| {
        said.borrow().iter().find(|it| get_u64(it, "id") == Some(id) && text(it, "t") == t).cloned()
    })
}

async fn answer(id: u64, t: &str) -> JsValue {
    until(&format!("{t} is said"), || said(id, t).is_some()).await;
    said(id, t).expect("it was said")
}

fn hash_order(id: u64, blob: &Blob, chunk: f64) -> JsValue {
    object(&[
        ("t", "hash".into()),
        ("id", (id as f64).into()),
        ("blob", blob.into()),
        ("chunk", chunk.into()),
    ])
}

fn order(t: &str, id: u64, held: bool) -> JsValue {
    object(&[("t", t.into()), ("id", (id as f64).into()), ("held", held.into())])
}

#[wasm_bindgen_test]
async fn a_worker_hashes_what_it_is_sent() {
    guarded(async {
        serve();
        for (id, size) in [(1_000_001, 0), (1_000_002, 1), (1_000_003, (16 << 20) + 5)] {
            let bytes = bytes(id, size);
            tell(&hash_order(id, &blob(&bytes), 3e6));
            let hashed = answer(id, "hashed").await;
            assert_eq!(read(&get(&hashed, "digests")), Some(digests(&bytes, 3_000_000)));
        }
        // Of a file that takes a while it is said how far it is.
        let id = 1_000_004;
        tell(&hash_order(id, &slow(&Uint8Array::from(bytes(id, 5_000_000).as_slice()), 80.0), 3e6));
        let at = number(&answer(id, "hashing").await, "at");
        assert!(at > 0.0 && at <= 5e6, "{at}");
        let id = 1_000_010;
        let digest =
            object(&[("t", "hash".into()), ("id", (id as f64).into()), ("blob", blob(b"abc").into())]);
        tell(&digest);
        let whole = read(&get(&answer(id, "hashed").await, "digests")).map(|digests| digests.file);
        assert_eq!(whole, Some(Digest::of(b"abc")));

        // From where an earlier hashing was.
        let (id, bytes) = (1_000_011, bytes(5, 2_000_000));
        let mut first = FileHasher::new(640_000);
        first.update(&bytes[..1_500_000], &Portable);
        let order = hash_order(id, &blob(&bytes), 640e3);
        let state = Uint8Array::from(first.snapshot().expect("no group is begun").to_bytes().as_slice());
        set(&order, "state", &state);
        tell(&order);
        assert_eq!(read(&get(&answer(id, "hashed").await, "digests")), Some(digests(&bytes, 640_000)));
    })
    .await;
}

fn read(digests: &JsValue) -> Option<Digests> {
    Digests::from_bytes(&Uint8Array::new(digests).to_vec())
}

#[wasm_bindgen_test]
async fn a_worker_hashes_many_small_files_at_once() {
    guarded(async {
        serve();
        let id = 1_000_050;
        let files: Vec<Vec<u8>> = (0..200).map(|n| bytes(n, n as usize * 11)).collect();
        let blobs: Array = files.iter().map(|bytes| blob(bytes)).collect();
        blobs.push(&unreadable(&Uint8Array::new_with_length(10), 0.0));
        let chunks: Array = (0..=200).map(|_| JsValue::from(512)).collect();
        tell(&object(&[
            ("t", "batch".into()),
            ("id", (id as f64).into()),
            ("blobs", blobs.into()),
            ("chunks", chunks.into()),
        ]));
        let results: Array = get(&answer(id, "batched").await, "results").unchecked_into();
        assert_eq!(results.length(), 201);
        for (bytes, result) in files.iter().zip(results.iter()) {
            assert_eq!(read(&result), Some(digests(bytes, 512)));
        }
        assert_eq!(number(&results.get(200), "at"), 0.0);
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_worker_holds_goes_on_and_stops() {
    guarded(async {
        serve();
        let id = 1_000_020;
        let big = blob(&bytes(1, 17 << 20));
        tell(&hash_order(id, &big, 1e6));
        tell(&order("hold", id, true));
        sleep(300).await;
        assert!(said(id, "hashed").is_none(), "it is held");
        tell(&order("hold", id, false));
        answer(id, "hashed").await;
        let stopped = 1_000_021;
        tell(&hash_order(stopped, &big, 1e6));
        tell(&order("stop", stopped, false));
        sleep(300).await;
        assert!(said(stopped, "hashed").is_none(), "it is stopped");
        // What is not there is neither held nor stopped.
        tell(&order("hold", 1_999_999, true));
        tell(&order("stop", 1_999_999, true));
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_worker_says_what_it_cannot_read() {
    guarded(async {
        serve();
        let id = 1_000_030;
        tell(&hash_order(id, &unreadable(&Uint8Array::new_with_length(10), 0.0), 5.0));
        let unreadable = answer(id, "unreadable").await;
        assert_eq!((number(&unreadable, "at"), text(&unreadable, "why").is_empty()), (0.0, false));
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_worker_ticks_and_takes_no_notice_of_nonsense() {
    guarded(async {
        serve();
        let id = 1_000_040;
        tell(&object(&[("t", "sleep".into()), ("id", (id as f64).into()), ("ms", 30.into())]));
        answer(id, "slept").await;
        for odd in [
            "null",
            "5",
            "'hash'",
            "{}",
            "{ t: 'hash' }",
            "{ t: 'hash', id: 1 }",
            "{ t: 'hash', id: -1 }",
            "{ t: 'hash', id: 1000041, blob: {}, chunk: 5 }",
            "{ t: 'hash', id: 1000041 }",
            "{ t: 'x', id: 1 }",
            "{ t: 'batch', id: 1000041, blobs: 5, chunks: [] }",
        ] {
            tell(&js(odd));
        }
        sleep(50).await;
        assert!(said(1_000_041, "hashed").is_none());
    })
    .await;
}

#[wasm_bindgen_test]
async fn the_effects_work_in_a_worker() {
    guarded(async {
        assert!(!page::is_visible());
        time::sleep(10).await;
        store::put("worker", &object(&[("n", 1.into())])).await.expect("it is written");
        assert_eq!(number(&store::get("worker").await.expect("it is there"), "n"), 1.0);
        store::remove("worker").await.expect("it is removed");
        let told = Rc::new(std::cell::Cell::new(0));
        let throttle = Throttle::new({
            let told = told.clone();
            move || told.set(told.get() + 1)
        });
        throttle.ask();
        until("it is told", || told.get() == 1).await;
        throttle.ask();
        drop(throttle);
        sleep(300).await;
        assert_eq!(told.get(), 1);
        let bytes = bytes(3, 1000);
        let (blob, control) = (blob(&bytes), RunControl::default());
        let digests = hash::run(&blob, WHOLE, None, Thread::Worker, &control, &Unwatched).await;
        assert_eq!(digests.map(|it| it.map(|it| it.file)), Some(Ok(Digest::of(&bytes))));
    })
    .await;
}

#[wasm_bindgen_test]
async fn transfers_work_in_a_worker() {
    guarded(async {
        let bytes = new_bytes(500_000);
        let result = upload(&blob(&bytes), "{ chunkSize: 100000, ext: '.bin' }").result().await;
        let url = text(&result, "url");
        let result = download(&url, "{ to: 'blob', pieceSize: 100000 }").result().await;
        assert!(data_bytes(&get(&result, "data")).await == bytes);
    })
    .await;
}

/// A file that writes as many bytes as `counts` says, one number a write; then all that it is given.
fn odd_file(counts: &str) -> JsValue {
    js(&format!(
        "{{ bytes: [], counts: {counts}, write(given, {{ at }}) {{
            const said = this.counts.length > 0 ? this.counts.shift() : given.length;
            if (said === 'throw') throw new DOMException('full', 'QuotaExceededError');
            for (let n = 0; n < Math.min(said, given.length); n += 1) this.bytes[at + n] = given[n];
            return said;
        }} }}"
    ))
}

#[wasm_bindgen_test]
async fn the_count_of_a_write_is_believed_where_it_can_be_true() {
    guarded(async {
        let bytes = Uint8Array::from(&[1, 2, 3, 4, 5][..]);
        let written = |file: &JsValue| get(file, "bytes").unchecked_into::<Array>().length();
        for counts in ["[]", "[2]", "[1, 3]"] {
            let file = odd_file(counts);
            write_all(&file, 10, &bytes).expect("it is written in the end");
            let bytes: Array = get(&file, "bytes").unchecked_into();
            let there: Vec<f64> = (10..15).map(|at| bytes.get(at).as_f64().unwrap_or(0.0)).collect();
            assert_eq!(there, [1.0, 2.0, 3.0, 4.0, 5.0], "{counts}");
        }
        // What Chromium and Firefox have said at a full quota, and nonsense.
        for counts in ["[4294967288]", "[2, 0]", "[0]", "[-1]", "[6]", "[undefined]", "['throw']", "[NaN]"] {
            let file = odd_file(counts);
            let why = write_all(&file, 0, &bytes).expect_err("it is not written");
            assert!(why.is_quota(), "{counts}: {why}");
        }
        let file = odd_file("[4294967288]");
        write_all(&file, 0, &Uint8Array::new_with_length(0)).expect("nothing is to be written");
        assert_eq!(written(&file), 0);
    })
    .await;
}

fn disk_order(id: u64, t: &str, fields: &[(&str, JsValue)]) {
    let message = object(&[("t", format!("disk.{t}").as_str().into()), ("id", (id as f64).into())]);
    for (name, value) in fields {
        set(&message, name, value);
    }
    tell(&message);
}

async fn disk_answer(id: u64) -> Result<JsValue, JsValue> {
    let is_there = || said(id, "disk.done").is_some() || said(id, "disk.failed").is_some();
    until("the disk answers", is_there).await;
    said(id, "disk.done")
        .map(|it| get(&it, "value"))
        .ok_or_else(|| said(id, "disk.failed").unwrap_or_default())
}

#[wasm_bindgen_test]
async fn a_private_file_is_written_at_any_offset() {
    guarded(async {
        serve();
        let name = format!("file-test-{}", js_sys::Math::random());
        disk_order(3_000_000, "open", &[("name", name.as_str().into())]);
        let opened = disk_answer(3_000_000).await;
        let Ok(size) = opened else {
            // WebKitGTK has no such files.
            assert!(get(&js("navigator.storage ?? {}"), "getDirectory").is_undefined(), "{opened:?}");
            return;
        };
        assert_eq!(size.as_f64(), Some(0.0));
        let bytes = bytes(31, 9 << 20);
        let part = |range: std::ops::Range<usize>| Uint8Array::from(&bytes[range]);
        let number = |at: usize| JsValue::from(at as f64);
        let whole = bytes.len();
        disk_order(
            3_000_001,
            "write",
            &[("at", number(whole - 5)), ("bytes", part(whole - 5..whole).into())],
        );
        disk_order(3_000_002, "put", &[("at", number(10)), ("blob", blob(&bytes[10..whole - 5]).into())]);
        disk_order(3_000_003, "write", &[("at", number(0)), ("bytes", part(0..10).into())]);
        disk_order(3_000_004, "flush", &[]);
        disk_order(3_000_005, "read", &[("at", number(0)), ("len", number(whole))]);
        disk_order(3_000_006, "read", &[("at", number(1)), ("len", number(whole))]);
        for id in 3_000_001..=3_000_004 {
            disk_answer(id).await.expect("it is done");
        }
        let read: Uint8Array = disk_answer(3_000_005).await.expect("it is read").unchecked_into();
        assert!(read.to_vec() == bytes, "the bytes differ");
        assert!(disk_answer(3_000_006).await.is_err(), "there is one less");
        disk_order(3_000_007, "close", &[("len", number(whole + 1))]);
        assert!(disk_answer(3_000_007).await.is_err(), "it is shorter");
        disk_order(3_000_008, "close", &[("len", number(whole - 1))]);
        disk_answer(3_000_008).await.expect("it is closed");
        disk_order(3_000_009, "open", &[("name", name.as_str().into())]);
        let size = disk_answer(3_000_009).await.expect("it is opened again");
        assert_eq!(size.as_f64(), Some((whole - 1) as f64));
        disk_order(3_000_010, "close", &[]);
        disk_answer(3_000_010).await.expect("it is closed");
        disk_order(3_000_011, "flush", &[]);
        assert!(disk_answer(3_000_011).await.is_err(), "no file is open");
    })
    .await;
}
