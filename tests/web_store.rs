//! The journal in IndexedDB.
#![cfg(target_arch = "wasm32")]
// A panic here is a failing test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod web;

use js_sys::Array;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;
use wasm_bindgen_test::*;
use xuchuan::web::convert::{read_download_record, read_upload_record, write_digests};
use xuchuan::web::object::object;
use xuchuan::web::store::{self, Claim};

use web::*;

wasm_bindgen_test_configure!(run_in_browser);

fn new_key(name: &str) -> String {
    format!("{name} {}", js_sys::Math::random())
}

fn record(number: f64) -> JsValue {
    object(&[("number", number.into())])
}

async fn listed(key: &str) -> Option<f64> {
    let all = store::all().await.expect("a list");
    all.iter().find(|(other, _)| other == key).map(|(_, value)| number(value, "number"))
}

/// Tells whether this browser takes Blobs: WebKit does not in a session that it keeps in memory, as under automation
/// or in a private window. A download is then not resumed after a reload, and is one all the same.
async fn takes_blobs() -> bool {
    let stored = store::put_piece("probe", 0, &blob(b"x")).await;
    store::remove("probe").await.expect("it is removed");
    match stored {
        Ok(()) => true,
        Err(why) => {
            assert!(why.to_string().contains("Error preparing Blob"), "{why}");
            false
        }
    }
}

async fn indexes(key: &str) -> Vec<u32> {
    store::pieces(key).await.expect("pieces").into_iter().map(|(index, _)| index).collect()
}

#[wasm_bindgen_test]
async fn records_are_written_read_listed_and_removed() {
    guarded(async {
        let (key, other) = (new_key("a"), new_key("b"));
        assert!(store::get(&key).await.is_none_or(|value| value.is_undefined()));
        store::put(&key, &record(1.0)).await.expect("it is written");
        store::put(&other, &record(2.0)).await.expect("it is written");
        store::put(&key, &record(3.0)).await.expect("it is written again");
        assert_eq!(number(&store::get(&key).await.expect("it is there"), "number"), 3.0);
        assert_eq!((listed(&key).await, listed(&other).await), (Some(3.0), Some(2.0)));
        store::remove(&key).await.expect("it is removed");
        assert_eq!((listed(&key).await, listed(&other).await), (None, Some(2.0)));
        store::remove(&key).await.expect("removing nothing is fine");
        store::remove(&other).await.expect("it is removed");
    })
    .await;
}

#[wasm_bindgen_test]
async fn pieces_belong_to_one_transfer() {
    guarded(async {
        if !takes_blobs().await {
            return;
        }
        // One key is the beginning of the other.
        let key = new_key("p");
        let longer = format!("{key}x");
        for (index, content) in [(10, "ten"), (2, "two"), (0, "nil")] {
            store::put_piece(&key, index, &blob(content.as_bytes())).await.expect("it is written");
        }
        store::put_piece(&longer, 7, &blob(b"other")).await.expect("it is written");
        assert_eq!(indexes(&key).await, [0, 2, 10]);
        assert_eq!(store::count_pieces(&key).await, 3);
        let pieces = store::pieces(&key).await.expect("pieces");
        assert_eq!(blob_bytes(&pieces[1].1).await, b"two");
        store::put_piece(&key, 2, &blob(b"again")).await.expect("it is written again");
        let pieces = store::pieces(&key).await.expect("pieces");
        assert_eq!(blob_bytes(&pieces[1].1).await, b"again");
        store::remove(&key).await.expect("it is removed");
        assert_eq!((indexes(&key).await, indexes(&longer).await), (vec![], vec![7]));
        store::remove_pieces(&longer).await.expect("they are removed");
        assert_eq!(store::count_pieces(&longer).await, 0);
    })
    .await;
}

#[wasm_bindgen_test]
async fn what_is_no_piece_is_left_out() {
    guarded(async {
        if !takes_blobs().await {
            return;
        }
        let key = new_key("odd");
        store::put_piece(&key, 1, &blob(b"one")).await.expect("it is written");
        let place: JsValue = Array::of2(&key.as_str().into(), &2.into()).into();
        settle(put_raw("pieces", &place, &"no Blob".into())).await;
        assert_eq!(indexes(&key).await, [1]);
        store::remove(&key).await.expect("it is removed");
    })
    .await;
}

#[wasm_bindgen_test]
fn a_place_is_claimed_once() {
    let claim = Claim::new("place").expect("it is free");
    assert_eq!(claim.key(), "place");
    assert!(store::is_claimed("place") && !store::is_claimed("places"));
    assert!(Claim::new("place").is_none());
    let other = Claim::new("another").expect("it is free");
    drop(claim);
    assert!(!store::is_claimed("place") && store::is_claimed("another"));
    drop((Claim::new("place").expect("it is free again"), other));
}

#[wasm_bindgen_test]
async fn a_database_that_is_deleted_is_made_anew() {
    guarded(async {
        let key = new_key("gone");
        // Two at once at the first use, too.
        let second = future_to_promise(async {
            store::put("other", &record(2.0))
                .await
                .map(|()| JsValue::TRUE)
                .map_err(|why| why.to_string().into())
        });
        store::put(&key, &record(1.0)).await.expect("it is written");
        settle(second).await;
        let free = settle(delete_database("xuchuan")).await;
        assert_eq!(free, JsValue::TRUE, "the engine does not stand in the way");
        store::put(&key, &record(4.0)).await.expect("it is written to a new one");
        assert_eq!((listed(&key).await, listed("other").await), (Some(4.0), None));
        store::remove(&key).await.expect("it is removed");
    })
    .await;
}

#[wasm_bindgen_test]
async fn what_cannot_be_stored_is_an_error() {
    guarded(async {
        let function = js("() => 1");
        let why = store::put("function", &function).await.err();
        assert!(why.is_some_and(|why| why.name() == "DataCloneError"));
        store::put("after", &record(1.0)).await.expect("the next is written");
        store::remove("after").await.expect("it is removed");
    })
    .await;
}

#[wasm_bindgen_test]
async fn damaged_records_are_nothing() {
    guarded(async {
        let upload =
            "{ version: 1, name: 'a', size: 10, lastModified: 5, endpoint: '/e', ext: '.a', chunk: 4,
            askedChunk: null, askedNaming: null, announced: 'md5', fileId: '', chunkIds: [], confirmed: 0, updatedAt: 7 }";
        assert!(read_upload_record(&js(upload)).is_some());
        for (good, bad) in [
            ("size: 10", "size: -1"),
            ("size: 10", "size: '10'"),
            ("size: 10", "size: 1e300"),
            ("name: 'a'", "name: 5"),
            ("chunk: 4", "chunk: 0.5"),
            ("chunkIds: []", "chunkIds: [1]"),
            ("chunkIds: []", "chunkIds: null"),
            ("version: 1", "version: 4294967296"),
            ("confirmed: 0", "x: 1"),
        ] {
            let damaged = upload.replace(good, bad);
            assert_ne!(damaged, upload);
            assert!(read_upload_record(&js(&damaged)).is_none(), "{bad}");
        }
        for odd in ["undefined", "null", "5", "'text'", "[]", "{}", "new Map()"] {
            assert!(read_upload_record(&js(odd)).is_none(), "{odd}");
            assert!(read_download_record(&js(odd)).is_none(), "{odd}");
        }
        let key = new_key("damaged");
        store::put(&key, &js("{ version: 1, name: 5 }")).await.expect("it is written");
        let pending = settle(xuchuan::api::pending()).await;
        assert!(Array::from(&pending).iter().all(|shape| text(&shape, "key") != key));
        store::remove(&key).await.expect("it is removed");
    })
    .await;
}

#[wasm_bindgen_test]
async fn digests_expire_and_the_least_used_make_room() {
    guarded(async {
        async fn left(keys: &[String]) -> Vec<usize> {
            let mut left = Vec::new();
            for (index, key) in keys.iter().enumerate() {
                if store::digests(key).await.is_some_and(|value| !value.is_undefined()) {
                    left.push(index);
                }
            }
            left
        }
        store::expire_digests(u64::MAX, 0).await.expect("there is room");
        let keys: Vec<String> = (0..5).map(|index| new_key(&format!("digests {index}"))).collect();
        // Used at 300, 100, 500, 200 and 400.
        for (key, used) in keys.iter().zip([300, 100, 500, 200, 400]) {
            store::put_digests(key, &write_digests("digests", b"any", used)).await.expect("it is written");
        }
        store::expire_digests(50, 5).await.expect("nothing is to be forgotten");
        assert_eq!(left(&keys).await, [0, 1, 2, 3, 4]);
        store::expire_digests(150, 5).await.expect("the oldest are forgotten");
        assert_eq!(left(&keys).await, [0, 2, 3, 4]);
        store::expire_digests(0, 2).await.expect("the least used are forgotten");
        assert_eq!(left(&keys).await, [2, 4]);
        // What is used again is young again.
        store::put_digests(&keys[4], &write_digests("digests", b"any", 600)).await.expect("it is written");
        store::expire_digests(550, 5).await.expect("the oldest are forgotten");
        assert_eq!(left(&keys).await, [4]);
    })
    .await;
}
