//! What a server's answer to the handshake or to a chunk means.

use super::wire::{self, Accepts, Answer, Envelope};
use crate::core::clock::Millis;
use crate::core::error::{Error, Kind};
use crate::core::retry::is_transient;

/// The answer to one request, as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After` in ms, where it was readable.
    pub retry_after: Option<Millis>,
    /// The body.
    pub body: Body,
    /// Where it came from, if the request was redirected: origin and path.
    pub redirected: Option<String>,
}

/// The body of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// The protocol's JSON.
    Envelope(Envelope<Answer>),
    /// Anything else: its first characters.
    Other(String),
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    /// The request did what it was for.
    Good(Answer),
    /// The page's credentials are no longer good.
    Unauthorized(Problem),
    /// The server may do it later.
    Busy {
        /// What it said.
        problem: Problem,
        /// How long it asked us to wait, in ms.
        retry_after: Option<Millis>,
        /// It asked for fewer requests (429, 503).
        fewer: bool,
    },
    /// The bytes that arrived do not have the chunk's digest (422).
    Corrupt(Problem),
    /// The server does not know the file (any more).
    Forgotten(Problem),
    /// The body is larger than the server, or something before it, takes (413).
    TooLarge(Problem),
    /// The server says no.
    Refused(Problem),
    /// The answer is not the protocol's, though it came with success.
    Foreign(Problem),
    /// The answer is the protocol's and says success, and what it should bring is missing.
    Incomplete(Problem),
}

/// What an answer says that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `rejected` where the server said no, be it with a proxy's page; else `server`.
    pub kind: Kind,
    /// The HTTP status.
    pub status: u16,
    /// Its message, or the beginning of what it answered instead.
    pub detail: String,
    /// Where it came from, if the request was redirected.
    pub redirected: Option<String>,
}

impl Problem {
    /// Makes it an error that ends the transfer.
    pub fn into_error(self, doing: String, attempts: u32) -> Error {
        let error = Error::new(self.kind, doing, self.detail);
        let error = Error { redirected: self.redirected, ..error };
        error.with_status(Some(self.status)).with_attempts(attempts)
    }
}

impl Response {
    /// Returns what the server says that it accepts, if this is the protocol's answer: one that is silent accepts what
    /// every server does.
    pub fn accepts(&self) -> Option<Accepts> {
        match &self.body {
            Body::Envelope(Envelope { code: wire::OK, accepts, .. }) => Some(accepts.unwrap_or_default()),
            Body::Envelope(Envelope { accepts, .. }) => *accepts,
            Body::Other(_) => None,
        }
    }

    /// Tells what the answer means. Servers of this protocol put failures into the HTTP status, or into `code`
    /// with HTTP 200; both are read, and the status wins where both name a failure.
    pub fn meaning(self) -> Meaning {
        let Response { status, retry_after, body, redirected } = self;
        let succeeded = (200..300).contains(&status);
        let (effective, problem, forgotten) = match body {
            Body::Envelope(Envelope { code: wire::OK, data: Some(Answer::Url(url)), .. })
                if succeeded && url.is_empty() =>
            {
                let detail = "the answer names an empty URL".to_owned();
                return Meaning::Incomplete(Problem { kind: Kind::Server, status, detail, redirected });
            }
            Body::Envelope(Envelope { code: wire::OK, data: Some(answer), .. }) if succeeded => {
                return Meaning::Good(in_our_case(answer));
            }
            Body::Envelope(Envelope { code: wire::OK, data: None, .. }) if succeeded => {
                let detail = "the answer has code 0 but no data".to_owned();
                return Meaning::Incomplete(Problem { kind: Kind::Server, status, detail, redirected });
            }
            Body::Envelope(Envelope { code, msg, data, .. }) => {
                let from_code = u16::try_from(code).ok().filter(|c| (400..600).contains(c)).unwrap_or(400);
                let effective = if succeeded { from_code } else { status };
                let forgotten = msg == wire::msg::UNKNOWN_FILE;
                let kind = if is_transient(effective) { Kind::Server } else { Kind::Rejected };
                // Who says yes in a code of its own, or brings what a success brings.
                let means_yes = succeeded && (code == 200 || data.is_some());
                let detail = match (means_yes, msg.is_empty()) {
                    (true, _) => format!(
                        "the server answered code {code} (“{msg}”); in this protocol success is code 0"
                    ),
                    (false, true) => format!("the server answered code {code} without a message"),
                    (false, false) => msg,
                };
                (effective, Problem { kind, status, detail, redirected }, forgotten)
            }
            Body::Other(start) => {
                let detail = if start.trim_ascii().is_empty() {
                    "the server answered nothing where the protocol's JSON was expected".to_owned()
                } else {
                    format!(
                        "the server answered something other than the protocol's JSON, beginning \"{}\"",
                        start.trim_ascii()
                    )
                };
                let says_no = (400..500).contains(&status) && !is_transient(status);
                let kind = if says_no { Kind::Rejected } else { Kind::Server };
                let problem = Problem { kind, status, detail, redirected };
                if succeeded {
                    return Meaning::Foreign(problem);
                }
                (status, problem, false)
            }
        };
        match effective {
            _ if forgotten => Meaning::Forgotten(problem),
            401 => Meaning::Unauthorized(problem),
            413 => Meaning::TooLarge(problem),
            422 => Meaning::Corrupt(problem),
            _ if is_transient(effective) => {
                Meaning::Busy { problem, retry_after, fewer: matches!(effective, 429 | 503) }
            }
            _ => Meaning::Refused(problem),
        }
    }
}

/// Returns the ids in the case that ours have: some servers answer their own hex, in capitals.
fn in_our_case(answer: Answer) -> Answer {
    match answer {
        Answer::Url(url) => Answer::Url(url),
        Answer::Needed(mut ids) => {
            ids.iter_mut().for_each(|id| id.make_ascii_lowercase());
            Answer::Needed(ids)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(status: u16, code: u32, msg: &str) -> Meaning {
        let body = Body::Envelope(Envelope::failure(code, msg));
        Response { status, retry_after: Some(7), body, redirected: None }.meaning()
    }

    fn other(status: u16, body: &str) -> Meaning {
        let body = Body::Other(body.to_owned());
        Response { status, retry_after: None, body, redirected: Some("https://h/login".to_owned()) }.meaning()
    }

    #[test]
    fn success_needs_status_code_and_data() {
        let data = Answer::Needed(vec![]);
        let good = Envelope::success(data.clone());
        let response = |status| Response {
            status,
            retry_after: None,
            body: Body::Envelope(good.clone()),
            redirected: None,
        };
        assert_eq!(response(200).meaning(), Meaning::Good(data));
        assert!(matches!(response(500).meaning(), Meaning::Busy { .. }));
        assert!(matches!(envelope(200, 0, ""), Meaning::Incomplete(_)));
    }

    #[test]
    fn failures_are_read_from_the_status_and_from_the_code() {
        for (status, code) in [(403, 403), (200, 403), (200, 1), (200, 10_001), (415, 0), (501, 501)] {
            assert!(
                matches!(envelope(status, code, "no"), Meaning::Refused(c) if c.kind == Kind::Rejected),
                "{status} {code}"
            );
        }
        for (status, code) in [(500, 0), (200, 500), (429, 403), (200, 408)] {
            assert!(matches!(envelope(status, code, "later"), Meaning::Busy { .. }), "{status} {code}");
        }
        assert!(matches!(envelope(503, 503, ""), Meaning::Busy { retry_after: Some(7), fewer: true, .. }));
        assert!(matches!(envelope(200, 401, ""), Meaning::Unauthorized(_)));
        assert!(matches!(envelope(422, 422, ""), Meaning::Corrupt(_)));
        assert!(matches!(envelope(200, 403, wire::msg::UNKNOWN_FILE), Meaning::Forgotten(_)));
        assert!(matches!(envelope(404, 403, wire::msg::UNKNOWN_FILE), Meaning::Forgotten(_)));
    }

    #[test]
    fn ids_come_in_any_case() {
        let capitals = Answer::Needed(vec!["D41D8CD98F00B204E9800998ECF8427E".to_owned()]);
        let body = Body::Envelope(Envelope::success(capitals));
        let response = Response { status: 200, retry_after: None, body, redirected: None };
        let ids = vec!["d41d8cd98f00b204e9800998ecf8427e".to_owned()];
        assert_eq!(response.meaning(), Meaning::Good(Answer::Needed(ids)));
    }

    #[test]
    fn who_says_yes_in_another_code_is_told_which_is_right() {
        for (code, data) in
            [(200, None), (1, Some(Answer::Needed(vec![]))), (200, Some(Answer::Url("/f".into())))]
        {
            let body = Body::Envelope(Envelope { data, ..Envelope::failure(code, "success") });
            let meaning = Response { status: 200, retry_after: None, body, redirected: None }.meaning();
            assert!(
                matches!(&meaning, Meaning::Refused(c) if c.detail.contains("success is code 0") && c.detail.contains("“success”")),
                "{meaning:?}"
            );
        }
        assert!(matches!(envelope(200, 1, "满了"), Meaning::Refused(c) if c.detail == "满了"));
    }

    #[test]
    fn what_is_not_the_protocol_is_shown() {
        assert!(
            matches!(other(200, "<!doctype html>"), Meaning::Foreign(c) if c.detail.contains("<!doctype html>"))
        );
        assert!(matches!(other(200, " "), Meaning::Foreign(c) if c.detail.contains("nothing")));
        assert!(
            matches!(other(200, "<form>"), Meaning::Foreign(c) if c.clone().into_error("it".into(), 0).at("/up").message().contains("https://h/login, to which /up was redirected"))
        );
        assert!(
            matches!(other(502, "<h1>Bad Gateway</h1>"), Meaning::Busy { problem, .. } if problem.kind == Kind::Server)
        );
        assert!(
            matches!(other(413, "nope"), Meaning::TooLarge(c) if c.kind == Kind::Rejected && c.status == 413)
        );
        assert!(matches!(envelope(200, 413, "no"), Meaning::TooLarge(c) if c.kind == Kind::Rejected));
    }

    #[test]
    fn a_success_that_says_nothing_accepts_one_at_a_time_and_a_failure_says_nothing() {
        let said = |envelope| {
            Response { status: 200, retry_after: None, body: Body::Envelope(envelope), redirected: None }
                .accepts()
        };
        let six = Accepts { parallel: 6, repeats: true };
        assert_eq!(said(Envelope::success(Answer::Needed(vec![]))), Some(Accepts::default()));
        assert_eq!(said(Envelope { accepts: Some(six), ..Envelope::failure(403, "no") }), Some(six));
        assert_eq!(said(Envelope::failure(503, "")), None);
    }
}
