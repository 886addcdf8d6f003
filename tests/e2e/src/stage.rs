//! One scenario at a time: its folder, its time limit, and the lines it prints.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::browser::Browser;
use crate::engine::Engine;

/// Held to read by scenarios that bear company, and to write by those that want the machine's cores for themselves.
static MACHINE: RwLock<()> = RwLock::const_new(());

/// One scenario in an engine at a time: WebKit takes no second session.
static ENGINES: [Mutex<()>; 3] = [Mutex::const_new(()), Mutex::const_new(()), Mutex::const_new(())];

/// What may run beside a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// Others like it, each in another engine: it waits most of its time.
    Engines,
}

/// Keeps others off for as long as it lives.
#[derive(Debug)]
enum Turn {
    Machine { _lock: RwLockWriteGuard<'static, ()> },
    Engine { _machine: RwLockReadGuard<'static, ()>, _engine: MutexGuard<'static, ()> },
}

impl Turn {
    async fn of(engine: Engine, beside: Beside) -> Turn {
        let [chromium, firefox, webkit] = &ENGINES;
        let own = match engine {
            Engine::Chromium => chromium,
            Engine::Firefox => firefox,
            Engine::WebKit => webkit,
        };
        match beside {
            Beside::Nothing => Turn::Machine { _lock: MACHINE.write().await },
            Beside::Engines => Turn::Engine { _engine: own.lock().await, _machine: MACHINE.read().await },
        }
    }
}

/// What a scenario stands on.
#[derive(Debug)]
pub struct Stage {
    /// The engine it runs in.
    pub engine: Engine,
    name: &'static str,
    folder: TempDir,
    _turn: Turn,
}

impl Stage {
    /// Returns the folder `name` of this scenario, made if it is missing.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(&path)?;
        Ok(path)
    }

    /// Returns the folder that its browsers save in.
    pub fn downloads(&self) -> Result<PathBuf> {
        self.folder("profile/downloads")
    }

    /// Starts a browser on this scenario's profile.
    pub async fn browser(&self) -> Result<Browser> {
        Browser::start(self.engine, &self.folder("profile")?).await
    }

    /// Prints a line of the story, past the test runner's capture, and keeps it in `target/e2e/story.txt`.
    pub fn tell(&self, line: impl std::fmt::Display) {
        tell(&format!("{} [{}] {line}", self.name, self.engine));
    }
}

/// Runs `scenario` in `engine`, with no more beside it than `beside` says, and for no longer than `limit`; skipped if this
/// run doesn't ask for the engine.
pub fn run(
    engine: Engine,
    beside: Beside,
    name: &'static str,
    limit: Duration,
    scenario: impl AsyncFnOnce(&Stage) -> Result<()>,
) -> std::result::Result<(), Failed> {
    perform(engine, beside, name, limit, scenario).map_err(|error| Failed(format!("{error:#}")))
}

/// Why a scenario failed, on one line, from what was being done to its cause.
pub struct Failed(String);

impl std::fmt::Debug for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn perform(
    engine: Engine,
    beside: Beside,
    name: &'static str,
    limit: Duration,
    scenario: impl AsyncFnOnce(&Stage) -> Result<()>,
) -> Result<()> {
    if !engine.wanted() {
        tell(&format!("{name} [{engine}] skipped: not in E2E_ENGINES"));
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(async {
        let turn = Turn::of(engine, beside).await;
        crate::process::sweep();
        let folder = tempfile::Builder::new().prefix("xuchuan-e2e-").tempdir()?;
        let stage = Stage { engine, name, folder, _turn: turn };
        let start = std::time::Instant::now();
        let outcome = match tokio::time::timeout(limit, scenario(&stage)).await {
            Ok(outcome) => outcome,
            Err(_) => bail_late(limit),
        };
        let verdict = if outcome.is_ok() { "passed" } else { "FAILED" };
        stage.tell(format_args!("{verdict} in {:.1} s", start.elapsed().as_secs_f64()));
        outcome
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    outcome.with_context(|| format!("{name} in {engine}"))
}

fn bail_late(limit: Duration) -> Result<()> {
    bail!("not done after {limit:?}")
}

/// Returns `target/e2e`, where screenshots and logs are kept.
pub fn output() -> Result<PathBuf> {
    let path = target().join("e2e");
    std::fs::create_dir_all(&path).with_context(|| format!("create {}", path.display()))?;
    Ok(path)
}

/// Returns the workspace's target folder.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| ".".into()))
            .join("../../target"),
    }
}

fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
    let file = output().map(|folder| folder.join("story.txt"));
    if let Ok(mut file) =
        file.and_then(|path| Ok(std::fs::File::options().append(true).create(true).open(path)?))
    {
        let _ = writeln!(file, "{line}");
    }
}

/// Makes one test for each engine named out of an `async fn(&Stage) -> Result<()>`:
/// `scenario!(sizes, 120: Chromium, Firefox, WebKit);` with its limit in seconds. One that waits most of its time says so,
/// and runs in several engines at once: `scenario!(queue, 300, waits: Chromium, Firefox, WebKit);`.
#[macro_export]
macro_rules! scenario {
    ($name:ident, $seconds:literal: $($engine:ident),+) => {
        $crate::scenario!(@ $name, $seconds, Nothing: $($engine),+);
    };
    ($name:ident, $seconds:literal, waits: $($engine:ident),+) => {
        $crate::scenario!(@ $name, $seconds, Engines: $($engine),+);
    };
    (@ $name:ident, $seconds:literal, $beside:ident: $($engine:ident),+) => {
        mod $name {
            $(
                #[test]
                #[allow(non_snake_case)]
                fn $engine() -> Result<(), $crate::stage::Failed> {
                    let limit = std::time::Duration::from_secs($seconds);
                    let (engine, beside) = ($crate::engine::Engine::$engine, $crate::stage::Beside::$beside);
                    $crate::stage::run(engine, beside, stringify!($name), limit, super::$name)
                }
            )+
        }
    };
}
