//! The workers of this engine: where they come from, how they are spoken to, how they end. What work they do is not
//! known here, except for alarms: a worker's timer rings for a page that is hidden.

mod lifecycle;
mod worker;

pub use lifecycle::{Events, all, are_none, ask_for_one, dismiss_later, set_source, start_own, why_none};
pub use worker::{Message, Worker, hand_page, hear, message, serve, tell_page};
