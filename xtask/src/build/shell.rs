//! The shell with one engine, as modules: what is written by hand in www/npm, and what is generated beside it.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha384};

use super::engine::Engine;
use crate::error::Result;
use crate::{files, paths};

/// The element's style sheet, and the module that has it as a string.
pub const ELEMENT_CSS: &str = "element/element.css";
pub const ELEMENT_STYLE: &str = "element/css.js";

/// Puts the modules into `folder`, with the engine's wasm: what a page can import as it is.
pub fn stage(engine: Engine, wasm: &[u8], glue: &str, folder: &Path) -> Result<()> {
    files::empty_folder(folder)?;
    files::copy_folder(&paths::root().join("www").join("npm"), folder)?;
    let file = engine.served("wasm");
    files::write(&folder.join(&file), wasm)?;
    files::write(&folder.join("engine.js"), glue)?;
    let css = files::read_text(&folder.join(ELEMENT_CSS))?;
    files::write(&folder.join(ELEMENT_STYLE), constant("css", &css))?;
    let wasm_file = constant("wasmFile", &file) + &constant("wasmIntegrity", &integrity(wasm));
    files::write(&folder.join("wasm-file.js"), wasm_file)
}

/// A module that exports one string.
pub fn constant(name: &str, value: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_survive_being_quoted() {
        assert_eq!(quote("a\"b\\c\n\u{2028}续"), r#""a\"b\\c\n\u2028续""#);
    }

    #[test]
    fn integrity_is_the_notation_of_sri() {
        assert_eq!(integrity(b""), "sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb");
    }
}
