//! What a page loads, in bytes, and the limit of it.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::error::{Doing, Error, Result};
use crate::files;

/// Gzip bytes of the wasm and its glue together (docs/decisions/010).
const BUDGET: usize = 130_000;

/// Bytes of one or more files, as they are and as gzip sends them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Size {
    raw: usize,
    gzip: usize,
}

impl std::ops::Add for Size {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { raw: self.raw + other.raw, gzip: self.gzip + other.gzip }
    }
}

/// Fails when the engine is above its budget.
pub fn check(pkg: &Path) -> Result<()> {
    let Size { gzip, .. } = of(pkg, "engine_bg.wasm")? + of(pkg, "engine.js")?;
    if gzip > BUDGET {
        return Err(Error::new(format!("the engine has {gzip} gzip bytes, above its budget of {BUDGET}")));
    }
    Ok(())
}

/// Prints the table.
pub fn report(pkg: &Path) -> Result<()> {
    let of = |name: &str| of(pkg, name);
    let wasm = of("engine_bg.wasm")?;
    let glue = of("engine.js")?;
    let script = of("xuchuan.min.js")?;
    let mut modules = Size::default();
    for name in modules_of(pkg, "index.js")? {
        modules = modules + of(&name)?;
    }
    let rows = [
        ("engine_bg.wasm", wasm),
        ("engine.js (its glue)", glue),
        ("page with the script: xuchuan.min.js + wasm", script + wasm),
        ("page with the inline script: xuchuan.inline.min.js", of("xuchuan.inline.min.js")?),
        ("page with the package: modules as written + wasm", modules + wasm),
    ];
    println!("\n{:<52} {:>10} {:>10}", "bytes", "raw", "gzip");
    for (what, size) in rows {
        println!("{what:<52} {:>10} {:>10}", size.raw, size.gzip);
    }
    let engine = wasm + glue;
    println!("{:<52} {:>10} {:>10}  of {BUDGET} gzip\n", "engine: wasm + glue", engine.raw, engine.gzip);
    Ok(())
}

fn of(pkg: &Path, name: &str) -> Result<Size> {
    measure(&files::read(&pkg.join(name))?)
}

fn measure(bytes: &[u8]) -> Result<Size> {
    Ok(Size { raw: bytes.len(), gzip: gzip(bytes)? })
}

/// Returns how many bytes gzip makes of some.
pub fn gzip(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let gzip =
        encoder.write_all(bytes).and_then(|()| encoder.finish()).doing(|| "can't compress".to_owned())?;
    Ok(gzip.len())
}

/// The modules that `entry` imports statically, itself included.
fn modules_of(pkg: &Path, entry: &str) -> Result<Vec<String>> {
    let mut names = vec![entry.to_owned()];
    let mut next = 0;
    while let Some(name) = names.get(next).cloned() {
        for line in files::read_text(&pkg.join(name))?.lines().filter(|line| line.starts_with("import ")) {
            let imported = line.split_once(" from './").and_then(|(_, rest)| rest.strip_suffix("';"));
            if let Some(imported) = imported.filter(|imported| !names.iter().any(|known| known == imported)) {
                names.push(imported.to_owned());
            }
        }
        next += 1;
    }
    Ok(names)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn measures_both_forms() {
        let size = measure(&[b'a'; 10_000]).unwrap();
        assert_eq!(size.raw, 10_000);
        assert!(size.gzip < 100);
    }
}
