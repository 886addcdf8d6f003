//! `cargo xtask test`: every test there is, and one line that counts them.

mod backends;
mod browsers;
#[cfg(test)]
mod circles;
mod components;
mod count;
mod docs;
mod frameworks;
#[cfg(test)]
mod imports;
pub mod install;
mod shell;
mod steps;
mod types;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::build::{self, WASM_TARGET};
use crate::error::Result;
use crate::npm::Tool;
use crate::server::{self, Server};
use crate::{files, paths};
use steps::Steps;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// What needs nothing but Rust.
    Quick,
    Full,
}

/// Finds what keeps people with a screen reader or without a mouse from using a page.
const AXE: Tool = Tool { package: "axe-core", version: "4.14.1", file: "axe.min.js" };

const MINUTE: Duration = Duration::from_secs(60);

/// Runs the tests; a step that failed stops only those that need it.
pub fn run(scope: Scope) -> ExitCode {
    let mut steps = Steps::default();
    if scope == Scope::Full {
        steps.run("Node", install::node);
        // Before the native tests, which try them.
        for (name, why) in steps.run("example backends", || Ok(backends::install())).unwrap_or_default() {
            steps.leave_out(&format!("example backend: {name}"), &why);
        }
    }
    quick(&mut steps);
    if scope == Scope::Full {
        full(&mut steps);
    }
    steps.report()
}

fn quick(steps: &mut Steps) {
    steps.check("formatting", &mut paths::cargo(&["fmt", "--all", "--check"]), 2 * MINUTE);
    let lint = |args: &[&str]| {
        let mut command = paths::cargo(&["clippy"]);
        command.args(args).args(["--", "-D", "warnings"]);
        command
    };
    steps.check("lints", &mut lint(&["--workspace", "--all-targets"]), 30 * MINUTE);
    if steps.run("wasm target", build::add_target).is_some() {
        let wasm = ["--package", "xuchuan", "--target", WASM_TARGET];
        let mut command = lint(&[&wasm[..], &["--lib", "--tests"]].concat());
        steps.check("lints for wasm", &mut command, 30 * MINUTE);
        for feature in ["upload", "download"] {
            let one = ["--lib", "--no-default-features", "--features", feature];
            let name = format!("lints for wasm: {feature}");
            steps.check(&name, &mut lint(&[&wasm[..], &one].concat()), 30 * MINUTE);
        }
    }
    steps.check(
        "API docs",
        &mut docs::rustdoc(&["--package", "xuchuan", "--package", "xuchuan-server"]),
        10 * MINUTE,
    );
    steps.check(
        "API docs for wasm",
        &mut docs::rustdoc(&["--package", "xuchuan", "--target", WASM_TARGET]),
        10 * MINUTE,
    );
    // The end-to-end tests need the package and the browsers.
    let mut native = paths::cargo(&["test", "--workspace", "--no-fail-fast", "--exclude", "e2e"]);
    steps.tests("native tests", &mut native, 40 * MINUTE);
    match shell::command() {
        Ok(Some(mut command)) => steps.tests("shell tests", &mut command, 5 * MINUTE),
        Ok(None) => steps.leave_out("shell tests", "Node is not installed"),
        Err(error) => steps.skip("shell tests", &error.to_string()),
    }
}

fn full(steps: &mut Steps) {
    let package = steps.run("package", build::make);
    match package {
        Some(()) => drop(steps.run("sizes", build::check_size)),
        None => steps.skip("sizes", "they need the package"),
    }
    let components = match package {
        Some(()) => steps.run("components of the guide", components::build),
        None => None,
    };
    let tools = steps.run("tools", install::tools);
    let server = steps.run("server", start_server);

    match (&tools, &server) {
        (Some(tools), Some(server)) => {
            for browser in browsers::all(tools) {
                let name = format!("browser tests: {}", browser.name);
                steps.tests(&name, &mut browser.command(&server.url()), 20 * MINUTE);
            }
        }
        _ => steps.skip("browser tests", "they need the tools and the server"),
    }

    match (&package, &tools, &server) {
        (Some(()), Some(tools), Some(server)) => {
            let mut command = end_to_end(tools, server.program());
            if let Some(pages) = components {
                command.env("XUCHUAN_COMPONENTS", pages);
            }
            steps.tests("end to end", &mut command, 40 * MINUTE);
        }
        _ => steps.skip("end to end", "it needs the package, the tools and the server"),
    }

    match package.map(|()| frameworks::command()) {
        Some(Ok(Some(mut command))) => steps.tests("bindings in frameworks", &mut command, 5 * MINUTE),
        Some(Ok(None)) => steps.leave_out("bindings in frameworks", "Node and npm are not installed"),
        Some(Err(error)) => steps.skip("bindings in frameworks", &error.to_string()),
        None => steps.skip("bindings in frameworks", "they need the package"),
    }

    match (package, types::commands()) {
        (Some(()), Ok(commands)) if commands.is_empty() => {
            steps.leave_out("types", "Node and npm are not installed");
        }
        (Some(()), Ok(commands)) => {
            for (name, mut command) in commands {
                steps.check(name, &mut command, 5 * MINUTE);
            }
        }
        (Some(()), Err(error)) => steps.skip("types", &error.to_string()),
        (None, _) => steps.skip("types", "they need the package"),
    }
}

fn start_server() -> Result<Server> {
    let program = server::build()?;
    let data = paths::scratch().join("test-data");
    files::empty_folder(&data)?;
    Server::start(&program, server::free_port()?, &data, None)
}

/// The end-to-end project finds the drivers on PATH, and learns by environment where the rest is.
pub fn end_to_end(tools: &install::Tools, server: &Path) -> Command {
    let drivers = [&tools.chromedriver, &tools.geckodriver, &tools.webkitdriver];
    let folders = drivers.into_iter().filter_map(|driver| driver.parent().map(PathBuf::from));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(folders.chain(std::env::split_paths(&path)));
    let mut command = paths::cargo(&["test", "--package", "e2e", "--no-fail-fast"]);
    // Without it the scenario that needs it says so and is left out.
    if let Ok(Some(axe)) = AXE.path() {
        command.env("XUCHUAN_AXE", axe);
    }
    command.env("XUCHUAN_PKG", paths::pkg()).env("XUCHUAN_SERVER_BIN", server);
    if let Ok(path) = path {
        command.env("PATH", path);
    }
    command
}
