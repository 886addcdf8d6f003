//! Addresses as they may be shown: origin and path, never a password or a signed query.

/// Returns `text` with every URL in it cut down to its origin and path. Passwords stand before the host, signatures and
/// tokens in the query; a message, a report or an event is the wrong place for either.
pub fn without_secrets(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    // Each word comes with what ends it.
    for part in text.split_inclusive(ends_url) {
        let word = part.trim_end_matches(ends_url);
        cut_down(word, &mut shown);
        shown.push_str(part.get(word.len()..).unwrap_or_default());
    }
    shown
}

/// Tells what can't stand in a URL that was written into a text.
fn ends_url(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '“' | '”' | '「' | '」' | '，' | '。')
}

/// Writes one word, without the secrets if it has a URL in it.
fn cut_down(word: &str, shown: &mut String) {
    let path = word.split(['?', '#']).next().unwrap_or_default();
    // A search for more than one character brings 4 KB of the standard library's.
    let mut colons = word.match_indices(':').map(|(at, _)| at + 1);
    let Some(at) = colons.find(|at| word.get(*at..).is_some_and(|rest| rest.starts_with("//"))) else {
        // A path with a query, as in `href=/file?sig=…`; a question that ends in its mark is no query.
        let has_query = path.contains('/') && word.get(path.len()..).is_some_and(|rest| rest.contains('='));
        return shown.push_str(match word {
            data if data.starts_with("data:") => "data:…",
            _ if has_query => path,
            _ => word,
        });
    };
    let rest = path.get(at + 2..).unwrap_or_default();
    let authority = rest.split('/').next().unwrap_or_default();
    // The URL standard's parser takes the last `@` before the path as the end of the user's part.
    let host_at = authority.rfind('@').map_or(0, |at| at + 1);
    shown.push_str(word.get(..at).unwrap_or_default());
    shown.push_str("//");
    shown.push_str(rest.get(host_at..).unwrap_or_default());
    // What a sentence puts behind a URL.
    if path.len() < word.len()
        && let Some(end) = word.chars().last().filter(|end| matches!(end, ')' | ',' | ';' | '.'))
    {
        shown.push(end);
    }
}

/// Returns the origin of an absolute URL as a text; what is none comes back as it is shown.
pub fn origin_of(url: &str) -> String {
    let shown = without_secrets(url);
    if shown.starts_with("blob:") {
        return "blob:".to_owned();
    }
    match shown.split_once(':').and_then(|(scheme, rest)| Some((scheme, rest.strip_prefix("//")?))) {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.split('/').next().unwrap_or_default()),
        None => shown,
    }
}

/// Tells whether a browser keeps a page at `page` from sending to `url` because only the page is secure.
///
/// Source: W3C Mixed Content, section 5.1, and Secure Contexts, section 3.1, for the hosts that count as secure. Safari has
/// no such exception for them, which this can't know.
pub fn is_mixed(page: &str, url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let host = rest.split([':', '/', '?', '#']).next().unwrap_or_default();
    // A name that only begins like an address is no address, and not worth the telling.
    let is_local = host.ends_with("localhost") || host.starts_with("127.") || rest.starts_with("[::1]");
    page.starts_with("https://") && !is_local
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_and_path_are_all_that_is_shown() {
        for (text, shown) in [
            ("http://user:secret@host:8000/a/b?sig=1#x", "http://host:8000/a/b"),
            ("https://h/f?X-Amz-Signature=abc&x=y", "https://h/f"),
            ("https://h?token=1", "https://h"),
            ("http://u:p@ss/w@h/f", "http://ss/w@h/f"),
            ("http://a@b@h/f@2", "http://h/f@2"),
            ("Failed to parse URL from http://u:p@h/x?y=z.", "Failed to parse URL from http://h/x."),
            ("(“https://h/a?b=c”) and https://h/d?e, or", "(“https://h/a”) and https://h/d, or"),
            ("<a href=\"/files/x?sig=abc\">", "<a href=\"/files/x\">"),
            ("is it up? yes/no?", "is it up? yes/no?"),
            ("data:text/plain,secret", "data:…"),
            ("blob:http://h/1-2", "blob:http://h/1-2"),
            ("地址 https://h/文件?签名=1，完", "地址 https://h/文件，完"),
            ("", ""),
            ("a  b\n", "a  b\n"),
        ] {
            assert_eq!(without_secrets(text), shown, "{text}");
        }
    }

    #[test]
    fn an_origin_ends_before_the_path() {
        assert_eq!(origin_of("https://u:p@h:1/a/b?c"), "https://h:1");
        assert_eq!(origin_of("/api/upload"), "/api/upload");
        assert_eq!(origin_of("blob:https://h/1"), "blob:", "as a policy names it");
    }

    #[test]
    fn a_secure_page_may_ask_secure_servers_and_this_machine() {
        for (page, url, mixed) in [
            ("https://h/", "http://h/api", true),
            ("https://h/", "http://h:8000/api?x=localhost", true),
            ("https://h/", "http://[::1]:80/x", false),
            ("https://h/", "http://127.0.0.1:8000/x", false),
            ("https://h/", "http://a.localhost/x", false),
            ("https://h/", "https://h/api", false),
            ("http://h/", "http://h/api", false),
        ] {
            assert_eq!(is_mixed(page, url), mixed, "{page} {url}");
        }
    }
}
