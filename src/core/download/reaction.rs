//! What an answer, or the end of its body, leads to.

use crate::core::clock::Millis;
use crate::core::error::{Error, Kind};
use crate::core::range::Head;

/// What an answer, or the end of its body, leads to. But for [`Reaction::Read`] the request is over.
#[derive(Debug, Clone, PartialEq)]
pub enum Reaction {
    /// Nothing but what is asked for next.
    GoOn,
    /// The body is read, by the request's cursor.
    Read,
    /// The answer cannot be used, for this reason: the same is asked again a few times, and not always in the same way.
    Unusable(&'static str, Error),
    /// No answer came.
    Unanswered(Error),
    /// It failed, and is tried again for as long as the policy allows; not before so many ms, if the server said that.
    Failed(Error, Option<Millis>),
    /// The resource is another version, for this reason.
    Changed(&'static str),
    /// The download fails.
    Fail(Error),
}

impl Reaction {
    /// Makes the reaction to an answer that cannot be used.
    pub fn unusable(why: &'static str, head: &Head) -> Reaction {
        Reaction::Unusable(why, refusal(Kind::Server, why, head))
    }
}

/// Makes the failure of an answer that was not wanted.
pub fn refusal(kind: Kind, why: impl AsRef<str>, head: &Head) -> Error {
    let error = Error::new(kind, "downloading", why).with_status(Some(head.status));
    Error { redirected: head.redirected.clone(), ..error }
}
