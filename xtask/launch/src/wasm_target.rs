//! Rust's target for wasm: there already, installed by rustup, or missing with a word on what to do.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;

pub const NAME: &str = "wasm32-unknown-unknown";

/// Installs the target where it is missing; `root` is the workspace's folder, since a toolchain may be set for it.
pub fn add(root: &Path) -> Result<()> {
    if is_there(root) {
        return Ok(());
    }
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", NAME]).current_dir(root).stdin(Stdio::null());
    match rustup.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!(
            "rustup could not install the target {NAME}, see above. It needs the network once: `rustup target add {NAME}`"
        )),
        Err(_) => Err(format!(
            "this Rust can't compile for {NAME}, and there is no rustup to install that. Get Rust by rustup \
             (https://rustup.rs), or the target from where this Rust comes from (Debian: libstd-rust-dev-wasm32)"
        )),
    }
}

/// Asks the compiler, which knows, whoever installed it.
fn is_there(root: &Path) -> bool {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--print", "target-libdir", "--target", NAME]).current_dir(root).stdin(Stdio::null());
    let Ok(output) = rustc.output() else { return false };
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    output.status.success() && std::fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some())
}
