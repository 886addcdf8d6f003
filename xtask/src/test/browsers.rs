//! The three engines, and how wasm-pack is told to use them.

use std::path::Path;
use std::process::Command;

use super::install::Tools;
use crate::paths;

pub struct Browser<'a> {
    pub name: &'static str,
    wasm_pack: &'a Path,
    flag: &'static str,
    driver_flag: &'static str,
    driver: &'a Path,
}

pub fn all(tools: &Tools) -> [Browser<'_>; 3] {
    let wasm_pack = tools.wasm_pack.as_path();
    [
        Browser {
            name: "Chromium",
            wasm_pack,
            flag: "--chrome",
            driver_flag: "--chromedriver",
            driver: &tools.chromedriver,
        },
        Browser {
            name: "Firefox",
            wasm_pack,
            flag: "--firefox",
            driver_flag: "--geckodriver",
            driver: &tools.geckodriver,
        },
        Browser {
            name: "WebKit",
            wasm_pack,
            flag: "--safari",
            driver_flag: "--safaridriver",
            driver: &tools.webkitdriver,
        },
    ]
}

impl Browser<'_> {
    /// The command that runs the crate's browser tests here, against the server at `server`.
    pub fn command(&self, server: &str) -> Command {
        let mut wasm_pack = Command::new(self.wasm_pack);
        wasm_pack.args(["test", "--headless", self.flag, self.driver_flag]).arg(self.driver);
        let mut command = with_display(&wasm_pack);
        command
            .current_dir(paths::root())
            // For a whole test binary; the default is 20.
            .env("WASM_BINDGEN_TEST_TIMEOUT", "240")
            // Pages are not cross-origin isolated, so the tests are not either.
            .env("WASM_BINDGEN_TEST_NO_ORIGIN_ISOLATION", "1")
            // Compiled into the tests.
            .env("XUCHUAN_SERVER", server);
        command
    }
}

/// The same command with a display of its own where there is none: WebKitGTK draws even when nobody looks.
pub fn with_display(command: &Command) -> Command {
    let has_display = std::env::var_os("DISPLAY").is_some_and(|display| !display.is_empty());
    let mut wrapped = match paths::find_program("xvfb-run").filter(|_| !has_display) {
        Some(xvfb_run) => {
            let mut wrapped = Command::new(xvfb_run);
            wrapped.arg("-a").arg(command.get_program());
            wrapped
        }
        None => Command::new(command.get_program()),
    };
    wrapped.args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        wrapped.current_dir(folder);
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_inside_stays_whole() {
        let mut inner = Command::new("wasm-pack");
        inner.args(["test", "--headless"]).current_dir("/");
        let wrapped = with_display(&inner);
        let args: Vec<_> = wrapped.get_args().collect();
        assert!(args.ends_with(&["test".as_ref(), "--headless".as_ref()]));
        assert_eq!(wrapped.get_current_dir(), Some(Path::new("/")));
    }
}
