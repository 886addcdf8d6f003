//! The program itself: how it starts, how it stops, and that killing it loses nothing it acknowledged.
//!
//! A kill leaves the kernel's cache whole, so this shows that acknowledged writes are complete and under their names,
//! not that they were synced: for that, `LocalFileSystem::with_fsync` stands.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::{Api, File, Random, form};
use reqwest::Client;
use serde_json::Value;

struct Program {
    child: Child,
    api: Api,
}

impl Program {
    fn start(data: &Path, flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_xuchuan-server"))
            .args(["--port", "0", "--data"])
            .arg(data)
            .args(flags)
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url =
            line.trim().strip_prefix("listening on ").expect("the first line names the address").to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        Self { child, api: Api { url, client: Client::new() } }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends chunks in some order and notes those that were acknowledged, until it is done or the server is gone.
async fn send(
    api: Api,
    file: File,
    mut order: Vec<String>,
    seed: u64,
    acknowledged: Arc<Mutex<HashSet<String>>>,
) {
    Random(seed).shuffle(&mut order);
    for id in order {
        let request = api.client.post(format!("{}/api/upload", api.url));
        let Ok(response) = request.multipart(form(&file.id, &id, file.chunk(&id))).send().await else {
            return;
        };
        let Ok(body) = response.json::<Value>().await else { return };
        assert_eq!(body["code"], 0, "{body}");
        acknowledged.lock().unwrap().insert(id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(0x5EED);
    let mut new_file = || File::cut(random.bytes(6_000_000), 50_000);
    let mut dice = Random(7);
    let mut file = new_file();
    let mut done: Vec<File> = Vec::new();
    let acknowledged = Arc::new(Mutex::new(HashSet::new()));
    let mut kills_midway = 0;
    for round in 0..10 {
        let mut program = Program::start(folder.path(), &[]);
        let said = program.api.handshake(&file, ".bin").await;
        if said.data.is_array() {
            let needed = said.needed();
            let known = acknowledged.lock().unwrap().clone();
            let lost: Vec<_> = needed.iter().filter(|id| known.contains(*id)).collect();
            assert!(lost.is_empty(), "round {round}: acknowledged and lost: {lost:?}");
            let senders: Vec<_> = (0..3)
                .map(|task| {
                    let (api, file, order) = (program.api.clone(), file.clone(), needed.clone());
                    tokio::spawn(send(api, file, order, round * 3 + task + 1, acknowledged.clone()))
                })
                .collect();
            // Somewhere within the chunks, and within one of them.
            let enough = acknowledged.lock().unwrap().len() + 1 + dice.below(60) as usize;
            while acknowledged.lock().unwrap().len() < enough && !senders.iter().all(|it| it.is_finished()) {
                tokio::time::sleep(Duration::from_micros(100 + dice.below(3_000))).await;
            }
            program.kill();
            for sender in senders {
                sender.await.unwrap();
            }
            let count = acknowledged.lock().unwrap().len();
            kills_midway += usize::from(0 < count && count < file.ids.len());
        } else {
            program.kill();
            done.push(std::mem::replace(&mut file, new_file()));
            acknowledged.lock().unwrap().clear();
        }
    }
    assert!(kills_midway >= 3, "too few kills fell into an upload: {kills_midway}");
    let program = Program::start(folder.path(), &[]);
    done.push(file);
    for file in done {
        let url = program.api.upload(&file, ".bin").await;
        assert!(program.api.bytes(&url).await == file.bytes);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn it_serves_a_folder_and_stops_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let www = folder.path().join("www");
    std::fs::create_dir(&www).unwrap();
    std::fs::write(www.join("index.html"), "<p>demo").unwrap();
    std::fs::write(folder.path().join("secret"), "secret").unwrap();
    let data = folder.path().join("data");
    let mut program = Program::start(&data, &["--www", www.to_str().unwrap(), "--max-chunk", "10"]);
    assert_eq!(program.api.bytes("/").await, b"<p>demo");
    assert_eq!(program.api.get("/..%2fsecret", &[]).await.status(), 404);
    let file = File::cut(vec![1; 11], 11);
    program.api.handshake(&file, "").await.needed();
    let said = program.api.chunk(&file.id, &file.ids[0], &file.bytes).await;
    assert!(said.refusal(413).contains("at most 10 bytes"));
    let pid = program.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(program.child.wait().unwrap().success());
}

#[test]
fn wrong_flags_are_told() {
    let run =
        |flags: &[&str]| Command::new(env!("CARGO_BIN_EXE_xuchuan-server")).args(flags).output().unwrap();
    assert!(run(&["--help"]).status.success());
    for flags in [&["--nonsense"][..], &["--port", "x"], &["--port"]] {
        let output = run(flags);
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("--help"), "{flags:?}");
    }
}
