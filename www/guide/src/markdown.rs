//! Markdown as the docs are written in it: tables, headings with anchors, comments that nobody sees.

use pulldown_cmark::{Event, Options, Parser};

/// Reads a text.
pub fn parse(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

/// Returns a text without the ends of lines that stand between two characters of Chinese: HTML would show a space there.
pub fn joined(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for line in text.lines() {
        let is_wide = |c: Option<char>| c.is_some_and(|c| !c.is_ascii());
        if is_wide(joined.chars().next_back()) && is_wide(line.trim_start().chars().next()) {
            joined.push_str(line.trim_start());
        } else {
            joined.push('\n');
            joined.push_str(line);
        }
    }
    joined.push('\n');
    joined
}

/// Returns what an HTML comment says; nothing if it is none.
pub fn comment(html: &str) -> Option<&str> {
    Some(html.trim().strip_prefix("<!--")?.strip_suffix("-->")?.trim())
}

/// Returns what a reader sees of an event.
pub fn seen<'a>(event: &'a Event<'_>) -> &'a str {
    match event {
        Event::Text(text) | Event::Code(text) => text,
        Event::SoftBreak | Event::HardBreak => " ",
        _ => "",
    }
}

/// Returns a heading's anchor: its letters and digits in lower case, and one `-` for what is between them.
pub fn anchor(heading: &str) -> String {
    let words = heading.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

/// Returns a text as HTML shows it, in an attribute too.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_made_of_words() {
        assert_eq!(anchor("`413`: the body is too large"), "413-the-body-is-too-large");
        assert_eq!(anchor("What's “new”?"), "what-s-new");
    }

    #[test]
    fn chinese_lines_are_joined_without_a_space() {
        assert_eq!(joined("# 甲\n\n- 乙，\n  丙 b\nc\n丁\n"), "\n# 甲\n\n- 乙，丙 b\nc\n丁\n");
    }

    #[test]
    fn a_comment_is_what_is_between_its_marks() {
        assert_eq!(comment("<!-- run as: server -->\n"), Some("run as: server"));
        assert_eq!(comment("<b>"), None);
    }
}
