//! wasm-opt, from npm's `binaryen`. A build without Node goes without it and says so.

use std::time::Duration;

use crate::error::Result;
use crate::npm::Tool;
use crate::{files, paths, process};

const BINARYEN: Tool = Tool { package: "binaryen", version: "132.0.0", file: "bin/wasm-opt" };

/// For size, as gzip sends it: what shortens the code often makes it less alike, so that the compressed file grows. Only
/// functions as short as their calls are inlined, and small ones with one caller; subexpressions are not shared
/// (docs/decisions, the one on size). The lowest KiB is the end of the stack, where nothing has its address. Alignments are
/// hints that today's processors make no use of. The features are those of the Rust target, spelled out because the wasm no
/// longer names them after wasm-bindgen.
const FLAGS: [&str; 21] = [
    "-Oz",
    "--converge",
    "--always-inline-max-function-size",
    "3",
    "--flexible-inline-max-function-size",
    "0",
    "--one-caller-inline-max-function-size",
    "16",
    "--skip-pass=simplify-locals",
    "--skip-pass=local-cse",
    "--skip-pass=memory-packing",
    "--low-memory-unused",
    "--dealign",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
    "--strip-producers",
];

pub fn optimize(wasm: Vec<u8>) -> Result<Vec<u8>> {
    let mut command = match BINARYEN.command() {
        Ok(Some(command)) => command,
        Ok(None) => {
            println!(
                "wasm-opt: left out, since Node and npm are not installed (the wasm stays somewhat larger)"
            );
            return Ok(wasm);
        }
        Err(error) => {
            println!(
                "wasm-opt: left out, since it can't be installed (the wasm stays somewhat larger): {error}"
            );
            return Ok(wasm);
        }
    };
    let input = paths::scratch().join("engine").join("unoptimized.wasm");
    let output = input.with_file_name("optimized.wasm");
    files::write(&input, &wasm)?;
    process::must(command.args(FLAGS).arg(&input).arg("-o").arg(&output), Duration::from_secs(600))?;
    let optimized = files::read(&output)?;
    println!("wasm-opt: {} bytes became {}", wasm.len(), optimized.len());
    Ok(optimized)
}
