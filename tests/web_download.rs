//! What carries out a download's effects, one by one, and a machine that is driven against answers the test writes.
#![cfg(target_arch = "wasm32")]
// A panic here is a failing test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod web;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::*;
use xuchuan::core::download::{BodyCursor, Config, Download, Effect, Verified};
use xuchuan::core::error::{Error, Kind};
use xuchuan::core::md5::Digest;
use xuchuan::core::progress::{Progress, State};
use xuchuan::core::scheduler::{Direction, Entry, Scheduled};
use xuchuan::web::download::{
    DownloadContext, DownloadEffects, DownloadJournal, Downloaded, Filing, Sink, Target,
};
use xuchuan::web::drive::PageObserver;
use xuchuan::web::headers::Headers;
use xuchuan::web::inquiry::Inquiry;
use xuchuan::web::task::Serial;
use xuchuan::web::transfer::{self, TransferDriver, TransferEffects};

use web::*;

wasm_bindgen_test_configure!(run_in_browser);

const PIECE: u64 = 100;

/// Does nothing, so that the test gives the effects.
struct Idle;

impl TransferEffects<Download> for Idle {
    fn carry_out(&mut self, _: Effect) -> Option<Result<Downloaded, Error>> {
        None
    }

    fn restore(&mut self) {}
}

fn entry(origin: &str) -> Entry {
    Entry { origin: origin.to_owned(), direction: Direction::Down, most: 4, key: None }
}

struct Nobody;

impl PageObserver<Scheduled<Download>> for Nobody {
    fn state(&self, _: State) {}
    fn progress(&self, _: Progress) {}
    fn settled(&self, _: Result<Downloaded, Error>) {}
}

fn context(url: &str, sink: Sink) -> Rc<DownloadContext> {
    Rc::new(DownloadContext {
        url: RefCell::new(url.to_owned()),
        refresh_url: None,
        headers: Headers::new(None),
        inquiry: Inquiry::default(),
        credentials: "same-origin",
        sink: RefCell::new(sink),
        journal: DownloadJournal::new(None),
        filing: Filing::default(),
        waiting: Cell::new(0),
    })
}

/// One body that is received as the test says.
struct Body {
    effects: DownloadEffects,
    context: Rc<DownloadContext>,
    fake: JsValue,
    request: JsValue,
}

impl Body {
    /// Sends a request, which is answered.
    async fn open(restore: Option<web_sys::Blob>) -> Body {
        let mut sink = Sink::new(Target::Blob, PIECE);
        if let Some(piece) = restore {
            sink.restore(0, piece);
        }
        sink.prepare(Some(1000), true).expect("there is room");
        let context = context("/x", sink);
        let mut driver = None;
        let idle = |given: TransferDriver<Download>| {
            driver = Some(given);
            Idle
        };
        // It never ends, so it has a queue of its own.
        let entry = entry("https://idle.example");
        transfer::run(Download::new(Config::new("/x")), entry, Serial::default(), idle, Nobody);
        let mut effects = DownloadEffects::new(context.clone(), driver.expect("it is given"));
        let fake = fake_fetch();
        effects.carry_out(Effect::Send { id: 1, range: None, if_match: None });
        let requests: Array = get(&fake, "requests").unchecked_into();
        until("it is sent", || requests.length() == 1).await;
        call(&fake, "restore", &[]);
        let request = requests.get(0);
        call(&request, "respond", &[206.into(), js("{}")]);
        Body { effects, context, fake, request }
    }

    fn receive(&mut self, skip: u64, compare: u64, at: u64, limit: Option<u64>) {
        let cursor = BodyCursor { skip, compare, at, limit };
        self.effects.carry_out(Effect::Receive { id: 1, cursor, bulk: false });
    }

    fn receive_in_bulk(&mut self, at: u64, limit: u64) {
        let cursor = BodyCursor::write(at, Some(limit));
        self.effects.carry_out(Effect::Receive { id: 1, cursor, bulk: true });
    }

    fn push(&self, bytes: &[u8]) {
        call(&self.request, "push", &[Uint8Array::from(bytes).into()]);
    }

    async fn is_written(&self, range: std::ops::Range<usize>, bytes: &[u8]) -> bool {
        let stored = self.context.sink.borrow().read(range.start as u64..range.end as u64);
        match stored {
            Ok(stored) => stored.bytes().await.is_ok_and(|stored| stored == bytes[range]),
            Err(_) => false,
        }
    }

    fn is_aborted(&self) -> bool {
        let _ = &self.fake;
        get(&self.request, "aborted") == JsValue::TRUE
    }
}

#[wasm_bindgen_test]
async fn bytes_wait_for_their_cursor_and_stop_at_the_limit() {
    guarded(async {
        let bytes = bytes(1, 1000);
        let mut body = Body::open(None).await;
        body.push(&bytes[90..250]);
        sleep(30).await;
        assert!(!body.is_written(100..101, &bytes).await);
        body.receive(10, 0, 100, Some(150));
        sleep(30).await;
        assert!(body.is_written(100..150, &bytes).await);
        assert!(!body.is_written(150..151, &bytes).await, "it stops at the limit");
        // Another cursor goes on with the very next byte.
        body.receive(0, 0, 150, Some(180));
        sleep(30).await;
        assert!(body.is_written(100..180, &bytes).await && !body.is_written(180..181, &bytes).await);
        body.effects.carry_out(Effect::Cancel(1));
        sleep(30).await;
        assert!(body.is_aborted() && !body.is_written(180..181, &bytes).await);
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_limit_that_comes_while_bytes_are_compared_holds() {
    guarded(async {
        let bytes = bytes(2, 1000);
        let old = slow(&Uint8Array::from(&bytes[..100]), 80.0);
        let mut body = Body::open(Some(old)).await;
        body.receive(0, 50, 100, None);
        body.push(&bytes[50..190]);
        sleep(30).await;
        body.effects.carry_out(Effect::Limit { id: 1, end: 120 });
        sleep(150).await;
        assert!(body.is_written(100..120, &bytes).await);
        assert!(!body.is_written(120..121, &bytes).await, "it stops at the limit");
        body.effects.carry_out(Effect::Cancel(1));
    })
    .await;
}

#[wasm_bindgen_test]
async fn what_follows_other_bytes_than_the_stored_ones_is_not_written() {
    guarded(async {
        let bytes = bytes(3, 1000);
        // The first and the last of those that are compared.
        for differs in [50, 99] {
            let mut old = bytes[..100].to_vec();
            old[differs] ^= 1;
            let mut body = Body::open(Some(blob(&old))).await;
            body.receive(0, 50, 100, None);
            body.push(&bytes[50..190]);
            sleep(60).await;
            assert!(!body.is_written(100..101, &bytes).await, "byte {differs} differs");
            body.effects.carry_out(Effect::Cancel(1));
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_body_read_in_bulk_is_written_when_it_is_whole() {
    guarded(async {
        let bytes = bytes(5, 1000);
        let mut body = Body::open(None).await;
        body.receive_in_bulk(100, 300);
        body.push(&bytes[100..200]);
        sleep(30).await;
        assert!(!body.is_written(100..101, &bytes).await, "nobody looks at it");
        body.push(&bytes[200..350]);
        call(&body.request, "end", &[]);
        sleep(30).await;
        assert!(body.is_written(100..300, &bytes).await);
        assert!(!body.is_written(300..301, &bytes).await, "it stops at the limit");
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_body_read_in_bulk_that_breaks_or_is_cancelled_leaves_nothing() {
    guarded(async {
        let bytes = bytes(6, 1000);
        for cancelled in [true, false] {
            let mut body = Body::open(None).await;
            body.receive_in_bulk(100, 300);
            body.push(&bytes[100..300]);
            if cancelled {
                body.effects.carry_out(Effect::Cancel(1));
            } else {
                call(&body.request, "fail", &[]);
            }
            sleep(30).await;
            assert!(!body.is_written(100..101, &bytes).await);
            assert!(body.is_aborted() || !cancelled);
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn nothing_is_written_after_it_was_cancelled() {
    guarded(async {
        let bytes = bytes(3, 1000);
        let old = slow(&Uint8Array::from(&bytes[..100]), 80.0);
        let mut body = Body::open(Some(old)).await;
        body.receive(0, 50, 100, None);
        body.push(&bytes[50..190]);
        sleep(30).await;
        body.effects.carry_out(Effect::Cancel(1));
        sleep(150).await;
        assert!(body.is_aborted() && !body.is_written(100..101, &bytes).await);
        // What is said of what is cancelled is ignored.
        body.receive(0, 0, 100, None);
        body.effects.carry_out(Effect::Limit { id: 1, end: 120 });
        body.effects.carry_out(Effect::Cancel(1));
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_body_that_breaks_is_asked_for_where_it_broke() {
    guarded(async {
        let bytes = bytes(4, 5000);
        let fake = fake_fetch();
        let down = download("https://example.org/x", "{ resume: false, retry: { base: 1 } }");
        let requests: Array = get(&fake, "requests").unchecked_into();
        until("it is sent", || requests.length() == 1).await;
        let first = requests.get(0);
        let head = "{ 'Content-Range': 'bytes 0-4999/5000', 'Content-Length': '5000', ETag: '\"a\"' }";
        call(&first, "respond", &[206.into(), js(head)]);
        call(&first, "push", &[Uint8Array::from(&bytes[..2000]).into()]);
        sleep(30).await;
        call(&first, "fail", &[]);
        until("it is asked for again", || requests.length() == 2).await;
        let second = requests.get(1);
        let range = text(&get(&second, "headers"), "range");
        let from: usize =
            range.trim_start_matches("bytes=").split('-').next().expect("a range").parse().expect("a number");
        assert!((1..=2000).contains(&from), "{range}");
        let head = format!(
            "{{ 'Content-Range': 'bytes {from}-4999/5000', 'Content-Length': '{}', ETag: '\"a\"' }}",
            5000 - from
        );
        call(&second, "respond", &[206.into(), js(&head)]);
        call(&second, "push", &[Uint8Array::from(&bytes[from..]).into()]);
        call(&second, "end", &[]);
        let result = down.result().await;
        call(&fake, "restore", &[]);
        assert!(data_bytes(&get(&result, "data")).await == bytes);
    })
    .await;
}

/// A machine whose effects are carried out against answers that the test writes.
struct Run {
    fake: JsValue,
    settled: Rc<RefCell<Option<Result<Downloaded, Error>>>>,
    /// How often bytes were to be hashed while others came.
    hashes: Rc<Cell<u32>>,
}

struct Counting(DownloadEffects, Rc<Cell<u32>>);

impl TransferEffects<Download> for Counting {
    fn carry_out(&mut self, effect: Effect) -> Option<Result<Downloaded, Error>> {
        self.1.set(self.1.get() + u32::from(matches!(effect, Effect::Hash(_))));
        self.0.carry_out(effect)
    }

    fn restore(&mut self) {
        self.0.restore();
    }
}

struct Keeps(Rc<RefCell<Option<Result<Downloaded, Error>>>>);

impl PageObserver<Scheduled<Download>> for Keeps {
    fn state(&self, _: State) {}
    fn progress(&self, _: Progress) {}
    fn settled(&self, result: Result<Downloaded, Error>) {
        *self.0.borrow_mut() = Some(result);
    }
}

impl Run {
    fn start(target: Target, md5: Digest) -> Run {
        let (settled, hashes) = (Rc::new(RefCell::new(None)), Rc::new(Cell::new(0)));
        let fake = fake_fetch();
        let config =
            Config { piece: PIECE, ahead: PIECE, md5: Some(md5), ..Config::new("https://example.org/x") };
        let counting = |driver| {
            let context = context("https://example.org/x", Sink::new(target, PIECE));
            Counting(DownloadEffects::new(context, driver), hashes.clone())
        };
        let keeps = Keeps(settled.clone());
        let entry = entry("https://example.org");
        transfer::run(Download::new(config), entry, Serial::default(), counting, keeps);
        Run { fake, settled, hashes }
    }

    async fn request(&self, index: u32) -> JsValue {
        let requests: Array = get(&self.fake, "requests").unchecked_into();
        until("it is sent", || requests.length() > index).await;
        requests.get(index)
    }

    async fn asks_for_all(&self, index: u32) -> bool {
        text(&get(&self.request(index).await, "headers"), "range") == "bytes=0-"
    }

    /// Answers the request `index` with what it asks for of `bytes`, which come in four parts; or with a part of them.
    async fn answer(&self, index: u32, bytes: &[u8], tag: &str, parts: usize) {
        let request = self.request(index).await;
        let size = bytes.len();
        let range = text(&get(&request, "headers"), "range");
        let from: usize =
            range.trim_start_matches("bytes=").split('-').next().expect("a range").parse().expect("a number");
        let bytes = &bytes[from..];
        let head = format!(
            "{{ 'Content-Range': 'bytes {from}-{}/{size}', 'Content-Length': '{}', ETag: '\"{tag}\"' }}",
            size - 1,
            bytes.len()
        );
        call(&request, "respond", &[206.into(), js(&head)]);
        for part in bytes.chunks(bytes.len().div_ceil(4)).take(parts) {
            call(&request, "push", &[Uint8Array::from(part).into()]);
            sleep(40).await;
        }
        match parts {
            0 => JsValue::UNDEFINED,
            4 => call(&request, "end", &[]),
            _ => call(&request, "fail", &[]),
        };
    }

    async fn end(self) -> Result<Downloaded, Error> {
        until("it is settled", || self.settled.borrow().is_some()).await;
        call(&self.fake, "restore", &[]);
        self.settled.take().expect("it is settled")
    }
}

#[wasm_bindgen_test]
async fn what_is_there_is_hashed_while_the_rest_comes() {
    guarded(async {
        for target in [Target::Buffer, Target::Blob] {
            let bytes = bytes(5, 1050);
            let run = Run::start(target, Digest::of(&bytes));
            run.answer(0, &bytes, "a", 4).await;
            assert!(run.hashes.get() >= 2, "{}", run.hashes.get());
            let done = run.end().await.expect("the digest is right");
            assert_eq!(done.outcome.verified, Some(Verified::Md5));
            assert!(data_bytes(&done.data).await == bytes);

            let mut other = bytes.clone();
            other[0] ^= 1;
            let run = Run::start(target, Digest::of(&other));
            run.answer(0, &bytes, "a", 4).await;
            assert_eq!(run.end().await.err().map(|error| error.kind), Some(Kind::DigestMismatch));
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn what_is_thrown_away_is_not_in_the_digest() {
    guarded(async {
        for target in [Target::Buffer, Target::Blob] {
            let (old, new) = (bytes(6, 1050), bytes(7, 1060));
            let run = Run::start(target, Digest::of(&new));
            run.answer(0, &old, "a", 3).await;
            assert!(run.hashes.get() > 0);
            // The rest of it is of another version, so all is asked for again in the end.
            let mut index = 1;
            while !run.asks_for_all(index).await {
                run.answer(index, &new, "b", 0).await;
                index += 1;
            }
            run.answer(index, &new, "b", 4).await;
            let done = run.end().await.expect("the digest is right");
            assert!(data_bytes(&done.data).await == new);
        }
    })
    .await;
}
