//! The steps of a command: which of how many, and how long it has taken.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// One step, from its first line to its last.
#[derive(Debug)]
pub struct Step {
    head: String,
    started: Instant,
}

impl Step {
    /// Says that step `number` of `of` begins.
    pub fn begin(number: usize, of: usize, what: &str) -> Self {
        let head = format!("[{number}/{of}]");
        say(&format!("{head} {what}"));
        Self { head, started: Instant::now() }
    }

    /// Says how far it is: on a terminal in one line that is written over.
    pub fn at(&self, what: &str) {
        let line = format!("{}  {:>4} s  {what}", self.head, self.started.elapsed().as_secs());
        if std::io::stderr().is_terminal() {
            // Cut, or it would wrap, and only its last part would be written over.
            let cut: String = line.chars().take(78).collect();
            eprint!("\r\x1b[2K{cut}");
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("{line}");
        }
    }

    /// Returns how long it has taken.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Says that it is done.
    pub fn done(self, what: &str) {
        let seconds = self.started.elapsed().as_secs_f64();
        say(&format!("{}  {seconds:>4.0} s  {what}", self.head));
    }
}

/// Writes a line, over one that is not finished.
pub fn say(line: &str) {
    let over = if std::io::stderr().is_terminal() { "\r\x1b[2K" } else { "" };
    eprintln!("{over}{line}");
}
