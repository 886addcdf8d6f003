//! Short names for what the wasm and its glue call each other by: wasm-bindgen's are long, and the hashes in them do
//! not compress.

use std::collections::HashMap;

use wasm_bindgen_cli_support::Output;

use crate::error::{Error, Result};

/// Old names and new ones.
type Names = HashMap<String, String>;

/// What each import says that it is from, and what it says then.
const MODULE: (&str, &str) = ("./engine_bg.js", "a");

/// Renames the wasm's imports and exports, and returns the glue that uses the new names.
pub fn shorten(output: &mut Output) -> Result<String> {
    let (mut imports, mut exports) = (Names::new(), Names::new());
    let wasm = output.wasm_mut();
    for import in wasm.imports.iter_mut() {
        let short = short(imports.len());
        imports.insert(std::mem::replace(&mut import.name, short.clone()), short);
        import.module = MODULE.1.to_owned();
    }
    // `memory` keeps its name: tools that watch an instance look for it.
    for export in wasm.exports.iter_mut().filter(|export| export.name != "memory") {
        let short = short(exports.len());
        exports.insert(std::mem::replace(&mut export.name, short.clone()), short);
    }
    let (glue, renamed) = rename(output.js(), &imports, &exports);
    if renamed != imports.len() {
        let all = imports.len();
        return Err(Error::new(format!("{renamed} of the wasm's {all} imports were found in its glue")));
    }
    Ok(glue.replace(MODULE.0, MODULE.1))
}

/// Renames the keys of imports (`name: function(…)`) and the uses of exports (`wasm.name`), and counts the former.
fn rename(glue: &str, imports: &Names, exports: &Names) -> (String, usize) {
    let mut renamed = String::with_capacity(glue.len());
    let (mut count, mut before) = (0, "");
    // Each piece is a name and the one character behind it.
    for piece in glue.split_inclusive(|c: char| !is_name_character(c)) {
        let name = piece.trim_end_matches(|c| !is_name_character(c));
        let behind = piece.strip_prefix(name).unwrap_or_default();
        let short = match (before, behind) {
            ("wasm.", _) => exports.get(name),
            (_, ":") => imports.get(name).inspect(|_| count += 1),
            _ => None,
        };
        renamed.push_str(short.map_or(name, String::as_str));
        renamed.push_str(behind);
        before = piece;
    }
    (renamed, count)
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

/// a, b, … z, ba, bb, …
fn short(number: usize) -> String {
    let letter = char::from(b'a' + (number % 26) as u8);
    let mut name = if number < 26 { String::new() } else { short(number / 26) };
    name.push(letter);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renames_both_sides_and_nothing_else() {
        let names = |old: &str, new: &str| Names::from([(old.to_owned(), new.to_owned())]);
        let glue = "const x = { now_1: function() { return wasm.run(now_1); }, run: y.run };";
        let (renamed, count) = rename(glue, &names("now_1", "a"), &names("run", "b"));
        assert_eq!(renamed, "const x = { a: function() { return wasm.b(now_1); }, run: y.run };");
        assert_eq!(count, 1);
    }

    #[test]
    fn names_are_short_and_unique() {
        let names: std::collections::HashSet<_> = (0..700).map(short).collect();
        assert_eq!(names.len(), 700);
        assert!(names.iter().all(|name| name.len() <= 3));
        assert_eq!([0, 25, 26, 27].map(short), ["a", "z", "ba", "bb"]);
    }
}
