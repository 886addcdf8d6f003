//! wasm-opt, from npm's `binaryen`.

use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::npm::Tool;
use crate::process;

const BINARYEN: Tool = Tool { package: "binaryen", version: "132.0.0", file: "bin/wasm-opt" };

/// For size. Functions with one caller are inlined up to 16 bytes only: what is inlined becomes less alike, so that gzip
/// makes 3 % more of it (docs/decisions/026). The features are those of the Rust target, spelled out because the wasm no
/// longer names them after wasm-bindgen.
const FLAGS: [&str; 10] = [
    "-Oz",
    "--one-caller-inline-max-function-size=16",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
    "--strip-producers",
];

/// Optimizes the module `from` into `to`.
pub fn optimize(from: &Path, to: &Path) -> Result<()> {
    let Some(mut command) = BINARYEN.command()? else {
        return Err(Error::new("wasm-opt needs Node and npm"));
    };
    process::must(command.args(FLAGS).arg(from).arg("-o").arg(to), Duration::from_secs(600)).map(drop)
}
