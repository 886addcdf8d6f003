//! The one error type: what kind, what was being done, how often it was tried, what it was made from.

use std::fmt;

use crate::core::address::without_secrets;
use crate::core::cause::{Cause, Loss};
pub use crate::core::kind::Kind;
use crate::core::thrown::Thrown;

/// A failure, with enough to tell a person what happened and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What went wrong.
    pub kind: Kind,
    /// What was being done, as a gerund: "sending chunk 3 of 10".
    pub doing: String,
    /// What was found: the server's message, the browser's error.
    pub detail: String,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// How often it was tried; 0 where trying again makes no sense.
    pub attempts: u32,
    /// Where it was asked: a URL's origin and path.
    pub url: Option<String>,
    /// Where the answer came from, if a redirect led to another place.
    pub redirected: Option<String>,
    /// Why there was no answer, where that is known.
    pub cause: Option<Cause>,
    /// What it was made from: what the browser or the page threw, if anything was thrown.
    pub source: Option<Thrown>,
    /// What to do about it, where that is more than what its kind says.
    pub advice: Option<String>,
}

impl Error {
    /// Makes an error of `kind` that happened while `doing`.
    pub fn new(kind: Kind, doing: impl Into<String>, detail: impl AsRef<str>) -> Error {
        Error::made(kind, doing.into(), detail.as_ref())
    }

    // Once, and not for each kind of text.
    fn made(kind: Kind, doing: String, detail: &str) -> Error {
        Error {
            kind,
            doing,
            detail: without_secrets(detail),
            status: None,
            attempts: 0,
            url: None,
            redirected: None,
            cause: None,
            source: None,
            advice: None,
        }
    }

    /// Makes the error of a request that brought no answer.
    pub fn lost(doing: impl Into<String>, loss: Loss) -> Error {
        let Loss { cause, words, source, looked: _ } = loss;
        Error { cause: Some(cause), source, ..Error::new(cause.kind(), doing, words) }
    }

    /// Makes an error of `kind` of what was thrown while `doing`, in that one's own words.
    pub fn thrown(kind: Kind, doing: impl Into<String>, thrown: Thrown) -> Error {
        Error::new(kind, doing, thrown.to_string()).with_source(thrown)
    }

    /// Says what happened and what to do about it.
    pub fn message(&self) -> String {
        let mut message = format!("{} failed", self.doing);
        if self.attempts > 1 {
            message += &format!(" after {} attempts", self.attempts);
        }
        match (self.status, self.place()) {
            (Some(status), Some(place)) => message += &format!(" (HTTP {status} from {place})"),
            (Some(status), None) => message += &format!(" (HTTP {status})"),
            (None, Some(place)) => message += &format!(" ({place})"),
            (None, None) => {}
        }
        message + &format!(": {}. {}.", self.detail.trim_end_matches('.'), self.remedy())
    }

    fn place(&self) -> Option<String> {
        let url = self.url.as_deref()?;
        Some(match &self.redirected {
            Some(to) => format!("{to}, to which {url} was redirected"),
            None => url.to_owned(),
        })
    }

    fn remedy(&self) -> String {
        if let Some(advice) = &self.advice {
            return advice.clone();
        }
        match (self.cause, self.url.as_deref()) {
            // While there is no network, nothing else is known.
            _ if self.kind == Kind::Offline => self.kind.advice().to_owned(),
            (Some(cause), url) => cause.advice(url.unwrap_or("the server")),
            (None, _) if self.redirected.is_some() => {
                format!("{}; give the address that it was redirected to, or log in again", self.kind.advice())
            }
            (None, _) => self.kind.advice().to_owned(),
        }
    }

    /// Says where it was asked, unless that is known already.
    #[must_use]
    pub fn at(mut self, url: &str) -> Error {
        if self.url.is_none() && !url.is_empty() {
            self.url = Some(without_secrets(url));
        }
        self
    }

    /// Adds the HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: Option<u16>) -> Error {
        self.status = status;
        self
    }

    /// Adds what it was made from.
    #[must_use]
    pub fn with_source(mut self, source: Thrown) -> Error {
        self.source = Some(source);
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_advice(mut self, advice: impl Into<String>) -> Error {
        self.advice = Some(advice.into());
        self
    }

    /// Adds how often it was tried.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Error {
        self.attempts = attempts;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_where_it_was_asked_and_shows_no_secret() {
        let error = Error::new(Kind::Server, "the handshake", "see https://u:pw@h/log?key=1")
            .with_status(Some(200))
            .at("https://u:pw@h/api/upload?token=1");
        let error = Error { redirected: Some("https://h/login".to_owned()), ..error };
        assert_eq!(
            error.to_string(),
            "the handshake failed (HTTP 200 from https://h/login, to which https://h/api/upload was redirected): see \
             https://h/log. Look at the server's log; what was done is kept, so it can go on later; give the \
             address that it was redirected to, or log in again."
        );
        let lost =
            Error::lost("downloading", Loss::new(Cause::Cors, "Failed to fetch")).at("https://h/f?sig=1");
        assert!(lost.kind == Kind::Network && lost.message().contains("(https://h/f)"), "{lost}");
        assert!(lost.message().contains("Let https://h answer with `Access-Control-Allow-Origin`"), "{lost}");
    }

    #[test]
    fn keeps_what_it_was_made_from() {
        use std::error::Error as _;
        let thrown = Thrown::new("TypeError", "Failed to fetch");
        let error = Error::lost("the handshake", Loss::from(thrown.clone()));
        assert!(error.message().contains(": TypeError: Failed to fetch. "), "{error}");
        assert_eq!(error.source().and_then(|source| source.downcast_ref()), Some(&thrown));
        assert!(Error::new(Kind::Server, "the handshake", "no").source().is_none());
    }

    #[test]
    fn tells_what_was_done_and_what_to_do() {
        let error = Error::new(Kind::Rejected, "the handshake", "请携带文件编号")
            .with_status(Some(403))
            .with_attempts(2);
        assert_eq!(
            error.to_string(),
            "the handshake failed after 2 attempts (HTTP 403): 请携带文件编号. The server refuses this request; \
             correct what its message names."
        );
    }
}
