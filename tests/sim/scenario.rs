//! What happens to one upload: drawn from a seed, and made smaller when it breaks something.

use super::random::Random;
use super::server::Habits;
use xuchuan::core::protocol::wire::Accepts;
use xuchuan::core::upload::{Concurrency, Naming};

/// One upload's world, beforehand.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Where every other random choice starts: latencies, jitter, order.
    pub seed: u64,
    /// The file: each byte stands for one chunk's content; the last may be shorter.
    pub file: Vec<u8>,
    /// The length of the last chunk, 1 to [`CHUNK`].
    pub tail: usize,
    /// How many bytes the machine takes one of the file's for: time limits follow from sizes.
    pub scale: u64,
    /// How the page asks for chunks to be named, if it does.
    pub naming: Option<Naming>,
    pub concurrency: Concurrency,
    pub budget: u64,
    /// `retry: false`.
    pub never: bool,
    pub can_refresh: bool,
    pub habits: Habits,
    /// What happens to the first, second, … request.
    pub fates: Vec<Fate>,
    /// What happens to all later ones.
    pub forever: Fate,
    /// What happens when, in ms.
    pub turns: Vec<(u64, Turn)>,
}

/// A chunk's size in the simulation, in bytes.
pub const CHUNK: usize = 64;
/// `stall_timeout` in the simulation, in ms.
pub const STALL: u64 = 30_000;

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Fine,
    /// It takes long, but arrives.
    Slow(u64),
    LostBefore,
    LostAfter,
    /// Neither an answer nor an error; with the work done, or not.
    Hole {
        worked: bool,
    },
    /// The answer begins, and then nothing more comes.
    Head,
    /// A gateway's page, with the work done or not.
    Page {
        status: u16,
        worked: bool,
    },
    /// `Retry-After` in ms.
    Later {
        status: u16,
        after: u64,
    },
    /// HTTP 200 and a code that says no.
    Refuse(u32),
    /// HTTP 200 and something else than the protocol.
    Foreign,
    /// Other bytes arrive than were sent.
    Garble,
}

/// What happens at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Pause,
    Resume,
    Abort,
    /// The network goes; the browser says so or not.
    Down {
        told: bool,
    },
    Up {
        told: bool,
    },
    /// The browser says something for no reason.
    Rumour(bool),
    /// The server restarts and keeps its chunks or not.
    Restart {
        keeps: bool,
    },
    Wipe,
    /// Another client brings the file.
    Other,
    /// The page's credentials expire.
    Expire,
    /// The file on disk is another from now on.
    Change,
    Unreadable,
    /// Inputs come that nothing asked for.
    Noise,
    /// The clock jumps.
    Sleep(u64),
    Crash,
}

impl Scenario {
    /// Draws a scenario.
    pub fn draw(seed: u64) -> Scenario {
        let mut random = Random::new(seed);
        let r = &mut random;
        let count = if r.chance(5) { 0 } else { r.pick(1..13) };
        let kinds = r.of(&[1, 3, 200]);
        let file: Vec<u8> = (0..count).map(|_| r.pick(0..kinds) as u8).collect();
        let width = r.pick(1..7) as usize;
        let faulty = r.of(&[0, 10, 30, 60]);
        let length = if faulty == 0 { 0 } else { r.pick(0..30) };
        let fates = (0..length).map(|_| if r.chance(faulty) { fate(r) } else { Fate::Fine }).collect();
        let forever = if r.chance(10) { fate(r) } else { Fate::Fine };
        let mut turns: Vec<(u64, Turn)> = Vec::new();
        for _ in 0..r.of(&[0, 0, 0, 1, 2, 5]) {
            let at = r.of(&[500, 5_000, 60_000, 600_000]);
            let at = r.pick(0..at);
            let span = r.of(&[100, 5_000, 100_000, 3_000_000]);
            turn(r, at, span, &mut turns);
        }
        turns.sort_by_key(|(at, _)| *at);
        Scenario {
            seed,
            file,
            // At this scale a chunk has 4 MiB, and what it is cut into by a server that refuses it whole bytes here.
            scale: r.of(&[1, 1, 1 << 16]),
            tail: r.pick(1..CHUNK as u64 + 1) as usize,
            naming: r.of(&[None, None, Some(Naming::Md5), Some(Naming::Md5Index)]),
            concurrency: if r.chance(50) { Concurrency::Fixed(width) } else { Concurrency::Auto(width) },
            budget: r.of(&[20_000, 60_000, 600_000]),
            never: r.chance(3),
            can_refresh: r.chance(85),
            habits: habits(r),
            fates,
            forever,
            turns,
        }
    }

    /// Tells whether nothing goes wrong in it.
    pub fn is_peaceful(&self) -> bool {
        let fine = |fate: &Fate| *fate == Fate::Fine;
        let Habits { racy, forgets, largest, .. } = self.habits;
        !racy
            && forgets == 0
            && largest.is_none()
            && self.fates.iter().all(fine)
            && fine(&self.forever)
            && self.turns.is_empty()
    }

    /// Tells whether some request meets a fate of this kind.
    pub fn has(&self, kind: fn(&Fate) -> bool) -> bool {
        self.fates.iter().any(kind) || kind(&self.forever)
    }

    /// Tells whether some turn is of this kind.
    pub fn turns_to(&self, kind: fn(&Turn) -> bool) -> usize {
        self.turns.iter().filter(|(_, turn)| kind(turn)).count()
    }

    /// Returns smaller scenarios, each with one thing less.
    pub fn smaller(&self) -> Vec<Scenario> {
        let mut all = Vec::new();
        let mut with = |change: &dyn Fn(&mut Scenario)| {
            let mut copy = self.clone();
            change(&mut copy);
            all.push(copy);
        };
        if !self.fates.is_empty() {
            with(&|s| s.fates.truncate(s.fates.len() / 2));
            with(&|s| s.fates.truncate(s.fates.len() - 1));
        }
        if self.forever != Fate::Fine {
            with(&|s| s.forever = Fate::Fine);
        }
        for i in 0..self.turns.len() {
            with(&|s| _ = s.turns.remove(i));
        }
        for i in 0..self.fates.len() {
            if self.fates[i] != Fate::Fine {
                with(&|s| s.fates[i] = Fate::Fine);
            }
            with(&|s| _ = s.fates.remove(i));
        }
        if !self.file.is_empty() {
            with(&|s| _ = s.file.pop());
        }
        if self.concurrency != Concurrency::Fixed(1) {
            with(&|s| s.concurrency = Concurrency::Fixed(1));
        }
        for (on, off) in [
            (self.scale > 1, (|s| s.scale = 1) as fn(&mut Scenario)),
            (self.naming.is_some(), |s| s.naming = None),
            (self.habits.racy, |s| s.habits.racy = false),
            (self.habits.largest.is_some(), |s| s.habits.largest = None),
            (self.habits.hides_refusals, |s| s.habits.hides_refusals = false),
            (self.habits.plain_only, |s| s.habits.plain_only = false),
            (self.habits.forgets > 0, |s| s.habits.forgets -= 1),
            (self.habits.accepts.is_some(), |s| s.habits.accepts = None),
            (self.never, |s| s.never = false),
            (self.habits.always_200, |s| s.habits.always_200 = false),
            (self.habits.empty_once, |s| s.habits.empty_once = false),
            (self.habits.eager, |s| s.habits.eager = false),
        ] {
            if on {
                with(&off);
            }
        }
        all
    }

    /// Tells whether its server gets one request at a time: the page does not say how many, nor does the server.
    pub fn is_sequential(&self) -> bool {
        let said = self.habits.accepts.unwrap_or_default().parallel;
        match self.concurrency {
            Concurrency::Fixed(page) => page == 1,
            Concurrency::Auto(most) => said.min(most) == 1,
        }
    }
}

fn habits(r: &mut Random) -> Habits {
    let said = Accepts { parallel: r.pick(1..8) as usize, repeats: r.chance(50) };
    Habits {
        always_200: r.chance(40),
        empty_once: r.chance(20),
        eager: r.chance(50),
        accepts: if r.chance(60) { Some(said) } else { None },
        racy: r.chance(20),
        plain_only: r.chance(10),
        forgets: r.of(&[0, 0, 0, 0, 1, 2, 5]),
        largest: r.of(&[None, None, None, None, Some(20), Some(10), Some(4)]),
        hides_refusals: r.chance(50),
    }
}

fn fate(r: &mut Random) -> Fate {
    let worked = r.chance(50);
    match r.pick(0..14) {
        0 => Fate::Slow(r.pick(1..25_000)),
        1 => Fate::Slow(r.pick(1..100_000)),
        2 | 3 => Fate::LostBefore,
        4 | 5 => Fate::LostAfter,
        6 => Fate::Hole { worked },
        7 => Fate::Page { status: r.of(&[500, 502, 408]), worked },
        8 => Fate::Later { status: r.of(&[429, 503]), after: r.pick(0..40_000) },
        9 => Fate::Refuse(r.of(&[400, 403, 413, 1])),
        10 => Fate::Foreign,
        11 => Fate::Garble,
        12 => Fate::Head,
        _ => Fate::Page { status: 500, worked },
    }
}

fn turn(r: &mut Random, at: u64, span: u64, turns: &mut Vec<(u64, Turn)>) {
    let told = r.chance(70);
    let end = at + r.pick(1..span + 1);
    let comes_back = r.chance(90);
    match r.pick(0..17) {
        16 => turns.push((at, Turn::Noise)),
        0 | 1 => {
            turns.push((at, Turn::Pause));
            if comes_back {
                turns.push((end, Turn::Resume));
            }
        }
        2 => turns.push((at, Turn::Abort)),
        3 | 4 => {
            turns.push((at, Turn::Down { told }));
            if comes_back {
                turns.push((end, Turn::Up { told }));
            }
        }
        5 => {
            turns.push((at, Turn::Rumour(false)));
            if comes_back {
                turns.push((end, Turn::Rumour(true)));
            }
        }
        6 => turns.push((at, Turn::Restart { keeps: true })),
        7 => turns.push((at, Turn::Restart { keeps: false })),
        8 => turns.push((at, Turn::Wipe)),
        9 => turns.push((at, Turn::Other)),
        10 | 11 => turns.push((at, Turn::Expire)),
        12 => turns.push((at, if r.chance(70) { Turn::Change } else { Turn::Unreadable })),
        13 => turns.push((at, Turn::Sleep(r.of(&[100, 10_000, 200_000, 40_000_000])))),
        _ => turns.push((at, Turn::Crash)),
    }
}
