//! Why a request brought no answer: what is known of the cause, how often more may be found out, and what helps.

use crate::core::address::{origin_of, without_secrets};
use crate::core::clock::{Instant, Millis};
use crate::core::kind::Kind;
use crate::core::thrown::Thrown;

/// What is known of the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The browser refuses to make such a request: nothing was sent, nor ever will be.
    Unsendable,
    /// The page's own function threw, rejected, or gave something else than was asked for.
    Page,
    /// The page's Content-Security-Policy forbids it.
    Policy,
    /// The bytes that were to be sent could not be read.
    Unreadable,
    /// The answer began, and broke off.
    Cut,
    /// No answer came, and nothing more is known: the browser hides why from a page of another origin.
    Unanswered,
    /// The connection to the page's own origin failed.
    Connection,
    /// Nothing answers at that origin, not even where the browser asks for no permission.
    Unreachable,
    /// The server is there; its answer does not let this page in.
    Cors,
    /// The server lets this page in, and not with these headers or this method.
    Preflight,
    /// The page came over HTTPS and the URL is HTTP.
    MixedContent,
}

impl Cause {
    /// All of them.
    const ALL: [Cause; 11] = [
        Cause::Unsendable,
        Cause::Page,
        Cause::Policy,
        Cause::Unreadable,
        Cause::Cut,
        Cause::Unanswered,
        Cause::Connection,
        Cause::Unreachable,
        Cause::Cors,
        Cause::Preflight,
        Cause::MixedContent,
    ];

    /// Reads such a name.
    pub fn from_name(name: &str) -> Option<Cause> {
        Cause::ALL.into_iter().find(|cause| cause.name() == name)
    }

    /// Returns the name that JavaScript sees.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Unsendable => "unsendable",
            Cause::Page => "page",
            Cause::Policy => "policy",
            Cause::Unreadable => "unreadable",
            Cause::Cut => "cut",
            Cause::Unanswered => "unanswered",
            Cause::Connection => "connection",
            Cause::Unreachable => "unreachable",
            Cause::Cors => "cors",
            Cause::Preflight => "preflight",
            Cause::MixedContent => "mixed-content",
        }
    }

    /// Returns what kind of failure it is.
    pub fn kind(self) -> Kind {
        if self.is_final() { Kind::Rejected } else { Kind::Network }
    }

    /// Tells whether time mends nothing. A function of the page that fails while the device is offline may have asked the
    /// network itself; see [`Loss::is_final`].
    fn is_final(self) -> bool {
        matches!(self, Cause::Unsendable | Cause::Page | Cause::Policy)
    }

    /// Tells whether it was found out by looking, so that a later failure of which less is known says nothing against it.
    pub fn is_finding(self) -> bool {
        matches!(self, Cause::Unreachable | Cause::Cors | Cause::Preflight | Cause::MixedContent)
    }

    /// Says what can be done about it; `url` is what was asked.
    pub fn advice(self, url: &str) -> String {
        let origin = origin_of(url);
        match self {
            Cause::Unsendable => "Correct it; trying again changes nothing".to_owned(),
            Cause::Page => {
                "Correct that function; what it throws with `retryable: true` is tried again".to_owned()
            }
            Cause::Policy => {
                format!("Add {origin} to `connect-src` in the page's Content-Security-Policy")
            }
            Cause::Unreadable => {
                "Choose the file again; it may have been moved, deleted or locked".to_owned()
            }
            Cause::Cut | Cause::Connection => {
                format!("Check the connection, and that {origin} is up")
            }
            Cause::Unanswered => format!(
                "Check the connection, that {origin} is up and, if that is another origin than the page's, its CORS \
                 headers"
            ),
            Cause::Unreachable => {
                "Check that the server is up, its name and port, and that no firewall or extension \
                                   blocks it; `Cross-Origin-Resource-Policy` hides a server, too"
                    .to_owned()
            }
            Cause::Cors => format!(
                "Let {origin} answer with `Access-Control-Allow-Origin` for this page's origin, to OPTIONS, refusals and \
                 proxies' errors, too, and for `credentials: \"include\"` with `Access-Control-Allow-Credentials: true`"
            ),
            Cause::Preflight => format!(
                "Let {origin} answer OPTIONS with 204 and `Access-Control-Allow-Headers` for all that are sent: content-type \
                 in uploads, range in downloads, and the page's own"
            ),
            Cause::MixedContent => {
                format!("Serve {origin} over HTTPS: browsers keep a page that came over HTTPS from asking it")
            }
        }
    }
}

/// A request that brought no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// What is known of the cause.
    pub cause: Cause,
    /// What was found, in words: the browser's, as a rule.
    pub words: String,
    /// What was thrown, if anything was.
    pub source: Option<Thrown>,
    /// How long the cause was looked for after the request had failed, in ms.
    pub looked: Millis,
}

impl Loss {
    /// Makes a loss; what a URL in `words` may not show is taken out of them.
    pub fn new(cause: Cause, words: impl AsRef<str>) -> Loss {
        Loss::made(cause, words.as_ref())
    }

    // Once, and not for each kind of text.
    fn made(cause: Cause, words: &str) -> Loss {
        Loss { cause, words: without_secrets(words), source: None, looked: 0 }
    }

    /// Makes the loss of what was thrown, in that one's own words.
    pub fn thrown(cause: Cause, thrown: Thrown) -> Loss {
        Loss::made(cause, &thrown.to_string()).with_source(thrown)
    }

    /// Adds what was thrown.
    #[must_use]
    pub fn with_source(mut self, source: Thrown) -> Loss {
        self.source = Some(source);
        self
    }

    /// Tells whether it ends the transfer, `offline` or not.
    pub fn is_final(&self, offline: bool) -> bool {
        self.cause.is_final() && !(offline && self.cause == Cause::Page)
    }
}

impl From<&str> for Loss {
    fn from(words: &str) -> Loss {
        Loss::new(Cause::Unanswered, words)
    }
}

impl From<String> for Loss {
    fn from(words: String) -> Loss {
        Loss::new(Cause::Unanswered, words)
    }
}

impl From<Thrown> for Loss {
    fn from(thrown: Thrown) -> Loss {
        Loss::thrown(Cause::Unanswered, thrown)
    }
}

/// How long after the first look there may be a second and a third one, in ms.
const APART: [Millis; 2] = [10_000, 120_000];

/// How often a transfer may look for the cause of a failure, which costs a request or two: thrice, and not at once again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Looks {
    made: usize,
    last: Instant,
}

impl Looks {
    /// Tells whether there may be one at `now`, and takes it.
    pub fn take(&mut self, now: Instant) -> bool {
        let free = match self.made.checked_sub(1) {
            None => true,
            Some(earlier) => APART.get(earlier).is_some_and(|apart| now.since(self.last) >= *apart),
        };
        if free {
            self.made += 1;
            self.last = now;
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_never_be_sent_ends_the_transfer() {
        for (cause, online, offline) in [
            (Cause::Unsendable, true, true),
            (Cause::Policy, true, true),
            // It may have asked for a token, of a network that is not there.
            (Cause::Page, true, false),
            (Cause::Cors, false, false),
            (Cause::Unanswered, false, false),
        ] {
            let loss = Loss::new(cause, "");
            assert_eq!((loss.is_final(false), loss.is_final(true)), (online, offline), "{cause:?}");
            assert_eq!(cause.kind() == Kind::Rejected, online);
        }
    }

    #[test]
    fn no_advice_shows_a_secret() {
        for cause in [Cause::Policy, Cause::Cors, Cause::Preflight, Cause::Connection, Cause::MixedContent] {
            let advice = cause.advice("https://u:secret@host:1/a?sig=secret");
            assert!(advice.contains("https://host:1") && !advice.contains("secret"), "{advice}");
        }
        assert_eq!(Loss::from("at https://u:p@h/?s").words, "at https://h/");
    }

    #[test]
    fn a_transfer_looks_three_times_and_not_at_once_again() {
        let mut looks = Looks::default();
        let taken: Vec<_> =
            (0..1_000).map(|s| Instant(s * 1_000)).filter(|now| looks.take(*now)).map(|now| now.0).collect();
        assert_eq!(taken, [0, 10_000, 130_000]);
    }
}
