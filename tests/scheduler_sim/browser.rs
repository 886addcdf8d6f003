//! What tabs share of a browser: Web Locks, channels and the journal.

use std::collections::{BTreeMap, VecDeque};

use xuchuan::core::md5::Digests;
use xuchuan::core::scheduler::TurnId;
use xuchuan::core::upload::Naming;

/// One tab's turn, in one life of the tab.
pub type Holder = (usize, u32, TurnId);

/// The Web Locks of an origin.
#[derive(Debug, Default)]
pub struct Locks {
    held: BTreeMap<String, Holder>,
    waiting: BTreeMap<String, VecDeque<Holder>>,
}

/// What comes of a lock for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Granted(Holder),
    Lost(Holder),
}

impl Locks {
    /// Asks for a lock, or takes it.
    pub fn request(&mut self, key: &str, who: Holder, steal: bool) -> Vec<Outcome> {
        if steal {
            let before = self.held.insert(key.to_owned(), who);
            let lost = before.map(Outcome::Lost);
            return lost.into_iter().chain([Outcome::Granted(who)]).collect();
        }
        self.waiting.entry(key.to_owned()).or_default().push_back(who);
        self.next(key).into_iter().collect()
    }

    /// Gives it back, or the wait for it.
    pub fn release(&mut self, who: Holder) -> Vec<Outcome> {
        self.drop_where(|holder| *holder == who)
    }

    /// Gives back all that a tab has.
    pub fn release_tab(&mut self, tab: usize) -> Vec<Outcome> {
        self.drop_where(|(other, _, _)| *other == tab)
    }

    fn drop_where(&mut self, gone: impl Fn(&Holder) -> bool) -> Vec<Outcome> {
        for waiting in self.waiting.values_mut() {
            waiting.retain(|holder| !gone(holder));
        }
        let keys: Vec<String> =
            self.held.iter().filter(|(_, holder)| gone(holder)).map(|(key, _)| key.clone()).collect();
        let mut outcomes = Vec::new();
        for key in keys {
            self.held.remove(&key);
            outcomes.extend(self.next(&key));
        }
        outcomes
    }

    fn next(&mut self, key: &str) -> Option<Outcome> {
        if self.held.contains_key(key) {
            return None;
        }
        let next = self.waiting.get_mut(key)?.pop_front()?;
        self.held.insert(key.to_owned(), next);
        Some(Outcome::Granted(next))
    }

    /// Tells whether somebody holds it.
    pub fn is_held(&self, key: &str) -> bool {
        self.held.contains_key(key)
    }

    /// Tells whether nobody holds or wants any.
    pub fn is_idle(&self) -> bool {
        self.held.is_empty() && self.waiting.values().all(VecDeque::is_empty)
    }
}

/// The open channels, and whether each hears its own tab.
#[derive(Debug, Default)]
pub struct Channels(BTreeMap<Holder, (String, bool)>);

impl Channels {
    pub fn open(&mut self, who: Holder, key: &str) {
        self.0.insert(who, (key.to_owned(), false));
    }

    pub fn echo(&mut self, who: Holder) {
        if let Some((_, echo)) = self.0.get_mut(&who) {
            *echo = true;
        }
    }

    pub fn close(&mut self, who: Holder) {
        self.0.remove(&who);
    }

    pub fn close_tab(&mut self, tab: usize) {
        self.0.retain(|(other, _, _), _| *other != tab);
    }

    /// Returns who hears what is posted, and whether the one who posted hears an echo.
    pub fn listeners(&self, from: Holder) -> (Vec<Holder>, bool) {
        let Some((key, echo)) = self.0.get(&from) else { return (Vec::new(), false) };
        let others = self.0.iter().filter(|(who, (other, _))| **who != from && other == key);
        (others.map(|(who, _)| *who).collect(), *echo)
    }

    pub fn is_idle(&self) -> bool {
        self.0.is_empty()
    }
}

/// What is remembered of unfinished uploads, by their key.
pub type Journal = BTreeMap<String, (Digests, Naming)>;
