//! The example backends as processes, and what the conformance tool says of a server.

pub mod backend;
pub mod report;
pub mod running;

use std::io::Write;
use std::path::{Path, PathBuf};

/// Says that a test left something out, past the test runner's capture.
pub fn left_out(what: &str, reason: &str) {
    let _ = writeln!(std::io::stderr(), "{what}: left out, {reason}");
}

/// Finds a program on `PATH`.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where `cargo xtask test` puts what the backends need.
pub fn installed() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace().join("target"), |folder| workspace().join(folder));
    target.join("xtask").join("backends")
}
