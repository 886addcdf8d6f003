//! What the scheduler wants of a transfer's machine.

use crate::core::clock::Instant;
use crate::core::machine::Machine;

/// A machine that can be scheduled.
pub trait Transfer: Machine {
    /// What an earlier visit left of it.
    type Restored;

    /// Makes the input that begins it.
    fn start(restored: Self::Restored) -> Self::Input;
    /// Makes the input that pauses it.
    fn pause() -> Self::Input;
    /// Makes the input that lets it go on.
    fn resume() -> Self::Input;
    /// Makes the input that ends it.
    fn abort() -> Self::Input;
    /// Makes the input that allows so many requests in flight.
    fn slots(slots: usize) -> Self::Input;
    /// Makes the input that says how many requests the server takes at once; nothing if no number is known.
    fn server_limit(limit: Option<usize>) -> Self::Input;

    /// Returns how many requests it would have in flight at `now` if it were alone; nothing while it prepares.
    fn demand(&self, now: Instant) -> Option<usize>;
    /// Returns how many requests it has in flight.
    fn in_flight(&self) -> usize;
    /// Takes the moment at which a request was sent that the server refused since there were too many.
    fn take_refusal(&mut self) -> Option<Instant>;
    /// Tells whether an effect forgets what is remembered of it between visits.
    fn is_forget(effect: &Self::Effect) -> bool;
}
