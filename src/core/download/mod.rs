//! A download as a state machine: inputs come in with the time, effects come out, nothing is done here.
//!
//! The driver calls [`Download::handle`] with each [`Input`], carries out what [`Download::poll`] yields **in order**
//! until it yields nothing, and calls again at [`Download::poll_timeout`] with [`Input::Wake`]. Answers to what was
//! cancelled may still come and are ignored.
//!
//! Bytes never come here. The driver does with a body's bytes what [`Effect::Receive`]'s [`BodyCursor`] says and reports
//! how many there were; it reports them ([`Input::Data`]) and carries out what that leads to *before* it waits for the
//! write, so that the machine's cursor and the driver's never differ when a [`Effect::Limit`] or [`Effect::Cancel`] comes.
//!
//! What holds at every step: no byte is written twice, none is asked for behind a known end, and bytes of two
//! versions are never joined. The last rests on strong validators; where an answer has none, bytes are compared:
//! the overlap in front of a continued span, and afterwards both sides of every *seam*, an offset at which two
//! unproven bodies meet.
//!
//! The machine routes (`machine`, `exchange`, and what is shown of it in `view`); what it knows is kept in parts, each
//! of which owns its data and answers with what is to happen: `server` (with `resource` and `tolerance`), `stored`
//! (with `spans` and `seams`), `requests` (with `in_flight` and `bulk`), `page_url`, `slots`, `checkpoint`,
//! `finish`.
//! Three decisions look at several parts: what a good answer means (`answer`), what the end of a request means
//! (`ended`), and what is asked for next (`planner`).
//!
//! [`Download::handle`]: crate::core::machine::Machine::handle
//! [`Download::poll`]: crate::core::machine::Machine::poll
//! [`Download::poll_timeout`]: crate::core::machine::Machine::poll_timeout

mod answer;
mod bulk;
mod checkpoint;
mod config;
mod cursor;
mod effect;
mod ended;
mod exchange;
mod finish;
mod in_flight;
mod input;
mod machine;
mod outcome;
mod page_url;
mod planner;
mod reaction;
mod record;
mod requests;
mod resource;
mod schedule;
mod seams;
mod server;
mod slots;
mod spans;
mod stored;
mod tolerance;
mod view;

#[cfg(test)]
mod tests;

pub use crate::core::pace::Concurrency;
pub use bulk::whole_pieces;
pub use config::{Bulk, Config};
pub use cursor::{BodyCursor, Step};
pub use effect::{Effect, RequestId};
pub use input::{Input, StoreFailure};
pub use machine::Download;
pub use outcome::{Mode, Outcome, Verified};
pub use record::{Record, Restored, VERSION};
