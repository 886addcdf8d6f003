//! What the wire lets through: weather, speed, and cuts.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// What the wire does to everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Lets it through.
    Clear,
    /// Resets every connection, old and new: the network is gone and says so.
    Refuse,
    /// Takes connections and lets nothing through: the network is gone and says nothing.
    BlackHole,
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// From the browser to the server.
    Up,
    /// From the server to the browser.
    Down,
}

/// A connection to be reset in the middle of a body.
#[derive(Debug, Clone)]
pub struct Cut {
    /// The request's method.
    pub method: &'static str,
    /// What its target contains.
    pub target: String,
    /// The body that is cut.
    pub side: Side,
    /// How many of the body's bytes still go through.
    pub after: u64,
}

#[derive(Debug)]
pub(super) struct Gate {
    weather: watch::Sender<Weather>,
    settings: Mutex<Settings>,
}

#[derive(Debug, Default)]
struct Settings {
    cuts: Vec<Cut>,
    delay: Duration,
    rate: Option<u64>,
    /// When what was let through so far is over, at `rate`.
    busy_until: Option<Instant>,
}

impl Default for Gate {
    fn default() -> Self {
        Gate { weather: watch::Sender::new(Weather::Clear), settings: Mutex::default() }
    }
}

impl Gate {
    pub(super) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    pub(super) fn limit(&self, rate: Option<u64>) {
        self.settings().rate = rate;
    }

    pub(super) fn hold(&self, delay: Duration) {
        self.settings().delay = delay;
    }

    pub(super) fn arm(&self, cut: Cut) {
        self.settings().cuts.push(cut);
    }

    pub(super) fn armed(&self) -> usize {
        self.settings().cuts.len()
    }

    /// Takes the cut meant for a request, if there is one.
    pub(super) fn take_cut(&self, method: &str, target: &str) -> Option<Cut> {
        let mut settings = self.settings();
        let at = settings.cuts.iter().position(|cut| cut.method == method && target.contains(&cut.target))?;
        Some(settings.cuts.remove(at))
    }

    pub(super) fn delay(&self) -> Duration {
        self.settings().delay
    }

    /// Returns the largest run to pass at once, so that a limited rate flows and does not jump.
    pub(super) fn stride(&self) -> u64 {
        self.settings().rate.map_or(u64::MAX, |rate| (rate / 50).clamp(1, 256 << 10))
    }

    /// Waits until `bytes` may pass: not in a black hole, and not faster than the rate.
    pub(super) async fn pass(&self, bytes: u64) {
        let mut weather = self.weather.subscribe();
        let _ = weather.wait_for(|now| *now != Weather::BlackHole).await;
        let until = {
            let mut settings = self.settings();
            let Some(rate) = settings.rate else { return };
            let now = Instant::now();
            let start = settings.busy_until.unwrap_or(now).max(now);
            let until = start + Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64);
            settings.busy_until = Some(until);
            until
        };
        tokio::time::sleep_until(until).await;
    }

    /// Waits until connections are refused.
    pub(super) async fn refused(&self) {
        let mut weather = self.weather.subscribe();
        let _ = weather.wait_for(|now| *now == Weather::Refuse).await;
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
