//! One tab: its scheduler, its transfers, and those that wait outside to be admitted.

use std::collections::{BTreeMap, VecDeque};

use xuchuan::core::clock::Instant;
use xuchuan::core::machine::Machine;
use xuchuan::core::progress::Progress;
use xuchuan::core::scheduler::{Grant, Input, Scheduler, TransferId};
use xuchuan::core::upload::Request;

use super::download::Downloading;
use super::upload::Uploading;

/// A tab in one of its lives.
pub struct Tab {
    /// The number of this life: it is opened again after a crash.
    pub life: u32,
    pub is_open: bool,
    /// Until then nothing runs in it.
    pub frozen_until: u64,
    pub scheduler: Scheduler,
    pub members: BTreeMap<TransferId, Member>,
    /// The places of those that were not admitted.
    pub outside: VecDeque<usize>,
    /// What the scheduler was told while it was at work.
    pub inputs: VecDeque<Input>,
    pub busy: bool,
}

/// A transfer that was admitted.
pub struct Member {
    /// Its place among the tab's works.
    pub place: usize,
    pub kind: Kind,
    pub paused: bool,
    pub begun: bool,
    /// What the scheduler granted last.
    pub slots: usize,
    /// Whether the server was said to take no more than so many.
    pub limit: Option<usize>,
    pub done: Option<Result<(), String>>,
}

pub enum Kind {
    Upload(Box<Uploading>),
    Download(Box<Downloading>),
}

impl Member {
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.kind {
            Kind::Upload(upload) => upload.machine.poll_timeout(),
            Kind::Download(download) => download.machine.poll_timeout(),
        }
    }

    pub fn progress(&self, now: u64) -> Progress {
        match &self.kind {
            Kind::Upload(upload) => upload.machine.progress(Instant(now)),
            Kind::Download(download) => download.machine.progress(Instant(now)),
        }
    }

    /// Returns how many requests it has in flight.
    pub fn open(&self) -> usize {
        match &self.kind {
            Kind::Upload(upload) => upload.open.len(),
            Kind::Download(download) => download.open.len(),
        }
    }

    /// Returns how many requests it has in flight, other than those that only ask what the server has.
    pub fn transferring(&self) -> usize {
        match &self.kind {
            Kind::Upload(upload) => {
                upload.open.values().filter(|what| !matches!(what, Request::Handshake(_))).count()
            }
            Kind::Download(download) => download.machine.transfer().in_flight(),
        }
    }

    /// Takes note of what the scheduler says.
    pub fn note(&mut self, grant: &Grant) {
        match grant {
            Grant::Begin => self.begun = true,
            Grant::Slots(slots) => self.slots = *slots,
            Grant::ServerLimit(limit) => self.limit = *limit,
            Grant::Displaced => self.slots = 0,
            Grant::OtherTab(_) | Grant::Turn(_) => {}
        }
    }

    /// Tells whether the page has said how many requests it may have.
    pub fn is_fixed(&self) -> bool {
        matches!(&self.kind, Kind::Upload(upload) if upload.fixed)
    }
}
