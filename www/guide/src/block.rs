//! The code blocks of the docs, and how each is tried.
//!
//! A block's language says how. A comment on the line before may say otherwise: `<!-- run as: server -->`,
//! `<!-- types only: it needs a click -->`, `<!-- not run: it is of another product -->`.

use std::io;
use std::path::Path;

use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};

use crate::markdown::{comment, parse};
use crate::site::{Language, PAGES};
use crate::{read, wrong};

/// The docs beside the guide.
const OTHERS: [&str; 5] =
    ["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "server/README.md", "examples/backends/README.md"];

/// A code block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Where it stands: `README.md:41`.
    pub place: String,
    /// Its language.
    pub language: String,
    /// What stands in it.
    pub code: String,
    /// How it is tried.
    pub trial: Trial,
}

/// How a block is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trial {
    /// JavaScript or TypeScript: type-checked, and run in a page as a module.
    Module,
    /// Type-checked, and not run, for the reason given.
    Types(String),
    /// A component of React, Vue or Svelte: built, opened in a browser; what it uploads arrives.
    Component,
    /// HTML: opened in a browser; what it uploads arrives.
    Page,
    /// A server of the protocol: started, and tried by the conformance tool and by a page.
    Server,
    /// A configuration of nginx: an upload goes through it.
    Proxy,
    /// A Content-Security-Policy: an upload works under it.
    Policy,
    /// The answer to a preflight: an upload from another origin works with it.
    Preflight,
    /// A shell's commands: parsed, and each command is one that there is.
    Shell,
    /// JSON: parsed.
    Data,
    /// Rust: compiled as a doc test of its crate.
    Rust,
    /// Not tried, for the reason given.
    Nothing(String),
}

/// Returns the blocks of all docs, those of the guide included; `root` is the workspace.
pub fn all(root: &Path) -> io::Result<Vec<Block>> {
    let mut blocks = Vec::new();
    for file in OTHERS {
        blocks.extend(of(file, &read(&root.join(file))?)?);
    }
    for language in Language::ALL {
        for page in PAGES {
            let file = format!("docs/guide/{}/{page}.md", language.tag());
            blocks.extend(of(&file, &read(&root.join(&file))?)?);
        }
    }
    Ok(blocks)
}

/// Returns the blocks of a text; `file` is its name.
pub fn of(file: &str, text: &str) -> io::Result<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut note = None;
    let mut open: Option<(String, String, String)> = None;
    for (event, range) in parse(text).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let line = text.get(..range.start).unwrap_or_default().matches('\n').count() + 1;
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language.into_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                open = Some((format!("{file}:{line}"), language, String::new()));
            }
            Event::Text(text) => {
                if let Some((_, _, code)) = &mut open {
                    code.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some((place, language, code)) = open.take() {
                    let trial = trial(&language, note.take()).ok_or_else(|| {
                        wrong(format!("{place}: no test tries such a block of `{language}`"))
                    })?;
                    blocks.push(Block { place, language, code, trial });
                }
            }
            Event::Html(html) => note = comment(&html).map(str::to_owned),
            Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => {}
            _ => note = None,
        }
    }
    Ok(blocks)
}

/// Returns how a block is tried; nothing where no test would.
fn trial(language: &str, note: Option<String>) -> Option<Trial> {
    let note = note.as_deref().and_then(|note| note.split_once(": "));
    Some(match (language, note) {
        (_, Some(("not run", why))) => Trial::Nothing(why.to_owned()),
        ("js" | "ts", Some(("run as", "server"))) => Trial::Server,
        ("js" | "ts", Some(("types only", why))) => Trial::Types(why.to_owned()),
        ("http", Some(("run as", "policy"))) => Trial::Policy,
        ("http", Some(("run as", "preflight"))) => Trial::Preflight,
        ("js" | "ts", None) => Trial::Module,
        ("tsx" | "vue" | "svelte", None) => Trial::Component,
        ("html", None) => Trial::Page,
        ("nginx", None) => Trial::Proxy,
        ("sh", None) => Trial::Shell,
        ("json", None) => Trial::Data,
        ("rust" | "rust,no_run", None) => Trial::Rust,
        ("text", None) => Trial::Nothing("text is for people, not for machines".to_owned()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_a_place_a_language_and_a_trial() {
        let text = "# A\n\n```js\nf();\n```\n\n<!-- run as: server -->\n```js\ng();\n```\n\n- a\n  ```json\n  {}\n  ```\n";
        let blocks = of("a.md", text).unwrap();
        let told: Vec<_> =
            blocks.iter().map(|one| (one.place.as_str(), one.code.as_str(), &one.trial)).collect();
        assert_eq!(
            told,
            [
                ("a.md:3", "f();\n", &Trial::Module),
                ("a.md:8", "g();\n", &Trial::Server),
                ("a.md:13", "{}\n", &Trial::Data)
            ]
        );
    }

    #[test]
    fn a_note_is_of_the_next_block_only() {
        let text = "<!-- not run: it is a part of a page -->\n\nBut\n\n```html\n<p>\n```\n";
        assert_eq!(of("a.md", text).unwrap()[0].trial, Trial::Page);
    }

    #[test]
    fn what_no_test_tries_is_refused() {
        for text in ["```cobol\nx\n```\n", "    indented\n", "<!-- run as: magic -->\n```js\nx\n```\n"] {
            assert!(of("a.md", text).is_err(), "{text}");
        }
    }
}
