//! When a transfer tries again: what may be tried again, how long to wait before it, and for how long in all.

mod budget;
mod policy;
mod retry_after;
mod state;

pub use budget::Budget;
pub use policy::{Jitter, Policy, is_transient};
pub use retry_after::{MAX_RETRY_AFTER, retry_after};
pub use state::Retry;
