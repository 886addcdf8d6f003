//! One page: its Markdown read, and written as HTML that needs no script.

use std::io;

use pulldown_cmark::{CowStr, Event, HeadingLevel, Tag, TagEnd, html::push_html};

use crate::markdown::{anchor, comment, escape, joined, parse, seen};
use crate::site::{Language, Site};
use crate::wrong;

/// A page of the guide.
#[derive(Debug)]
pub struct Page {
    /// Its file's name, without an ending.
    pub name: &'static str,
    /// Its first heading.
    pub title: String,
    /// The headings below that, in their order.
    pub headings: Vec<Heading>,
    /// Where its links lead to, as written.
    pub links: Vec<String>,
    body: String,
}

/// A heading inside a page.
#[derive(Debug)]
pub struct Heading {
    level: HeadingLevel,
    /// Its words.
    pub text: String,
    /// Its anchor.
    pub anchor: String,
}

/// What stands around a page's text.
struct Words {
    skip: &'static str,
    guide: &'static str,
    demo: &'static str,
    here: &'static str,
    pages: &'static str,
    around: &'static str,
    previous: &'static str,
    next: &'static str,
    link: &'static str,
    name: &'static str,
}

impl Words {
    fn of(language: Language) -> Words {
        match language {
            Language::English => Words {
                skip: "Skip to the text",
                guide: "Guide",
                demo: "Demo",
                here: "On this page",
                pages: "All pages",
                around: "Previous and next page",
                previous: "Previous",
                next: "Next",
                link: "Link to this section",
                name: "English",
            },
            Language::Chinese => Words {
                skip: "跳到正文",
                guide: "指南",
                demo: "演示",
                here: "本页内容",
                pages: "全部页面",
                around: "上一页和下一页",
                previous: "上一页",
                next: "下一页",
                link: "本节的链接",
                name: "中文",
            },
        }
    }
}

impl Page {
    /// Reads a page. `twin` is the same page in English, whose anchors it takes.
    pub fn read(name: &'static str, text: &str, twin: Option<&Page>) -> io::Result<Page> {
        let mut page =
            Page { name, title: String::new(), headings: Vec::new(), links: Vec::new(), body: String::new() };
        let mut events = Vec::new();
        let text = if twin.is_some() { joined(text) } else { text.to_owned() };
        let mut all = parse(&text);
        while let Some(event) = all.next() {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    let inner: Vec<Event<'_>> = all
                        .by_ref()
                        .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
                        .collect();
                    page.add_heading(level, inner, twin, &mut events)?;
                }
                Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                    page.links.push(dest_url.to_string());
                    let dest_url = CowStr::from(dest_url.replace(".md", ".html"));
                    events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
                }
                // What is wider than a phone scrolls by itself, by keys too.
                Event::Start(Tag::Table(columns)) => {
                    events.push(raw("<div class=\"wide\" tabindex=\"0\">"));
                    events.push(Event::Start(Tag::Table(columns)));
                }
                Event::End(TagEnd::Table) => events.extend([Event::End(TagEnd::Table), raw("</div>\n")]),
                Event::Start(Tag::CodeBlock(_)) => events.push(raw("<pre tabindex=\"0\"><code>")),
                Event::End(TagEnd::CodeBlock) => events.push(raw("</code></pre>\n")),
                Event::Html(html) if comment(&html).is_some() => {}
                event => events.push(event),
            }
        }
        if page.title.is_empty() {
            return Err(wrong("it has no title"));
        }
        let count = twin.map_or(page.headings.len(), |twin| twin.headings.len());
        if count != page.headings.len() {
            return Err(wrong(format!("{} headings, and {count} in English", page.headings.len())));
        }
        push_html(&mut page.body, events.into_iter());
        Ok(page)
    }

    fn add_heading<'a>(
        &mut self,
        level: HeadingLevel,
        inner: Vec<Event<'a>>,
        twin: Option<&Page>,
        events: &mut Vec<Event<'a>>,
    ) -> io::Result<()> {
        let text: String = inner.iter().map(seen).collect();
        if level == HeadingLevel::H1 {
            self.title = text;
            events.push(raw("<h1>"));
            events.extend(inner);
            events.push(raw("</h1>\n"));
            return Ok(());
        }
        let anchor = match twin {
            None => anchor(&text),
            Some(twin) => match twin.headings.get(self.headings.len()) {
                Some(heading) if heading.level == level => heading.anchor.clone(),
                _ => return Err(wrong(format!("the heading \"{text}\" is none of the English page"))),
            },
        };
        if anchor.is_empty() || (twin.is_none() && self.headings.iter().any(|other| other.anchor == anchor)) {
            return Err(wrong(format!("the heading \"{text}\" gives no anchor of its own")));
        }
        events.push(raw(&format!("<{level} id=\"{anchor}\">")));
        events.extend(inner);
        let language = if twin.is_some() { Language::Chinese } else { Language::English };
        let label = format!("{}: {}", Words::of(language).link, escape(&text));
        events.push(raw(&format!(
            " <a class=\"anchor\" href=\"#{anchor}\" aria-label=\"{label}\">#</a></{level}>\n"
        )));
        self.headings.push(Heading { level, text, anchor });
        Ok(())
    }
}

fn raw<'a>(html: &str) -> Event<'a> {
    Event::Html(CowStr::from(html.to_owned()))
}

/// Writes the page at the place `at` of its site.
pub fn html(site: &Site, at: usize) -> String {
    let Some(page) = site.pages.get(at) else { return String::new() };
    let (words, other) = (Words::of(site.language), Words::of(site.language.other()));
    let (tag, other_tag) = (site.language.tag(), site.language.other().tag());
    let (name, title) = (page.name, escape(&page.title));
    let full = if at == 0 { title.clone() } else { format!("{title} · xuchuan {}", words.guide) };
    let text = text(page, &words);
    let pages: String = site
        .pages
        .iter()
        .map(|one| {
            let current = if one.name == name { " aria-current=\"page\"" } else { "" };
            format!("      <li><a href=\"{}.html\"{current}>{}</a></li>\n", one.name, escape(&one.title))
        })
        .collect();
    let step = |to: Option<&Page>, rel: &str, word: &str| match to {
        Some(to) => format!(
            "<a rel=\"{rel}\" href=\"{}.html\"><small>{word}</small> {}</a>",
            to.name,
            escape(&to.title)
        ),
        None => String::new(),
    };
    let previous = step(at.checked_sub(1).and_then(|before| site.pages.get(before)), "prev", words.previous);
    let next = step(site.pages.get(at + 1), "next", words.next);
    format!(
        "<!doctype html>
<html lang=\"{tag}\">
<head>
  <meta charset=\"utf-8\">
  <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
  <meta name=\"color-scheme\" content=\"light dark\">
  <title>{full}</title>
  <link rel=\"icon\" href=\"../../favicon.svg\" type=\"image/svg+xml\">
  <link rel=\"alternate\" hreflang=\"{other_tag}\" href=\"../{other_tag}/{name}.html\">
  <link rel=\"stylesheet\" href=\"../guide.css\">
</head>
<body>
  <a class=\"skip\" href=\"#text\">{skip}</a>
  <header>
    <a class=\"home\" href=\"index.html\"><span lang=\"zh\">续传</span> <i>xuchuan</i> {guide}</a>
    <a href=\"#pages\" class=\"to-pages\">{all}</a>
    <a href=\"../../\">{demo}</a>
    <a href=\"../{other_tag}/{name}.html\" hreflang=\"{other_tag}\" lang=\"{other_tag}\">{other_name}</a>
  </header>
  <main id=\"text\" tabindex=\"-1\">
{text}    <nav class=\"around\" aria-label=\"{around}\">{previous}{next}</nav>
  </main>
  <nav class=\"pages\" id=\"pages\" aria-label=\"{all}\">
    <p>{all}</p>
    <ul>
{pages}    </ul>
  </nav>
</body>
</html>
",
        skip = words.skip,
        guide = words.guide,
        demo = words.demo,
        all = words.pages,
        around = words.around,
        other_name = other.name,
    )
}

/// The page's text, with the list of its sections below its title.
fn text(page: &Page, words: &Words) -> String {
    const END: &str = "</h1>\n";
    match page.body.split_once(END) {
        Some((title, rest)) => format!("{title}{END}{}{rest}", on_this_page(page, words)),
        None => page.body.clone(),
    }
}

fn on_this_page(page: &Page, words: &Words) -> String {
    let sections: Vec<_> = page.headings.iter().filter(|one| one.level == HeadingLevel::H2).collect();
    if sections.len() < 2 {
        return String::new();
    }
    let list: String = sections
        .iter()
        .map(|one| format!("      <li><a href=\"#{}\">{}</a></li>\n", one.anchor, escape(&one.text)))
        .collect();
    let title = words.here;
    format!(
        "<nav class=\"here\" aria-label=\"{title}\">\n    <p>{title}</p>\n    <ul>\n{list}    </ul>\n</nav>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_has_an_anchor_that_its_twin_shares() {
        let english = Page::read("a", "# A\n\n## `413` too large\n", None).unwrap();
        let chinese = Page::read("a", "# 甲\n\n## `413` 太大\n", Some(&english)).unwrap();
        assert_eq!((chinese.title.as_str(), chinese.headings[0].anchor.as_str()), ("甲", "413-too-large"));
        assert!(chinese.body.contains("<h2 id=\"413-too-large\"><code>413</code> 太大"), "{}", chinese.body);
        assert!(Page::read("a", "# 甲\n", Some(&english)).is_err());
        assert!(Page::read("a", "# 甲\n\n### 乙\n", Some(&english)).is_err());
    }

    #[test]
    fn links_lead_to_pages_and_notes_are_not_shown() {
        let page = Page::read("a", "# A\n\n[b](b.md#c)\n\n<!-- not run: why -->\n```js\na < b\n```\n", None)
            .unwrap();
        assert!(page.body.contains("href=\"b.html#c\"") && page.body.contains("a &lt; b"), "{}", page.body);
        assert!(!page.body.contains("not run"));
        assert_eq!(page.links, ["b.md#c"]);
    }
}
