//! What the browser or a function of the page threw, as plain data that the core can carry.

use std::fmt;

use crate::core::address::without_secrets;

/// An error of somebody else's, or words in the place of one where nothing was thrown. Holds no secrets of URLs.
// Boxed: in all the results that hold one it is a pointer, which is 2.6 KB of the engine's gzip less (before wasm-opt).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thrown(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    name: String,
    message: String,
    source: Option<Thrown>,
}

impl Thrown {
    /// Makes one of an error's name and message, of which either may be empty. What a URL in them may not show is taken
    /// out.
    pub fn new(name: &str, message: &str) -> Thrown {
        let (name, message) = (without_secrets(name), without_secrets(message));
        Thrown(Box::new(Parts { name, message, source: None }))
    }

    /// Adds the error that it was made from.
    #[must_use]
    pub fn with_source(mut self, source: Option<Thrown>) -> Thrown {
        self.0.source = source;
        self
    }

    /// Returns the error that it was made from.
    pub fn source(&self) -> Option<&Thrown> {
        self.0.source.as_ref()
    }

    /// Returns the error's name, such as `NotReadableError`; empty for what has none.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns the error's message; may be empty.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Tells whether the browser's storage is full. The name is that of [Web
    /// IDL](https://webidl.spec.whatwg.org/#quotaexceedederror), or one that Firefox has in its place for its own limit
    /// and for a full disk.
    pub fn is_quota(&self) -> bool {
        matches!(
            self.name(),
            "QuotaExceededError" | "NS_ERROR_DOM_QUOTA_REACHED" | "NS_ERROR_FILE_NO_DEVICE_SPACE"
        )
    }
}

impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, message) = (self.name(), self.message());
        let separator = if name.is_empty() || message.is_empty() { "" } else { ": " };
        write!(f, "{name}{separator}{message}")
    }
}

impl std::error::Error for Thrown {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Thrown::source(self).map(|source| source as _)
    }
}

impl From<&str> for Thrown {
    fn from(words: &str) -> Thrown {
        Thrown::new("", words)
    }
}

impl From<String> for Thrown {
    fn from(words: String) -> Thrown {
        Thrown::new("", &words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_it_has() {
        for (name, message, words) in
            [("TypeError", "no", "TypeError: no"), ("Error", "", "Error"), ("", "no", "no"), ("", "", "")]
        {
            assert_eq!(Thrown::new(name, message).to_string(), words);
        }
        assert_eq!(Thrown::from("at https://u:p@h/x?key=1").to_string(), "at https://h/x");
    }

    #[test]
    fn a_full_storage_is_known_by_its_name() {
        assert!(Thrown::new("QuotaExceededError", "").is_quota());
        assert!(Thrown::new("NS_ERROR_FILE_NO_DEVICE_SPACE", "").is_quota());
        // A text may speak of anything.
        assert!(!Thrown::new("TypeError", "new QuotaExceededError() is no constructor").is_quota());
        assert!(!Thrown::from("QuotaExceededError").is_quota());
    }

    #[test]
    fn tells_what_it_was_made_from() {
        let refused = Thrown::new("Error", "ECONNREFUSED");
        let thrown = Thrown::new("TypeError", "fetch failed").with_source(Some(refused.clone()));
        assert_eq!(thrown.source().map(ToString::to_string), Some(refused.to_string()));
        assert!(refused.source().is_none());
    }
}
