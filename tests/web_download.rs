//! The hands of a download, order by order, and a machine that is driven against answers the test writes.
#![cfg(target_arch = "wasm32")]
// A panic here is a failing test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod web;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::*;
use xuchuan::core::download::{Config, Download, Effect};
use xuchuan::core::error::Error;
use xuchuan::core::progress::{Progress, State};
use xuchuan::web::download::{DownloadHands, Downloaded, Job};
use xuchuan::web::drive::{Audience, Driver, Hands};
use xuchuan::web::headers::Headers;
use xuchuan::web::sink::{Sink, Target};

use web::*;

wasm_bindgen_test_configure!(run_in_browser);

const PIECE: u64 = 100;

/// Hands that do nothing, so that the test gives the orders.
struct Idle;

impl Hands<Download> for Idle {
    fn perform(&mut self, _: Effect) -> Option<Result<Downloaded, Error>> {
        None
    }
}

struct Nobody;

impl Audience<Download> for Nobody {
    fn state(&self, _: State) {}
    fn progress(&self, _: Progress) {}
    fn settled(&self, _: Result<Downloaded, Error>) {}
}

/// One body that is received as the test says.
struct Body {
    hands: DownloadHands,
    job: Rc<Job>,
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
        let job = Job {
            url: RefCell::new("/x".to_owned()),
            refresh_url: None,
            headers: Headers::new(None),
            credentials: "same-origin",
            sink: RefCell::new(sink),
            journal: None,
        };
        let driver = Driver::start(Download::new(Config::new("/x")), |_| Idle, Nobody);
        let mut hands = DownloadHands::new(job, driver);
        let job = hands.job();
        let fake = fake_fetch();
        hands.perform(Effect::Send { id: 1, range: None, if_match: None });
        let requests: Array = get(&fake, "requests").unchecked_into();
        until("it is sent", || requests.length() == 1).await;
        call(&fake, "restore", &[]);
        let request = requests.get(0);
        call(&request, "respond", &[206.into(), js("{}")]);
        Body { hands, job, fake, request }
    }

    fn receive(&mut self, skip: u64, compare: u64, at: u64, limit: Option<u64>) {
        self.hands.perform(Effect::Receive { id: 1, skip, compare, at, limit, at_once: false });
    }

    fn receive_at_once(&mut self, at: u64, limit: u64) {
        self.hands.perform(Effect::Receive {
            id: 1,
            skip: 0,
            compare: 0,
            at,
            limit: Some(limit),
            at_once: true,
        });
    }

    fn push(&self, bytes: &[u8]) {
        call(&self.request, "push", &[Uint8Array::from(bytes).into()]);
    }

    async fn is_written(&self, range: std::ops::Range<usize>, bytes: &[u8]) -> bool {
        let stored = self.job.sink.borrow().read(range.start as u64..range.end as u64);
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
async fn bytes_wait_for_their_order_and_stop_at_the_limit() {
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
        // Another order goes on with the very next byte.
        body.receive(0, 0, 150, Some(180));
        sleep(30).await;
        assert!(body.is_written(100..180, &bytes).await && !body.is_written(180..181, &bytes).await);
        body.hands.perform(Effect::Cancel(1));
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
        body.hands.perform(Effect::Limit { id: 1, end: 120 });
        sleep(150).await;
        assert!(body.is_written(100..120, &bytes).await);
        assert!(!body.is_written(120..121, &bytes).await, "it stops at the limit");
        body.hands.perform(Effect::Cancel(1));
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_body_in_one_go_is_written_when_it_is_whole() {
    guarded(async {
        let bytes = bytes(5, 1000);
        let mut body = Body::open(None).await;
        body.receive_at_once(100, 300);
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
async fn a_body_in_one_go_that_breaks_or_is_cancelled_leaves_nothing() {
    guarded(async {
        let bytes = bytes(6, 1000);
        for cancelled in [true, false] {
            let mut body = Body::open(None).await;
            body.receive_at_once(100, 300);
            body.push(&bytes[100..300]);
            if cancelled {
                body.hands.perform(Effect::Cancel(1));
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
        body.hands.perform(Effect::Cancel(1));
        sleep(150).await;
        assert!(body.is_aborted() && !body.is_written(100..101, &bytes).await);
        // An order for what is cancelled is none.
        body.receive(0, 0, 100, None);
        body.hands.perform(Effect::Limit { id: 1, end: 120 });
        body.hands.perform(Effect::Cancel(1));
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
