//! The docs: rustdoc without a warning, and the code blocks of README and guide for the type check.

use std::path::{Path, PathBuf};
use std::process::Command;

use guide::block::{self, Block, Trial};

use super::components;
use crate::error::{Doing, Result};
use crate::{files, paths};

/// The command that writes the API's docs of some packages; a warning is a failure.
pub fn rustdoc(packages: &[&str]) -> Command {
    let mut command = paths::cargo(&["doc", "--no-deps", "--quiet"]);
    command.args(packages).env("RUSTDOCFLAGS", "-D warnings");
    command
}

/// Writes every block of JavaScript and TypeScript of the docs as a module, beside a project that checks them as strictly as
/// the package's own tests; the project's file.
pub fn modules() -> Result<PathBuf> {
    // Beside the frameworks and the package, whose types they use.
    components::install()?;
    let folder = components::folder().join("types");
    files::empty_folder(&folder)?;
    let types = paths::root().join("tests").join("types");
    let mut written = vec![types.join("docs.d.ts")];
    for block in blocks()? {
        let (code, ending) = match (&block.trial, block.language.as_str()) {
            (Trial::Module | Trial::Types(_), _) => (block.code.as_str(), "ts"),
            (Trial::Component, "tsx") => (block.code.as_str(), "tsx"),
            // What stands in its template, the browser tries.
            (Trial::Component, _) => (script(&block.code), "ts"),
            _ => continue,
        };
        // The place in a name that a compiler's error shows: `docs-guide-en-csp.md-12.ts`.
        let file = folder.join(format!("{}.{ending}", block.place.replace(['/', ':'], "-")));
        files::write(&file, format!("{code}\nexport {{}};\n"))?;
        written.push(file);
    }
    let project = folder.join("tsconfig.json");
    files::write(&project, manifest(&types.join("tsconfig.json"), &written))?;
    Ok(project)
}

/// The script of a component in one file.
fn script(component: &str) -> &str {
    let inside = component.split_once("<script").and_then(|(_, rest)| rest.split_once(">\n"));
    inside.and_then(|(_, rest)| rest.split_once("</script>")).map_or("", |(script, _)| script)
}

fn manifest(base: &Path, written: &[PathBuf]) -> String {
    let quoted: Vec<String> =
        written.iter().map(|file| format!("    {:?}", file.display().to_string())).collect();
    format!(
        "{{\n  \"extends\": {:?},\n  \"compilerOptions\": {{ \"noUnusedLocals\": false, \"jsx\": \"react-jsx\", \"paths\": {{}} }},\n  \"files\": [\n{}\n  ]\n}}\n",
        base.display().to_string(),
        quoted.join(",\n")
    )
}

/// The code blocks of all docs.
pub fn blocks() -> Result<Vec<Block>> {
    block::all(&paths::root()).doing(|| "can't read the docs".to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{USAGE, process};

    /// Each command of a block, without its comment, its settings and the programs that only run another one.
    fn commands(code: &str) -> Vec<Vec<&str>> {
        let lines =
            code.lines().filter_map(|line| line.split(" # ").next()).flat_map(|line| line.split(" && "));
        lines
            .map(|line| {
                line.split_whitespace().skip_while(|word| word.contains("='") || is_setting(word)).collect()
            })
            .filter(|words: &Vec<&str>| !words.is_empty())
            .collect()
    }

    fn is_setting(word: &str) -> bool {
        word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    }

    #[test]
    fn the_shells_commands_of_the_docs_are_there() {
        let root = paths::root();
        let npm = files::read_text(&root.join("www/npm/package.json")).unwrap();
        let mut tried = 0;
        for block in blocks().unwrap().iter().filter(|block| block.trial == Trial::Shell) {
            let place = &block.place;
            let parsed = process::quiet(Command::new("sh").args(["-n", "-c", &block.code]));
            assert!(parsed.is_ok(), "{place}: {:?}", parsed.err().map(|error| error.to_string()));
            for words in commands(&block.code) {
                tried += 1;
                let known = match words.as_slice() {
                    ["cargo", "xtask", command, ..] => USAGE.contains(&format!("\n  {command} ")),
                    ["cargo", "run" | "test" | "llvm-cov", ..] => true,
                    ["npm", "pack", "./pkg"] => true,
                    ["npm", "i", file] => *file == format!("./xuchuan-{}.tgz", env!("CARGO_PKG_VERSION")),
                    ["npx", "-p", package, program, ..] => {
                        npm.contains(&format!("\"name\": \"{package}\""))
                            && npm.contains(&format!("\"{program}\":"))
                    }
                    ["node", "--test", ..] => true,
                    ["node", file, ..] => root.join(file).is_file(),
                    _ => false,
                };
                assert!(known, "{place}: there is no `{}`", words.join(" "));
            }
        }
        assert!(tried > 10, "{tried} commands");
    }

    #[test]
    fn a_command_is_what_is_left_without_settings_and_comments() {
        let code = "A_B='*' node a.mjs # why\ncargo xtask build && npm pack ./pkg\n";
        assert_eq!(
            commands(code),
            [vec!["node", "a.mjs"], vec!["cargo", "xtask", "build"], vec!["npm", "pack", "./pkg"]]
        );
    }
}
