//! Runs `cargo build`, and says which crate of how many it is at.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::Result;
use crate::step::{Step, say};

/// Returns cargo, the one that runs us, in the folder of the workspace.
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// What is compiled: packages of the workspace, for this machine or for `target`.
#[derive(Debug)]
pub struct Build<'a> {
    pub root: &'a Path,
    pub packages: &'a [&'a str],
    pub target: Option<&'a str>,
    /// What else `cargo build` is told.
    pub flags: Vec<OsString>,
}

impl Build<'_> {
    /// Compiles it as a part of `step`.
    pub fn run(&self, step: &Step) -> Result<()> {
        let total = self.count();
        let mut command = cargo(self.root);
        command.arg("build").args(self.chosen()).args(&self.flags);
        let mut child = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("can't start cargo: {error}"))?;
        let Some(stderr) = child.stderr.take() else { return Err("cargo has no output".to_owned()) };
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(std::result::Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut progress =
            Progress { total, begun: 0, last: String::from("cargo looks what there is to do") };
        loop {
            match lines.recv_timeout(Duration::from_secs(1)) {
                Ok(line) => {
                    if progress.read(&line) {
                        step.at(&progress.words());
                    } else if !line.trim_start().starts_with("Finished") {
                        say(&line);
                    }
                }
                // Someone who looks on sees the seconds go by; a log needs no line for each.
                Err(RecvTimeoutError::Timeout) if std::io::stderr().is_terminal() => {
                    step.at(&progress.words())
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let status = child.wait().map_err(|error| format!("can't wait for cargo: {error}"))?;
        if status.success() { Ok(()) } else { Err(self.why()) }
    }

    /// The flags that both `cargo build` and `cargo tree` take.
    fn chosen(&self) -> Vec<OsString> {
        let mut flags = Vec::new();
        for package in self.packages {
            flags.extend(["--package".into(), package.into()]);
        }
        if let Some(target) = self.target {
            flags.extend(["--target".into(), target.into()]);
        }
        flags
    }

    /// Counts the crates it is made of, and has cargo download those that are missing; nothing if cargo can't tell, which
    /// it will say itself when it builds.
    fn count(&self) -> Option<usize> {
        let mut command = cargo(self.root);
        command.arg("tree").args(self.chosen()).args(["--edges", "normal,build", "--prefix", "none"]);
        command.args(["--no-dedupe", "--format", "{p}"]);
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().ok()?;
        if !output.status.success() {
            return None;
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let crates: BTreeSet<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
        Some(crates.len())
    }

    /// Finds out why it failed, where that can be found out.
    fn why(&self) -> String {
        let mut fetch = cargo(self.root);
        fetch.args(["tree", "--offline", "--quiet"]).args(self.chosen());
        let all_there = fetch.stdin(Stdio::null()).output().is_ok_and(|output| output.status.success());
        let what = self.packages.join(" and ");
        if all_there {
            format!("cargo could not compile {what}, see above")
        } else {
            format!(
                "cargo could not download what {what} is made of, see above. The first run needs the network: crates.io, \
                 or what {} names instead",
                config().display()
            )
        }
    }
}

fn config() -> PathBuf {
    let home = std::env::home_dir().unwrap_or_default().join(".cargo");
    std::env::var_os("CARGO_HOME").map_or(home, PathBuf::from).join("config.toml")
}

/// How far cargo is.
#[derive(Debug)]
struct Progress {
    total: Option<usize>,
    begun: usize,
    last: String,
}

impl Progress {
    /// Reads a line of cargo's; tells whether it says what is compiled.
    fn read(&mut self, line: &str) -> bool {
        let Some(rest) = line.trim_start().strip_prefix("Compiling ") else { return false };
        self.begun += 1;
        self.last = rest.split(' ').next().unwrap_or(rest).to_owned();
        true
    }

    fn words(&self) -> String {
        match self.total {
            _ if self.begun == 0 => self.last.clone(),
            // More than counted: a crate in two versions has one name.
            Some(total) => format!("crate {} of {}: {}", self.begun, total.max(self.begun), self.last),
            None => format!("crate {}: {}", self.begun, self.last),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn says_which_crate_of_how_many() {
        let mut progress = Progress { total: Some(2), begun: 0, last: "nothing yet".to_owned() };
        assert_eq!(progress.words(), "nothing yet");
        assert!(progress.read("   Compiling serde v1.0.229"));
        assert_eq!(progress.words(), "crate 1 of 2: serde");
        assert!(!progress.read("warning: unused"));
        assert!(progress.read("   Compiling a v1 (/a)") && progress.read("   Compiling b v1"));
        assert_eq!(progress.words(), "crate 3 of 3: b");
    }

    #[test]
    fn a_build_that_fails_is_told_from_crates_that_are_missing() {
        let folder = std::env::temp_dir().join(format!("xtask-launch-{}", std::process::id()));
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
        std::fs::create_dir_all(folder.join("src")).unwrap();
        write("Cargo.toml", "[workspace]\n[package]\nname = \"broken\"\nversion = \"0.1.0\"\n");
        write("Cargo.lock", "version = 4\n[[package]]\nname = \"broken\"\nversion = \"0.1.0\"\n");
        write("src/lib.rs", "!");
        let flags = vec!["--offline".into(), "--target-dir".into(), folder.join("target").into()];
        let build = Build { root: &folder, packages: &["broken"], target: None, flags };
        let error = build.run(&Step::begin(1, 1, "a test")).unwrap_err();
        assert!(error.contains("could not compile broken"), "{error}");

        let source = "registry+https://github.com/rust-lang/crates.io-index";
        write(
            "Cargo.toml",
            "[workspace]\n[package]\nname = \"broken\"\nversion = \"0.1.0\"\n[dependencies]\nno-such-crate-here = \"9\"\n",
        );
        write(
            "Cargo.lock",
            &format!(
                "version = 4\n[[package]]\nname = \"broken\"\nversion = \"0.1.0\"\ndependencies = [\"no-such-crate-here\"]\n\
             [[package]]\nname = \"no-such-crate-here\"\nversion = \"9.0.0\"\nsource = \"{source}\"\nchecksum = \"{}\"\n",
                "0".repeat(64)
            ),
        );
        let mut command = cargo(&folder);
        command.args(["tree", "--offline", "--quiet", "--locked"]);
        assert!(!command.output().unwrap().status.success());
        let error = build.why();
        assert!(error.contains("needs the network"), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
