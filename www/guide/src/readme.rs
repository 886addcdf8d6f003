//! The README as npm shows it.

use pulldown_cmark::{Event, Tag};

use crate::markdown::parse;

/// Returns a README whose relative links are plain words and whose relative pictures are gone: on npm there is nothing
/// beside it.
pub fn without_relative_links(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut at = 0;
    for (event, range) in parse(text).into_offset_iter() {
        let is_relative =
            |url: &str| !url.starts_with('#') && !url.contains("://") && !url.starts_with("mailto:");
        let kept = match event {
            Event::Start(Tag::Image { dest_url, .. }) if is_relative(&dest_url) => "",
            Event::Start(Tag::Link { dest_url, .. }) if is_relative(&dest_url) => {
                text.get(range.clone()).map_or("", words)
            }
            _ => continue,
        };
        if range.start >= at {
            made.push_str(text.get(at..range.start).unwrap_or_default());
            made.push_str(kept);
            at = range.end;
        }
    }
    made.push_str(text.get(at..).unwrap_or_default());
    made
}

/// Returns what stands between the brackets of `[words](url)`.
fn words(link: &str) -> &str {
    link.strip_prefix('[').and_then(|rest| Some(rest.rsplit_once("](")?.0)).unwrap_or(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_links_become_words() {
        let text = "See [`a`](docs/a.md), [b](#b), [c](https://c.example/) and\n![d](d.png)\n";
        let npm = "See `a`, [b](#b), [c](https://c.example/) and\n\n";
        assert_eq!(without_relative_links(text), npm);
    }
}
