//! Who may work, and with how many requests: one scheduler for all transfers of a page, uploads and downloads.
//!
//! A transfer passes three doors. **Admission**: of thousands, a few dozen are taken into the engine; the others cost
//! their handle. **The turn**: among the tabs that upload the same file, one does ([`Turn`], decision 017). **The queue**
//! of its origin: it begins in the order in which the transfers came, and gets *slots*, the permission for so many
//! requests in flight ([`Queue`], decision 018); what the server refuses (429) is remembered for the origin
//! ([`Refusals`]).
//!
//! [`Scheduled`] is a transfer that works as the scheduler grants it. What it has to say to the [`Scheduler`] are
//! [`Request`]s, what it hears are [`Grant`]s; whoever runs both only carries them back and forth, together with what
//! the scheduler asks of the browser: a Web Lock and a BroadcastChannel for each turn.

mod message;
mod page;
mod queue;
mod refusals;
mod scheduled;

mod transfer;
mod turn;

pub use message::{Direction, Entry, Grant, Message, Request, TransferId, TurnId};
pub use page::{Effect, Input, Scheduler};
pub use queue::Queue;
pub use refusals::Refusals;
pub use scheduled::{Scheduled, ScheduledEffect, ScheduledInput};
pub use transfer::Transfer;
pub use turn::{LockEvent, Turn, TurnEffect};
