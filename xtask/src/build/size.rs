//! What a page loads, in bytes: as it is, by GNU gzip -9, and by brotli -q 11.

use std::ops::Add;
use std::path::Path;
use std::process::Command;

use super::engine::Engine;
use crate::error::{Error, Result};
use crate::{files, paths, process};

/// A size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    pub raw: usize,
    pub gzip: usize,
    pub brotli: usize,
}

impl Add for Size {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { raw: self.raw + other.raw, gzip: self.gzip + other.gzip, brotli: self.brotli + other.brotli }
    }
}

/// The gzip bytes that raise the alarm: what there is and some slack. An alarm says that something has grown that nobody thought of;
/// it is to hold the code to no trick (docs/decisions/026).
const UPLOAD: usize = 134_000;
const DOWNLOAD: usize = 157_000;
const BOTH: usize = 200_000;

/// What the element may add to a script, and a binding to a page: gzip bytes.
const ELEMENT: usize = 9 << 10;
const BINDING: usize = 1 << 10;
const BINDINGS: [&str; 3] = ["react.js", "vue.js", "svelte.js"];

/// The script for uploads as it would be without the element, below the scratch folder.
pub const WITHOUT_ELEMENT: &str = "build/without-element.min.js";

/// All that a page loads, its worker included.
pub struct Load {
    pub what: &'static str,
    pub files: Vec<String>,
    alarm: usize,
}

/// The ways to load an engine. A drop-in script is its own worker's; an entry of the package has a file for that, which is not
/// loaded for a download.
pub fn loads() -> Vec<Load> {
    let script = |what, engine: Engine, alarm| Load {
        what,
        files: vec![engine.served("min.js"), engine.served("wasm")],
        alarm,
    };
    let package = |what, engine: Engine, alarm| {
        let mut files = vec![format!("{}.js", engine.entry()), engine.served("wasm")];
        if engine != Engine::Download {
            files.push(engine.file("worker.js"));
        }
        Load { what, files, alarm }
    };
    let inline =
        |what, engine: Engine| Load { what, files: vec![engine.served("inline.min.js")], alarm: usize::MAX };
    vec![
        script("first upload, by script", Engine::Upload, UPLOAD + ELEMENT),
        package("first upload, by npm", Engine::Upload, UPLOAD),
        inline("first upload, by inline script", Engine::Upload),
        script("first download, by script", Engine::Download, DOWNLOAD),
        package("first download, by npm", Engine::Download, DOWNLOAD),
        inline("first download, by inline script", Engine::Download),
        script("both, by script", Engine::Both, BOTH + ELEMENT),
        package("both, by npm", Engine::Both, BOTH),
        inline("both, by inline script", Engine::Both),
    ]
}

impl Load {
    /// Measures its files, one by one.
    pub fn parts(&self, pkg: &Path) -> Result<Vec<Size>> {
        self.files.iter().map(|file| of(&pkg.join(file))).collect()
    }

    /// Measures all of it.
    pub fn size(&self, pkg: &Path) -> Result<Size> {
        Ok(sum(&self.parts(pkg)?))
    }
}

fn sum(sizes: &[Size]) -> Size {
    sizes.iter().fold(Size::default(), |sum, size| sum + *size)
}

/// Fails when a page has to load more than it should.
pub fn check(pkg: &Path) -> Result<()> {
    let mut above = Vec::new();
    for load in loads() {
        let Size { gzip, .. } = load.size(pkg)?;
        if gzip > load.alarm {
            above.push(format!("{}: {gzip} gzip bytes, above {}", load.what, load.alarm));
        }
    }
    let element = element(pkg)?.gzip;
    if element > ELEMENT {
        above.push(format!("the element: {element} gzip bytes, above {ELEMENT}"));
    }
    for binding in BINDINGS {
        let Size { gzip, .. } = of(&pkg.join(binding))?;
        if gzip > BINDING {
            above.push(format!("{binding}: {gzip} gzip bytes, above {BINDING}"));
        }
    }
    if above.is_empty() { Ok(()) } else { Err(Error::new(above.join("; "))) }
}

/// Measures what the element adds to a script.
fn element(pkg: &Path) -> Result<Size> {
    let with = of(&pkg.join(Engine::Upload.served("min.js")))?;
    let without = of(&paths::scratch().join(WITHOUT_ELEMENT))?;
    let more = |with: usize, without: usize| with.saturating_sub(without);
    Ok(Size {
        raw: more(with.raw, without.raw),
        gzip: more(with.gzip, without.gzip),
        brotli: more(with.brotli, without.brotli),
    })
}

/// Prints the table.
pub fn report(pkg: &Path) -> Result<()> {
    let row = |what: &str, size: Size, note: &str| {
        println!("{what:<36} {:>8} {:>8} {:>8}{note}", size.raw, size.gzip, size.brotli);
    };
    println!("\n{:<36} {:>8} {:>8} {:>8}", "bytes", "raw", "gzip", "brotli");
    for load in loads() {
        let parts = load.parts(pkg)?;
        let total = sum(&parts);
        let note = if total.gzip > load.alarm { format!("  ABOVE {}", load.alarm) } else { String::new() };
        row(load.what, total, &note);
        if parts.len() > 1 {
            load.files.iter().zip(parts).for_each(|(file, size)| row(&format!("  {file}"), size, ""));
        }
    }
    row("the element, of a script", element(pkg)?, "");
    for binding in BINDINGS {
        row(binding, of(&pkg.join(binding))?, "");
    }
    println!();
    Ok(())
}

/// Measures a file.
pub fn of(path: &Path) -> Result<Size> {
    const BROTLI: &str = "const { readFileSync } = require('fs'), { brotliCompressSync } = require('zlib');
        process.stdout.write(brotliCompressSync(readFileSync(process.argv[1])));";
    let gzip = process::quiet(Command::new("gzip").args(["-9", "-n", "-c"]).arg(path))?;
    let brotli = process::quiet(Command::new("node").args(["-e", BROTLI]).arg(path))?;
    Ok(Size { raw: files::read(path)?.len(), gzip: gzip.stdout.len(), brotli: brotli.stdout.len() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_page_loads_a_worker_and_a_wasm_of_its_engine() {
        let all = loads();
        let files = |what: &str| all.iter().find(|load| load.what == what).unwrap().files.join(" ");
        assert_eq!(files("first upload, by npm"), "upload.js xuchuan.upload.wasm upload.worker.js");
        assert_eq!(files("first download, by npm"), "download.js xuchuan.download.wasm");
        assert_eq!(files("both, by script"), "xuchuan.min.js xuchuan.wasm");
    }

    #[test]
    fn sizes_add_up() {
        let size = |raw, gzip, brotli| Size { raw, gzip, brotli };
        assert_eq!(sum(&[size(9, 5, 4), size(1, 2, 3)]), size(10, 7, 7));
    }
}
