//! What an answer, or the lack of one, leads to.

use crate::core::clock::{Instant, Millis};
use crate::core::error::Error;
use crate::core::protocol::RequestId;
use crate::core::protocol::wire::Accepts;
use crate::core::upload::interface::EndpointFact;

/// One thing that is to happen, for whoever has the waits, the pace and the report.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A request sent at this moment was answered, whatever the answer.
    Reached(Instant),
    /// The request with this number was not refused for its credentials.
    Authorized(RequestId),
    /// The request with this number was refused for its credentials. This is the error if no new ones can be had.
    Unauthorized(RequestId, Error),
    /// The endpoint says what it accepts.
    Accepts(Accepts),
    /// A fact of the endpoint has shown, which later uploads go by.
    Learn(EndpointFact),
    /// The server has answered for the first time in this visit, to a handshake sent at this moment: chunks go out now.
    Met(Instant),
    /// The server turns out to have chunks that it was not known to have.
    Gained,
    /// A chunk has arrived.
    Arrived {
        /// Its bytes.
        bytes: u64,
        /// How many requests were in flight until then, with this one.
        in_flight: usize,
    },
    /// So many bytes the server has by now, of which this visit did not send the `reused` ones.
    Confirmed {
        /// All of them.
        bytes: u64,
        /// Those that were there before, or stand in the file more than once.
        reused: u64,
    },
    /// The server loses chunks that come at the same time: no more than one from here on.
    OneAtATime,
    /// A request is not needed any more.
    Cancel(RequestId),
    /// Something failed that costs nothing, or nothing yet; for the report.
    Note(Error),
    /// A request failed, which is charged to the time without progress.
    Charge(Failure),
    /// Nothing failed, but another request at once would be answered in the same way: wait a moment.
    Hold,
    /// The server takes no bodies of this size: cut the file into chunks of so many bytes, and begin anew.
    CutSmaller(u64),
    /// A chunk does not have the digest that an earlier visit left. This is the error if no other file will do.
    NotAsRestored(Error),
    /// The server has the file, under this URL.
    Done(String),
    /// The upload cannot go on.
    Fail(Error),
}

/// A failure that time may mend.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// When the request was sent.
    pub sent: Instant,
    /// How long the server asked to be left alone, in ms.
    pub retry_after: Option<Millis>,
    /// It asked for fewer requests.
    pub fewer: bool,
    /// What failed.
    pub error: Error,
}
