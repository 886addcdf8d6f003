//! The line of an engine's uploads: which of many may work, and with how many requests each, so that thousands share one
//! pace. The next file is hashed while one is sent.

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

/// Those who wait and those who work, in the order in which they came; `W` says who each of them is.
#[derive(Debug)]
pub struct Line<W> {
    members: Vec<Member<W>>,
    last: Place,
}

#[derive(Debug)]
struct Member<W> {
    who: W,
    place: Place,
    /// How many requests it can use at most.
    most: usize,
    stage: Stage,
    /// How many it may have.
    room: usize,
    /// Whether it was told to begin, and how many it was last told that it may have.
    begun: bool,
    told: usize,
}

/// What a member does, and how many requests it would have for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waits,
    Hashes,
    /// It is hashed, and there is no room for it yet.
    Ready(usize),
    Sends(usize),
}

impl<W> Member<W> {
    /// Returns how many requests are promised to it.
    fn share(&self) -> usize {
        match self.stage {
            Stage::Sends(wants) => wants.min(self.most).max(1),
            _ => 0,
        }
    }
}

impl<W> Default for Line<W> {
    fn default() -> Self {
        Line { members: Vec::new(), last: 0 }
    }
}

impl<W: Clone> Line<W> {
    /// Gets `who` into the line, with at most `most` requests.
    pub fn enter(&mut self, who: W, most: usize) -> Place {
        self.last += 1;
        let (place, most, stage) = (self.last, most.max(1), Stage::Waits);
        self.members.push(Member { who, place, most, stage, room: 0, begun: false, told: 0 });
        self.arrange();
        place
    }

    /// Notes how many requests the one at `place` would have now; nothing while it hashes, or before it begins.
    pub fn wants(&mut self, place: Place, wants: Option<usize>) {
        let Some(member) = self.members.iter_mut().find(|member| member.place == place) else { return };
        let stage = match (wants, member.stage) {
            (_, Stage::Waits) => return,
            (None, _) => Stage::Hashes,
            (Some(wants), Stage::Sends(_)) => Stage::Sends(wants),
            (Some(wants), _) => Stage::Ready(wants),
        };
        if member.stage != stage {
            member.stage = stage;
            self.arrange();
        }
    }

    /// Leaves the line, for good.
    pub fn leave(&mut self, place: Place) {
        if let Some(at) = self.members.iter().position(|member| member.place == place) {
            self.members.remove(at);
        }
        self.arrange();
    }

    /// Returns who is to be told what.
    pub fn poll(&mut self) -> Option<(W, Word)> {
        for member in &mut self.members {
            let word = if member.stage != Stage::Waits && !member.begun {
                member.begun = true;
                Word::Begin
            } else if member.room != member.told {
                member.told = member.room;
                Word::Room(member.room)
            } else {
                continue;
            };
            return Some((member.who.clone(), word));
        }
        None
    }

    /// Lets the next ones begin and shares the requests out, in the order of the line.
    fn arrange(&mut self) {
        let mut taken = 0;
        for member in &self.members {
            taken += member.share();
        }
        let (mut senders, mut ahead) = (0, 0);
        for member in &mut self.members {
            if let Stage::Ready(wants) = member.stage
                && taken < REQUESTS
            {
                member.stage = Stage::Sends(wants);
                taken += member.share();
            }
            match member.stage {
                Stage::Waits => {}
                // They will fill the line by and by.
                Stage::Hashes | Stage::Ready(_) => ahead += member.most,
                Stage::Sends(_) => senders += 1,
            }
        }
        let mut left = REQUESTS;
        for member in &mut self.members {
            member.room = 0;
            if let Stage::Sends(_) = member.stage {
                senders -= 1;
                // One is kept for each of those behind it.
                member.room = member.share().min(left.saturating_sub(senders).max(1));
                left = left.saturating_sub(member.room);
            }
            if member.stage == Stage::Waits && ahead < REQUESTS {
                member.stage = Stage::Hashes;
                ahead += member.most;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(line: &mut Line<Place>, most: usize) -> Place {
        // Who they are, here: their places.
        let who = line.last + 1;
        line.enter(who, most)
    }

    fn words(line: &mut Line<Place>) -> Vec<(Place, Word)> {
        std::iter::from_fn(|| line.poll()).collect()
    }

    #[test]
    fn the_next_big_file_is_hashed_while_one_is_sent() {
        let mut line = Line::default();
        let places: Vec<Place> = (0..3).map(|_| enter(&mut line, 6)).collect();
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
        let (one, other) = (enter(&mut line, 6), enter(&mut line, 6));
        line.wants(one, Some(1));
        line.wants(other, Some(6));
        words(&mut line);
        line.wants(one, Some(6));
        assert_eq!(words(&mut line), [(one, Word::Room(5)), (other, Word::Room(1))]);
    }

    #[test]
    fn who_leaves_is_passed_over() {
        let mut line = Line::default();
        let places: Vec<Place> = (0..4).map(|_| enter(&mut line, 6)).collect();
        line.leave(places[1]);
        line.leave(places[2]);
        line.leave(places[0]);
        assert_eq!(words(&mut line), [(places[3], Word::Begin)]);
        line.leave(99);
        line.wants(places[0], Some(1));
        assert_eq!(words(&mut line), []);
    }

    #[test]
    fn who_hashes_again_gives_its_requests_back() {
        let mut line = Line::default();
        let place = enter(&mut line, 2);
        line.wants(place, Some(2));
        assert_eq!(words(&mut line), [(place, Word::Begin), (place, Word::Room(2))]);
        line.wants(place, None);
        assert_eq!(words(&mut line), [(place, Word::Room(0))]);
    }

    #[test]
    fn thousands_share_six_requests() {
        let mut line = Line::default();
        let count = 2_000;
        for _ in 0..count {
            enter(&mut line, 1);
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
