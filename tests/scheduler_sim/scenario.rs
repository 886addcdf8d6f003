//! What happens in some tabs: drawn from a seed, and made smaller when it breaks something.

use super::random::Random;

/// Some tabs with their transfers, beforehand.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Where every other random choice starts: latencies, jitter, order.
    pub seed: u64,
    pub tabs: Vec<Tab>,
    /// How many requests of one tab the server takes at once.
    pub takes: usize,
    /// How many chunks the server says that it takes of one file.
    pub parallel: usize,
    /// So many of a hundred requests are lost.
    pub lossy: u64,
    /// What happens when, in ms.
    pub turns: Vec<(u64, Turn)>,
}

/// A tab, beforehand.
#[derive(Debug, Clone)]
pub struct Tab {
    pub works: Vec<Work>,
    pub locks: Locks,
    /// Messages of this tab arrive elsewhere, and those of others here.
    pub channels: bool,
}

/// What a tab's browser makes of Web Locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locks {
    Good,
    /// There are none.
    None,
    /// It never answers.
    Silent,
}

/// One transfer of a tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Upload {
        /// Which of the files.
        file: usize,
        /// One tab at a time uploads it.
        exclusive: bool,
        /// `concurrency`, if the page says so.
        fixed: Option<usize>,
    },
    Download {
        pieces: u64,
    },
}

/// What happens at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The page pauses a transfer of a tab, by its place among the tab's.
    Pause(usize, usize),
    Resume(usize, usize),
    Abort(usize, usize),
    /// The tab's process ends; it is opened again, and does the same.
    Crash(usize),
    /// The tab is closed.
    Close(usize),
    /// Nothing runs in the tab for so many ms.
    Freeze(usize, u64),
}

/// How many chunks each file has.
pub const FILES: [usize; 4] = [1, 3, 6, 12];

impl Scenario {
    /// Draws a scenario.
    pub fn draw(seed: u64) -> Scenario {
        let mut random = Random::new(seed);
        let r = &mut random;
        let count = r.pick(1..4) as usize;
        let tabs: Vec<Tab> = (0..count)
            .map(|_| {
                let most = r.of(&[2, 2, 3, 3, 4, 5, 8, 8, 12, 40]);
                Tab {
                    works: (0..r.pick(1..most)).map(|_| work(r)).collect(),
                    locks: r.of(&[
                        Locks::Good,
                        Locks::Good,
                        Locks::Good,
                        Locks::Good,
                        Locks::None,
                        Locks::Silent,
                    ]),
                    channels: r.chance(90),
                }
            })
            .collect();
        let mut turns = Vec::new();
        for _ in 0..r.of(&[0, 0, 1, 3, 6]) {
            let span = r.of(&[200, 3_000, 20_000]);
            let at = r.pick(0..span);
            let tab = r.pick(0..tabs.len() as u64) as usize;
            let place = r.pick(0..tabs[tab].works.len() as u64) as usize;
            match r.pick(0..10) {
                0..=3 => {
                    turns.push((at, Turn::Pause(tab, place)));
                    if r.chance(80) {
                        turns.push((at + r.pick(1..20_000), Turn::Resume(tab, place)));
                    }
                }
                4 => turns.push((at, Turn::Abort(tab, place))),
                5 | 6 => turns.push((at, Turn::Crash(tab))),
                7 => turns.push((at, Turn::Close(tab))),
                _ => turns.push((at, Turn::Freeze(tab, r.of(&[100, 5_000, 40_000])))),
            }
        }
        turns.sort_by_key(|(at, _)| *at);
        Scenario {
            seed,
            tabs,
            takes: r.of(&[100, 100, 100, 1, 2, 4]),
            parallel: r.of(&[1, 6, 6]),
            lossy: r.of(&[0, 0, 5]),
            turns,
        }
    }

    /// Returns smaller scenarios, each with one thing less.
    pub fn smaller(&self) -> Vec<Scenario> {
        let mut all = Vec::new();
        let mut with = |change: &dyn Fn(&mut Scenario)| {
            let mut copy = self.clone();
            change(&mut copy);
            all.push(copy);
        };
        for i in 0..self.turns.len() {
            with(&|s| _ = s.turns.remove(i));
        }
        for (i, tab) in self.tabs.iter().enumerate() {
            if tab.works.len() > 1 {
                with(&|s| s.tabs[i].works.truncate(tab.works.len() / 2));
                with(&|s| _ = s.tabs[i].works.pop());
            }
            if tab.locks != Locks::Good {
                with(&|s| s.tabs[i].locks = Locks::Good);
            }
            if !tab.channels {
                with(&|s| s.tabs[i].channels = true);
            }
        }
        if self.tabs.len() > 1 && self.turns.is_empty() {
            with(&|s| _ = s.tabs.pop());
        }
        if self.takes < 100 {
            with(&|s| s.takes = 100);
        }
        if self.lossy > 0 {
            with(&|s| s.lossy = 0);
        }
        all
    }
}

fn work(r: &mut Random) -> Work {
    if r.chance(30) {
        return Work::Download { pieces: r.of(&[1, 2, 9]) };
    }
    Work::Upload {
        file: r.pick(0..FILES.len() as u64) as usize,
        exclusive: r.chance(60),
        fixed: if r.chance(15) { Some(r.pick(1..8) as usize) } else { None },
    }
}
