//! The report of a transfer: what did not go as wished, and how each chunk fared.

use crate::core::clock::Instant;
use crate::core::error::Error;

/// How many events are kept.
const EVENTS: usize = 200;

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What was being done.
    pub doing: String,
    /// What happened.
    pub what: String,
}

/// How many chunks are told of.
const CHUNKS: usize = 1_000;

/// How one chunk fared in this visit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChunkReport {
    /// Its index in the file, from 0.
    pub index: usize,
    /// How often it was sent.
    pub tries: u32,
    /// When it was first sent.
    pub sent: Instant,
    /// When the server was first known to have it.
    pub confirmed: Option<Instant>,
    /// What went wrong last, if anything did.
    pub failure: Option<String>,
}

/// Says what was found, as an event and a chunk's report have it.
pub fn found(error: &Error) -> String {
    match error.status {
        Some(status) => format!("HTTP {status}: {}", error.detail),
        None => error.detail.clone(),
    }
}

/// Tells of the chunks that were sent: of at most a thousand, those that had troubles first.
pub fn tell<T>(chunks: &[T], report: impl Fn(&T) -> &ChunkReport, tell: &mut dyn FnMut(&ChunkReport)) {
    let mut left = CHUNKS;
    for troubled in [true, false] {
        for chunk in chunks.iter().map(&report) {
            if left > 0 && chunk.tries > 0 && chunk.failure.is_some() == troubled {
                left -= 1;
                tell(chunk);
            }
        }
    }
}

/// The latest events, oldest first; the oldest are dropped behind 200.
#[derive(Debug, Default)]
pub struct Report(Vec<Event>);

impl Report {
    /// Notes that something happened at `at`.
    pub fn note(&mut self, doing: String, what: String, at: Instant) {
        if self.0.len() >= EVENTS {
            self.0.remove(0);
        }
        self.0.push(Event { at, doing, what });
    }

    /// Returns the events.
    pub fn events(&self) -> &[Event] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept() {
        let mut report = Report::default();
        (0..250).for_each(|at| report.note(String::new(), String::new(), Instant(at)));
        assert_eq!(report.events().first().map(|event| event.at), Some(Instant(50)));
        assert_eq!(report.events().last().map(|event| event.at), Some(Instant(249)));
    }

    #[test]
    fn of_many_chunks_those_with_troubles_are_told() {
        let chunk = |index| {
            let failure = (index % 100 == 99).then(|| "lost".to_owned());
            ChunkReport { index, tries: 1, sent: Instant(0), confirmed: None, failure }
        };
        let chunks: Vec<ChunkReport> = (0..9000).map(chunk).collect();
        let mut told = Vec::new();
        tell(&chunks, |chunk| chunk, &mut |chunk| told.push(chunk.clone()));
        assert_eq!((told.len(), told.iter().filter(|chunk| chunk.failure.is_some()).count()), (1000, 90));
    }
}
