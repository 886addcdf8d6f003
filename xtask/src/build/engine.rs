//! The engines: the crate compiled to wasm for what a page does, and their JavaScript glue.

use std::path::{Path, PathBuf};
use std::time::Duration;

use wasm_bindgen_cli_support::{Bindgen, Output};
use xtask_launch::compile::Build;
use xtask_launch::step::Step;
use xtask_launch::wasm_target;
pub use xtask_launch::wasm_target::NAME as WASM_TARGET;

use crate::error::{Doing, Error, Result};
use crate::{paths, process};

/// What an engine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Both,
    Upload,
    Download,
}

impl Engine {
    pub const ALL: [Engine; 3] = [Engine::Both, Engine::Upload, Engine::Download];

    /// The crate's features.
    fn features(self) -> &'static str {
        match self {
            Engine::Both => "upload,download",
            Engine::Upload => "upload",
            Engine::Download => "download",
        }
    }

    /// The name of its entry, without `.js`.
    pub fn entry(self) -> &'static str {
        match self {
            Engine::Both => "index",
            Engine::Upload => "upload",
            Engine::Download => "download",
        }
    }

    /// What the names of its other files have in front.
    fn prefix(self) -> &'static str {
        match self {
            Engine::Both => "",
            Engine::Upload => "upload.",
            Engine::Download => "download.",
        }
    }

    /// Its own file of the kind `name`, such as `upload.worker.js`.
    pub fn file(self, name: &str) -> String {
        format!("{}{name}", self.prefix())
    }

    /// Its file for pages that serve the drop-in script, such as `xuchuan.upload.min.js`.
    pub fn served(self, name: &str) -> String {
        format!("xuchuan.{}{name}", self.prefix())
    }
}

/// Installs the wasm target where it is missing.
pub fn add_target() -> Result<()> {
    wasm_target::add(&paths::root()).map_err(Error::new)
}

/// A compiled engine.
pub struct Compiled(Output);

/// Compiles an engine and makes its glue.
pub fn compile(engine: Engine) -> Result<Compiled> {
    add_target()?;
    let mut cargo = paths::cargo(&["build", "--release", "--package", "xuchuan", "--lib"]);
    cargo.args(["--target", WASM_TARGET, "--no-default-features", "--features", engine.features()]);
    cargo.args(["--config", &remapped_paths()]);
    process::must(&mut cargo, Duration::from_secs(1800))?;
    bind("release")
}

/// Compiles the engine that does both as fast as that goes, as a part of `step`, and makes its glue.
pub fn compile_for_demo(step: &Step) -> Result<Compiled> {
    let remapped = remapped_paths();
    let flags = ["--lib", "--profile", "demo", "--config", &remapped].map(Into::into).to_vec();
    let build = Build { root: &paths::root(), packages: &["xuchuan"], target: Some(WASM_TARGET), flags };
    build.run(step).map_err(Error::new)?;
    step.at("making the JavaScript glue");
    bind("demo")
}

/// Makes the glue for what was compiled by a profile.
fn bind(profile: &str) -> Result<Compiled> {
    let compiled = paths::target().join(WASM_TARGET).join(profile).join("xuchuan.wasm");
    let output = Bindgen::new()
        .input_path(&compiled)
        .remove_name_section(true)
        .remove_producers_section(true)
        .typescript(false)
        .no_modules(true)
        .and_then(Bindgen::generate_output);
    Ok(Compiled(output.doing(|| format!("can't make the glue for {}", compiled.display()))?))
}

impl Compiled {
    /// Gives the wasm's imports short names, and returns the long ones with them: there are some 130, with hashes that do
    /// not compress. Whoever uses the glue has to rename them there, too.
    pub fn shorten_imports(&mut self) -> Vec<(String, String)> {
        let mut names = Vec::new();
        for import in self.0.wasm_mut().imports.iter_mut() {
            let short = format!("_{}", names.len());
            names.push((std::mem::replace(&mut import.name, short.clone()), short));
        }
        names
    }

    /// Returns the wasm.
    pub fn wasm(&mut self) -> Result<Vec<u8>> {
        let wasm = self.0.wasm_mut().emit_wasm();
        match folder_in(&wasm, &[paths::root(), paths::cargo_home()]) {
            Some(folder) => Err(Error::new(format!("the wasm tells of {}", folder.display()))),
            None => Ok(wasm),
        }
    }

    /// Returns the source of the module `engine.js`.
    pub fn glue(&self) -> String {
        wrap_glue(self.0.js(), env!("CARGO_PKG_VERSION"))
    }
}

/// Finds which of these folders of this machine a file names.
fn folder_in<'a>(bytes: &[u8], folders: &'a [PathBuf]) -> Option<&'a PathBuf> {
    folders.iter().find(|folder| {
        let name = folder.as_os_str().as_encoded_bytes();
        name.len() > 1 && bytes.windows(name.len()).any(|part| part == name)
    })
}

/// The compiler's flags that keep this machine's folders out of the wasm: the paths in its panics are data, too.
fn remapped_paths() -> String {
    let mut flags = vec![format!("--remap-path-prefix={}=", with_slash(&paths::root()))];
    if let Ok(sources) = std::fs::read_dir(paths::cargo_home().join("registry").join("src")) {
        let folders = sources.filter_map(|folder| Some(folder.ok()?.path()));
        flags.extend(folders.map(|folder| format!("--remap-path-prefix={}=", with_slash(&folder))));
    }
    // A TOML literal string takes backslashes as they are.
    let quoted: Vec<_> = flags.iter().map(|flag| format!("'{flag}'")).collect();
    format!("target.{WASM_TARGET}.rustflags=[{}]", quoted.join(", "))
}

fn with_slash(folder: &Path) -> String {
    format!("{}{}", folder.display(), std::path::MAIN_SEPARATOR)
}

/// Makes a module of wasm-bindgen's no-modules glue.
///
/// That glue keeps its one instance in variables. Inside a function each call has variables of its own, so an engine
/// that died can be followed by a fresh one. `WebAssembly` is a parameter: the shell passes a stand-in that sees the
/// instance's traps; and so is `readAhead`, which workers have.
fn wrap_glue(glue: &str, version: &str) -> String {
    format!(
        "// Made by `cargo xtask build`: wasm-bindgen's glue, in a function so that it can start more than one engine.\n\
         export const version = '{version}';\n\n\
         export function createEngine(WebAssembly, readAhead) {{\n{glue}\nreturn wasm_bindgen;\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glue_becomes_a_function() {
        let module = wrap_glue("let wasm_bindgen = 1;", "1.2.3");
        assert!(module.contains("export const version = '1.2.3';"));
        assert!(module.ends_with(
            "export function createEngine(WebAssembly, readAhead) {\nlet wasm_bindgen = 1;\nreturn wasm_bindgen;\n}\n"
        ));
    }

    #[test]
    fn a_folder_of_this_machine_is_found() {
        let folders = [PathBuf::from("/"), PathBuf::from("/home/me")];
        assert_eq!(folder_in(b"src/lib.rs /home/me/lib.rs", &folders), folders.get(1));
        assert_eq!(folder_in(b"src/lib.rs /rustc/1/lib.rs", &folders), None);
    }

    #[test]
    fn files_are_named_after_what_the_engine_does() {
        assert_eq!(Engine::Both.file("worker.js"), "worker.js");
        assert_eq!(Engine::Upload.file("worker.js"), "upload.worker.js");
        assert_eq!(Engine::Download.served("min.js"), "xuchuan.download.min.js");
        assert_eq!(Engine::Both.served("wasm"), "xuchuan.wasm");
    }
}
