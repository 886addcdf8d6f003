//! How long and how large the scenarios of chance are: short by default, long when `cargo xtask soak` asks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::engine::Engine;
use crate::files::MIB;

/// What a run asks for.
#[derive(Debug, Clone, Copy)]
pub struct Soak {
    /// Kills of each kind in Chromium: `E2E_KILLS`, 2 if unset.
    kills: usize,
    /// Kills of each kind in each of the others: `E2E_KILLS_ELSEWHERE`, 2 if unset.
    elsewhere: usize,
    /// Bytes of each file: `E2E_MIB`, 24 if unset.
    pub size: u64,
    /// How long the network stays away: `E2E_OFFLINE` in seconds; `None` if unset.
    pub offline: Option<Duration>,
    /// What chance follows from: `E2E_SEED`, the clock if unset.
    pub seed: u64,
}

impl Soak {
    /// Reads what the environment asks for.
    pub fn read() -> Result<Soak> {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Ok(Soak {
            kills: usize::try_from(number("E2E_KILLS")?.unwrap_or(2))?,
            elsewhere: usize::try_from(number("E2E_KILLS_ELSEWHERE")?.unwrap_or(2))?,
            size: number("E2E_MIB")?.unwrap_or(24) * MIB,
            offline: number("E2E_OFFLINE")?.map(Duration::from_secs),
            seed: number("E2E_SEED")?.unwrap_or(clock),
        })
    }

    /// Returns how many kills `engine` has to bear.
    pub fn kills(&self, engine: Engine) -> usize {
        if engine == Engine::Chromium { self.kills } else { self.elsewhere }
    }
}

/// Chance that can be had again from its seed.
#[derive(Debug)]
pub struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    /// Starts from `seed`.
    pub fn new(seed: u64) -> Dice {
        Dice { seed, thrown: 0 }
    }

    /// Returns a moment below `span`.
    pub fn within(&mut self, span: Duration) -> Duration {
        let mut word = [0; 8];
        faults::generated::Generated(self.seed).fill(self.thrown * 8, &mut word);
        self.thrown += 1;
        span.mul_f64((u64::from_le_bytes(word) >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

fn number(name: &str) -> Result<Option<u64>> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty());
    text.map(|text| text.parse().with_context(|| format!("{name}={text}"))).transpose()
}
