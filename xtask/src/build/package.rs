//! The package: for each engine its entries, its worker, its wasm and its drop-in scripts.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::engine::{self, Compiled, Engine};
use super::{esbuild, optimize, shell, size};
use crate::error::{Error, Result};
use crate::{files, paths};

/// What is shipped as it is written. The conformance tool is a program of its own, which people read and copy
/// (`npx -p xuchuan xuchuan-conformance` runs it).
const AS_WRITTEN: [&str; 14] = [
    "src/api/types.d.ts",
    "www/npm/conformance.mjs",
    "www/npm/index.d.ts",
    "www/npm/upload.d.ts",
    "www/npm/download.d.ts",
    "www/npm/worker.d.ts",
    "www/npm/engine.d.ts",
    "www/npm/element.d.ts",
    "www/npm/react.d.ts",
    "www/npm/vue.d.ts",
    "www/npm/svelte.d.ts",
    "www/npm/upload-store.d.ts",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

/// The declarations that CommonJS has, too: a file tells TypeScript by its name what kind of module it is.
const COMMON_JS_TYPES: [&str; 4] = ["types", "index", "upload", "download"];

/// The entries that use `upload.js` as a page would: they import that file, so that a page has one engine.
const ON_UPLOADS: [&str; 4] = ["element", "react", "vue", "svelte"];

/// Makes the package in the folder `pkg`.
pub fn make(pkg: &Path) -> Result<()> {
    let root = paths::root();
    files::empty_folder(pkg)?;
    for engine in Engine::ALL {
        add(engine, pkg)?;
    }
    let shell = root.join("www").join("npm");
    let node = shell.join("node.js");
    files::write(&pkg.join("node.js"), esbuild::module(&node)?)?;
    files::write(&pkg.join("node.cjs"), esbuild::common_js(&node)?)?;
    files::write(&pkg.join("package.json"), manifest()?)?;
    let readme = files::read_text(&root.join("README.md"))?;
    files::write(&pkg.join("README.md"), guide::readme::without_relative_links(&readme))?;
    for path in AS_WRITTEN.iter().map(|path| root.join(path)) {
        let Some(name) = path.file_name() else { continue };
        files::write(&pkg.join(name), files::read(&path)?)?;
    }
    for name in COMMON_JS_TYPES {
        let types = files::read_text(&pkg.join(format!("{name}.d.ts")))?;
        files::write(&pkg.join(format!("{name}.d.cts")), types_of_common_js(&types))?;
    }
    Ok(())
}

/// Returns the package's manifest, with the version of the crate.
pub fn manifest() -> Result<String> {
    let written = files::read_text(&paths::root().join("www").join("npm").join("package.json"))?;
    with_version(&written, env!("CARGO_PKG_VERSION"))
}

/// Makes one engine's files.
fn add(engine: Engine, pkg: &Path) -> Result<()> {
    let staged = paths::scratch().join("build").join(engine.entry());
    let (wasm, glue) = short(engine::compile(engine)?, &staged)?;
    shell::stage(engine, &wasm, &glue, &staged)?;
    let css = esbuild::style(&staged.join(shell::ELEMENT_CSS))?;
    files::write(&staged.join(shell::ELEMENT_STYLE), shell::constant("css", &css))?;
    let worker = esbuild::script(&staged.join("worker.js"))?;
    // What an entry has inside that loads nothing.
    let base64 = BASE64.encode(&wasm);
    files::write(&staged.join("engine-base64.js"), shell::constant("wasmBase64", &base64))?;
    files::write(&staged.join("worker-source.js"), shell::constant("workerSource", &worker))?;
    let body = esbuild::script(&staged.join("script").join(format!("{}.js", engine.entry())))?;

    let (entry, inline) = (format!("{}.js", engine.entry()), engine.file("inline.js"));
    files::write(&pkg.join(&entry), esbuild::entry(&staged.join(&entry))?)?;
    files::write(&pkg.join(&inline), esbuild::entry(&staged.join(&inline))?)?;
    files::write(&pkg.join(engine.file("inlined.js")), esbuild::module(&staged.join("inlined.js"))?)?;
    files::write(&pkg.join(format!("{}.cjs", engine.entry())), esbuild::common_js(&staged.join(&entry))?)?;
    files::write(&pkg.join(engine.file("worker.js")), worker)?;
    files::write(&pkg.join(engine.served("wasm")), &wasm)?;
    files::write(&pkg.join(engine.served("min.js")), script(&body, ""))?;
    files::write(&pkg.join(engine.served("inline.min.js")), script(&body, &format!("\"{base64}\"")))?;
    if engine == Engine::Upload {
        for entry in ON_UPLOADS.map(|name| format!("{name}.js")) {
            files::write(&pkg.join(&entry), esbuild::module_on_uploads(&staged.join(&entry))?)?;
        }
        // To tell what the element weighs.
        let bare = esbuild::script(&staged.join("script").join("bare.js"))?;
        files::write(&paths::scratch().join(size::WITHOUT_ELEMENT), script(&bare, ""))?;
    }
    Ok(())
}

/// Returns an engine's wasm and glue, made small.
fn short(mut compiled: Compiled, scratch: &Path) -> Result<(Vec<u8>, String)> {
    files::empty_folder(scratch)?;
    let names = compiled.shorten_imports();
    let (linked, optimized) = (scratch.join("linked.wasm"), scratch.join("optimized.wasm"));
    files::write(&linked, compiled.wasm()?)?;
    optimize::optimize(&linked, &optimized)?;
    let glue = scratch.join("glue.js");
    files::write(&glue, compiled.glue())?;
    Ok((files::read(&optimized)?, esbuild::rename(&glue, &names)?))
}

/// Makes the declarations of an ES module those of a CommonJS module.
fn types_of_common_js(types: &str) -> String {
    types.replace("\"./types.js\"", "\"./types.cjs\"")
}

/// Makes a drop-in script of what it does: one function, whose text the script hands to its workers (www/npm/script/run.js).
fn script(body: &str, inlined: &str) -> String {
    format!("(function script(inlined){{\"use strict\";{}}})({inlined});\n", body.trim_end())
}

/// Puts the workspace's version where the written manifest holds its place.
fn with_version(manifest: &str, version: &str) -> Result<String> {
    const PLACE: &str = "\"version\": \"0.0.0\"";
    if manifest.matches(PLACE).count() != 1 {
        return Err(Error::new(format!("www/npm/package.json must hold {PLACE} once")));
    }
    Ok(manifest.replace(PLACE, &format!("\"version\": \"{version}\"")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_one_function_that_is_called() {
        assert_eq!(script("f();\n", ""), "(function script(inlined){\"use strict\";f();})();\n");
        assert_eq!(
            script("f();", "\"AA==\""),
            "(function script(inlined){\"use strict\";f();})(\"AA==\");\n"
        );
    }

    #[test]
    fn declarations_of_common_js_name_those_of_their_kind() {
        assert_eq!(types_of_common_js("export * from \"./types.js\";"), "export * from \"./types.cjs\";");
    }

    #[test]
    fn the_version_has_one_place() {
        assert_eq!(
            with_version("{ \"version\": \"0.0.0\" }", "1.2.3").unwrap(),
            "{ \"version\": \"1.2.3\" }"
        );
        assert!(with_version("{ \"version\": \"0.1.0\" }", "1.2.3").is_err());
    }
}
