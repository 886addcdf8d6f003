//! What each module of a crate imports, by its `use` lines; not by paths in its code, nor by `use` lines further inside.

use std::collections::BTreeMap;
use std::path::Path;

use syn::{Item, UseTree, Visibility};

use crate::error::{Doing, Result};
use crate::files;

/// The modules by their names (`crate::a::b`), each with its imports.
pub type Modules = BTreeMap<String, Vec<Import>>;

/// One name that a `use` line brings.
pub struct Import {
    /// What is imported: `::crate::a::X`, `::super::X`, `::child::X`, or something of another crate.
    pub path: String,
    /// Its name here.
    pub name: String,
    /// Whether it is a re-export of a `mod.rs` or `lib.rs`.
    pub is_export: bool,
}

/// The last name of a path.
pub fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or_default()
}

/// Reads the modules of a folder, but those of tests, which may import what they like.
pub fn read(folder: &Path, module: &str) -> Result<Modules> {
    let mut modules = Modules::new();
    for path in files::list(folder)? {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            modules.extend(read(&path, &format!("{module}::{stem}"))?);
        } else if path.extension().is_some_and(|kind| kind == "rs") && !stem.ends_with("tests") {
            add(&mut modules, module, &stem, &files::read_text(&path)?)?;
        }
    }
    Ok(modules)
}

/// Adds the module `stem` (a file's name without `.rs`) below `above`.
pub fn add(modules: &mut Modules, above: &str, stem: &str, text: &str) -> Result<()> {
    let is_door = ["lib", "mod"].contains(&stem);
    let module = if is_door { above.to_owned() } else { format!("{above}::{stem}") };
    let imports = modules.entry(module).or_default();
    for item in syn::parse_file(text).doing(|| format!("can't parse {stem}.rs in {above}"))?.items {
        if let Item::Use(item) = item
            && item.leading_colon.is_none()
        {
            let is_export = is_door && !matches!(item.vis, Visibility::Inherited);
            flatten(&item.tree, "", &mut |path, name| imports.push(Import { path, name, is_export }));
        }
    }
    Ok(())
}

fn flatten(tree: &UseTree, before: &str, found: &mut dyn FnMut(String, String)) {
    let path = |name: &syn::Ident| match name.to_string().as_str() {
        "self" => before.to_owned(),
        name => format!("{before}::{name}"),
    };
    match tree {
        UseTree::Path(below) => flatten(&below.tree, &path(&below.ident), found),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, found)),
        UseTree::Name(name) => found(path(&name.ident), last(&path(&name.ident)).to_owned()),
        UseTree::Rename(name) => found(path(&name.ident), name.rename.to_string()),
        UseTree::Glob(_) => found(before.to_owned(), "*".to_owned()),
    }
}
