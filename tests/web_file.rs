//! Downloads to a file, in the database here, where no worker is; what is written to a stream; locks.
#![cfg(target_arch = "wasm32")]
// A panic here is a failing test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod web;

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::*;
use web_sys::File;
use xuchuan::core::download::StoreFailure;
use xuchuan::web::download::{Sink, StreamSink, sweep};
use xuchuan::web::{lock, store};

use web::*;

wasm_bindgen_test_configure!(run_in_browser);

async fn files() -> Vec<String> {
    store::keys_of_pieces().await.into_iter().filter(|key| key.starts_with("file-")).collect()
}

#[wasm_bindgen_test]
async fn without_private_files_it_is_kept_in_the_database() {
    guarded(async {
        let bytes = new_bytes((3 << 20) + 7);
        let url = stored(&bytes).await;
        let before = files().await.len();
        let result = download(&url, "{ to: 'file', pieceSize: 1 << 20 }").result().await;
        let file: File = get(&result, "data").dyn_into().expect("a File");
        assert!(file.name().ends_with(".bin"), "{}", file.name());
        // It stays the page's, whatever is swept and downloaded meanwhile.
        sweep();
        let again = download(&url, "{ to: 'file', pieceSize: 1 << 19, resume: false }").result().await;
        assert_eq!(data_bytes(&again_data(&again)).await, bytes);
        assert_eq!(data_bytes(&file).await, bytes);
        assert_eq!(text(&result, "mode"), "parallel");
        assert_eq!(files().await.len(), before + 2, "one place a result");
    })
    .await;
}

fn again_data(result: &JsValue) -> JsValue {
    get(result, "data")
}

#[wasm_bindgen_test]
async fn what_nobody_has_is_swept_and_what_somebody_has_is_not() {
    guarded(async {
        let name = |what: &str| format!("file-{what}-{}", js_sys::Math::random());
        let (left, used, listed) = (name("left"), name("used"), name("listed"));
        for key in [&left, &used, &listed] {
            store::mark_pieces(key, &[0, 3]).await.expect("they are marked");
        }
        let held = lock::hold(&format!("xuchuan {used}")).await.expect("a lock");
        let record = js(&format!("{{ file: '{listed}' }}"));
        store::put(&listed, &record).await.expect("it is written");
        sweep();
        let gone = || async { !files().await.contains(&left) };
        for _ in 0..200 {
            if gone().await {
                break;
            }
            sleep(10).await;
        }
        let there = files().await;
        assert!(!there.contains(&left) && there.contains(&used) && there.contains(&listed), "{there:?}");
        drop(held);
        store::remove(&listed).await.expect("it is removed");
        store::remove(&used).await.expect("it is removed");
    })
    .await;
}

#[wasm_bindgen_test]
async fn marks_stand_in_the_places_of_pieces() {
    guarded(async {
        let key = format!("marks {}", js_sys::Math::random());
        assert!(store::mark_pieces(&key, &[]).await.is_ok());
        store::mark_pieces(&key, &[7, 0, 2]).await.expect("they are marked");
        assert_eq!(store::piece_indexes(&key).await, [0, 2, 7]);
        assert_eq!(store::count_pieces(&key).await, 3);
        assert!(store::pieces(&key).await.expect("a list").is_empty(), "they are no bytes");
        assert!(store::piece(&key, 0).await.is_none());
        store::remove_pieces(&key).await.expect("they are removed");
        assert_eq!(store::count_pieces(&key).await, 0);
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_lock_is_one_users_until_it_is_dropped() {
    guarded(async {
        let name = format!("lock {}", js_sys::Math::random());
        let ran = Rc::new(Cell::new(0));
        let try_it = || {
            let ran = ran.clone();
            lock::if_free(&name, async move { ran.set(ran.get() + 1) });
        };
        let held = lock::hold(&name).await.expect("nobody has it");
        try_it();
        sleep(50).await;
        assert_eq!(ran.get(), 0);
        assert!(lock::hold(&name).await.is_none(), "it is not granted in time");
        drop(held);
        until("it is free", || {
            try_it();
            ran.get() > 0
        })
        .await;
        assert!(lock::hold(&name).await.is_some());
    })
    .await;
}

/// A writer that notes what it is told; its stream takes `room` writes before it is full.
fn writer() -> JsValue {
    js("{ written: [], desiredSize: 1, ready: Promise.resolve(),
          write(bytes) { this.written.push(...bytes); return Promise.resolve(); },
          close() { this.written.push('closed'); return Promise.resolve(); } }")
}

#[wasm_bindgen_test]
async fn a_stream_has_bytes_in_order_and_their_end_is_kept() {
    guarded(async {
        let writer = writer();
        let mut sink = Sink::Stream(StreamSink::new(writer.clone()));
        sink.prepare(Some(5), true).expect("there is room");
        let bytes = |bytes: &[u8]| Uint8Array::from(bytes);
        assert!(sink.write(0, &bytes(&[1, 2])).is_ok_and(|whole| whole.is_empty()));
        assert!(matches!(sink.write(3, &bytes(&[4])), Err(StoreFailure::Other(_))));
        sink.write(2, &bytes(&[3, 4, 5])).expect("it is next");
        assert_eq!(sink.take_asked().len(), 2);
        let written: Array = get(&writer, "written").unchecked_into();
        assert_eq!(
            written.iter().map(|it| it.as_f64().unwrap_or(0.0) as u8).collect::<Vec<_>>(),
            [1, 2, 3, 4, 5]
        );
        let read = sink.read(1..4).expect("they are there");
        assert_eq!(read.bytes().await.as_deref(), Ok(&[2, 3, 4][..]));
        assert!(sink.read(4..6).is_err(), "not written yet");
        assert!(sink.blob(0..5).is_err());
    })
    .await;
}

#[wasm_bindgen_test]
async fn of_what_went_to_a_stream_the_last_64_kib_can_be_read() {
    guarded(async {
        let bytes = bytes(12, 400_000);
        for step in [1_000, 30_000, 70_000, 399_999] {
            let mut sink = Sink::Stream(StreamSink::new(writer()));
            let mut at = 0;
            while at < bytes.len() {
                let end = bytes.len().min(at + step);
                sink.write(at as u64, &Uint8Array::from(&bytes[at..end])).expect("it is next");
                at = end;
                let from = at.saturating_sub(64 << 10);
                let read = sink.read(from as u64..at as u64).expect("they are there");
                assert_eq!(read.bytes().await.as_deref(), Ok(&bytes[from..at]), "{step} {at}");
            }
            assert!(sink.read(0..10).is_err(), "those are the page's");
        }
    })
    .await;
}
