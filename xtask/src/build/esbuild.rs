//! esbuild, from npm: joins the shell's modules, and makes them short.

use std::path::Path;

use crate::error::{Doing, Error, Result};
use crate::npm::Tool;
use crate::{files, process};

const ESBUILD: Tool = Tool { package: "esbuild", version: "0.28.2", file: "bin/esbuild" };

/// The language of a browser of 2022, which is what the shell is written in.
const LANGUAGE: &str = "--target=es2022";

/// Bundles the module at `entry` and what it imports into one module.
pub fn module(entry: &Path) -> Result<String> {
    bundle(entry, "--format=esm")
}

/// Bundles the module at `entry` and what it imports into one module, without `upload.js`, which it finds beside it, and without
/// frameworks, which are the page's.
pub fn module_on_uploads(entry: &Path) -> Result<String> {
    const OTHERS: [&str; 3] = ["--external:./upload.js", "--external:react", "--external:vue"];
    run(&[&["--format=esm", "--bundle", "--minify", LANGUAGE], &OTHERS[..]].concat(), entry)
}

/// Makes a style sheet short.
pub fn style(path: &Path) -> Result<String> {
    Ok(run(&["--minify"], path)?.trim_end().to_owned())
}

/// Bundles the module at `entry` and what it imports into one classic script.
pub fn script(entry: &Path) -> Result<String> {
    bundle(entry, "--format=iife")
}

fn bundle(entry: &Path, format: &str) -> Result<String> {
    run(&[format, "--bundle", "--minify", LANGUAGE, "--legal-comments=none"], entry)
}

/// Renames properties of the module at `path`, wherever they are.
pub fn rename(path: &Path, names: &[(String, String)]) -> Result<String> {
    let pairs: Vec<String> = names.iter().map(|(long, short)| format!("{long:?}: {short:?}")).collect();
    let map = path.with_extension("names.json");
    files::write(&map, format!("{{{}}}", pairs.join(", ")))?;
    let long: Vec<&str> = names.iter().map(|(long, _)| long.as_str()).collect();
    let pattern = format!("--mangle-props=^({})$", long.join("|"));
    run(&[&pattern, &format!("--mangle-cache={}", map.display()), LANGUAGE], path)
}

/// Runs it on one file, and returns what it makes of that.
fn run(arguments: &[&str], input: &Path) -> Result<String> {
    let what = || format!("esbuild can't read {}", input.display());
    let Some(mut command) = ESBUILD.command()? else { return Err(Error::new("esbuild needs Node and npm")) };
    command.args(arguments).arg("--log-level=warning").arg(input);
    let output = process::quiet(&mut command)?;
    let said = String::from_utf8_lossy(&output.stderr);
    // A warning is a mistake, too: all that it reads is ours.
    if !said.trim().is_empty() {
        return Err(Error::new(format!("{}: {said}", what())));
    }
    String::from_utf8(output.stdout).doing(what)
}
