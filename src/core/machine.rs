//! What every state machine of the core offers to whoever runs it.

use crate::core::clock::Instant;
use crate::core::progress::Progress;

/// A state machine without I/O: inputs come in with the time, effects come out.
///
/// Whoever runs it calls [`Machine::handle`] with each input, carries out what [`Machine::poll`] yields until it yields
/// nothing, and calls again at [`Machine::poll_timeout`] with [`Machine::wake`].
pub trait Machine {
    /// What happened outside.
    type Input;
    /// What it asks for.
    type Effect;

    /// Takes an input at `now`. Every input is taken in every state; what makes no sense there is ignored.
    fn handle(&mut self, input: Self::Input, now: Instant);
    /// Returns the next effect.
    fn poll(&mut self) -> Option<Self::Effect>;
    /// Returns when it wants to be woken; may change after every [`Machine::handle`].
    fn poll_timeout(&self) -> Option<Instant>;
    /// Returns its state and counts at `now`.
    fn progress(&self, now: Instant) -> Progress;

    /// Makes the input that wakes it.
    fn wake() -> Self::Input;
    /// Makes the input that says whether there is a network.
    fn online(online: bool) -> Self::Input;
    /// Makes the input that says that the page is not seen any more; nothing where that makes no difference.
    fn hidden() -> Option<Self::Input> {
        None
    }
}
