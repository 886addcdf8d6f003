//! A page without IndexedDB: errors and no panics, and transfers all the same.
#![cfg(target_arch = "wasm32")]
// A panic here is a failing test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod web;

use wasm_bindgen::prelude::*;
use wasm_bindgen_test::*;
use xuchuan::web::store;

use web::*;

wasm_bindgen_test_configure!(run_in_browser);

/// What a page may find in place of IndexedDB.
const ABSENCES: [&str; 5] = [
    "{ value: undefined }",
    "{ value: null }",
    "{ get() { throw new DOMException('denied', 'SecurityError') } }",
    "{ value: { open() { throw new DOMException('denied', 'SecurityError') } } }",
    "{ value: { open() {
        const request = new EventTarget();
        request.error = new DOMException('private window', 'InvalidStateError');
        setTimeout(() => request.dispatchEvent(new Event('error')));
        return request;
    } } }",
];

fn take_away(absence: &str) {
    js(&format!(
        "Object.defineProperty(globalThis, 'indexedDB', Object.assign({absence}, {{ configurable: true }}))"
    ));
}

#[wasm_bindgen_test]
async fn a_missing_store_is_an_error_and_no_panic() {
    guarded(async {
        for absence in ABSENCES {
            take_away(absence);
            assert!(store::put("key", &JsValue::NULL).await.is_err(), "{absence}");
            assert!(store::get("key").await.is_none(), "{absence}");
            assert!(store::all().await.is_err(), "{absence}");
            assert!(store::remove("key").await.is_err(), "{absence}");
            assert!(store::pieces("key").await.is_err(), "{absence}");
            assert_eq!(store::count_pieces("key").await, 0, "{absence}");
            assert!(store::put_piece("key", 0, &blob(b"x")).await.is_err(), "{absence}");
            let pending = settle(xuchuan::api::pending()).await;
            assert_eq!(js_sys::Array::from(&pending).length(), 0, "{absence}");
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn transfers_go_on_without_a_store() {
    guarded(async {
        for absence in ABSENCES {
            take_away(absence);
            let bytes = new_bytes(300_000);
            let result = upload(&blob(&bytes), "{ chunkSize: 100000, ext: '.bin' }").result().await;
            let url = text(&result, "url");
            let result = download(&url, "{ to: 'blob', pieceSize: 100000 }").result().await;
            assert_eq!(data_bytes(&get(&result, "data")).await, bytes, "{absence}");
        }
    })
    .await;
}
