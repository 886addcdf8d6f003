//! What transfers and the scheduler say to each other, and tabs to other tabs.

use crate::core::clock::Instant;
use crate::core::progress::TabProgress;

/// The number of a transfer of this page; never used twice.
pub type TransferId = u64;

/// The number of one attempt to get a turn; never used twice.
pub type TurnId = u64;

/// Which way a transfer's bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the server.
    Up,
    /// From the server.
    Down,
}

/// What the scheduler has to know of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The origin that its requests go to, as browsers count connections.
    pub origin: String,
    /// Uploads and downloads share an origin's slots, so that neither holds the other up.
    pub direction: Direction,
    /// The most requests that it can use at once.
    pub most: usize,
    /// What one tab at a time works on; nothing for what any tab may do.
    pub key: Option<String>,
}

/// What a transfer says to the scheduler.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// It wants to work: it is queued, behind all that came before.
    Enter(Entry),
    /// How many requests it would have in flight if it were alone (nothing while it prepares, as by hashing its file), and
    /// how many it has.
    Demand {
        /// The requests that it could use.
        slots: Option<usize>,
        /// The requests that it has in flight.
        in_flight: usize,
    },
    /// The server refused a request that was sent at that moment, since there were too many (429, 503).
    Refused(Instant),
    /// How far it is, for the tabs that wait for it.
    Progress(TabProgress),
    /// It is over or paused, and gives everything back.
    Leave,
}

/// What the scheduler says to a transfer.
#[derive(Debug, Clone, PartialEq)]
pub enum Grant {
    /// It has its turn among tabs: by a lock, or for this reason without one.
    Turn(Option<String>),
    /// It may begin: read what an earlier visit left, and prepare.
    Begin,
    /// It may have so many requests in flight.
    Slots(usize),
    /// The server takes no more than so many requests from this page at once; lifted by nothing.
    ServerLimit(Option<usize>),
    /// Another tab has the turn, which is that far if it has said so.
    OtherTab(Option<TabProgress>),
    /// Its turn was taken by another tab, since this one stood still; it is queued again.
    Displaced,
}

/// What tabs that work on the same file tell each other.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// Is somebody there who has the turn?
    Ask,
    /// The one who has it is that far.
    Progress(TabProgress),
}
