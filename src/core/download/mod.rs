//! A download as a state machine: inputs come in with the time, effects come out, nothing is done here.
//!
//! The driver calls [`Download::handle`] with each [`Input`], carries out what [`Download::poll`] yields **in order**
//! until it yields nothing, and calls again at [`Download::poll_timeout`] with [`Input::Wake`]. Answers to what was
//! cancelled may still come and are ignored.
//!
//! Bytes never come here. The driver does with a body's bytes what [`Effect::Receive`]'s [`BodyCursor`] says and
//! reports how many there were; it reports them ([`Input::Data`]) and carries out what that leads to *before* it waits
//! for the write, so that the machine's cursor and the driver's never differ when a [`Effect::Limit`] or
//! [`Effect::Cancel`] comes.
//!
//! What holds at every step: no byte is written twice, none is asked for behind a known end, and bytes of two
//! versions are never joined. The last rests on strong validators; where an answer has none, bytes are compared:
//! the overlap in front of a continued span, and afterwards both sides of every *seam*, an offset at which two
//! unproven bodies meet.
//!
//! The machine routes (`machine`, `exchange`, and what is shown of it in `view`); what it knows is kept in parts, each
//! of which owns its data and answers with what is to happen: `server` (with `resource` and `tolerance`), `stored`
//! (with `spans`), `requests` (with `cursor` and `bulk`), `slots`, `checkpoint`, `finish`. Two decisions look at
//! several parts and belong to none: what an answer or its end means (`answers`), and what is asked for next
//! (`planner`).
//!
//! [`Download::handle`]: crate::core::machine::Machine::handle
//! [`Download::poll`]: crate::core::machine::Machine::poll
//! [`Download::poll_timeout`]: crate::core::machine::Machine::poll_timeout

mod answers;
mod bulk;
mod checkpoint;
mod config;
mod cursor;
mod exchange;
mod finish;
mod machine;
mod messages;
mod planner;
mod record;
mod requests;
mod resource;
mod schedule;
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
pub use machine::Download;
pub use messages::{Effect, Input, Mode, Outcome, RequestId, StoreFailure, Verified};
pub use record::{Record, Restored, VERSION};
