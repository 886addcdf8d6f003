//! One transfer's part of the server: its faults and how often they may still strike, and what it has stored.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::protocol::Store;
use crate::scenario::{Fault, On, Spec, Unreadable};

/// The state of one run.
#[derive(Debug)]
pub struct Run {
    /// The faults as the URL has them: a run has the same ones all along.
    pub(crate) text: String,
    specs: Vec<Spec>,
    counts: Mutex<Vec<Count>>,
    store: Mutex<Store>,
    under_way: AtomicUsize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    seen: u32,
    since: Option<Instant>,
}

/// What a fault's aim is held against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub aim: On,
    /// The body has not come yet.
    pub early: bool,
    /// The connection served a request before.
    pub reused: bool,
    /// The request followed a redirect.
    pub moved: bool,
}

impl Run {
    pub(crate) fn new(text: &str) -> Result<Run, Unreadable> {
        let specs = Spec::read_all(text)?;
        let counts = Mutex::new(vec![Count::default(); specs.len()]);
        Ok(Run {
            text: text.to_owned(),
            specs,
            counts,
            store: Mutex::default(),
            under_way: AtomicUsize::new(0),
        })
    }

    /// Returns the bytes of the file `file_id`, if every chunk is here and the whole has that digest.
    pub fn file(&self, file_id: &str) -> Option<Vec<u8>> {
        self.store().whole(file_id)
    }

    /// Returns the faults that strike now, and counts the request for all that are meant for such.
    pub(crate) fn strike(&self, moment: Moment) -> Vec<Spec> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut struck = Vec::new();
        for (spec, count) in self.specs.iter().zip(counts.iter_mut()) {
            let possible = match spec.fault {
                Fault::CloseIdle => moment.reused,
                Fault::Redirect(_) => !moment.moved,
                _ => true,
            };
            if spec.fault.is_early() != moment.early || !spec.on.covers(moment.aim) || !possible {
                continue;
            }
            count.seen += 1;
            let since = *count.since.get_or_insert_with(Instant::now);
            let reached = count.seen >= spec.nth;
            let left = spec.times.is_none_or(|times| count.seen < spec.nth.saturating_add(times));
            let in_time = spec.within.is_none_or(|within| since.elapsed() < within);
            if reached && left && in_time {
                struck.push(spec.clone());
            }
        }
        struck
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a chunk's request as under way; returns how many there are with it.
    pub(crate) fn enter(self: &Arc<Run>) -> (usize, Presence) {
        (self.under_way.fetch_add(1, Ordering::SeqCst) + 1, Presence(Arc::clone(self)))
    }
}

/// A request under way; it has left when this is dropped.
#[derive(Debug)]
pub(crate) struct Presence(Arc<Run>);

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(run: &Run, aims: &[On]) -> Vec<usize> {
        let moment = |aim| Moment { aim, early: false, reused: false, moved: false };
        aims.iter().map(|aim| run.strike(moment(*aim)).len()).collect()
    }

    #[test]
    fn faults_strike_the_nth_and_no_more() {
        let run = Run::new("slow=1,nth=2,times=2+mute,on=handshake").unwrap();
        let aims = [On::Chunk, On::Handshake, On::Chunk, On::Finish, On::Chunk, On::Chunk];
        assert_eq!(pattern(&run, &aims), [0, 1, 1, 0, 1, 0]);
        let always = Run::new("slow=1,times=always,nth=2").unwrap();
        assert_eq!(pattern(&always, &[On::Chunk; 4]), [0, 1, 1, 1]);
        let timed = Run::new("slow=1,for=20").unwrap();
        assert_eq!(pattern(&timed, &[On::Chunk; 2]), [1, 1]);
        std::thread::sleep(std::time::Duration::from_millis(30));
        assert_eq!(pattern(&timed, &[On::Chunk]), [0]);
    }
}
