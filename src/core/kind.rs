//! What kinds of failure there are.

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
    /// The server said no, or the request can never be sent.
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
    /// All of them.
    const ALL: [Kind; 15] = [
        Kind::Network,
        Kind::Offline,
        Kind::Stalled,
        Kind::Server,
        Kind::Rejected,
        Kind::FileChanged,
        Kind::FileUnreadable,
        Kind::ResourceChanged,
        Kind::DigestMismatch,
        Kind::RangeUnsupported,
        Kind::Quota,
        Kind::TooLarge,
        Kind::Unsupported,
        Kind::Aborted,
        Kind::Engine,
    ];

    /// Reads such a code.
    pub fn from_code(code: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.code() == code)
    }

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
    pub(super) fn advice(self) -> &'static str {
        match self {
            Kind::Network => "Check the connection and whether the server is up",
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
            Kind::TooLarge => "Download it with `to: \"file\"` instead",
            Kind::Unsupported => "Use another option or browser",
            Kind::Aborted => "Start it again when it is wanted",
            Kind::Engine => "The next call starts a fresh engine",
        }
    }
}
