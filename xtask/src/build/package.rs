//! Assembles pkg/: the shell as it is written, what is generated from the engine, and the drop-in scripts.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha384};

use super::engine::Engine;
use super::{bundle, minify};
use crate::error::{Error, Result};
use crate::{files, paths};

/// The conformance tool, which `npx -p xuchuan xuchuan-conformance` runs.
const CONFORMANCE: &str = "conformance.mjs";

pub fn assemble(engine: &Engine, pkg: &Path) -> Result<()> {
    let shell = paths::root().join("www").join("npm");
    let mut generated = vec![
        ("engine.js", engine.glue.clone()),
        ("engine-base64.js", constant("wasmBase64", &BASE64.encode(&engine.wasm))),
        ("wasm-integrity.js", constant("wasmIntegrity", &integrity(&engine.wasm))),
    ];
    let worker = script(&shell, &generated, "worker.js")?;
    generated.push(("worker-source.js", constant("workerSource", &worker)));

    files::empty_folder(pkg)?;
    for path in files::list(&shell)? {
        if let Some(name) = path.file_name().filter(|_| path.extension().is_some_and(|ext| ext == "js")) {
            files::write(&pkg.join(name), files::read(&path)?)?;
        }
    }
    for (name, text) in generated.iter().filter(|(name, _)| *name != "wasm-integrity.js") {
        files::write(&pkg.join(name), minify::module(name, text)?)?;
    }
    // A program of its own: neither bundled nor minified, since people read it and copy it.
    files::write(&pkg.join(CONFORMANCE), files::read(&shell.join(CONFORMANCE))?)?;
    files::write(&pkg.join("engine_bg.wasm"), &engine.wasm)?;
    files::write(&pkg.join("xuchuan.min.js"), script(&shell, &generated, "script/fetching.js")?)?;
    files::write(&pkg.join("xuchuan.inline.min.js"), script(&shell, &generated, "script/inline.js")?)?;

    let root = paths::root();
    let manifest = with_version(&files::read_text(&shell.join("package.json"))?, env!("CARGO_PKG_VERSION"))?;
    files::write(&pkg.join("package.json"), manifest)?;
    files::write(&pkg.join("index.d.ts"), files::read(&root.join("src/api/types.d.ts"))?)?;
    for name in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        let source = root.join(name);
        if source.is_file() {
            files::write(&pkg.join(name), files::read(&source)?)?;
        }
    }
    Ok(())
}

/// Makes one minified script of the module `entry`.
fn script(shell: &Path, generated: &[(&str, String)], entry: &str) -> Result<String> {
    let read = |path: &str| match generated.iter().find(|(name, _)| *name == path) {
        Some((_, text)) => Ok(text.clone()),
        None => files::read_text(&shell.join(path)),
    };
    minify::script(entry, &bundle::bundle(entry, &read)?)
}

/// A module that exports one string.
fn constant(name: &str, value: &str) -> String {
    format!("export const {name} = {};\n", quote(value))
}

/// A string as JavaScript writes it.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            // `</script>` would end the tag of a page that holds the script itself.
            '<' => quoted.push_str("\\x3c"),
            '\0'..='\x1f' | '\u{2028}' | '\u{2029}' => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The hash of a file as the `integrity` of a request takes it.
fn integrity(bytes: &[u8]) -> String {
    format!("sha384-{}", BASE64.encode(Sha384::digest(bytes)))
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
    fn strings_survive_being_quoted() {
        assert_eq!(quote("a\"b\\c\n</script>\u{2028}续"), r#""a\"b\\c\n\x3c/script>\u2028续""#);
    }

    #[test]
    fn integrity_is_the_notation_of_sri() {
        assert_eq!(integrity(b""), "sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb");
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
