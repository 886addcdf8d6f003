//! Projects as people have them, below `tests/projects`: installed with the packed package, and what their tools make of it.
//!
//! What is installed stays in `target/projects`, so that a later run installs the package alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::built;
use crate::process::{Program, free_port};
use crate::stage;
use crate::wait::until;

const LOCK: &str = "package-lock.json";

/// A first installation fetches some hundred packages.
const INSTALL: Duration = Duration::from_secs(400);
const BUILD: Duration = Duration::from_secs(240);

/// An installed project.
#[derive(Debug)]
pub struct Project {
    name: &'static str,
    /// Where it is installed.
    pub folder: PathBuf,
}

impl Project {
    /// Installs `tests/projects/<name>` and, into it, the package.
    pub async fn install(name: &'static str) -> Result<Project> {
        let written = built::projects();
        let folder = root()?.join(name);
        let project = Project { name, folder };
        project.remove_made()?;
        built::copy(&written.join(name), &project.folder)?;
        project.add(&written.join("upload-page.js"), project.sources())?;
        if !project.is_installed()? {
            project.npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"], INSTALL).await?;
            fs::copy(project.folder.join(LOCK), project.folder.join("node_modules").join(LOCK))?;
        }
        project.install_package().await?;
        Ok(project)
    }

    /// Removes what an earlier run has made: only what is installed stays.
    fn remove_made(&self) -> Result<()> {
        fs::create_dir_all(&self.folder)?;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name() == "node_modules" {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Where its own modules are.
    fn sources(&self) -> PathBuf {
        ["src", "app"]
            .map(|name| self.folder.join(name))
            .into_iter()
            .find(|path| path.is_dir())
            .unwrap_or(self.folder.clone())
    }

    /// Copies a file into `folder`.
    pub fn add(&self, file: &Path, folder: PathBuf) -> Result<()> {
        let name = file.file_name().context("a file has a name")?;
        fs::copy(file, folder.join(name)).with_context(|| format!("copy {}", file.display()))?;
        Ok(())
    }

    /// Tells whether what its lock file names is there, whole.
    fn is_installed(&self) -> Result<bool> {
        let wanted = fs::read(self.folder.join(LOCK))?;
        Ok(fs::read(self.folder.join("node_modules").join(LOCK)).is_ok_and(|installed| installed == wanted))
    }

    async fn install_package(&self) -> Result<()> {
        let installed = self.folder.join("node_modules/xuchuan");
        if installed.exists() {
            // Of the same name and version, it would be taken for installed.
            fs::remove_dir_all(&installed)?;
        }
        fs::copy(packed()?, self.folder.join("xuchuan.tgz"))?;
        let arguments =
            ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
        self.npm(&[&arguments[..], &["./xuchuan.tgz"]].concat(), INSTALL).await?;
        ensure!(installed.join("package.json").is_file(), "{}: the package was not installed", self.name);
        Ok(())
    }

    /// Runs a script of its `package.json` to its end.
    pub async fn run(&self, script: &str) -> Result<()> {
        self.npm(&["run", "--silent", script], BUILD).await
    }

    async fn npm(&self, arguments: &[&str], limit: Duration) -> Result<()> {
        let what = format!("{}: npm {}", self.name, arguments.join(" "));
        let log = self.log()?;
        let mut program = Program::start(self.command(arguments), &log)?;
        let success = until(&what, limit, async || Ok(program.result())).await?;
        if !success {
            bail!("{what} failed: {}", end_of(&log));
        }
        Ok(())
    }

    /// Starts the script of its `package.json` that serves its pages; ends with what is returned.
    pub async fn serve(&self, script: &str, flags: &[&str]) -> Result<Site> {
        let port = free_port()?;
        let number = port.to_string();
        let arguments = [&["run", "--silent", script, "--"][..], flags, &["--port", &number]].concat();
        let log = self.log()?;
        let mut program = Program::start(self.command(&arguments), &log)?;
        let url = format!("http://localhost:{port}");
        until(&format!("{}: its server", self.name), Duration::from_secs(60), async || {
            if program.ended() {
                bail!("the server ended at once: {}", end_of(&log));
            }
            Ok(reqwest::get(&url).await.ok())
        })
        .await?;
        Ok(Site { url, log, _program: program })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("npm");
        command.args(arguments).current_dir(&self.folder);
        // Nothing of it is anybody's business.
        command.env("NEXT_TELEMETRY_DISABLED", "1").env("CI", "1").env("BROWSER", "none");
        command
    }

    fn log(&self) -> Result<PathBuf> {
        Ok(stage::output()?.join(format!("project-{}.log", self.name)))
    }
}

/// A project's own server.
#[derive(Debug)]
pub struct Site {
    /// Its origin.
    pub url: String,
    log: PathBuf,
    _program: Program,
}

impl Site {
    /// Returns what it has said.
    pub fn said(&self) -> String {
        end_of(&self.log)
    }
}

/// Returns the package as a tarball, as `npm publish` would send it; packed twice, since both have to be the same.
pub fn packed() -> Result<PathBuf> {
    static PACKED: OnceLock<PathBuf> = OnceLock::new();
    if let Some(path) = PACKED.get() {
        return Ok(path.clone());
    }
    let once = |name: &str| -> Result<PathBuf> {
        let folder = root()?.join(name);
        fs::create_dir_all(&folder)?;
        let mut command = Command::new("npm");
        command.args(["pack", "--silent", "--pack-destination"]).arg(&folder).current_dir(built::pkg()?);
        let output = command.output().context("start npm")?;
        ensure!(output.status.success(), "npm pack: {}", String::from_utf8_lossy(&output.stderr));
        Ok(folder.join(String::from_utf8(output.stdout)?.trim()))
    };
    let (first, second) = (once("packed")?, once("packed-again")?);
    ensure!(fs::read(&first)? == fs::read(&second)?, "npm pack makes other bytes each time");
    Ok(PACKED.get_or_init(|| first).clone())
}

fn root() -> Result<PathBuf> {
    let path = std::path::absolute(stage::target().join("projects"))?;
    fs::create_dir_all(&path)?;
    Ok(path)
}

fn end_of(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(60).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
