//! The tables of sizes in the READMEs.

use std::path::{Path, PathBuf};

use super::esbuild;
use super::size::{self, Size};
use crate::error::{Error, Result};
use crate::{files, paths};

/// How far a table may be from what was built, in parts of a hundred: compilers differ a little.
const SLACK: usize = 3;

/// A README and its words: for the table's head, for [`size::loads`] in their order, and for the peers' table's head.
struct Readme {
    file: &'static str,
    head: &'static str,
    loads: [&'static str; 9],
    peers_head: &'static str,
}

const READMES: [Readme; 2] = [
    Readme {
        file: "README.md",
        head: "what a page loads, KB",
        loads: [
            "uploads: `xuchuan.upload.min.js` and its wasm",
            "uploads: `xuchuan/upload`, its worker and its wasm",
            "uploads: `xuchuan.upload.inline.min.js`",
            "downloads: `xuchuan.download.min.js` and its wasm",
            "downloads: `xuchuan/download` and its wasm",
            "downloads: `xuchuan.download.inline.min.js`",
            "both: `xuchuan.min.js` and its wasm",
            "both: `xuchuan`, its worker and its wasm",
            "both: `xuchuan.inline.min.js`",
        ],
        peers_head: "others, bundled in the same way, KB",
    },
    Readme {
        file: "README.zh-CN.md",
        head: "页面加载的内容，KB",
        loads: [
            "上传：`xuchuan.upload.min.js` 加它的 wasm",
            "上传：`xuchuan/upload` 加它的 Worker 和 wasm",
            "上传：`xuchuan.upload.inline.min.js`",
            "下载：`xuchuan.download.min.js` 加它的 wasm",
            "下载：`xuchuan/download` 加它的 wasm",
            "下载：`xuchuan.download.inline.min.js`",
            "两者：`xuchuan.min.js` 加它的 wasm",
            "两者：`xuchuan` 加它的 Worker 和 wasm",
            "两者：`xuchuan.inline.min.js`",
        ],
        peers_head: "别人的，以同样方式打包，KB",
    },
];

/// What others make for the same, by name, and how a page imports it.
const PEERS: [(&str, &[&str], &str); 6] = [
    ("tus-js-client", &["tus-js-client"], "export { Upload } from 'tus-js-client';"),
    (
        "Uppy",
        &["@uppy/core", "@uppy/tus"],
        "export { default as Uppy } from '@uppy/core'; export { default as Tus } from '@uppy/tus';",
    ),
    ("FilePond", &["filepond"], "export { create } from 'filepond';"),
    ("resumable.js", &["resumablejs"], "export { default } from 'resumablejs';"),
    ("hash-wasm (MD5)", &["hash-wasm"], "export { createMD5 } from 'hash-wasm';"),
    ("SparkMD5", &["spark-md5"], "export { default } from 'spark-md5';"),
];

const SIZES: &str = "sizes";
const PEERS_SIZES: &str = "sizes of others";

/// Writes both tables into each README; `peers` is the `node_modules` that the others are in.
pub fn write(pkg: &Path, peers: &Path) -> Result<()> {
    let ours = measure(pkg)?;
    let mut others = Vec::new();
    for (name, packages, import) in PEERS {
        others.push((format!("{name} ({})", versions(peers, packages)?), bundled(peers, packages, import)?));
    }
    for readme in &READMES {
        let path = path(readme);
        let text = files::read_text(&path)?;
        let rows = readme.loads.iter().map(|load| (*load).to_owned()).zip(ours.iter().copied());
        let text = between(&text, SIZES, &table(readme.head, rows))?;
        let text = between(&text, PEERS_SIZES, &table(readme.peers_head, others.iter().cloned()))?;
        files::write(&path, text)?;
    }
    Ok(())
}

/// Fails when a README's table is not what was built.
pub fn check(pkg: &Path) -> Result<()> {
    let ours = measure(pkg)?;
    for readme in &READMES {
        let text = files::read_text(&path(readme))?;
        for (load, size) in readme.loads.iter().zip(&ours) {
            let said = text.lines().find_map(|line| line.strip_prefix(&format!("| {load} | ")));
            let said: Vec<usize> = said
                .map(|said| said.split(" |").flat_map(|part| part.trim().parse()).collect())
                .unwrap_or_default();
            if said.len() != 3 || !said.iter().zip(kilobytes(*size)).all(|(said, now)| is_near(*said, now)) {
                return Err(Error::new(format!(
                    "{} says {said:?} KB of \"{load}\", which is {:?}: run `cargo xtask sizes`",
                    readme.file,
                    kilobytes(*size)
                )));
            }
        }
        check_peers(readme, &text)?;
    }
    Ok(())
}

/// Fails when the peers' table names other versions than the bench takes.
fn check_peers(readme: &Readme, text: &str) -> Result<()> {
    let manifest = files::read_text(&paths::root().join("bench").join("peers").join("package.json"))?;
    for (name, packages, _) in PEERS {
        let versions: Vec<&str> =
            packages.iter().map(|package| pinned(&manifest, package).unwrap_or("?")).collect();
        let row = format!("| {name} ({}) | ", versions.join(", "));
        if !text.contains(&row) {
            return Err(Error::new(format!("{} has no row \"{row}\": run `cargo xtask sizes`", readme.file)));
        }
    }
    Ok(())
}

/// The version at which a manifest pins a package.
fn pinned<'a>(manifest: &'a str, package: &str) -> Option<&'a str> {
    let (_, rest) = manifest.split_once(&format!("\"{package}\": \""))?;
    rest.split('"').next()
}

fn path(readme: &Readme) -> PathBuf {
    paths::root().join(readme.file)
}

fn measure(pkg: &Path) -> Result<Vec<Size>> {
    size::loads().iter().map(|load| load.size(pkg)).collect()
}

/// Bundles what a page imports of others, and measures that.
fn bundled(modules: &Path, packages: &[&str], import: &str) -> Result<Size> {
    let folder = modules.join(".sizes");
    let (entry, bundle) =
        (folder.join("entry.js"), folder.join(format!("{}.js", packages.join("-").replace('/', "-"))));
    files::write(&entry, import)?;
    files::write(&bundle, esbuild::module(&entry)?)?;
    size::of(&bundle)
}

/// The versions that are installed of some packages.
fn versions(modules: &Path, packages: &[&str]) -> Result<String> {
    let mut versions = Vec::new();
    for package in packages {
        let manifest = files::read_text(&modules.join(package).join("package.json"))?;
        let version = manifest.lines().find_map(|line| line.trim().strip_prefix("\"version\": \""));
        versions.push(version.and_then(|rest| rest.split('"').next()).unwrap_or("?").to_owned());
    }
    Ok(versions.join(", "))
}

fn table(head: &str, rows: impl Iterator<Item = (String, Size)>) -> String {
    let mut table = format!("| {head} | raw | gzip | brotli |\n| --- | --- | --- | --- |\n");
    for (what, size) in rows {
        let [raw, gzip, brotli] = kilobytes(size);
        table.push_str(&format!("| {what} | {raw} | {gzip} | {brotli} |\n"));
    }
    table
}

fn kilobytes(size: Size) -> [usize; 3] {
    [size.raw, size.gzip, size.brotli].map(|bytes| (bytes + 500) / 1000)
}

fn is_near(said: usize, now: usize) -> bool {
    said.abs_diff(now) * 100 <= now * SLACK + 100
}

/// Puts new content between the marks of a name, each on a line of its own.
fn between(text: &str, name: &str, content: &str) -> Result<String> {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let parts = text.split_once(&open).and_then(|(before, rest)| Some((before, rest.split_once(&close)?.1)));
    let Some((before, after)) = parts else { return Err(Error::new(format!("no marks of the {name}"))) };
    Ok(format!("{before}{open}{content}{close}{after}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_the_marks_is_replaced() {
        let text = "a\n<!-- sizes -->\nold\n<!-- /sizes -->\nb\n";
        assert_eq!(between(text, "sizes", "new\n").unwrap(), "a\n<!-- sizes -->\nnew\n<!-- /sizes -->\nb\n");
        assert!(between("a\n", "sizes", "new\n").is_err());
    }

    #[test]
    fn a_peer_has_the_version_of_the_manifest() {
        let manifest = "{ \"dependencies\": { \"@uppy/core\": \"6.3.1\", \"a\": \"1\" } }";
        assert_eq!((pinned(manifest, "@uppy/core"), pinned(manifest, "b")), (Some("6.3.1"), None));
    }

    #[test]
    fn a_table_is_in_whole_kilobytes() {
        let size = Size { raw: 1499, gzip: 500, brotli: 499 };
        assert_eq!(
            table("x", std::iter::once(("a".to_owned(), size))),
            "| x | raw | gzip | brotli |\n| --- | --- | --- | --- |\n| a | 1 | 1 | 0 |\n"
        );
    }

    #[test]
    fn a_table_may_be_off_by_what_compilers_differ() {
        assert!(is_near(100, 103) && is_near(1, 2) && is_near(300, 309));
        assert!(!is_near(100, 105) && !is_near(1, 3));
    }
}
