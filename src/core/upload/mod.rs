//! An upload as a state machine: inputs come in with the time, effects come out, nothing is done here.
//!
//! The driver calls [`Upload::handle`] with each [`Input`], carries out what [`Upload::poll`] yields until it yields
//! nothing, and calls again at [`Upload::poll_timeout`] with [`Input::Wake`]. Every effect that asks for something
//! has one input that answers it; answers to what was cancelled may still come and are ignored.
//!
//! [`Upload`] routes: it has the phase, the waits, the pace and the report, and makes effects. Its `exchange` has the
//! chunks and the requests in flight, and says by steps what each answer leads to. What goes over the wire is made and
//! read by [`crate::core::protocol`].
//!
//! What holds at every step: a chunk is in one state; an acknowledged chunk is sent again only on the word of an
//! answer to a request sent after the acknowledgement; the upload is done when the server names a URL.

mod config;
mod effect;
mod exchange;
mod input;
mod machine;
mod schedule;
mod steps;

pub use crate::core::pace::Concurrency;
pub use crate::core::protocol::{Body, Naming, Request, RequestId, Response};
pub use config::{Config, Vouched};
pub use effect::{Checkpoint, Effect, EndpointFact, Outcome};
pub use input::{Input, Restored};
pub use machine::Upload;
