//! The whole engine through `api`, against the reference server on another origin.
#![cfg(target_arch = "wasm32")]
// A panic here is a failing test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod web;

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use wasm_bindgen_test::*;
use web_sys::Blob;
use xuchuan::api;
use xuchuan::core::md5::Digest;
use xuchuan::web::store;

use web::*;

wasm_bindgen_test_configure!(run_in_browser);

const CHUNK: usize = 100_000;

/// Uploads `bytes` and downloads them again; the upload's result.
async fn round_trip(bytes: &[u8]) -> JsValue {
    let up = upload(&blob(bytes), &format!("{{ chunkSize: {CHUNK}, ext: '.bin', resume: false }}"));
    let result = up.result().await;
    assert_eq!(text(&result, "fileId"), Digest::of(bytes).to_string());
    assert_eq!(number(&result, "size"), bytes.len() as f64);
    let url = text(&result, "url");
    for to in ["buffer", "blob"] {
        let options = format!("{{ to: '{to}', pieceSize: 70001, resume: false }}");
        let down = download(&url, &options).result().await;
        assert!(data_bytes(&get(&down, "data")).await == bytes, "{to} {}", bytes.len());
        assert_eq!(number(&down, "size"), bytes.len() as f64);
        // Of an empty one the answer to a range says no more than its size.
        if !bytes.is_empty() {
            assert_eq!(text(&down, "etag"), format!("\"{}\"", Digest::of(bytes)));
            if to == "blob" {
                assert_eq!(text(&get(&down, "data"), "type"), "application/octet-stream");
            }
        }
    }
    result
}

/// A File, which has a name and a date, and so a place in the journal.
fn file(bytes: &[u8], name: &str) -> Blob {
    let make: Function = js("(bytes, name) => new File([bytes], name, { lastModified: 5 })").unchecked_into();
    let file = make.call2(&JsValue::NULL, &Uint8Array::from(bytes), &name.into());
    file.expect("a File").unchecked_into()
}

/// Uploads the beginning of a file, until the network is lost.
async fn interrupted(source: &Blob) {
    interrupted_with(source, None).await;
}

/// The same of a file that came from a handle.
async fn interrupted_with(source: &Blob, handle: Option<JsValue>) {
    let options = js("{ chunkSize: 100000, concurrency: 1, retry: false }");
    Reflect::set(&options, &"handle".into(), &handle.unwrap_or_default()).expect("an object");
    let up = upload_with(source, &options, None);
    until("some of it is there", || number(&up.transfer.progress(), "confirmed") > 0.0).await;
    let name = text(source, "name");
    assert!(pending_of(&name).await.is_none(), "what is under way is not pending");
    let back = replace("fetch", &js("async () => { throw new TypeError('the network is lost') }"));
    let error = up.error().await;
    back.call0(&JsValue::NULL).expect("it is put back");
    assert_eq!(text(&error, "code"), "network");
    sleep(100).await;
}

async fn pending() -> Vec<JsValue> {
    Array::from(&settle(api::pending()).await).to_vec()
}

async fn pending_of(name: &str) -> Option<JsValue> {
    pending().await.into_iter().find(|shape| text(shape, "name") == name)
}

fn go_on(shape: &JsValue, file: Option<Blob>, options: &str) -> Watched {
    let observer = make_observer(None);
    let started =
        api::start_pending(&text(shape, "key"), file, js(options), observer.clone().unchecked_into());
    Watched { transfer: started.expect("it goes on"), observer }
}

fn new_name() -> String {
    format!("file {}.bin", js_sys::Math::random())
}

#[wasm_bindgen_test]
async fn files_of_any_size_come_back_as_they_were() {
    guarded(async {
        // There are 256 files of one byte: the server may well have it from another run.
        round_trip(&new_bytes(1)).await;
        for size in [CHUNK - 1, CHUNK, CHUNK + 1, 7 * CHUNK + 3] {
            let result = round_trip(&new_bytes(size)).await;
            assert_eq!(get(&result, "instant"), JsValue::FALSE, "{size}");
            assert_eq!(number(&result, "reused"), 0.0);
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn an_empty_file_comes_back_empty() {
    guarded(async {
        round_trip(&[]).await;
    })
    .await;
}

#[wasm_bindgen_test]
async fn repeated_chunks_are_sent_once() {
    guarded(async {
        let chunk = new_bytes(CHUNK);
        let bytes = [chunk.as_slice(), &chunk, &chunk, &chunk[..500]].concat();
        round_trip(&bytes).await;
        let up = upload(&blob(&[chunk.as_slice(), &chunk, b"x"].concat()), "{ chunkSize: 100000, ext: '' }");
        up.result().await;
        let progress = up.progress();
        let last = progress.last().expect("progress");
        assert_eq!(number(last, "confirmed"), 200_001.0);
        assert!(number(last, "sent") <= 100_001.0, "{} bytes were sent", number(last, "sent"));
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_second_upload_is_instant() {
    guarded(async {
        let blob = blob(&new_bytes(3 * CHUNK));
        let first = upload(&blob, "{ ext: '.bin', resume: false }").result().await;
        let again = upload(&blob, "{ ext: '.bin', resume: false }");
        let second = again.result().await;
        assert_eq!(get(&second, "instant"), JsValue::TRUE);
        assert_eq!(number(&second, "reused"), 3.0 * CHUNK as f64);
        assert_eq!(text(&first, "url"), text(&second, "url"));
        assert!(!again.states().contains(&"transferring".to_owned()), "{:?}", again.states());
    })
    .await;
}

#[wasm_bindgen_test]
async fn progress_goes_up_and_states_follow() {
    guarded(async {
        let bytes = new_bytes(20 * CHUNK);
        let up = upload(&blob(&bytes), "{ chunkSize: 100000, ext: '.bin', resume: false }");
        let result = up.result().await;
        let states = up.states();
        assert_eq!(states[0], "queued");
        for pair in [["hashing", "negotiating"], ["negotiating", "transferring"], ["transferring", "done"]] {
            let at = |state: &str| states.iter().position(|seen| seen == state).expect(state);
            assert!(at(pair[0]) < at(pair[1]), "{states:?}");
        }
        assert_eq!(up.log().last().map(String::as_str), Some("settled"));
        assert_eq!(states.last().map(String::as_str), Some("done"));
        let url = text(&result, "url");
        let down = download(&url, "{ pieceSize: 100000, resume: false }");
        assert_eq!(text(&down.result().await, "mode"), "parallel");
        for watched in [&up, &down] {
            for name in ["hashed", "sent", "confirmed"] {
                let counts: Vec<f64> = watched.progress().iter().map(|it| number(it, name)).collect();
                assert!(counts.is_sorted(), "{name}: {counts:?}");
            }
            let progress = watched.progress();
            let last = progress.last().expect("progress");
            assert_eq!(
                (text(last, "state").as_str(), number(last, "confirmed")),
                ("done", 20.0 * CHUNK as f64)
            );
            let chunks = watched.transfer.chunks().to_vec();
            assert!(chunks.len() == 20 && chunks.iter().all(|chunk| *chunk == 3), "{chunks:?}");
            assert!(!get(&watched.transfer.report(), "kind").is_undefined());
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn an_upload_pauses_and_goes_on() {
    guarded(async {
        let bytes = new_bytes(30 * CHUNK);
        let options = "{ chunkSize: 100000, ext: '.bin', resume: false, concurrency: 1 }";
        let up = upload(&blob(&bytes), options);
        up.transfer.pause();
        sleep(100).await;
        assert_eq!(up.transfer.state(), "paused");
        up.transfer.resume();
        until("some of it is there", || number(&up.transfer.progress(), "confirmed") > 0.0).await;
        up.transfer.pause();
        assert_eq!(up.transfer.state(), "paused");
        let paused_at = number(&up.transfer.progress(), "confirmed");
        sleep(150).await;
        assert_eq!(number(&up.transfer.progress(), "confirmed"), paused_at);
        assert!(up.transfer.chunks().to_vec().iter().all(|chunk| *chunk != 1), "nothing is in flight");
        up.transfer.resume();
        let result = up.result().await;
        let url = text(&result, "url");
        let down = download(&url, "{ resume: false }").result().await;
        assert!(data_bytes(&get(&down, "data")).await == bytes);
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_download_pauses_and_goes_on() {
    guarded(async {
        let bytes = new_bytes(9 << 20);
        let url = stored(&bytes).await;
        for to in ["buffer", "blob"] {
            let options = format!("{{ to: '{to}', pieceSize: 500000, concurrency: 2, resume: false }}");
            let down = download(&url, &options);
            for _ in 0..3 {
                sleep(15).await;
                down.transfer.pause();
                sleep(15).await;
                down.transfer.resume();
            }
            let result = down.result().await;
            assert!(data_bytes(&get(&result, "data")).await == bytes, "{to}");
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn what_is_aborted_ends_at_once_and_for_good() {
    guarded(async {
        let bytes = new_bytes(20 * CHUNK);
        let url = stored(&bytes).await;
        let new = blob(&new_bytes(20 * CHUNK));
        let up = "{ chunkSize: 100000, ext: '.bin', resume: false }";
        for delay in [0, 1, 5, 20, 60] {
            for watched in [upload(&new, up), download(&url, "{ pieceSize: 100000, resume: false }")] {
                if delay > 0 {
                    sleep(delay).await;
                }
                if watched.transfer.state() == "done" {
                    continue;
                }
                watched.transfer.abort();
                assert_eq!(watched.transfer.state(), "aborted");
                watched.transfer.resume();
                watched.transfer.pause();
                watched.transfer.abort();
                assert_eq!(text(&watched.error().await, "code"), "aborted");
                assert_eq!(watched.log()[watched.log().len() - 2..], ["aborted", "settled"]);
                assert_eq!(watched.log().iter().filter(|line| *line == "settled").count(), 1);
            }
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_page_may_steer_from_within_its_callbacks() {
    guarded(async {
        // Each state's callback pauses, goes on, and looks.
        thread_local! {
            static STEERED: std::cell::RefCell<Option<Watched>> = const { std::cell::RefCell::new(None) };
        }
        let steer = Closure::<dyn FnMut(String)>::new(|state: String| {
            STEERED.with_borrow(|steered| {
                let Some(watched) = steered else { return };
                watched.transfer.progress();
                watched.transfer.chunks();
                watched.transfer.report();
                if state == "transferring" || state == "negotiating" {
                    watched.transfer.pause();
                    watched.transfer.resume();
                }
            });
        });
        let options = js("{ chunkSize: 100000, ext: '.bin', resume: false }");
        let function = Some(steer.as_ref().unchecked_ref::<Function>().clone());
        let up = upload_with(&blob(&new_bytes(5 * CHUNK)), &options, function);
        let settled = get(&up.observer, "settled");
        STEERED.set(Some(up));
        let end = settle(settled.unchecked_into()).await;
        assert!(get(&end, "error").is_undefined(), "{}", text(&get(&end, "error"), "message"));
        STEERED.take();
    })
    .await;
}

#[wasm_bindgen_test]
async fn callbacks_that_throw_change_nothing() {
    guarded(async {
        let throw: Function = js("() => { throw new Error('the page') }").unchecked_into();
        let options = js("{ chunkSize: 100000, ext: '.bin', resume: false }");
        upload_with(&blob(&new_bytes(3 * CHUNK)), &options, Some(throw)).result().await;
    })
    .await;
}

#[wasm_bindgen_test]
async fn an_upload_is_pending_until_it_is_finished() {
    guarded(async {
        let (name, bytes) = (new_name(), new_bytes(40 * CHUNK));
        interrupted(&file(&bytes, &name)).await;
        let shape = pending_of(&name).await.expect("it is pending");
        assert_eq!((text(&shape, "kind").as_str(), get(&shape, "needsFile")), ("upload", JsValue::TRUE));
        assert_eq!(number(&shape, "size"), bytes.len() as f64);
        assert!(number(&shape, "done") > 0.0);
        let longer = file(&[bytes.as_slice(), b"x"].concat(), &name);
        let observer = make_observer(None);
        let refused =
            api::start_pending(&text(&shape, "key"), Some(longer), js("{}"), observer.unchecked_into());
        assert_eq!(text(&refused.err().expect("it is another file"), "code"), "file-changed");
        let again = go_on(&shape, Some(file(&bytes, &name)), "{}");
        let result = again.result().await;
        assert!(number(&result, "reused") > 0.0, "it goes on where it stopped");
        assert!(!again.states().contains(&"hashing".to_owned()), "{:?}", again.states());
        assert!(pending_of(&name).await.is_none(), "what is done is not pending");
    })
    .await;
}

#[wasm_bindgen_test]
async fn the_way_back_to_a_file_is_kept_where_the_browser_can() {
    guarded(async {
        let make: Function = js("async (bytes, name) => {
            const root = await navigator.storage.getDirectory();
            const handle = await root.getFileHandle(name, { create: true });
            const writable = await handle.createWritable();
            await writable.write(bytes);
            await writable.close();
            return handle;
        }")
        .unchecked_into();
        let (name, bytes) = (new_name(), new_bytes(40 * CHUNK));
        let made = make.call2(&JsValue::NULL, &Uint8Array::from(bytes.as_slice()), &name.as_str().into());
        let Ok(handle) = JsFuture::from(Promise::from(made.expect("a promise"))).await else {
            return; // This browser has no handles.
        };
        let of_handle = || async {
            let opened = settle(call(&handle, "getFile", &[]).unchecked_into()).await;
            (opened.unchecked_into::<Blob>(), Some(handle.clone()))
        };
        let (source, kept) = of_handle().await;
        interrupted_with(&source, kept).await;
        let shape = pending_of(&name).await.expect("it is pending");
        assert_eq!(get(&shape, "needsFile"), JsValue::FALSE);
        let found = settle(call(&get(&shape, "handle"), "getFile", &[]).unchecked_into()).await;
        let again = go_on(&shape, Some(found.unchecked_into()), "{}");
        assert!(number(&again.result().await, "reused") > 0.0, "it goes on where it stopped");
        assert!(!again.states().contains(&"hashing".to_owned()), "{:?}", again.states());
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_handle_that_cannot_be_stored_costs_nothing_else() {
    guarded(async {
        let (name, bytes) = (new_name(), new_bytes(40 * CHUNK));
        interrupted_with(&file(&bytes, &name), Some(js("{ getFile() {} }"))).await;
        let shape = pending_of(&name).await.expect("it is pending");
        assert_eq!((get(&shape, "needsFile"), get(&shape, "handle")), (JsValue::TRUE, JsValue::UNDEFINED));
        assert!(number(&shape, "done") > 0.0);
    })
    .await;
}

/// A File that is large enough to be left to another tab; it has few bytes to send.
fn large_file() -> Blob {
    let make: Function = js("(part, name) => new File([part], name, { lastModified: 5 })").unchecked_into();
    let part = repeated(&blob(&new_bytes(1 << 20)), 17);
    make.call2(&JsValue::NULL, &part, &new_name().into()).expect("a File").unchecked_into()
}

/// The shell's side of turns among tabs, played by the test: notes what locks are asked for and given back. From
/// `setting.grants` on each is granted at once, so that no other test waits for one.
fn play_the_shell() -> JsValue {
    let grant = Closure::<dyn Fn(f64)>::new(|turn| {
        spawn_local(async move { api::turn_event(turn, "granted", JsValue::UNDEFINED) });
    });
    let make: Function = js("(grant) => {
        const setting = { log: [], grants: false };
        const ignore = () => {};
        const requestLock = (turn, key) => (setting.grants ? grant(turn) : setting.log.push([turn, key]));
        const release = (turn) => setting.grants || setting.log.push([turn, 'released']);
        setting.turns = { openChannel: ignore, echo: ignore, post: ignore, queryLock: ignore, requestLock, release };
        setting.admission = { admit: ignore };
        return setting;
    }")
    .unchecked_into();
    let setting = make.call1(&JsValue::NULL, grant.as_ref()).expect("an object");
    // It serves all tests that follow.
    grant.forget();
    let part = |name| get(&setting, name).unchecked_into();
    api::set_scheduler_host(part("turns"), get(&setting, "admission").unchecked_into());
    setting
}

fn upload_here(source: &Blob) -> Watched {
    let observer = make_observer(None);
    let options = js("{ chunkSize: 1048576 }");
    let endpoint = format!("{}/api/upload", server());
    Reflect::set(&options, &"endpoint".into(), &endpoint.into()).expect("an object");
    let transfer = api::start_upload(source.clone(), options, observer.clone().unchecked_into());
    Watched { transfer, observer }
}

#[wasm_bindgen_test]
async fn an_upload_waits_for_its_turn_among_tabs() {
    guarded(async {
        let shell = play_the_shell();
        let log: Array = get(&shell, "log").unchecked_into();
        let entry = |at: u32| -> (f64, String) {
            let entry: Array = log.get(at).unchecked_into();
            (entry.get(0).as_f64().unwrap_or(0.0), entry.get(1).as_string().unwrap_or_default())
        };
        let grant = |turn: f64| api::turn_event(turn, "granted", JsValue::UNDEFINED);

        let waits = upload_here(&large_file());
        let (first, name) = entry(0);
        assert!(name.starts_with("upload http"), "its name: {name}");
        sleep(50).await;
        assert_eq!(waits.transfer.state(), "queued");
        waits.transfer.pause();
        assert_eq!(waits.transfer.state(), "paused");
        until("its wait is taken back", || log.length() == 2).await;
        assert_eq!(entry(1), (first, "released".to_owned()));
        grant(first);
        sleep(50).await;
        assert_eq!(waits.transfer.state(), "paused", "a turn that came too late");
        waits.transfer.resume();
        assert_eq!(waits.transfer.state(), "queued");
        let (second, again) = entry(2);
        assert_eq!(again, name);
        grant(second);
        waits.result().await;
        until("its turn is given back", || log.length() == 4).await;
        assert_eq!(entry(3), (second, "released".to_owned()));

        let waits = upload_here(&large_file());
        waits.transfer.abort();
        assert_eq!(text(&waits.error().await, "code"), "aborted");
        until("its wait is taken back", || log.length() == 6).await;

        let small = upload_here(&blob(&new_bytes(1 << 20)));
        small.result().await;
        assert_eq!(log.length(), 6, "it is not worth the asking");
        Reflect::set(&shell, &"grants".into(), &JsValue::TRUE).expect("an object");
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_download_is_pending_until_it_is_finished() {
    guarded(async {
        let bytes = new_bytes(8 << 20);
        let url = stored(&bytes).await;
        let name = url.rsplit('/').next().expect("a name").to_owned();
        let down = download(&url, "{ to: 'blob', pieceSize: 262144, concurrency: 1 }");
        until("some of it is here", || number(&down.transfer.progress(), "confirmed") > 1e6).await;
        down.transfer.abort();
        down.error().await;
        sleep(200).await;
        let shape = pending_of(&name).await.expect("it is pending");
        assert_eq!((text(&shape, "kind").as_str(), get(&shape, "needsFile")), ("download", JsValue::FALSE));
        // WebKit stores no Blobs in a session that it keeps in memory; the download then begins anew.
        let takes_blobs = store::put_piece("probe", 0, &blob(b"x")).await.is_ok();
        store::remove("probe").await.expect("it is removed");
        assert_eq!(number(&shape, "done") > 0.0, takes_blobs);
        assert!(number(&shape, "done") <= number(&shape, "size"));
        let again = go_on(&shape, None, "{}");
        let result = again.result().await;
        assert!(data_bytes(&get(&result, "data")).await == bytes);
        let progress = again.progress();
        assert_eq!(number(progress.last().expect("progress"), "reused") > 0.0, takes_blobs, "it goes on");
        assert!(pending_of(&name).await.is_none(), "what is done is not pending");
    })
    .await;
}

#[wasm_bindgen_test]
async fn what_is_forgotten_is_not_pending() {
    guarded(async {
        let (name, bytes) = (new_name(), new_bytes(40 * CHUNK));
        interrupted(&file(&bytes, &name)).await;
        let shape = pending_of(&name).await.expect("it is pending");
        settle(api::forget_pending(text(&shape, "key"))).await;
        assert!(pending_of(&name).await.is_none());
        let observer = make_observer(None);
        let refused = api::start_pending(&text(&shape, "key"), None, js("{}"), observer.unchecked_into());
        assert_eq!(text(&refused.err().expect("it is not known"), "code"), "unsupported");
    })
    .await;
}

#[wasm_bindgen_test]
async fn digests_are_what_the_handshake_would_send() {
    guarded(async {
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK] {
            let bytes = bytes(size as u64, size);
            let digest = settle(api::digest(blob(&bytes), js("{ chunkSize: 100000 }"))).await;
            let expected = digests(&bytes, CHUNK as u64);
            assert_eq!(text(&digest, "fileId"), expected.file.to_string());
            let ids: Vec<String> = expected.chunks.iter().map(ToString::to_string).collect();
            assert_eq!(strings(&get(&digest, "chunkIds")), ids);
            assert_eq!((number(&digest, "chunkSize"), number(&digest, "size")), (1e5, size as f64));
        }
        let indexed = settle(api::digest(blob(b"aa"), js("{ chunkSize: 1, chunkId: 'md5-index' }"))).await;
        let id = Digest::of(b"a").to_string();
        let ids = strings(&get(&indexed, "chunkIds"));
        assert!(ids[0] != ids[1] && ids.iter().all(|indexed| indexed.starts_with(&id)), "{ids:?}");
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_digest_can_be_aborted_and_fails_for_what_cannot_be_read() {
    guarded(async {
        let options = js("{ signal: AbortSignal.abort() }");
        let error = JsFuture::from(api::digest(blob(b"x"), options)).await.expect_err("it is aborted");
        assert_eq!(text(&error, "code"), "aborted");
        let options = js("(() => { const c = new AbortController(); setTimeout(() => c.abort(), 5); return { signal: c.signal } })()");
        let big = repeated(&blob(&bytes(1, 1 << 20)), 64);
        let error = JsFuture::from(api::digest(big, options)).await.expect_err("it is aborted");
        assert_eq!(text(&error, "code"), "aborted");
        let gone = unreadable(&Uint8Array::new_with_length(10), 0.0);
        let error = JsFuture::from(api::digest(gone, js("{}"))).await.expect_err("it can't be read");
        assert_eq!(text(&error, "code"), "file-unreadable");
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_digest_that_is_not_the_expected_one_fails() {
    guarded(async {
        let bytes = new_bytes(1000);
        let url = stored(&bytes).await;
        let right = Digest::of(&bytes);
        let result = download(&url, &format!("{{ md5: '{right}', resume: false }}")).result().await;
        assert_eq!(text(&result, "verified"), "md5");
        let wrong = format!("{{ md5: '{}', resume: false }}", Digest::of(b"other"));
        assert_eq!(text(&download(&url, &wrong).error().await, "code"), "digest-mismatch");
    })
    .await;
}

#[wasm_bindgen_test]
async fn failures_have_codes_and_words() {
    guarded(async {
        let missing = format!("{}/files/none.bin", server());
        let error = download(&missing, "{ retry: false }").error().await;
        assert_eq!((text(&error, "code").as_str(), number(&error, "status")), ("rejected", 404.0));
        let error = download("http://127.0.0.1:9/x", "{ retry: false }").error().await;
        assert_eq!(text(&error, "code"), "network");
        let options = js("{ retry: false, resume: false, endpoint: 'http://127.0.0.1:9/api/upload' }");
        let error = upload_with(&blob(b"x"), &options, None).error().await;
        assert_eq!(text(&error, "code"), "network");
        let error = upload(&blob(&new_bytes(9)), "{ retry: false, ext: '.b/d' }").error().await;
        assert_eq!(text(&error, "code"), "rejected");
        let gone = unreadable(&Uint8Array::new_with_length(10), 0.0);
        assert_eq!(text(&upload(&gone, "{ retry: false }").error().await, "code"), "file-unreadable");
    })
    .await;
}

#[wasm_bindgen_test]
async fn headers_are_asked_before_every_request() {
    guarded(async {
        let options = js("(() => { const o = { chunkSize: 100000, ext: '.bin', resume: false, count: 0 };
            o.headers = async () => { o.count += 1; return { 'X-Count': String(o.count) } }; return o })()");
        upload_with(&blob(&new_bytes(3 * CHUNK)), &options, None).result().await;
        assert_eq!(number(&options, "count"), 5.0, "two handshakes and three chunks");
        let failing = js("{ retry: false, resume: false, headers() { throw new Error('no token') } }");
        let error = upload_with(&blob(&new_bytes(9)), &failing, None).error().await;
        assert!(text(&error, "message").contains("no token"), "{}", text(&error, "message"));
        // What cannot be sent fails, and hangs nothing.
        let odd = js("{ retry: false, resume: false, headers: { 'X-Name': '续传' } }");
        let error = upload_with(&blob(&new_bytes(9)), &odd, None).error().await;
        assert!(text(&error, "message").contains("X-Name"), "{}", text(&error, "message"));
    })
    .await;
}

#[wasm_bindgen_test]
async fn an_expired_url_is_asked_for_anew() {
    guarded(async {
        let bytes = new_bytes(1000);
        let url = stored(&bytes).await;
        for fresh in ["options.url", "new URL(options.url)", "Promise.resolve(options.url)"] {
            let fake = fake_fetch();
            let options =
                js(&format!("(() => {{ const options = {{ resume: false, refreshUrl: () => {fresh} }}; return options }})()"));
            Reflect::set(&options, &"url".into(), &url.as_str().into()).expect("an object");
            let down = download_with("https://signed.example.org/x?sig=1", &options, None);
            until("it is sent", || get(&fake, "requests").unchecked_into::<Array>().length() == 1).await;
            call(&fake, "restore", &[]);
            let request = get(&get(&fake, "requests"), "0");
            call(&request, "respond", &[403.into(), js("{}")]);
            call(&request, "end", &[]);
            let result = down.result().await;
            assert!(data_bytes(&get(&result, "data")).await == bytes, "{fresh}");
        }
    })
    .await;
}
