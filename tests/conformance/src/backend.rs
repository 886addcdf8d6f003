//! The example backends, and whether they can run here.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::running::Running;
use crate::{installed, program, workspace};

/// One of `examples/backends`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Node alone.
    Node,
    /// Express and multer.
    Express,
    /// FastAPI.
    FastApi,
    /// Go alone.
    Go,
    /// Java alone.
    Java,
    /// PHP alone.
    Php,
}

impl Backend {
    /// All of them.
    pub const ALL: [Backend; 6] =
        [Backend::Node, Backend::Express, Backend::FastApi, Backend::Go, Backend::Java, Backend::Php];

    /// The name of its folder.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Node => "node",
            Backend::Express => "express",
            Backend::FastApi => "fastapi",
            Backend::Go => "go",
            Backend::Java => "java",
            Backend::Php => "php",
        }
    }

    /// Tells what it lacks to run here, if it does.
    pub fn lacks(self) -> Option<&'static str> {
        let has = |name: &str| program(name).is_some();
        let folder = installed().join(self.name());
        match self {
            Backend::Node if !has("node") => Some("Node is not installed"),
            Backend::Express if !has("node") || !folder.join("node_modules").is_dir() => {
                Some("Node or its packages are not installed (`cargo xtask test` installs the packages)")
            }
            Backend::FastApi if !folder.join("bin/python").exists() => {
                Some("its packages are not installed (`cargo xtask test` does it, where Python is there)")
            }
            Backend::Go if !has("go") => Some("Go is not installed"),
            // Without its compiler Java can't run a source file.
            Backend::Java if !has("java") || !has("javac") => Some("no JDK is installed"),
            Backend::Php if !has("php") => Some("PHP is not installed"),
            _ => None,
        }
    }

    /// Starts it on a free port, with its files in `data`, for pages of `origin`.
    pub fn start(self, data: &Path, origin: &str) -> Result<Running> {
        let mut command = self.command().with_context(|| format!("prepare {}", self.name()))?;
        command.env("PORT", "0").env("DATA_DIR", data).env("ALLOW_ORIGIN", origin);
        Running::start(command, &data.with_extension("log")).with_context(|| self.name())
    }

    fn command(self) -> Result<Command> {
        let source = workspace().join("examples/backends").join(self.name());
        let folder = installed().join(self.name());
        let run = |program: &Path, file: &Path| {
            let mut command = Command::new(program);
            command.arg(file);
            command
        };
        Ok(match self {
            Backend::Node => run("node".as_ref(), &source.join("server.mjs")),
            Backend::Express => {
                // Beside its packages, where its imports look for them.
                let server = folder.join("server.mjs");
                std::fs::copy(source.join("server.mjs"), &server)?;
                run("node".as_ref(), &server)
            }
            Backend::FastApi => run(&folder.join("bin/python"), &source.join("server.py")),
            Backend::Go => {
                std::fs::create_dir_all(&folder)?;
                let program = folder.join("server");
                let built = Command::new("go")
                    .args(["build", "-o"])
                    .arg(&program)
                    .arg("main.go")
                    .current_dir(&source)
                    .output()?;
                if !built.status.success() {
                    bail!("go build: {}", String::from_utf8_lossy(&built.stderr));
                }
                Command::new(program)
            }
            Backend::Java => run("java".as_ref(), &source.join("Server.java")),
            Backend::Php => run("php".as_ref(), &source.join("server.php")),
        })
    }
}
