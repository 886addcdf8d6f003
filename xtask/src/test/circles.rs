//! Import circles: no module may, through the `use` lines of others, come to use itself. A test of its own, so that nothing else needs
//! a parser of Rust.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::imports::{Import, Modules, last, read};
use crate::paths;

/// The crates that have no circles.
const ROOTS: [&str; 2] = ["src", "server/src"];

/// Re-exports on the way to a name, at most.
const DOORS: u8 = 9;

/// A circle is told as `a → b → a`. A door's export is no use: what comes through it is used where it is.
#[test]
fn no_module_comes_to_use_itself() {
    let mut found = Vec::new();
    for root in ROOTS {
        match read(&paths::root().join(root), "crate") {
            Ok(modules) if modules.len() > 1 => {
                found.extend(circles(&modules).iter().map(|circle| format!("{root}: {circle}")));
            }
            Ok(_) => found.push(format!("{root}: no modules")),
            Err(error) => found.push(format!("{root}: {error}")),
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The module that has what `path` names in the module `at`, through at most `doors`; none if it is of another crate.
fn find(modules: &Modules, at: &str, path: &str, doors: u8) -> Option<String> {
    let mut here = at.to_owned();
    let mut names = path.split("::").skip(1);
    while let Some(name) = names.next() {
        let below = format!("{here}::{name}");
        match name {
            "crate" => here = name.to_owned(),
            "super" => here = here.rsplit_once("::")?.0.to_owned(),
            _ if modules.contains_key(&below) => here = below,
            _ => {
                let import = modules.get(&here)?.iter().find(|import| import.name == name);
                let behind = import.and_then(|import| {
                    let path = names.fold(import.path.clone(), |path, name| format!("{path}::{name}"));
                    find(modules, &here, &path, doors.checked_sub(1)?)
                });
                return behind.or(Some(here).filter(|here| here != at));
            }
        }
    }
    Some(here)
}

fn circles(modules: &Modules) -> BTreeSet<String> {
    let mut graph: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (module, imports) in modules {
        for Import { path, .. } in imports.iter().filter(|import| !import.is_export) {
            let Some(used) = find(modules, module, path, DOORS) else { continue };
            // Who imports a door as a module has all that it exports.
            let exports = modules.get(&used).into_iter().flatten();
            let exports = exports.filter(|export| export.is_export && last(path) == last(&used));
            let behind = exports.filter_map(|export| find(modules, &used, &export.path, DOORS)).collect();
            graph.entry(module).or_default().extend([vec![used], behind].concat());
        }
    }
    graph.keys().filter_map(|start| circle(&graph, start)).collect()
}

/// The shortest way from `start` back to it, told from its first name on.
fn circle(graph: &BTreeMap<&str, BTreeSet<String>>, start: &str) -> Option<String> {
    let mut seen = BTreeSet::from([start]);
    let mut ways = VecDeque::from([vec![start]]);
    while let Some(mut way) = ways.pop_front() {
        for next in graph.get(way.last()?).into_iter().flatten() {
            if next == start && way.len() > 1 {
                let (first, _) = way.iter().enumerate().min_by_key(|(_, name)| **name)?;
                way.rotate_left(first);
                return Some([way.as_slice(), way.get(..1)?].concat().join(" → "));
            }
            if seen.insert(next) {
                ways.push_back([way.as_slice(), &[next.as_str()]].concat());
            }
        }
    }
    None
}

mod tests {
    use super::super::imports::add;
    use super::*;

    /// The circles among modules, each given as a path and its `use` lines.
    fn among(files: &[(&str, &str, &str)]) -> Vec<String> {
        let mut modules = Modules::new();
        for (above, stem, text) in files {
            assert!(add(&mut modules, above, stem, text).is_ok());
        }
        circles(&modules).into_iter().collect()
    }

    #[test]
    fn circles_of_two_and_three_without_tests() {
        let two = [("crate", "a", "use crate::b::X;"), ("crate", "b", "use super::a;")];
        assert_eq!(among(&two), ["crate::a → crate::b → crate::a"]);
        let three = [
            ("crate", "b", "use std::fmt; use ::c::X; use crate::{c::{self as d}, b::inner};"),
            ("crate", "c", "pub use crate::a::X as Y; #[cfg(test)] mod tests { use crate::b; }"),
            ("crate", "a", "use super::{b::{Z, inner::W}, other::V};"),
        ];
        assert_eq!(among(&three), ["crate::a → crate::b → crate::c → crate::a"]);
        assert!(among(&three[..2]).is_empty());
    }

    #[test]
    fn doors_are_passed_through() {
        let door = ("crate::s", "mod", "mod a; mod b; pub use a::{A as B}; pub use self::b::C;");
        assert!(among(&[door, ("crate::s", "a", "use super::C;"), ("crate::s", "b", "")]).is_empty());
        for import in ["use crate::s::B;", "use crate::s;"] {
            let files = [door, ("crate::s", "a", "use crate::x::X;"), ("crate", "x", import)];
            assert_eq!(among(&files), ["crate::s::a → crate::x → crate::s::a"]);
        }
        let no_door = [("crate::s", "mod", "use a::A;"), ("crate::s", "a", "use super::S;")];
        assert_eq!(among(&no_door), ["crate::s → crate::s::a → crate::s"]);
    }
}
