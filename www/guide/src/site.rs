//! The guide's pages in their order and languages, written as a folder of static files.

use std::fs;
use std::io;
use std::path::Path;

use crate::page::{Page, html};
use crate::{read, wrong};

/// The pages in the order in which they are read; the first is the door.
pub const PAGES: [&str; 14] = [
    "index",
    "quick-start",
    "element",
    "progress",
    "resume",
    "downloads",
    "backend",
    "auth-and-cors",
    "proxies",
    "csp",
    "bundlers",
    "frameworks",
    "errors",
    "coming-from",
];

/// A language of the guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English, whose headings give the anchors.
    English,
    /// Chinese.
    Chinese,
}

impl Language {
    /// Both.
    pub const ALL: [Language; 2] = [Language::English, Language::Chinese];

    /// The name of its folder, of texts and of pages.
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh",
        }
    }

    /// The other one.
    pub fn other(self) -> Language {
        match self {
            Language::English => Language::Chinese,
            Language::Chinese => Language::English,
        }
    }
}

/// All pages of a language.
#[derive(Debug)]
pub struct Site {
    /// Its language.
    pub language: Language,
    /// The pages in their order.
    pub pages: Vec<Page>,
}

/// Reads the guide in both languages; `root` is the workspace.
pub fn sites(root: &Path) -> io::Result<[Site; 2]> {
    let english = site(root, Language::English, None)?;
    let chinese = site(root, Language::Chinese, Some(&english))?;
    Ok([english, chinese])
}

fn site(root: &Path, language: Language, english: Option<&Site>) -> io::Result<Site> {
    let mut pages = Vec::new();
    for (at, name) in PAGES.into_iter().enumerate() {
        let file = root.join("docs").join("guide").join(language.tag()).join(name).with_extension("md");
        let twin = english.and_then(|site| site.pages.get(at));
        let page = Page::read(name, &read(&file)?, twin)
            .map_err(|error| wrong(format!("{}: {error}", file.display())))?;
        pages.push(page);
    }
    Ok(Site { language, pages })
}

/// Writes both languages into the folder `to`: `en/`, `zh/`, the stylesheet, and a door to the English one.
pub fn write(root: &Path, to: &Path) -> io::Result<()> {
    for site in sites(root)? {
        let folder = to.join(site.language.tag());
        fs::create_dir_all(&folder)?;
        for at in 0..site.pages.len() {
            let Some(page) = site.pages.get(at) else { continue };
            fs::write(folder.join(page.name).with_extension("html"), html(&site, at))?;
        }
    }
    fs::write(to.join("guide.css"), include_str!("../guide.css"))?;
    // No script and no server decides the language: a person does, with one click.
    fs::write(
        to.join("index.html"),
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>xuchuan</title>\
         <meta http-equiv=\"refresh\" content=\"0; url=en/index.html\"><a href=\"en/index.html\">Guide</a> \
         <a href=\"zh/index.html\" lang=\"zh\">指南</a></html>\n",
    )
}
