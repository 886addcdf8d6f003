//! What the guide's texts promise: links that lead somewhere, a section for every error, an answer to what people ask.

// What is missing ends the test that asks for it.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use guide::block::{self, Trial};
use guide::site::{Site, sites};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(site: &Site, name: &str) -> String {
    let file = format!("docs/guide/{}/{name}.md", site.language.tag());
    std::fs::read_to_string(root().join(file)).unwrap()
}

#[test]
fn every_link_leads_to_a_page_and_a_section_of_it() {
    for site in sites(&root()).unwrap() {
        for page in &site.pages {
            for link in page.links.iter().filter(|link| !link.contains("://")) {
                let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
                let name = if file.is_empty() { page.name } else { file.strip_suffix(".md").unwrap_or(file) };
                let place = format!("{}/{}: {link}", site.language.tag(), page.name);
                let target = site.pages.iter().find(|one| one.name == name);
                let target = target.unwrap_or_else(|| panic!("{place}: there is no such page"));
                let found = anchor.is_empty() || target.headings.iter().any(|one| one.anchor == anchor);
                assert!(found, "{place}: there is no such section");
            }
        }
    }
}

/// The codes as `src/core/kind.rs` writes them.
fn codes() -> Vec<String> {
    let source = std::fs::read_to_string(root().join("src/core/kind.rs")).unwrap();
    let (_, code) = source.split_once("pub fn code(self)").unwrap();
    let (code, _) = code.split_once("/// ").unwrap();
    let arms = code.lines().filter_map(|line| line.split_once("=> \"")?.1.strip_suffix("\","));
    arms.map(str::to_owned).collect()
}

#[test]
fn every_error_has_a_section_and_no_other_has() {
    let codes = codes();
    assert!(codes.len() >= 15 && codes.contains(&"file-changed".to_owned()), "{codes:?}");
    for site in sites(&root()).unwrap() {
        let page = site.pages.iter().find(|page| page.name == "errors").unwrap();
        let sections = page.headings.iter().filter(|one| one.text != "A report" && one.text != "报告");
        assert_eq!(
            sections.map(|one| one.text.clone()).collect::<Vec<_>>(),
            codes,
            "{}",
            site.language.tag()
        );
        for name in reasons() {
            let told = text(&site, "errors") + &text(&site, "auth-and-cors");
            assert!(told.contains(&format!("`{name}`")), "{}: nothing of `{name}`", site.language.tag());
        }
    }
}

/// Those of the reasons in `src/core/cause.rs` that a page can do something about.
fn reasons() -> [&'static str; 8] {
    let source = std::fs::read_to_string(root().join("src/core/cause.rs")).unwrap();
    let names = ["unsendable", "page", "policy", "cut", "unreachable", "cors", "preflight", "mixed-content"];
    for name in names {
        assert!(source.contains(&format!("=> \"{name}\",")), "there is no {name}");
    }
    names
}

#[test]
fn every_option_and_member_of_the_types_is_named_somewhere() {
    let types = std::fs::read_to_string(root().join("src/api/types.d.ts")).unwrap();
    for site in sites(&root()).unwrap() {
        let guide: String = site.pages.iter().map(|page| text(&site, page.name)).collect();
        for name in ["UploadOptions", "DownloadOptions", "TransferOptions", "Progress", "UploadResult"] {
            let (_, body) = types.split_once(&format!("export interface {name}")).unwrap();
            let (body, _) = body.split_once("\n}").unwrap();
            for member in body.lines().filter_map(member) {
                // Told by the types alone: who needs it, looks there.
                if member == "pieceSize" {
                    continue;
                }
                assert!(guide.contains(member), "{}: nothing of {name}.{member}", site.language.tag());
            }
        }
    }
}

/// The member that a line of an interface declares, at its first level.
fn member(line: &str) -> Option<&str> {
    let line = line.strip_prefix("  ")?;
    let line = line.strip_prefix("readonly ").unwrap_or(line);
    let (name, _) = line.split_once(':')?;
    let name = name.trim_end_matches('?');
    (!name.is_empty() && name.chars().all(char::is_alphanumeric)).then_some(name)
}

/// What people asked in the issues of tus-js-client, Uppy, resumable.js and FilePond, in their words; and the page that
/// answers it.
const ASKED: [(&str, &str, &str); 25] = [
    ("Authorization header", "Authorization", "auth-and-cors"),
    ("CSRF token", "CSRF", "auth-and-cors"),
    ("token expires", "token 过期", "auth-and-cors"),
    ("Cookies", "Cookie", "auth-and-cors"),
    ("401", "401", "auth-and-cors"),
    ("blocked by CORS policy", "blocked by CORS policy", "auth-and-cors"),
    ("preflight", "预检", "auth-and-cors"),
    ("Access-Control-Allow-Origin", "Access-Control-Allow-Origin", "auth-and-cors"),
    ("413 Request Entity Too Large", "413 Request Entity Too Large", "proxies"),
    ("Cloudflare", "Cloudflare", "proxies"),
    ("mixed content", "混合内容", "proxies"),
    ("Resume does not work after a reload", "断点续传", "resume"),
    ("Two tabs", "两个标签页", "resume"),
    ("Progress jumps", "进度跳动", "progress"),
    ("100 %", "卡在 100 %", "progress"),
    ("speed and time left", "剩余时间", "progress"),
    ("upload is slow", "上传太慢", "backend"),
    ("limit how many at once", "限制并发", "progress"),
    ("try again", "重试", "errors"),
    ("metadata", "文件名", "backend"),
    ("S3", "S3", "backend"),
    ("Save a download", "保存到磁盘", "downloads"),
    ("Upload a folder", "上传文件夹", "quick-start"),
    ("its type is text/html", "its type is text/html", "bundlers"),
    ("unsafe-eval", "unsafe-eval", "csp"),
];

#[test]
fn what_people_ask_is_found_on_the_first_page_in_their_words() {
    for (at, site) in sites(&root()).unwrap().iter().enumerate() {
        let door = text(site, "index");
        for (english, chinese, page) in ASKED {
            let words = [english, chinese][at];
            let line =
                door.lines().find(|line| line.contains(words) && line.contains(&format!("({page}.md")));
            assert!(line.is_some(), "{}: nobody finds \"{words}\" to {page}", site.language.tag());
        }
    }
}

#[test]
fn both_languages_have_the_same_code() {
    let blocks = block::all(&root()).unwrap();
    let of = |start: &str| -> Vec<(String, Trial)> {
        let blocks = blocks.iter().filter(|block| block.place.starts_with(start));
        blocks.map(|block| (block.language.clone(), block.trial.clone())).collect()
    };
    for (english, chinese) in [("docs/guide/en/", "docs/guide/zh/"), ("README.md:", "README.zh-CN.md:")] {
        assert!(of(english).len() > 3);
        assert_eq!(of(english), of(chinese));
    }
}

#[test]
fn what_is_not_tried_says_why() {
    for block in block::all(&root()).unwrap() {
        if let Trial::Nothing(why) | Trial::Types(why) = &block.trial {
            assert!(why.split(' ').count() >= 4, "{}: \"{why}\" is no reason", block.place);
        }
    }
}

#[test]
fn the_colours_are_the_demos() {
    let css = |file: &str| std::fs::read_to_string(root().join(file)).unwrap_or_default();
    let demo: String = std::fs::read_dir(root().join("www/demo"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "css"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let own = css("www/guide/guide.css");
    let colours: Vec<&str> = own.lines().map(str::trim).filter(|line| line.starts_with("--")).collect();
    assert!(colours.len() > 12);
    for colour in colours {
        assert!(demo.contains(colour), "the demo has no `{colour}`");
    }
}

#[test]
fn the_pages_are_written_with_their_anchors() {
    let folder = std::env::temp_dir().join(format!("xuchuan-guide-{}", std::process::id()));
    guide::site::write(&root(), &folder).unwrap();
    let page = std::fs::read_to_string(folder.join("zh/errors.html")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(page.contains("<html lang=\"zh\">") && page.contains("<h2 id=\"file-changed\">"), "{page}");
    assert!(
        page.contains("href=\"../en/errors.html\"")
            && page.contains("rel=\"next\"")
            && page.contains("rel=\"prev\"")
    );
    assert!(!page.contains("<script"));
}

#[test]
fn the_jsons_of_the_docs_are_json() {
    let blocks = block::all(&root()).unwrap();
    let data: Vec<_> = blocks.iter().filter(|block| block.trial == Trial::Data).collect();
    assert!(data.len() > 3);
    for block in data {
        let read: Result<serde_json::Value, _> = serde_json::from_str(&block.code);
        assert!(read.is_ok(), "{}: {read:?}", block.place);
    }
}
