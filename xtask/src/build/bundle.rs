//! Joins the shell's modules into one classic script.
//!
//! This is no general bundler. It understands the forms the shell keeps to, each on one line from its first column:
//! `import { a, b } from './x.js';`, `export { a, b };` and `export` before a declaration. Anything else that begins
//! with `import` or `export`, and any `import(` or `import.meta`, is an error.

use std::fmt::Write;

use crate::error::{Error, Result};

/// Bundles the module `entry` and what it imports. `read` gives a module's source by its path below www/npm.
pub fn bundle(entry: &str, read: &dyn Fn(&str) -> Result<String>) -> Result<String> {
    let mut bundle = Bundle { read, done: Vec::new(), open: Vec::new(), code: String::new() };
    bundle.add(entry)?;
    Ok(format!("(() => {{\n'use strict';\n{}}})();\n", bundle.code))
}

struct Bundle<'a> {
    read: &'a dyn Fn(&str) -> Result<String>,
    /// Modules whose code is written, in order: a module's place here is its number.
    done: Vec<String>,
    /// Modules whose imports are being added.
    open: Vec<String>,
    code: String,
}

impl Bundle<'_> {
    /// Adds a module after those it imports, and gives its number.
    fn add(&mut self, path: &str) -> Result<usize> {
        if let Some(number) = self.done.iter().position(|done| done == path) {
            return Ok(number);
        }
        if self.open.iter().any(|open| open == path) {
            return Err(Error::new(format!("{path} imports itself, by way of {}", self.open.join(", "))));
        }
        self.open.push(path.to_owned());
        let module = self.scope(path, &(self.read)(path)?)?;
        self.open.pop();
        let number = self.done.len();
        self.done.push(path.to_owned());
        // Each module keeps its names to itself, as it does unbundled.
        let _ = write!(self.code, "const module{number} = (() => {{\n{module}}})();\n");
        Ok(number)
    }

    fn scope(&mut self, path: &str, source: &str) -> Result<String> {
        let mut body = String::new();
        let mut exports = Vec::new();
        for (index, line) in source.lines().enumerate() {
            let refuse = |what: &str| Error::new(format!("{path}:{}: {what}: {line}", index + 1));
            if let Some((names, from)) = import(line) {
                let number = self.add(&resolve(path, from).ok_or_else(|| refuse("not a path to follow"))?)?;
                let _ = writeln!(body, "const {{ {names} }} = module{number};");
            } else if let Some(names) = export_list(line) {
                exports.extend(names.split(',').map(|name| name.trim().to_owned()));
            } else if let Some((name, declaration)) = export_declaration(line) {
                exports.push(name.to_owned());
                let _ = writeln!(body, "{declaration}");
            } else if matches!(first_word(line), "import" | "export") || has_dynamic_import(line) {
                return Err(refuse("a form that can't be bundled"));
            } else {
                let _ = writeln!(body, "{line}");
            }
        }
        let _ = writeln!(body, "return {{ {} }};", exports.join(", "));
        Ok(body)
    }
}

fn first_word(line: &str) -> &str {
    line.split(|c| !is_name_character(c)).next().unwrap_or_default()
}

fn has_dynamic_import(line: &str) -> bool {
    line.contains("import(") || line.contains("import.meta")
}

/// `import { a, b } from './x.js';` → (`a, b`, `./x.js`)
fn import(line: &str) -> Option<(&str, &str)> {
    let (names, from) = line.strip_prefix("import { ")?.split_once(" } from '")?;
    names.split(',').all(|name| is_name(name.trim())).then_some((names, from.strip_suffix("';")?))
}

/// `export { a, b };` → `a, b`
fn export_list(line: &str) -> Option<&str> {
    let names = line.strip_prefix("export { ")?.strip_suffix(" };")?;
    names.split(',').all(|name| is_name(name.trim())).then_some(names)
}

/// `export const a = 1;` → (`a`, `const a = 1;`)
fn export_declaration(line: &str) -> Option<(&str, &str)> {
    let declaration = line.strip_prefix("export ")?;
    let kinds = ["const ", "class ", "function ", "function* ", "async function "];
    let rest = kinds.iter().find_map(|kind| declaration.strip_prefix(kind))?;
    let name = rest.split(|c: char| !is_name_character(c)).next()?;
    is_name(name).then_some((name, declaration))
}

fn is_name(text: &str) -> bool {
    text.chars().next().is_some_and(|first| !first.is_ascii_digit()) && text.chars().all(is_name_character)
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

/// The module that `from`, `./x.js` or `../x.js`, means in the module at `path`.
fn resolve(path: &str, from: &str) -> Option<String> {
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    for part in from.split('/') {
        match part {
            "." => {}
            ".." => drop(folders.pop()?),
            name => folders.push(name),
        }
    }
    from.starts_with('.').then(|| folders.join("/"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn bundled(files: &[(&str, &str)]) -> Result<String> {
        let read = |path: &str| {
            let found = files.iter().find(|(name, _)| *name == path);
            found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| Error::new(format!("no {path}")))
        };
        bundle("entry.js", &read)
    }

    #[test]
    fn a_module_comes_once_and_after_what_it_imports() {
        let code = bundled(&[
            ("entry.js", "import { a } from './a.js';\nimport { b } from './sub/b.js';\nrun(a, b);"),
            ("sub/b.js", "import { a } from '../a.js';\nexport const b = a + 1;"),
            ("a.js", "const hidden = 1;\nexport const a = hidden;"),
        ])
        .unwrap();
        assert_eq!(
            code,
            "(() => {\n'use strict';\n\
             const module0 = (() => {\nconst hidden = 1;\nconst a = hidden;\nreturn { a };\n})();\n\
             const module1 = (() => {\nconst { a } = module0;\nconst b = a + 1;\nreturn { b };\n})();\n\
             const module2 = (() => {\nconst { a } = module0;\nconst { b } = module1;\nrun(a, b);\nreturn {  };\n})();\n\
             })();\n"
        );
    }

    #[test]
    fn every_form_of_export_is_found() {
        let code = bundled(&[(
            "entry.js",
            "export class A extends B {\nexport async function f(x) {\nexport function* g() {\nconst c = 1, d = 2;\nexport { c, d };",
        )])
        .unwrap();
        assert!(code.contains("return { A, f, g, c, d };"), "{code}");
    }

    #[test]
    fn what_it_does_not_understand_is_an_error() {
        for line in [
            "import './a.js';",
            "import a from './a.js';",
            "import * as a from './a.js';",
            "import { a as b } from './a.js';",
            "import { a } from 'package';",
            "import {",
            "export default 1;",
            "export * from './a.js';",
            "export let a = 1;",
            "export const { a } = b;",
            "const a = import('./a.js');",
            "const url = new URL('a', import.meta.url);",
        ] {
            let error = bundled(&[("entry.js", line), ("a.js", "")]).unwrap_err().to_string();
            assert!(error.starts_with("entry.js:1: "), "{line}: {error}");
        }
    }

    #[test]
    fn a_circle_is_an_error() {
        let files =
            [("entry.js", "import { a } from './a.js';"), ("a.js", "import { b } from './entry.js';")];
        assert!(bundled(&files).unwrap_err().to_string().contains("imports itself"));
    }
}
