//! The line of an engine's uploads: which of many may work, and with how many requests each, so that thousands share one
//! pace. The next file is hashed while one is sent.

use crate::core::queue::Queue;

/// How many requests all uploads together have in flight: browsers open six HTTP/1.1 connections to an origin.
const REQUESTS: usize = 6;

/// The number of a place in the line; never used twice.
pub type Place = u64;

/// What somebody in the line is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It is its turn to begin: to hash, at first.
    Begin,
    /// It may have so many requests in flight.
    Room(usize),
}

/// Those who wait, and those who work.
#[derive(Debug, Default)]
pub struct Line {
    /// In order of their places, but for those who have left and are still to be passed over.
    waiting: Vec<Waiting>,
    /// How many of them are passed already: taking the first out of thousands each time moves all the others.
    passed: usize,
    working: Vec<Working>,
    words: Queue<(Place, Word)>,
    last: Place,
}

#[derive(Debug)]
struct Waiting {
    place: Place,
    most: usize,
    gone: bool,
}

#[derive(Debug)]
struct Working {
    place: Place,
    /// How many requests it can use at most.
    most: usize,
    /// How many it would have now; nothing while it hashes.
    wants: Option<usize>,
    sends: bool,
    room: usize,
}

impl Working {
    /// Returns how many requests it would have, at least one.
    fn share(&self) -> usize {
        self.wants.unwrap_or(0).clamp(1, self.most)
    }
}

impl Line {
    /// Gets into the line with at most `most` requests.
    pub fn enter(&mut self, most: usize) -> Place {
        self.last += 1;
        self.waiting.push(Waiting { place: self.last, most: most.max(1), gone: false });
        self.arrange();
        self.last
    }

    /// Notes how many requests the one at `place` would have now; nothing while it hashes.
    pub fn wants(&mut self, place: Place, wants: Option<usize>) {
        if let Some(working) = self.working.iter_mut().find(|working| working.place == place) {
            working.wants = wants;
            self.arrange();
        }
    }

    /// Leaves the line, for good.
    pub fn leave(&mut self, place: Place) {
        let waiting = self.waiting.binary_search_by_key(&place, |waiting| waiting.place).ok();
        if let Some(waiting) = waiting.and_then(|at| self.waiting.get_mut(at)) {
            waiting.gone = true;
        }
        self.working.retain(|working| working.place != place);
        self.arrange();
    }

    /// Returns who is to be told what.
    pub fn poll(&mut self) -> Option<(Place, Word)> {
        self.words.pop_front()
    }

    /// Lets the next ones begin and shares the requests out, in the order of the line.
    fn arrange(&mut self) {
        let mut taken: usize = self.working.iter().filter(|w| w.sends).map(Working::share).sum();
        let mut senders = 0;
        for working in &mut self.working {
            if working.wants.is_none() {
                working.sends = false;
            } else if !working.sends && taken < REQUESTS {
                working.sends = true;
                taken += working.share();
            }
            senders += usize::from(working.sends);
        }
        let mut left = REQUESTS;
        for working in &mut self.working {
            let mut room = 0;
            if working.sends {
                senders -= 1;
                // One is kept for each of those behind it.
                room = working.share().min(left.saturating_sub(senders).max(1));
                left = left.saturating_sub(room);
            }
            if working.room != room {
                working.room = room;
                self.words.push_back((working.place, Word::Room(room)));
            }
        }
        // Those who hash, or are ready, will fill the line by and by.
        let mut ahead: usize = self.working.iter().filter(|w| !w.sends).map(|w| w.most).sum();
        while ahead < REQUESTS
            && let Some(next) = self.next()
        {
            ahead += next.most;
            self.words.push_back((next.place, Word::Begin));
            self.working.push(next);
        }
    }

    /// Takes the first who waits and has not left.
    fn next(&mut self) -> Option<Working> {
        loop {
            let Some(first) = self.waiting.get(self.passed) else {
                self.waiting.clear();
                self.passed = 0;
                return None;
            };
            self.passed += 1;
            let (place, most, gone) = (first.place, first.most, first.gone);
            if !gone {
                return Some(Working { place, most, wants: None, sends: false, room: 0 });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &mut Line) -> Vec<(Place, Word)> {
        std::iter::from_fn(|| line.poll()).collect()
    }

    #[test]
    fn the_next_big_file_is_hashed_while_one_is_sent() {
        let mut line = Line::default();
        let places: Vec<Place> = (0..3).map(|_| line.enter(6)).collect();
        assert_eq!(words(&mut line), [(1, Word::Begin)]);
        line.wants(places[0], Some(6));
        assert_eq!(words(&mut line), [(1, Word::Room(6)), (2, Word::Begin)]);
        line.wants(places[1], Some(6));
        assert_eq!(words(&mut line), [], "the line is full");
        // The first has fewer left than would fill it.
        line.wants(places[0], Some(4));
        assert_eq!(words(&mut line), [(1, Word::Room(4)), (2, Word::Room(2)), (3, Word::Begin)]);
        line.leave(places[0]);
        assert_eq!(words(&mut line), [(2, Word::Room(6))]);
    }

    #[test]
    fn what_waits_for_its_server_leaves_the_line_to_others() {
        let mut line = Line::default();
        let (one, other) = (line.enter(6), line.enter(6));
        line.wants(one, Some(1));
        line.wants(other, Some(6));
        words(&mut line);
        line.wants(one, Some(6));
        assert_eq!(words(&mut line), [(one, Word::Room(5)), (other, Word::Room(1))]);
    }

    #[test]
    fn who_leaves_is_passed_over() {
        let mut line = Line::default();
        let places: Vec<Place> = (0..4).map(|_| line.enter(6)).collect();
        line.leave(places[1]);
        line.leave(places[2]);
        line.leave(places[0]);
        assert_eq!(words(&mut line), [(places[0], Word::Begin), (places[3], Word::Begin)]);
        line.leave(99);
        line.wants(places[0], Some(1));
        assert_eq!(words(&mut line), []);
    }

    #[test]
    fn who_hashes_again_gives_its_requests_back() {
        let mut line = Line::default();
        let place = line.enter(2);
        line.wants(place, Some(2));
        line.wants(place, None);
        assert_eq!(words(&mut line), [(place, Word::Begin), (place, Word::Room(2)), (place, Word::Room(0))]);
    }

    #[test]
    fn thousands_share_six_requests() {
        let mut line = Line::default();
        let count = 10_000;
        for _ in 0..count {
            line.enter(1);
        }
        let (mut hashing, mut sending, mut most, mut done) = (Vec::new(), Vec::new(), (0, 0), 0);
        loop {
            for (place, word) in words(&mut line) {
                match word {
                    Word::Begin => hashing.push(place),
                    Word::Room(room) => {
                        assert_eq!(room, 1);
                        sending.push(place);
                    }
                }
            }
            most = (most.0.max(hashing.len()), most.1.max(sending.len()));
            // Now one is hashed, now one is sent.
            if let Some(place) = hashing.pop() {
                line.wants(place, Some(1));
            } else if !sending.is_empty() {
                line.leave(sending.remove(0));
                done += 1;
            } else {
                break;
            }
        }
        assert_eq!((most, done), ((6, 6), count));
    }
}
