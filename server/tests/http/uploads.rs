//! Whole uploads: every shape of file, at once and across restarts.

use std::time::Duration;

use serde_json::json;

use crate::common::{File, Random, Server, md5};
use xuchuan_server::Limits;

#[tokio::test]
async fn every_shape_of_file() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let api = server.api();
    let mut random = Random(4);
    let zeros = vec![0; 70_000];
    let mut mixed = zeros.clone();
    mixed.extend(random.bytes(30_000));
    mixed.extend(&zeros);
    for (name, file, chunks) in [
        ("empty", File::cut(vec![], 10), 0),
        ("one byte", File::cut(vec![7], 10), 1),
        ("one chunk", File::cut(random.bytes(1000), 1000), 1),
        ("n chunks", File::cut(random.bytes(50_000), 10_000), 5),
        ("n chunks and a byte", File::cut(random.bytes(50_001), 10_000), 6),
        ("odd cuts", File::odd(random.bytes(100_000), &[1, 7, 50_000, 3, 49_988, 1]), 6),
        ("an empty chunk", File::odd(random.bytes(100), &[50, 0, 50]), 3),
        ("zeros", File::cut(zeros, 10_000), 1),
        ("repeated chunks", File::cut(mixed, 10_000), 4),
        ("indexed", File::cut(random.bytes(45_000), 10_000).indexed(), 5),
        ("indexed and repeated", File::cut(vec![9; 30_000], 10_000).indexed(), 3),
        ("named with a dash", File::cut(vec![8; 30_000], 10_000).named(|md5, at| format!("{md5}-{at}")), 3),
        ("in upper case", upper_case(File::cut(random.bytes(25_000), 10_000)), 3),
        ("larger than a part", File::cut(random.bytes(20 << 20), 18 << 20), 2),
    ] {
        let said = api.handshake(&file, ".bin").await;
        if chunks > 0 {
            let needed = said.needed();
            assert_eq!(needed.len(), chunks, "{name}");
            assert_eq!(needed[0], file.ids[0], "{name}: in the file's order");
        }
        let url = api.upload(&file, ".bin").await;
        assert_eq!(url, format!("/files/{}.bin", file.id.to_lowercase()), "{name}");
        assert!(api.bytes(&url).await == file.bytes, "{name}");
        assert_eq!(api.handshake(&file, ".bin").await.url(), url, "{name}: once only");
    }
}

fn upper_case(file: File) -> File {
    let mut file = file.named(|id, _| id.to_uppercase());
    file.id = file.id.to_uppercase();
    file
}

/// As the protocol's usual page does it: chunks of 1 MiB, named by their MD5 and at once their index, one after the other,
/// each that the first answer lists; some are the same.
#[tokio::test]
async fn the_usual_page() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let api = server.api();
    let mut bytes = vec![0; 3 << 20];
    bytes.extend(Random(11).bytes(2_500_000));
    bytes.extend(vec![0; 2 << 20]);
    let file = File::cut(bytes, 1 << 20).indexed();
    let listed = api.handshake(&file, ".mp4").await.needed();
    assert_eq!(listed, file.ids);
    for id in listed {
        let left = api.chunk(&file.id, &id, file.chunk(&id)).await.needed();
        assert!(!left.contains(&id));
    }
    let url = api.handshake(&file, ".mp4").await.url().to_owned();
    assert!(api.bytes(&url).await == file.bytes);
    assert_eq!(api.upload(&upper_case(file), ".mp4").await, url, "the same file in other words");
}

#[tokio::test]
async fn what_is_accepted_is_said_in_every_answer_to_a_handshake() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let api = server.api();
    let accepts = Some(json!({ "parallel": 6, "repeats": true }));
    let file = File::cut(Random(12).bytes(10_000), 10_000);
    assert_eq!(api.handshake(&file, "").await.accepts, accepts, "a list");
    let question = api.post_json(&json!({ "ext": "", "chunkIds": [] })).await;
    assert_eq!((question.refusal(403), &question.accepts), ("请携带文件编号", &accepts), "a failure");
    assert_eq!(api.chunk(&file.id, &file.ids[0], &file.bytes).await.accepts, None, "a chunk");
    assert_eq!(api.handshake(&file, "").await.accepts, accepts, "a URL");
}

#[tokio::test]
async fn lists_shrink_chunk_by_chunk() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let api = server.api();
    let file = File::cut(Random(5).bytes(50_000), 10_000);
    let mut left = api.handshake(&file, "").await.needed();
    let mut order = left.clone();
    Random(6).shuffle(&mut order);
    for id in order {
        left.retain(|other| *other != id);
        assert_eq!(api.chunk(&file.id, &id, file.chunk(&id)).await.needed(), left);
        // Again, and with other bytes: it is there, so they are not looked at.
        assert_eq!(api.chunk(&file.id, &id, b"other").await.needed(), left);
    }
    let url = api.handshake(&file, "").await.url().to_owned();
    // A late duplicate of a complete file's chunk.
    let id = &file.ids[0];
    assert_eq!(api.chunk(&file.id, id, file.chunk(id)).await.needed(), [] as [&str; 0]);
    assert_eq!(api.chunk(&file.id, &md5(b"x"), b"x").await.refusal(403), "该文件没有此分片信息");
    assert_eq!(api.bytes(&url).await, file.bytes);
}

#[tokio::test]
async fn one_content_under_two_extensions() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let api = server.api();
    let file = File::cut(Random(7).bytes(3000), 1000);
    let jpg = api.upload(&file, ".jpg").await;
    let jpeg = api.handshake(&file, ".jpeg").await.url().to_owned();
    assert_eq!(jpeg, jpg.replace(".jpg", ".jpeg"));
    drop(server);
    let server = Server::start(folder.path()).await;
    for url in [jpg, jpeg] {
        assert_eq!(server.api().bytes(&url).await, file.bytes);
    }
}

#[tokio::test]
async fn two_cuts_of_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let api = server.api();
    let bytes = Random(8).bytes(100_000);
    let (a, b) = (File::cut(bytes.clone(), 10_000), File::cut(bytes, 25_000));
    api.handshake(&a, ".x").await.needed();
    assert_eq!(api.handshake(&b, ".x").await.needed(), b.ids);
    for (id, left) in a.ids[..9].iter().zip((1..=9).rev()) {
        assert_eq!(api.chunk(&a.id, id, a.chunk(id)).await.needed().len(), left);
    }
    for id in &b.ids {
        assert!(api.chunk(&b.id, id, b.chunk(id)).await.needed().iter().all(|left| b.ids.contains(left)));
    }
    let url = api.handshake(&b, ".x").await.url().to_owned();
    // The other one's chunk comes late, and learns that nothing is needed.
    assert_eq!(api.chunk(&a.id, &a.ids[9], a.chunk(&a.ids[9])).await.needed(), [] as [&str; 0]);
    assert_eq!(api.handshake(&a, ".x").await.url(), url);
    assert!(api.bytes(&url).await == a.bytes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_tasks_and_one_file() {
    for seed in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path()).await;
        let mut bytes = Random(90 + seed).bytes(900_000);
        bytes.extend(vec![0; 100_000]);
        let cuts = [File::cut(bytes.clone(), 20_000), File::cut(bytes, 30_000)];
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let (api, file) = (server.api(), cuts[usize::from(task % 4 == 3)].clone());
                tokio::spawn(async move {
                    let said = api.handshake(&file, ".bin").await;
                    if !said.data.is_array() {
                        return said.url().to_owned();
                    }
                    // Everything, in an order of its own, so that each chunk is sent by many at once.
                    let mut order = said.needed();
                    Random(seed * 8 + task + 1).shuffle(&mut order);
                    for id in order {
                        api.chunk(&file.id, &id, file.chunk(&id)).await.needed();
                    }
                    api.handshake(&file, ".bin").await.url().to_owned()
                })
            })
            .collect();
        for task in tasks {
            let url = task.await.unwrap();
            assert!(server.api().bytes(&url).await == cuts[0].bytes);
        }
        let staged = walk(folder.path()).into_iter().filter(|name| name.contains('#')).count();
        assert_eq!(staged, 0, "temporary files are gone");
    }
}

#[tokio::test]
async fn a_restart_keeps_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let file = File::cut(Random(10).bytes(100_000), 10_000);
    let server = Server::start(folder.path()).await;
    server.api().handshake(&file, ".bin").await.needed();
    for (index, id) in file.ids.iter().enumerate() {
        // Half of a chunk that nobody acknowledged.
        let chunks = folder.path().join("files").join(&file.id).join("chunks");
        let server = Server::start(folder.path()).await;
        if index > 0 {
            std::fs::write(chunks.join(format!("{id}#1")), &file.chunk(id)[..5000]).unwrap();
        }
        let api = server.api();
        // No handshake in between: the plan is on disk.
        assert_eq!(api.chunk(&file.id, id, file.chunk(id)).await.needed(), file.ids[index + 1..]);
    }
    let server = Server::start(folder.path()).await;
    let url = server.api().handshake(&file, ".bin").await.url().to_owned();
    let server = Server::start(folder.path()).await;
    assert!(server.api().bytes(&url).await == file.bytes);
    assert!(!walk(folder.path()).iter().any(|name| name.contains('#')), "leftovers are swept at start");
}

#[tokio::test]
async fn a_damaged_or_vanished_chunk_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = File::cut(Random(11).bytes(50_000), 10_000);
    {
        let server = Server::start(folder.path()).await;
        let api = server.api();
        for id in &api.handshake(&file, "").await.needed()[..4] {
            api.chunk(&file.id, id, file.chunk(id)).await.needed();
        }
    }
    let chunks = folder.path().join("files").join(&file.id).join("chunks");
    std::fs::write(chunks.join(&file.ids[1]), vec![0; 10_000]).unwrap();
    let server = Server::start(folder.path()).await;
    let api = server.api();
    std::fs::remove_file(chunks.join(&file.ids[2])).unwrap();
    let mut rounds = 0;
    let url = loop {
        let said = api.handshake(&file, "").await;
        if !said.data.is_array() {
            break said.url().to_owned();
        }
        for id in said.needed() {
            assert_ne!(id, file.ids[0], "what was right is kept");
            api.chunk(&file.id, &id, file.chunk(&id)).await.needed();
        }
        rounds += 1;
        assert!(rounds < 4);
    };
    assert!(api.bytes(&url).await == file.bytes);
}

#[tokio::test]
async fn unfinished_uploads_expire_and_complete_ones_stay() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { session_age: Duration::from_millis(1500), sessions: 2, ..Limits::default() };
    let server = Server::limited(folder.path(), limits).await;
    let api = server.api();
    let mut random = Random(12);
    let done = File::cut(random.bytes(20_000), 10_000);
    let url = api.upload(&done, "").await;
    let other_cut = File::cut(done.bytes.clone(), 7_000);
    let half = File::cut(random.bytes(20_000), 10_000);
    let alive = File::cut(random.bytes(20_000), 10_000);
    for file in [&half, &alive] {
        api.handshake(file, "").await.needed();
        api.chunk(&file.id, &file.ids[0], file.chunk(&file.ids[0])).await.needed();
    }
    assert_eq!(api.handshake(&other_cut, "").await.url(), url);
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(api.handshake(&alive, "").await.needed(), alive.ids[1..], "in use");
    }
    let said = api.chunk(&half.id, &half.ids[1], half.chunk(&half.ids[1])).await;
    assert_eq!(said.refusal(403), "请先提交文件分片信息");
    assert_eq!(
        api.handshake(&half, "").await.needed(),
        half.ids,
        "its chunk is gone, its session's place free"
    );
    assert!(api.bytes(&url).await == done.bytes);
}

#[tokio::test]
async fn a_handshake_does_not_wait_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let file = File::cut(Random(13).bytes(30 << 20), 4 << 20);
    let chunks = folder.path().join("files").join(&file.id).join("chunks");
    std::fs::create_dir_all(&chunks).unwrap();
    for id in &file.ids {
        std::fs::write(chunks.join(id), file.chunk(id)).unwrap();
    }
    let limits = Limits { finish_wait: Duration::ZERO, ..Limits::default() };
    let server = Server::limited(folder.path(), limits).await;
    let api = server.api();
    let first = api.handshake(&file, "").await;
    assert!(first.refusal(503).contains("verified"));
    let url = loop {
        let said = api.handshake(&file, "").await;
        if said.status == 200 {
            break said.url().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(api.bytes(&url).await == file.bytes);
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let api = server.api();
    let file = File::cut(Random(14).bytes(12 << 20), 6 << 20);
    api.handshake(&file, "").await.needed();
    for wait in [1, 3, 10, 30] {
        let sent = api.chunk(&file.id, &file.ids[0], file.chunk(&file.ids[0]));
        let _ = tokio::time::timeout(Duration::from_millis(wait), sent).await;
    }
    let url = api.upload(&file, "").await;
    assert!(api.bytes(&url).await == file.bytes);
    assert!(!walk(folder.path()).iter().any(|name| name.contains('#')));
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            names.extend(walk(&entry.path()));
        } else {
            names.push(entry.file_name().into_string().unwrap());
        }
    }
    names
}
