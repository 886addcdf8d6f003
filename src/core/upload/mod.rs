//! An upload as a state machine: inputs come in with the time, effects come out, nothing is done here.
//!
//! It is driven as [`Machine`](crate::core::machine::Machine) says. Every effect that asks for something has one input
//! that answers it; answers to what was cancelled may still come and are ignored.
//!
//! [`Upload`] routes: it has the phase, the waits, the pace and the report, and makes effects. Its `exchange` has the
//! chunks and the requests in flight, and says by steps what each answer leads to. What goes over the wire is made and
//! read by [`crate::core::protocol`].
//!
//! What holds at every step: a chunk is in one state; an acknowledged chunk is sent again only on the word of an
//! answer to a request sent after the acknowledgement; the upload is done when the server names a URL.

mod exchange;
mod interface;
mod machine;
mod schedule;
mod steps;

pub use crate::core::pace::Concurrency;
pub use crate::core::protocol::{Body, Naming, Request, RequestId, Response};
pub use interface::{Checkpoint, Config, Effect, EndpointFact, Input, Outcome, Restored, Vouched};
pub use machine::Upload;
