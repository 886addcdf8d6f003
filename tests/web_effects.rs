//! The small effects of `web`, in a page: fetch, headers, blobs, timers, and what is built on promises.
#![cfg(target_arch = "wasm32")]
// A panic here is a failing test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod web;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::*;
use xuchuan::core::cause::{Cause, Loss};
use xuchuan::core::protocol::wire::Answer;
use xuchuan::core::thrown::Thrown;
use xuchuan::web::blob::{Read, slice};
use xuchuan::web::convert::read_envelope;
use xuchuan::web::fetch::{AbortGuard, Outgoing, check_url, headers, send};
use xuchuan::web::headers::Headers;
use xuchuan::web::task::{Serial, Signal, promised};
use xuchuan::web::time::{self, Throttle};
use xuchuan::web::{object, url};

use web::*;

wasm_bindgen_test_configure!(run_in_browser);

fn post(url: &str, body: &str) -> Outgoing {
    Outgoing {
        method: "POST",
        url: url.to_owned(),
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        credentials: "same-origin",
        body: Some(body.into()),
        no_store: false,
    }
}

fn get_from(url: &str) -> Outgoing {
    Outgoing {
        method: "GET",
        url: url.to_owned(),
        headers: Vec::new(),
        credentials: "same-origin",
        body: None,
        no_store: true,
    }
}

async fn fetched(outgoing: Outgoing) -> Result<web_sys::Response, Loss> {
    let guard = AbortGuard::new().expect("a guard");
    send(outgoing, &guard.signal()).await
}

// fetch

#[wasm_bindgen_test]
async fn fetch_gives_status_and_body_across_origins() {
    guarded(async {
        let url = format!("{}/api/upload/handshake", server());
        let guard = AbortGuard::new().expect("a guard");
        let response = send(post(&url, "{}"), &guard.signal()).await.expect("an answer");
        assert_eq!(response.status(), 403);
        let body = promised(response.text().expect("a body")).await.expect("a body");
        let body = body.dyn_into().expect("a text");
        assert_eq!(read_envelope(&body).expect("an envelope").code, 403);
    })
    .await;
}

#[wasm_bindgen_test]
async fn fetch_reads_what_the_server_exposes() {
    guarded(async {
        let url = stored(&new_bytes(1000)).await;
        let mut outgoing = get_from(&url);
        outgoing.headers.push(("Range".to_owned(), "bytes=10-19".to_owned()));
        let response = fetched(outgoing).await.expect("an answer");
        assert_eq!(response.status(), 206);
        assert_eq!(headers(&response).get("Content-Range").as_deref(), Some("bytes 10-19/1000"));
        assert!(headers(&response).get("ETag").is_some());
    })
    .await;
}

#[wasm_bindgen_test]
async fn fetch_says_what_failed() {
    guarded(async {
        let refused = fetched(get_from("http://127.0.0.1:9/")).await.err();
        assert!(
            refused.is_some_and(|loss| {
                loss.cause == Cause::Unanswered && loss.words.starts_with("TypeError")
            })
        );
        assert!(fetched(get_from("http://[/")).await.is_err());
        for url in ["http://[/", "http://user:secret@127.0.0.1:9/", "http://user@127.0.0.1:9/"] {
            let loss = check_url(url).expect_err(url);
            assert!(loss.cause == Cause::Unsendable && !loss.words.contains("secret"), "{loss:?}");
        }
        assert_eq!(check_url("/files?x=1#y"), Ok(()));
    })
    .await;
}

#[wasm_bindgen_test]
async fn fetch_sends_credentials_only_if_asked() {
    guarded(async {
        // A server open to all may not be called with cookies, so the browser refuses the answer.
        let url = format!("{}/files/none", server());
        let with = Outgoing { credentials: "include", ..get_from(&url) };
        assert!(fetched(with).await.is_err());
        let without = Outgoing { credentials: "omit", ..get_from(&url) };
        assert_eq!(fetched(without).await.expect("an answer").status(), 404);
    })
    .await;
}

#[wasm_bindgen_test]
async fn fetch_ends_when_its_guard_is_dropped() {
    guarded(async {
        let fake = fake_fetch();
        let guard = AbortGuard::new().expect("a guard");
        let signal = guard.signal();
        let ended = Rc::new(RefCell::new(None));
        spawn_local({
            let (ended, signal) = (ended.clone(), signal.clone());
            async move {
                *ended.borrow_mut() = Some(send(get_from("/slow"), &signal).await.err());
            }
        });
        until("it is sent", || get(&fake, "requests").unchecked_into::<js_sys::Array>().length() == 1).await;
        assert!(ended.borrow().is_none());
        drop(guard);
        until("it ends", || ended.borrow().is_some()).await;
        assert_eq!(ended.take().flatten(), Some(Loss::from(Thrown::new("AbortError", "aborted"))));
        call(&fake, "restore", &[]);
        // What is aborted before it begins never begins.
        assert_eq!(send(get_from("/slow"), &signal).await.err(), Some(Loss::from("aborted")));
    })
    .await;
}

#[wasm_bindgen_test]
async fn fetch_fails_for_headers_that_cannot_be() {
    guarded(async {
        for (name, value) in [("X-Name", "续传"), ("X-Name", "a\nb"), ("no name", "x"), ("", "x")] {
            let mut outgoing = get_from(&format!("{}/files/none", server()));
            outgoing.headers.push((name.to_owned(), value.to_owned()));
            let loss = fetched(outgoing).await.expect_err(name);
            assert!(
                loss.cause == Cause::Unsendable && loss.words.contains(name),
                "{name}: {value}: {loss:?}"
            );
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn fetch_keeps_a_signed_url_as_it_is() {
    guarded(async {
        let fake = fake_fetch();
        let url = "https://example.org/a%20b?sig=a%2Bb%3D&x=1+2&&y=%27";
        let guard = AbortGuard::new().expect("a guard");
        let signal = guard.signal();
        spawn_local(async move { drop(send(get_from(url), &signal).await) });
        until("it is sent", || get(&fake, "requests").unchecked_into::<js_sys::Array>().length() == 1).await;
        assert_eq!(text(&get(&get(&fake, "requests"), "0"), "url"), url);
        call(&fake, "restore", &[]);
    })
    .await;
}

// headers

async fn headers_of(option: &str) -> Result<Vec<(String, String)>, Loss> {
    Headers::new(Some(js(option))).get(None).await
}

#[wasm_bindgen_test]
async fn headers_come_from_objects_and_functions() {
    guarded(async {
        let expected = Ok(vec![("x-a".to_owned(), "1".to_owned())]);
        for option in [
            "{ 'x-a': '1' }",
            "new Headers({ 'X-A': '1' })",
            "() => ({ 'x-a': '1' })",
            "async () => ({ 'x-a': '1' })",
            "() => new Headers({ 'x-a': '1' })",
            "() => ({ then: (resolve) => setTimeout(() => resolve({ 'x-a': '1' })) })",
        ] {
            assert_eq!(headers_of(option).await, expected, "{option}");
        }
        assert_eq!(Headers::new(None).get(None).await, Ok(Vec::new()));
        let counted = Ok(vec![("n".to_owned(), "5".to_owned())]);
        assert_eq!(headers_of("() => ({ n: 5 })").await, counted, "as fetch would");
    })
    .await;
}

fn page(thrown: Thrown) -> Result<Vec<(String, String)>, Loss> {
    let words = format!("the page's headers() failed: {thrown}");
    Err(Loss::new(Cause::Page, words).with_source(thrown))
}

#[wasm_bindgen_test]
async fn headers_fail_with_what_the_page_threw() {
    guarded(async {
        for option in ["() => { throw new Error('no token') }", "async () => { throw new Error('no token') }"]
        {
            assert_eq!(headers_of(option).await, page(Thrown::new("Error", "no token")), "{option}");
        }
        assert_eq!(headers_of("() => { throw 'no token' }").await, page("no token".into()));
        assert_eq!(headers_of("() => Promise.reject()").await, page("a value of the type undefined".into()));
        for (option, words) in [
            ("() => null", "it gave null"),
            ("() => 5", "it gave number"),
            ("() => ({ n: NaN })", "the header “n” is number"),
            ("() => ({ n: null })", "the header “n” is null"),
            ("() => ({ n: undefined })", "the header “n” is undefined"),
        ] {
            let loss = headers_of(option).await.expect_err(option);
            assert!(loss.cause == Cause::Page && loss.words.contains(words), "{option}: {loss:?}");
        }
        let later =
            headers_of("() => { throw Object.assign(new Error('later'), { retryable: true }) }").await;
        assert_eq!(
            later.expect_err("it throws").cause,
            Cause::Cut,
            "the page says that it is worth another try"
        );
    })
    .await;
}

#[wasm_bindgen_test]
async fn fresh_headers_last_until_they_are_used() {
    guarded(async {
        let headers = Headers::new(Some(js("(() => { let n = 0; return () => ({ n: String(n += 1) }) })()")));
        assert!(headers.can_refresh());
        assert_eq!(headers.fresh(), None);
        headers.refresh().await.expect("the page answers");
        assert_eq!(headers.fresh(), Some(vec![("n".to_owned(), "1".to_owned())]));
        headers.replayed();
        assert_eq!(headers.fresh(), None);
        assert!(!Headers::new(Some(js("{}"))).can_refresh());
    })
    .await;
}

// blob

#[wasm_bindgen_test]
async fn blobs_are_read_in_slices() {
    guarded(async {
        let bytes = bytes(1, 1000);
        let blob = blob(&bytes);
        for range in [0..0, 0..1, 0..1000, 999..1000, 1000..1000, 10..20] {
            let read = Read::start(&blob, &range).expect("a read").bytes().await.expect("bytes");
            assert_eq!(read.to_vec(), bytes[range.start as usize..range.end as usize]);
            assert_eq!(slice(&blob, &range).expect("a slice").size(), (range.end - range.start) as f64);
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn blobs_are_read_beyond_4_gib() {
    guarded(async {
        let unit = bytes(2, (16 << 20) + 1);
        let unit_len = unit.len() as u64;
        let big = repeated(&blob(&unit), 300);
        let size = 300 * unit_len;
        assert_eq!(big.size() as u64, size);
        for at in [(1_u64 << 32) - 5, 1 << 32, (1 << 32) + 12345, size - 10] {
            let read = Read::start(&big, &(at..at + 10)).expect("a read").bytes().await.expect("bytes");
            let expected: Vec<u8> = (at..at + 10).map(|i| unit[(i % unit_len) as usize]).collect();
            assert_eq!(read.to_vec(), expected, "{at}");
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn blobs_that_cannot_be_read_say_so() {
    guarded(async {
        let bytes = js_sys::Uint8Array::new_with_length(100);
        let gone = unreadable(&bytes, 50.0);
        assert!(Read::start(&gone, &(0..50)).expect("a read").bytes().await.is_ok());
        let why = Read::start(&gone, &(50..60)).expect("a read").bytes().await.err();
        assert_eq!(why.map(|it| it.to_string()).as_deref(), Some("NotReadableError: The file is gone"));
        let short = shortened(&bytes, 200.0);
        let why = Read::start(&short, &(90..110)).expect("a read").bytes().await.err();
        assert_eq!(
            why.map(|it| it.to_string()).as_deref(),
            Some("10 bytes were read where 20 were expected")
        );
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_read_that_nobody_awaits_fails_in_silence() {
    guarded(async {
        let gone = unreadable(&js_sys::Uint8Array::new_with_length(100), 0.0);
        let dropped = Read::start(&gone, &(0..10)).expect("a read");
        let late = Read::start(&gone, &(0..10)).expect("a read");
        drop(dropped);
        sleep(50).await;
        assert!(late.bytes().await.is_err());
    })
    .await;
}

// throttle

fn counted() -> (Throttle, Rc<Cell<u32>>) {
    let count = Rc::new(Cell::new(0));
    let counting = count.clone();
    (Throttle::new(move || counting.set(counting.get() + 1)), count)
}

#[wasm_bindgen_test]
async fn a_throttle_joins_what_is_asked() {
    guarded(async {
        let (throttle, count) = counted();
        for _ in 0..100 {
            throttle.ask();
        }
        assert_eq!(count.get(), 0);
        until("it is called", || count.get() > 0).await;
        sleep(600).await;
        assert_eq!(count.get(), 1);
        throttle.ask();
        until("it is called again", || count.get() == 2).await;
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_throttle_calls_20_times_a_second_at_most() {
    guarded(async {
        let (throttle, count) = counted();
        let before = time::now();
        while count.get() < 5 {
            throttle.ask();
            time::breathe().await;
        }
        // Clocks may be coarse: a quarter of it is theirs.
        assert!(time::now().since(before) >= 5 * 50 * 3 / 4);
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_dropped_throttle_is_silent() {
    guarded(async {
        let (throttle, count) = counted();
        throttle.ask();
        drop(throttle);
        sleep(300).await;
        assert_eq!(count.get(), 0);
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_throttle_may_be_dropped_by_its_own_call() {
    guarded(async {
        let (held, count) = (Rc::new(RefCell::new(None)), Rc::new(Cell::new(0)));
        *held.borrow_mut() = Some(Throttle::new({
            let (held, count) = (held.clone(), count.clone());
            move || {
                drop(held.take());
                count.set(count.get() + 1);
            }
        }));
        if let Some(throttle) = held.borrow().as_ref() {
            throttle.ask();
        }
        until("it is called", || count.get() == 1).await;
    })
    .await;
}

// timer, signal, serial

#[wasm_bindgen_test]
async fn sleeping_takes_its_time() {
    guarded(async {
        let before = time::now();
        time::sleep(60).await;
        let slept = time::now().since(before);
        assert!((55..2000).contains(&slept), "{slept} ms");
        time::breathe().await;
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_dropped_sleep_takes_its_timer_back() {
    guarded(async {
        let pending = Rc::new(RefCell::new(Some(Box::pin(time::sleep(30)))));
        let polled = pending.clone();
        // Polled once, so that the timer runs.
        spawn_local(std::future::poll_fn(move |context| {
            if let Some(sleep) = polled.borrow_mut().as_mut() {
                assert!(sleep.as_mut().poll(context).is_pending());
            }
            std::task::Poll::Ready(())
        }));
        sleep(5).await;
        pending.take();
        sleep(100).await;
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_signal_is_remembered_and_lowered() {
    guarded(async {
        let signal = Rc::new(Signal::default());
        signal.raise();
        signal.raise();
        signal.wait().await;
        let waited = Rc::new(Cell::new(false));
        spawn_local({
            let (signal, waited) = (signal.clone(), waited.clone());
            async move {
                signal.wait().await;
                waited.set(true);
            }
        });
        sleep(20).await;
        assert!(!waited.get(), "raised twice is raised once");
        signal.raise();
        until("it is seen", || waited.get()).await;
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_serial_runs_one_after_the_other() {
    guarded(async {
        let serial = Serial::default();
        let log = Rc::new(RefCell::new(Vec::new()));
        for (index, ms) in [(0, 30), (1, 0), (2, 10)] {
            let (log, inner) = (log.clone(), serial.clone());
            serial.run(async move {
                time::sleep(ms).await;
                log.borrow_mut().push(index);
                if index == 0 {
                    let log = log.clone();
                    inner.run(async move { log.borrow_mut().push(3) });
                }
            });
        }
        until("all have run", || log.borrow().len() == 4).await;
        assert_eq!(*log.borrow(), [0, 1, 2, 3]);
        let again = log.clone();
        serial.run(async move { again.borrow_mut().push(4) });
        until("it runs again after it was idle", || log.borrow().len() == 5).await;
    })
    .await;
}

// values

#[wasm_bindgen_test]
fn numbers_are_read_strictly() {
    assert_eq!(object::to_u64(0.0), Some(0));
    assert_eq!(object::to_u64(9_007_199_254_740_991.0), Some(9_007_199_254_740_991));
    for odd in [-1.0, 0.5, f64::NAN, f64::INFINITY, 9_007_199_254_740_992.0] {
        assert_eq!(object::to_u64(odd), None, "{odd}");
    }
}

#[wasm_bindgen_test]
fn answers_that_are_no_envelope_are_none() {
    for odd in [
        "",
        "null",
        "5",
        "[]",
        "{}",
        "<html>",
        "{\"code\":\"ok\"}",
        "{\"code\":\"\"}",
        "{\"code\":null}",
        "{\"code\":true}",
        "{\"code\":0,\"data\":5}",
        "{\"code\":0,\"data\":[1]}",
    ] {
        assert!(read_envelope(&odd.into()).is_none(), "{odd}");
    }
    assert!(
        read_envelope(&"{\"code\":0,\"msg\":null,\"data\":null}".into()).is_some_and(|it| it.data.is_none())
    );
}

#[wasm_bindgen_test]
fn envelopes_are_read_as_servers_write_them() {
    let read = |text: &str| read_envelope(&text.into()).expect("an envelope");
    let quoted = read("{\"code\":\"0\",\"data\":[\"a\"]}");
    assert_eq!((quoted.code, quoted.data), (0, Some(Answer::Needed(vec!["a".to_owned()]))));
    for (text, msg) in [
        ("{\"code\":-1}", "the server answered code -1"),
        ("{\"code\":4294967296,\"msg\":\"full\"}", "full"),
        ("{\"code\":\"-1\",\"message\":\"full\"}", "full"),
        ("{\"code\":1,\"msg\":\"no\",\"message\":\"full\"}", "no"),
        ("{\"code\":200,\"msg\":\"success\",\"data\":{\"needed\":[]}}", "success"),
    ] {
        let failure = read(text);
        assert!(failure.code != 0 && failure.msg == msg, "{text}: {failure:?}");
    }
}

#[wasm_bindgen_test]
fn urls_have_origins_and_names() {
    assert!(url::is_same_origin("/a"));
    assert!(url::is_same_origin("a"));
    assert!(!url::is_same_origin(server()));
    assert!(!url::is_same_origin("data:,x"));
    assert!(!url::is_same_origin("http://[/"));
    assert_eq!(url::name_of("/a/%E7%BB%AD.bin?x=/y#z"), "续.bin");
    assert_eq!(url::name_of("/a/%FF"), "%FF");
    assert_eq!(url::name_of("/"), "");
}

fn described(value: &str) -> String {
    Thrown::from(js(value)).to_string()
}

#[wasm_bindgen_test]
fn errors_describe_themselves() {
    assert_eq!(described("new TypeError('no')"), "TypeError: no");
    assert_eq!(described("new Error()"), "Error");
    assert_eq!(described("new DOMException('late', 'TimeoutError')"), "TimeoutError: late");
    assert_eq!(described("'words'"), "words");
    for (odd, words) in [
        ("null", "the value null"),
        ("undefined", "a value of the type undefined"),
        ("5", "the value 5"),
        ("Symbol('x')", "a value of the type symbol"),
        ("{ get message() { throw 1 } }", "an object (Object)"),
        ("{ message: 'no' }", "no"),
        ("{ code: 'E_LOGIN' }", "an object (Object, code E_LOGIN)"),
        ("new Response('', { status: 418 })", "an object (Response, status 418)"),
        ("new Event('error')", "an object (Event, type error)"),
        ("new Error('at http://u:p@h/x?key=1')", "Error: at http://h/x"),
    ] {
        assert_eq!(described(odd), words, "{odd}");
    }
}

#[wasm_bindgen_test]
fn an_error_keeps_its_name_and_what_it_was_made_from() {
    let thrown = Thrown::from(js("new TypeError('fetch failed', { cause: new Error('refused') })"));
    assert_eq!((thrown.name(), thrown.message()), ("TypeError", "fetch failed"));
    assert_eq!(thrown.source().map(ToString::to_string).as_deref(), Some("Error: refused"));
    assert!(Thrown::from(js("new DOMException('no room', 'QuotaExceededError')")).is_quota());
    assert!(!Thrown::from(js("new Error('QuotaExceededError')")).is_quota());
    // One that is its own source ends somewhere.
    let own =
        Thrown::from(js("(() => { const error = new Error('own'); error.cause = error; return error })()"));
    assert_eq!(own.to_string(), "Error: own");
    assert!(own.source().is_some());
}
