//! Addresses as the browser reads them, relative ones too.

use web_sys::Url;

use super::page;

fn parsed(url: &str) -> Option<Url> {
    let base = page::base()?;
    // A worker from a Blob has a base that nothing can be relative to.
    Url::new_with_base(url, &base).or_else(|_| Url::new(url)).ok()
}

/// Returns the whole address of `url`, which may be relative to this page; as it is if it is none.
pub fn address(url: &str) -> String {
    parsed(url).map_or_else(|| url.to_owned(), |url| url.href())
}

/// Returns the whole address of `url`, which is relative to `base`; as it is if it is none.
pub fn resolve(url: &str, base: &str) -> String {
    Url::new_with_base(url, &address(base)).map_or_else(|_| url.to_owned(), |url| url.href())
}

/// Returns the origin of `url`; nothing for what is no URL.
pub fn origin_of(url: &str) -> String {
    parsed(url).map(|url| url.origin()).unwrap_or_default()
}

/// Tells whether `url` has the origin of this page.
pub fn is_same_origin(url: &str) -> bool {
    page::origin().is_some_and(|origin| origin == origin_of(url))
}

/// Returns the last part of a URL's path, as a file's name.
pub fn name_of(url: &str) -> String {
    let path = parsed(url).map(|url| url.pathname()).unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    js_sys::decode_uri_component(last)
        .ok()
        .and_then(|name| name.as_string())
        .unwrap_or_else(|| last.to_owned())
}
