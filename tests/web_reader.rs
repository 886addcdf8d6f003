//! Reading a file ahead, and what becomes of reads that hang.
#![cfg(target_arch = "wasm32")]
// A panic here is a failing test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod web;

use js_sys::Uint8Array;
use wasm_bindgen_test::*;
use web_sys::Blob;
use xuchuan::web::hash::Unreadable;
use xuchuan::web::hash::reader::{Limits, Reader};

use web::*;

wasm_bindgen_test_configure!(run_in_browser);

const SIZE: usize = 11_000_003;
const SHORT: Limits = Limits { stream: 200, slices: 300 };

/// Reads all of `blob` from `at` on, `room` bytes at a time.
async fn read(blob: &Blob, at: u64, room: usize) -> Result<Vec<u8>, Unreadable> {
    let mut reader = Reader::with_limits(blob, at, SHORT);
    let (mut all, mut buffer) = (Vec::new(), vec![0; room]);
    loop {
        let len = reader.fill(&mut buffer).await?;
        all.extend_from_slice(&buffer[..len]);
        if len < room {
            return Ok(all);
        }
    }
}

#[wasm_bindgen_test]
async fn buffers_of_any_size_are_filled() {
    guarded(async {
        let bytes = bytes(1, SIZE);
        let blob = blob(&bytes);
        for (at, room) in [(0, SIZE), (0, 1_000_000), (1, 6_000_001), (SIZE - 5, 64), (SIZE, 10)] {
            let expected = &bytes[at..];
            assert!(read(&blob, at as u64, room).await.as_deref() == Ok(expected), "{at}, {room}");
        }
        assert_eq!(read(&Blob::new().expect("a blob"), 0, 5).await, Ok(vec![]));
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_stream_that_hangs_is_given_up_for_slices() {
    guarded(async {
        let bytes = bytes(2, SIZE);
        let array = Uint8Array::from(bytes.as_slice());
        for good in [0.0, 5_000_000.0] {
            let blob = hanging(&array, good, false);
            assert!(read(&blob, 0, 1_500_000).await.as_ref() == Ok(&bytes), "{good}");
            // WebKit reads all of a file of which it is asked for a stream, beside whatever else is read of it.
            let tried = if has_byte_streams() { 1.0 } else { 0.0 };
            assert_eq!(
                number(&blob, "streams"),
                tried,
                "it was tried where there are such streams, and only there"
            );
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_file_of_which_nothing_comes_any_more_fails_with_the_place() {
    guarded(async {
        let array = Uint8Array::from(bytes(3, SIZE).as_slice());
        let failed = read(&hanging(&array, 5_000_000.0, true), 0, 1_500_000).await.expect_err("it hangs");
        // Where the browser has streams of bytes, to where this one gave them or up to one read before.
        assert!(failed.at == 0 || (5_000_000 - (1 << 20)..=5_000_000).contains(&failed.at), "{failed:?}");
        assert!(failed.why.message().starts_with("nothing came"), "{failed:?}");
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_slow_file_is_no_file_that_hangs() {
    guarded(async {
        let bytes = bytes(4, SIZE);
        // Three slices, each well within the limit, together far beyond it.
        let slow = slow(&Uint8Array::from(bytes.as_slice()), 220.0);
        assert!(read(&slow, 0, 4_000_000).await.as_ref() == Ok(&bytes));
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_drive_slower_than_the_limits_were_made_for_is_read_at_its_own_pace() {
    guarded(async {
        // What the stream is asked for at once takes 500 ms, 200 to 400 are its limit; a slice of 4 MiB takes 2 s.
        let bytes = bytes(5, 5 << 20);
        let slow = slow_drive(&Uint8Array::from(bytes.as_slice()), f64::from(1 << 20) / 500.0);
        assert!(read(&slow, 0, 1 << 20).await.as_ref() == Ok(&bytes));
    })
    .await;
}
