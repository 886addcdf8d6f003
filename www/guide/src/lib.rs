//! The guide: Markdown of `docs/guide` made into static pages, and the code blocks of the docs for their tests.
//!
//! Both languages have the same pages with the same headings in the same order, so a heading's anchor is made from its
//! English text and is the same in both.

#![warn(missing_docs)]

pub mod block;
pub mod markdown;
pub mod page;
pub mod readme;
pub mod site;

use std::io;
use std::path::Path;

/// Reads a text; an error names the file.
fn read(path: &Path) -> io::Result<String> {
    std::fs::read_to_string(path).map_err(|error| wrong(format!("can't read {}: {error}", path.display())))
}

/// An error in a text of the docs.
fn wrong(what: impl Into<String>) -> io::Error {
    io::Error::other(what.into())
}
