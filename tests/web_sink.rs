//! Where a download's bytes go: a buffer, and pieces that become a Blob.
#![cfg(target_arch = "wasm32")]
// A panic here is a failing test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod web;

use std::ops::Range;

use js_sys::Uint8Array;
use wasm_bindgen_test::*;
use xuchuan::core::download::StoreFailure;
use xuchuan::web::download::{Sink, Target, rest_of};

use web::*;

wasm_bindgen_test_configure!(run_in_browser);

const PIECE: u64 = 100;
const BOTH: [Target; 2] = [Target::Buffer, Target::Blob];

fn write(sink: &mut Sink, bytes: &[u8], range: Range<usize>) -> Vec<u32> {
    let part = Uint8Array::from(&bytes[range.clone()]);
    let whole = sink.write(range.start as u64, &part).expect("it is written");
    whole.into_iter().map(|(index, _)| index).collect()
}

async fn finished(sink: &mut Sink, total: usize) -> Vec<u8> {
    data_bytes(&sink.finish(total as u64, "text/plain").expect("it is finished")).await
}

#[wasm_bindgen_test]
async fn bytes_come_in_any_order() {
    guarded(async {
        let bytes = bytes(1, 1050);
        for target in BOTH {
            let mut sink = Sink::new(target, PIECE);
            sink.prepare(Some(1050), true).expect("there is room");
            let mut whole = Vec::new();
            // Two writers in one piece, one that begins in the middle of another, and the short last piece first.
            for range in [1000..1050, 150..399, 0..30, 460..1000, 399..460, 30..150] {
                whole.extend(write(&mut sink, &bytes, range));
            }
            whole.sort_unstable();
            let expected = if target == Target::Blob { (0..11).collect() } else { Vec::new() };
            assert_eq!(whole, expected);
            assert_eq!(finished(&mut sink, 1050).await, bytes);
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn results_of_any_small_size_are_exact() {
    guarded(async {
        for target in BOTH {
            for size in [0, 1, 99, 100, 101, 199, 200, 201] {
                for exact in [true, false] {
                    let bytes = bytes(2, size);
                    let mut sink = Sink::new(target, PIECE);
                    sink.prepare(Some(size as u64), exact).expect("there is room");
                    write(&mut sink, &bytes, 0..size);
                    let result = sink.finish(size as u64, "text/plain").expect("it is finished");
                    assert_eq!(data_bytes(&result).await, bytes, "{target:?} {size} {exact}");
                    if target == Target::Blob {
                        assert_eq!(text(&result, "type"), "text/plain");
                    }
                    assert_eq!(rest_of(&result, 0).expect("a Blob").size(), size as f64);
                }
            }
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn an_unknown_size_grows() {
    guarded(async {
        let bytes = bytes(3, (3 << 20) + 7);
        for target in BOTH {
            let mut sink = Sink::new(target, 1 << 20);
            sink.prepare(None, false).expect("there is room");
            for at in (0..bytes.len()).step_by(50_001) {
                write(&mut sink, &bytes, at..(at + 50_001).min(bytes.len()));
            }
            assert_eq!(finished(&mut sink, bytes.len()).await, bytes);
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_size_that_was_a_guess_is_outgrown_or_cut() {
    guarded(async {
        let bytes = bytes(4, 950);
        for target in BOTH {
            for guess in [10, 5000] {
                let mut sink = Sink::new(target, PIECE);
                sink.prepare(Some(guess), false).expect("there is room");
                write(&mut sink, &bytes, 0..950);
                assert_eq!(finished(&mut sink, 950).await, bytes);
            }
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn what_was_written_is_read_back() {
    guarded(async {
        let bytes = bytes(5, 350);
        for target in BOTH {
            let mut sink = Sink::new(target, PIECE);
            sink.prepare(Some(350), true).expect("there is room");
            write(&mut sink, &bytes, 0..330);
            for range in [0..0, 0..1, 0..330, 99..101, 100..200, 50..250, 299..301, 310..330] {
                let stored = sink.read(range.start..range.end).expect("they are there");
                assert_eq!(
                    stored.bytes().await.as_deref(),
                    Ok(&bytes[range.start as usize..range.end as usize]),
                    "{target:?} {range:?}"
                );
            }
        }
        let sink = Sink::new(Target::Blob, PIECE);
        assert!(sink.read(0..1).is_err());
    })
    .await;
}

#[wasm_bindgen_test]
async fn pieces_are_restored() {
    guarded(async {
        let bytes = bytes(6, 350);
        let mut sink = Sink::new(Target::Blob, PIECE);
        sink.restore(3, blob(&bytes[300..350]));
        sink.restore(1, blob(&bytes[100..200]));
        sink.prepare(Some(350), true).expect("there is room");
        let stored = sink.read(150..200).expect("they are there");
        assert_eq!(stored.bytes().await.as_deref(), Ok(&bytes[150..200]));
        assert_eq!(write(&mut sink, &bytes, 200..300), [2]);
        assert_eq!(write(&mut sink, &bytes, 0..100), [0]);
        assert_eq!(finished(&mut sink, 350).await, bytes);
    })
    .await;
}

#[wasm_bindgen_test]
async fn of_a_body_read_in_bulk_the_whole_pieces_are_taken() {
    guarded(async {
        let bytes = bytes(11, 350);
        let mut sink = Sink::new(Target::Blob, PIECE);
        sink.prepare(Some(350), true).expect("there is room");
        write(&mut sink, &bytes, 0..100);
        let indexes =
            |pieces: Vec<(u32, web_sys::Blob)>| pieces.into_iter().map(|it| it.0).collect::<Vec<_>>();
        // It ended early: the piece that is not whole is asked for again.
        let (len, pieces) = sink.take(100, &blob(&bytes[100..250]), Some(350));
        assert_eq!((len, indexes(pieces)), (100, vec![1]));
        // It is longer than it was to be; and the last piece is a short one.
        let (len, pieces) = sink.take(200, &blob(&[&bytes[200..], &[7; 60]].concat()), Some(300));
        assert_eq!((len, indexes(pieces)), (100, vec![2]));
        let (len, pieces) = sink.take(300, &blob(&bytes[300..]), None);
        assert_eq!((len, indexes(pieces)), (50, vec![3]));
        assert_eq!(finished(&mut sink, 350).await, bytes);
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_gap_is_no_result() {
    guarded(async {
        let bytes = bytes(7, 350);
        for target in BOTH {
            let mut sink = Sink::new(target, PIECE);
            sink.prepare(None, false).expect("there is room");
            write(&mut sink, &bytes, 0..100);
            let gap = sink.finish(2 << 20, "");
            assert!(matches!(gap, Err(StoreFailure::Other(_))), "{target:?}");
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn bytes_behind_the_end_are_refused() {
    guarded(async {
        let bytes = bytes(8, 400);
        let mut sink = Sink::new(Target::Blob, PIECE);
        sink.prepare(Some(350), true).expect("there is room");
        assert!(matches!(sink.write(300, &Uint8Array::from(&bytes[300..400])), Err(StoreFailure::Other(_))));
        assert!(matches!(sink.write(360, &Uint8Array::from(&bytes[360..400])), Err(StoreFailure::Other(_))));
    })
    .await;
}

#[wasm_bindgen_test]
async fn what_is_discarded_is_gone() {
    guarded(async {
        let (old, new) = (bytes(9, 250), bytes(10, 120));
        for target in BOTH {
            let mut sink = Sink::new(target, PIECE);
            sink.prepare(Some(250), true).expect("there is room");
            write(&mut sink, &old, 0..150);
            sink.discard();
            sink.prepare(Some(120), true).expect("there is room");
            write(&mut sink, &new, 0..120);
            assert_eq!(finished(&mut sink, 120).await, new);
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn too_large_a_buffer_is_a_full_storage_and_no_trap() {
    guarded(async {
        let mut sink = Sink::new(Target::Buffer, PIECE);
        for len in [1 << 60, (1 << 53) - 1] {
            assert_eq!(sink.prepare(Some(len), true), Err(StoreFailure::Quota));
        }
        // It can be used all the same.
        sink.prepare(Some(3), true).expect("there is room");
        write(&mut sink, &[1, 2, 3], 0..3);
        assert_eq!(finished(&mut sink, 3).await, [1, 2, 3]);
    })
    .await;
}
