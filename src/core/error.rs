//! The one error type: what kind, what was being done, how often it was tried.

use crate::core::text::{text, without_end};
use std::fmt;

/// What went wrong, in the words of the API's error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The request never got an answer.
    Network,
    /// The device has no network.
    Offline,
    /// Nothing moved for longer than `stallTimeout`.
    Stalled,
    /// The server failed, or answered something that is not the protocol.
    Server,
    /// The server said no.
    Rejected,
    /// The file's bytes are not the ones that were hashed.
    FileChanged,
    /// The file could not be read.
    FileUnreadable,
    /// The downloaded resource is another version than the one that was begun.
    ResourceChanged,
    /// What arrived does not have the expected digest.
    DigestMismatch,
    /// The server's ranges cannot be used, and what was asked for needs them.
    RangeUnsupported,
    /// The browser's storage is full.
    Quota,
    /// The result would not fit where it was asked for.
    TooLarge,
    /// This browser, or this version, cannot do it.
    Unsupported,
    /// The page asked to stop.
    Aborted,
    /// The engine itself failed.
    Engine,
}

impl Kind {
    /// Returns the code that JavaScript sees.
    pub fn code(self) -> &'static str {
        match self {
            Kind::Network => "network",
            Kind::Offline => "offline",
            Kind::Stalled => "stalled",
            Kind::Server => "server",
            Kind::Rejected => "rejected",
            Kind::FileChanged => "file-changed",
            Kind::FileUnreadable => "file-unreadable",
            Kind::ResourceChanged => "resource-changed",
            Kind::DigestMismatch => "digest-mismatch",
            Kind::RangeUnsupported => "range-unsupported",
            Kind::Quota => "quota",
            Kind::TooLarge => "too-large",
            Kind::Unsupported => "unsupported",
            Kind::Aborted => "aborted",
            Kind::Engine => "engine",
        }
    }

    /// Tells whether the same call may succeed later without the page changing anything.
    pub fn retryable(self) -> bool {
        match self {
            Kind::Network | Kind::Offline | Kind::Stalled | Kind::Server | Kind::Quota | Kind::Engine => true,
            Kind::Rejected
            | Kind::FileChanged
            | Kind::FileUnreadable
            | Kind::ResourceChanged
            | Kind::DigestMismatch
            | Kind::RangeUnsupported
            | Kind::TooLarge
            | Kind::Unsupported
            | Kind::Aborted => false,
        }
    }

    /// Says what a person or a page can do about it.
    fn advice(self) -> &'static str {
        match self {
            Kind::Network => "Check the connection and, if the server is on another origin, its CORS headers",
            Kind::Offline => "Connect to a network and start it again",
            Kind::Stalled => "Try again, or raise `stallTimeout` for very slow links",
            Kind::Server => "Look at the server's log; what was done is kept, so it can go on later",
            Kind::Rejected => "The server refuses this request; correct what its message names",
            Kind::FileChanged => "Choose the file again to upload its present content",
            Kind::FileUnreadable => "Choose the file again; it may have been moved, deleted or locked",
            Kind::ResourceChanged => "Start the download again to get the new version",
            Kind::DigestMismatch => "Start it again; if it happens again, the source is damaged",
            Kind::RangeUnsupported => {
                "Download it without resuming, or let the server support Range requests"
            }
            Kind::Quota => "Free some storage and go on",
            Kind::TooLarge => "Download it with `to: \"blob\"` instead",
            Kind::Unsupported => "Use another option or browser",
            Kind::Aborted => "Start it again when it is wanted",
            Kind::Engine => "The next call starts a fresh engine",
        }
    }
}

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
    /// What to do about it, where that is more than what its kind says.
    pub advice: Option<String>,
}

impl Error {
    /// Makes an error of `kind` that happened while `doing`.
    pub fn new(kind: Kind, doing: impl Into<String>, detail: impl Into<String>) -> Error {
        Error { kind, doing: doing.into(), detail: detail.into(), status: None, attempts: 0, advice: None }
    }

    /// Says what happened and what to do about it.
    pub fn message(&self) -> String {
        let mut message = text!(self.doing, " failed");
        if self.attempts > 1 {
            message += &text!(" after ", self.attempts, " attempts");
        }
        if let Some(status) = self.status {
            message += &text!(" (HTTP ", status, ")");
        }
        let advice = self.advice.as_deref().unwrap_or(self.kind.advice());
        message + &text!(": ", without_end(&self.detail, '.'), ". ", advice, ".")
    }

    /// Adds the HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: Option<u16>) -> Error {
        self.status = status;
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

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

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
