//! What the page is told: monotone byte counts, a smoothed speed, the time left.

use crate::core::cause::Cause;
use crate::core::clock::{Instant, Millis};
use crate::core::error::{Error, Kind};

/// The span over which speed is measured, in ms.
const WINDOW: Millis = 8_000;
/// Samples closer together than this are joined, in ms.
const GRAIN: Millis = 100;

/// Measures the speed of this visit's bytes over a sliding window.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    /// (moment, bytes by then), oldest first.
    samples: Vec<(Instant, u64)>,
    bytes: u64,
}

impl Meter {
    /// Starts, or starts again after a pause: the time before `now` no longer counts.
    pub fn start(&mut self, now: Instant) {
        self.samples.clear();
        self.samples.push((now, self.bytes));
    }

    /// Notes `bytes` more.
    pub fn add(&mut self, bytes: u64, now: Instant) {
        if self.samples.is_empty() {
            self.start(now);
        }
        self.bytes += bytes;
        let joined = self.samples.len() > 1
            && self.samples.iter().nth_back(1).is_some_and(|(t, _)| now.since(*t) < GRAIN);
        if joined && let Some(last) = self.samples.last_mut() {
            *last = (last.0.max(now), self.bytes);
        } else {
            self.samples.push((now, self.bytes));
        }
        while self.samples.len() > 2 && self.samples.get(1).is_some_and(|(t, _)| now.since(*t) >= WINDOW) {
            self.samples.remove(0);
        }
    }

    /// Returns the speed at `now` in bytes/s, 0 while nothing is known.
    pub fn speed(&self, now: Instant) -> f64 {
        let Some((since, before)) = self.samples.first() else { return 0.0 };
        let span = now.since(*since);
        if span == 0 { 0.0 } else { (self.bytes - before) as f64 * 1000.0 / span as f64 }
    }

    /// Returns the speed at `now` in bytes/s, once it was measured long enough to mean something.
    pub fn measured(&self, now: Instant) -> Option<f64> {
        let long_enough = self.samples.first().is_some_and(|(since, _)| now.since(*since) >= 2 * GRAIN);
        Some(self.speed(now)).filter(|speed| long_enough && *speed > 0.0)
    }

    /// Returns the seconds that `left` more bytes take, or nothing while the speed is unknown.
    pub fn eta(&self, left: u64, now: Instant) -> Option<f64> {
        let speed = self.speed(now);
        if left == 0 {
            Some(0.0)
        } else if speed > 0.0 {
            Some(left as f64 / speed)
        } else {
            None
        }
    }
}

/// The state of a transfer, as the page sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Not begun.
    Queued,
    /// Reading and hashing the file (uploads only).
    Hashing,
    /// Asking the server what it has, or what the resource is.
    Negotiating,
    /// Bytes are moving.
    Transferring,
    /// All bytes are there; the end is being confirmed or the digest checked.
    Finishing,
    /// Stopped by the page, to go on later.
    Paused,
    /// Offline, or backing off after a failure.
    Waiting,
    /// Ended well.
    Done,
    /// Ended with an error.
    Failed,
    /// Ended by the page.
    Aborted,
}

impl State {
    /// All of them.
    pub const ALL: [State; 10] = [
        State::Queued,
        State::Hashing,
        State::Negotiating,
        State::Transferring,
        State::Finishing,
        State::Paused,
        State::Waiting,
        State::Done,
        State::Failed,
        State::Aborted,
    ];

    /// Reads such a name.
    pub fn from_name(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Returns the name that JavaScript sees.
    pub fn name(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Hashing => "hashing",
            State::Negotiating => "negotiating",
            State::Transferring => "transferring",
            State::Finishing => "finishing",
            State::Paused => "paused",
            State::Waiting => "waiting",
            State::Done => "done",
            State::Failed => "failed",
            State::Aborted => "aborted",
        }
    }

    /// Tells whether nothing comes after it.
    pub fn is_final(self) -> bool {
        matches!(self, State::Done | State::Failed | State::Aborted)
    }
}

/// Why a transfer waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// For the network to come back.
    Network,
    /// Until a moment, after a failure or because the server asked for it.
    Backoff {
        /// When it goes on.
        until: Instant,
    },
    /// For another tab, which has the turn at the same file.
    OtherTab,
}

/// What failed before a transfer had to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What went wrong.
    pub kind: Kind,
    /// Why there was no answer, where that is known.
    pub cause: Option<Cause>,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// What happened, and what to do about it.
    pub message: String,
}

impl From<&Error> for Trouble {
    fn from(error: &Error) -> Trouble {
        Trouble { kind: error.kind, cause: error.cause, status: error.status, message: error.message() }
    }
}

/// One reading of a transfer's counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// The state.
    pub state: State,
    /// The size in bytes, where it is known.
    pub total: Option<u64>,
    /// Bytes hashed (uploads).
    pub hashed: u64,
    /// Bytes of chunks that the server answered for in this visit, those of repeated attempts too; for a download, bytes
    /// received.
    pub sent: u64,
    /// Bytes the other side has (upload) or that are stored here (download); never goes back.
    pub confirmed: u64,
    /// The part of `confirmed` that did not have to be moved in this visit.
    pub reused: u64,
    /// Bytes/s, smoothed, of this visit.
    pub speed: f64,
    /// Seconds left, where it can be told.
    pub eta: Option<f64>,
    /// Why it waits, if it does.
    pub waiting_for: Option<Wait>,
    /// What failed before it had to wait.
    pub trouble: Option<Trouble>,
}

/// How far a tab is that works on a file, as it tells the tabs that wait for it.
#[derive(Debug, Clone, PartialEq)]
pub struct TabProgress {
    /// The state.
    pub state: State,
    /// Bytes hashed.
    pub hashed: u64,
    /// Bytes the server has.
    pub confirmed: u64,
    /// Bytes/s, smoothed.
    pub speed: f64,
    /// Seconds left, where it can be told.
    pub eta: Option<f64>,
    /// Why it waits, if it does.
    pub waiting_for: Option<Wait>,
    /// What failed before it had to wait.
    pub trouble: Option<Trouble>,
}

impl From<&Progress> for TabProgress {
    fn from(progress: &Progress) -> TabProgress {
        TabProgress {
            state: progress.state,
            hashed: progress.hashed,
            confirmed: progress.confirmed,
            speed: progress.speed,
            eta: progress.eta,
            waiting_for: progress.waiting_for,
            trouble: progress.trouble.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_of_the_last_seconds() {
        let mut meter = Meter::default();
        assert_eq!(meter.speed(Instant(5)), 0.0);
        assert_eq!(meter.eta(5, Instant(5)), None);
        assert_eq!(meter.measured(Instant(5)), None);
        meter.start(Instant(0));
        for second in 1..=60 {
            meter.add(if second <= 30 { 1_000_000 } else { 3_000_000 }, Instant(second * 1000));
        }
        assert_eq!(meter.speed(Instant(60_000)), 3e6);
        assert_eq!(meter.measured(Instant(60_000)), Some(3e6));
        assert_eq!(meter.eta(6_000_000, Instant(60_000)), Some(2.0));
        assert_eq!(meter.eta(0, Instant(60_000)), Some(0.0));
        // While nothing moves the speed sinks.
        assert!(meter.speed(Instant(90_000)) < 1e6);
        // A pause is not counted.
        meter.start(Instant(1_000_000));
        meter.add(500_000, Instant(1_000_500));
        assert_eq!(meter.speed(Instant(1_000_500)), 1e6);
    }

    #[test]
    fn many_samples_are_joined() {
        let mut meter = Meter::default();
        for ms in 0..100_000 {
            meter.add(10, Instant(ms));
        }
        assert!(meter.samples.len() < 200, "{}", meter.samples.len());
        assert!((meter.speed(Instant(100_000)) - 10_000.0).abs() < 200.0);
    }
}
