//! The engine: the crate compiled to wasm, and its JavaScript glue.

use std::path::Path;
use std::time::Duration;

use walrus::ModuleConfig;
use wasm_bindgen_cli_support::Bindgen;

use super::linked::Linked;
use super::{ignored, names, panics, unused};
use crate::error::{Doing, Result};
use crate::{files, paths, process};

pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The compiled engine and the source of its glue.
pub struct Engine {
    pub wasm: Vec<u8>,
    /// The module `engine.js`.
    pub glue: String,
}

/// Installs the wasm target where the toolchain comes from rustup and lacks it.
pub fn add_target() -> Result<()> {
    let Some(installed) = process::ask("rustup", &["target", "list", "--installed"]) else { return Ok(()) };
    if installed.lines().any(|line| line == WASM_TARGET) {
        return Ok(());
    }
    let mut rustup = std::process::Command::new("rustup");
    rustup.args(["target", "add", WASM_TARGET]).current_dir(paths::root());
    process::must(&mut rustup, Duration::from_secs(600)).map(drop)
}

pub fn build() -> Result<Engine> {
    add_target()?;
    let mut cargo =
        paths::cargo(&["build", "--release", "--package", "xuchuan", "--lib", "--target", WASM_TARGET]);
    cargo.args(["--config", &remapped_paths()]);
    process::must(&mut cargo, Duration::from_secs(1800))?;

    let compiled = paths::target().join(WASM_TARGET).join("release").join("xuchuan.wasm");
    let wasm = files::read(&compiled)?;
    let linked = Linked::read(&wasm).doing(|| format!("can't read {}", compiled.display()))?;
    let module = ModuleConfig::new()
        .strict_validate(false)
        .generate_name_section(false)
        .generate_producers_section(false)
        .parse(&wasm);
    let mut module = module.doing(|| format!("can't read {}", compiled.display()))?;
    panics::trap_at_once(&mut module);
    ignored::pass_nothing(&mut module);
    unused::remove(&mut module, &linked);

    let mut output = Bindgen::new()
        .input_module("engine", module)
        .no_modules(true)
        .and_then(|bindgen| bindgen.typescript(false).generate_output())
        .doing(|| format!("can't make the glue for {}", compiled.display()))?;
    // Now the descriptions are gone that the glue was made from.
    unused::remove(output.wasm_mut(), &linked);
    let glue = names::shorten(&mut output)?;
    Ok(Engine { wasm: output.wasm_mut().emit_wasm(), glue: wrap_glue(&glue, env!("CARGO_PKG_VERSION")) })
}

/// The compiler's flags that keep this machine's folders out of the wasm: the paths in its panics are data, too.
fn remapped_paths() -> String {
    let mut flags = vec![format!("--remap-path-prefix={}=", with_slash(&paths::root()))];
    flags.push("-Clink-arg=--emit-relocs".to_owned());
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
    #[test]
    fn glue_becomes_a_function() {
        let module = super::wrap_glue("let wasm_bindgen = 1;", "1.2.3");
        assert!(module.contains("export const version = '1.2.3';"));
        assert!(module.ends_with(
            "export function createEngine(WebAssembly, readAhead) {\nlet wasm_bindgen = 1;\nreturn wasm_bindgen;\n}\n"
        ));
    }
}
