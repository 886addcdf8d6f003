//! The turn among the tabs that upload the same file, as the shell keeps it with a Web Lock.

use super::sys::Tabs;

/// A wait for the turn, and then the turn; dropping it gives it to the next.
pub struct Turn(Tabs);

impl Turn {
    /// Waits for the turn at the file of this `name`. The shell tells the transfer's handle when it has come.
    pub fn new(tabs: Tabs, name: &str) -> Turn {
        tabs.line_up(name);
        Turn(tabs)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.step_back();
    }
}
