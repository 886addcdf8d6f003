//! The queue of one origin: which transfers begin, and how many requests each may have in flight.
//!
//! They begin in the order in which they came, the next ones while one sends, so that a file is hashed when its turn to be
//! sent has come. A transfer that has begun and needs requests gets slots as long as there are any, in the same order; one
//! is kept for each behind it that has some already. Where there come to be fewer, since transfers in the other direction
//! need theirs or the server refused more, the last ones wait again.

use super::message::{Direction, TransferId};

/// How many requests all transfers to one origin together have in flight: browsers open six HTTP/1.1 connections to it.
pub const SLOTS: usize = 6;

/// What a member of the queue is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It may begin: to hash its file, or to find what an earlier visit left.
    Begin,
    /// It may have so many requests in flight.
    Slots(usize),
}

/// The transfers to one origin, in the order in which they came.
#[derive(Debug, Default)]
pub struct Queue {
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    id: TransferId,
    direction: Direction,
    /// The most requests that it can use.
    most: usize,
    stage: Stage,
    in_flight: usize,
    slots: usize,
    /// Whether it was told to begin, and how many slots it was last told of.
    told_to_begin: bool,
    told_slots: usize,
}

/// What a member does, and how many requests it could use for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Preparing,
    /// It is prepared, and there are no slots for it yet.
    Ready(usize),
    Sending(usize),
}

impl Member {
    /// Returns how many slots are promised to it.
    fn share(&self) -> usize {
        match self.stage {
            Stage::Sending(demand) => demand.min(self.most).max(1),
            _ => 0,
        }
    }

    /// Returns how many of the slots that are meant for it it has already.
    fn kept(&self) -> usize {
        self.slots.min(self.told_slots)
    }

    /// Returns how many slots it could use now.
    fn need(&self) -> usize {
        match self.stage {
            Stage::Ready(demand) | Stage::Sending(demand) => demand.min(self.most).max(1),
            _ => 0,
        }
    }
}

impl Queue {
    /// Adds a transfer at the end that can use at most `most` requests.
    pub fn enter(&mut self, id: TransferId, direction: Direction, most: usize) {
        self.members.push(Member {
            id,
            direction,
            most: most.max(1),
            stage: Stage::Waiting,
            in_flight: 0,
            slots: 0,
            told_to_begin: false,
            told_slots: 0,
        });
    }

    /// Notes how many requests a transfer could use now (nothing while it prepares, or before it begins), and how many it
    /// has.
    pub fn demand(&mut self, id: TransferId, demand: Option<usize>, in_flight: usize) {
        let Some(member) = self.members.iter_mut().find(|member| member.id == id) else { return };
        member.in_flight = in_flight;
        member.stage = match (demand, member.stage) {
            (_, Stage::Waiting) => Stage::Waiting,
            (None, _) => Stage::Preparing,
            (Some(demand), Stage::Sending(_)) => Stage::Sending(demand),
            (Some(demand), _) => Stage::Ready(demand),
        };
    }

    /// Takes a transfer out.
    pub fn leave(&mut self, id: TransferId) {
        self.members.retain(|member| member.id != id);
    }

    /// Tells whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Goes through the transfers in it.
    pub fn ids(&self) -> impl Iterator<Item = TransferId> {
        self.members.iter().map(|member| member.id)
    }

    /// Returns how many requests its transfers have in flight together.
    pub fn in_flight(&self) -> usize {
        self.members.iter().map(|member| member.in_flight).sum()
    }

    /// Returns how many of its transfers have not begun.
    pub fn waiting(&self) -> usize {
        self.members.iter().filter(|member| member.stage == Stage::Waiting).count()
    }

    /// Lets the next ones begin and shares `slots` out; returns who is to be told what.
    pub fn arrange(&mut self, slots: usize) -> Vec<(TransferId, Change)> {
        for (direction, other) in [(Direction::Up, Direction::Down), (Direction::Down, Direction::Up)] {
            // Neither direction waits for the other to end: half of the slots are the other's, if it can use them.
            let reserved = self.need(other).min(slots / 2);
            self.share_out(direction, slots - reserved);
        }
        self.keep_back(slots);
        let mut changes = Vec::new();
        for member in &mut self.members {
            if member.stage != Stage::Waiting && !std::mem::replace(&mut member.told_to_begin, true) {
                changes.push((member.id, Change::Begin));
            }
            if member.told_slots != member.slots {
                member.told_slots = member.slots;
                changes.push((member.id, Change::Slots(member.slots)));
            }
        }
        changes
    }

    /// Grants a slot only once the request that used it has ended: a seventh one would wait in the browser, unseen, until its
    /// time is up. What was granted stays so, or it would come and go with the requests.
    fn keep_back(&mut self, slots: usize) {
        let mut used: usize = self.members.iter().map(|member| member.kept().max(member.in_flight)).sum();
        for member in &mut self.members {
            let kept = member.kept();
            // What it has in flight beyond its slots is counted already.
            let beyond = member.in_flight.saturating_sub(kept);
            let more = (member.slots - kept).min((slots + beyond).saturating_sub(used));
            member.slots = kept + more;
            used += more.saturating_sub(beyond);
        }
    }

    fn need(&self, direction: Direction) -> usize {
        self.members.iter().filter(|member| member.direction == direction).map(Member::need).sum()
    }

    fn share_out(&mut self, direction: Direction, slots: usize) {
        let mut senders = 0;
        for member in self.members.iter_mut().filter(|member| member.direction == direction) {
            if let Stage::Sending(demand) = member.stage {
                senders += 1;
                if senders > slots {
                    member.stage = Stage::Ready(demand);
                }
            }
        }
        let members = || self.members.iter().filter(|member| member.direction == direction);
        let mut promised: usize = members().map(Member::share).sum();
        let (mut senders, mut ahead) = (0, 0);
        for member in self.members.iter_mut().filter(|member| member.direction == direction) {
            if let Stage::Ready(demand) = member.stage
                && promised < slots
            {
                member.stage = Stage::Sending(demand);
                promised += member.share();
            }
            match member.stage {
                Stage::Waiting => {}
                // They will need slots soon.
                Stage::Preparing | Stage::Ready(_) => ahead += member.most,
                Stage::Sending(_) => senders += 1,
            }
        }
        let mut left = slots;
        for member in self.members.iter_mut().filter(|member| member.direction == direction) {
            member.slots = 0;
            match member.stage {
                Stage::Sending(_) => {
                    senders -= 1;
                    // One is kept for each of those behind it.
                    member.slots = member.share().min(left.saturating_sub(senders));
                    left = left.saturating_sub(member.slots);
                }
                Stage::Waiting if ahead < SLOTS => {
                    member.stage = Stage::Preparing;
                    ahead += member.most;
                }
                Stage::Waiting | Stage::Preparing | Stage::Ready(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A queue of uploads, each with at most `most` requests.
    fn queue(most: &[usize]) -> Queue {
        let mut queue = Queue::default();
        for (id, most) in (1..).zip(most) {
            queue.enter(id, Direction::Up, *most);
        }
        queue
    }

    fn demand(queue: &mut Queue, id: TransferId, demand: usize) -> Vec<(TransferId, Change)> {
        queue.demand(id, Some(demand), 0);
        queue.arrange(SLOTS)
    }

    #[test]
    fn the_next_big_file_is_hashed_while_one_is_sent() {
        let mut queue = queue(&[6, 6, 6]);
        assert_eq!(queue.arrange(SLOTS), [(1, Change::Begin)]);
        assert_eq!(demand(&mut queue, 1, 6), [(1, Change::Slots(6)), (2, Change::Begin)]);
        assert_eq!(demand(&mut queue, 2, 6), [], "all slots are taken");
        // The first has fewer left than would take them all.
        let changes = [(1, Change::Slots(4)), (2, Change::Slots(2)), (3, Change::Begin)];
        assert_eq!(demand(&mut queue, 1, 4), changes);
        queue.leave(1);
        assert_eq!(queue.arrange(SLOTS), [(2, Change::Slots(6))]);
    }

    #[test]
    fn what_waits_for_its_server_leaves_the_slots_to_others() {
        let mut queue = queue(&[6, 6]);
        queue.arrange(SLOTS);
        demand(&mut queue, 1, 1);
        demand(&mut queue, 2, 6);
        assert_eq!(demand(&mut queue, 1, 6), [(1, Change::Slots(5)), (2, Change::Slots(1))]);
    }

    #[test]
    fn who_leaves_is_passed_over() {
        let mut queue = queue(&[6, 6, 6, 6]);
        queue.arrange(SLOTS);
        for id in [2, 3, 1, 99] {
            queue.leave(id);
        }
        assert_eq!(queue.arrange(SLOTS), [(4, Change::Begin)]);
        queue.demand(1, Some(1), 1);
        assert_eq!((queue.arrange(SLOTS), queue.in_flight()), (vec![], 0));
    }

    #[test]
    fn who_prepares_again_gives_its_slots_back() {
        let mut queue = queue(&[2]);
        assert_eq!(queue.arrange(SLOTS), [(1, Change::Begin)]);
        assert_eq!(demand(&mut queue, 1, 2), [(1, Change::Slots(2))]);
        queue.demand(1, None, 0);
        assert_eq!(queue.arrange(SLOTS), [(1, Change::Slots(0))]);
    }

    #[test]
    fn uploads_and_downloads_share_the_slots_by_halves() {
        let mut queue = queue(&[6]);
        queue.arrange(SLOTS);
        assert_eq!(demand(&mut queue, 1, 6), [(1, Change::Slots(6))]);
        queue.enter(2, Direction::Down, 4);
        assert_eq!(queue.arrange(SLOTS), [(2, Change::Begin)]);
        // It begins at once, with what it needs, and gets no more than half.
        assert_eq!(demand(&mut queue, 2, 1), [(1, Change::Slots(5)), (2, Change::Slots(1))]);
        assert_eq!(demand(&mut queue, 2, 4), [(1, Change::Slots(3)), (2, Change::Slots(3))]);
        queue.leave(1);
        assert_eq!(queue.arrange(SLOTS), [(2, Change::Slots(4))]);
    }

    #[test]
    fn the_last_ones_wait_again_where_the_other_direction_comes_to_need_slots() {
        let mut queue = Queue::default();
        for id in 1..=7 {
            queue.enter(id, Direction::Down, 4);
        }
        // Each takes one request, and needs more as soon as it knows its resource.
        for id in 1..=7 {
            queue.arrange(SLOTS);
            queue.demand(id, Some(1), 0);
        }
        queue.arrange(SLOTS);
        for id in 1..=7 {
            assert_eq!(demand(&mut queue, id, 4), [], "all slots are taken");
        }
        queue.enter(8, Direction::Up, 6);
        assert_eq!(queue.arrange(SLOTS), [(8, Change::Begin)]);
        let changes = [(5, Change::Slots(0)), (6, Change::Slots(0)), (8, Change::Slots(2))];
        assert_eq!(demand(&mut queue, 8, 2), changes);
        queue.leave(8);
        assert_eq!(queue.arrange(SLOTS), [(1, Change::Slots(3))], "those in front come first");
        // More than the server takes it does not get, though each had but one.
        let changes = [(1, Change::Slots(1)), (3, Change::Slots(0)), (4, Change::Slots(0))];
        assert_eq!(queue.arrange(2), changes);
    }

    #[test]
    fn fewer_slots_are_shared_out_where_the_server_refused_more() {
        let mut queue = queue(&[6, 6]);
        queue.arrange(SLOTS);
        demand(&mut queue, 1, 6);
        demand(&mut queue, 2, 6);
        assert_eq!(queue.arrange(2), [(1, Change::Slots(2))]);
        assert_eq!(queue.arrange(1), [(1, Change::Slots(1))]);
    }

    #[test]
    fn a_slot_is_free_when_its_request_has_ended() {
        let mut queue = queue(&[6]);
        queue.arrange(SLOTS);
        demand(&mut queue, 1, 6);
        queue.enter(2, Direction::Down, 4);
        queue.demand(1, Some(6), 6);
        queue.arrange(SLOTS);
        assert_eq!(demand(&mut queue, 2, 4), [(1, Change::Slots(3))], "six are still in flight");
        queue.demand(1, Some(6), 4);
        assert_eq!(queue.arrange(SLOTS), [(2, Change::Slots(2))]);
        queue.demand(1, Some(6), 3);
        assert_eq!(queue.arrange(SLOTS), [(2, Change::Slots(3))]);
    }

    #[test]
    fn a_handshake_beside_the_slots_gains_none() {
        let mut queue = queue(&[6, 6]);
        queue.arrange(SLOTS);
        demand(&mut queue, 1, 4);
        demand(&mut queue, 2, 6);
        queue.demand(2, Some(6), 2);
        // The first waits for its server, with three chunks on their way.
        queue.demand(1, Some(1), 3);
        assert_eq!(queue.arrange(SLOTS), [(1, Change::Slots(1)), (2, Change::Slots(3))]);
        queue.demand(2, Some(6), 3);
        // It asks what the server has, and that is the seventh request.
        queue.demand(1, Some(6), 4);
        assert_eq!(queue.arrange(SLOTS), [(1, Change::Slots(3)), (2, Change::Slots(1))]);
    }

    #[test]
    fn thousands_share_six_slots() {
        let count = 2_000;
        let mut queue = queue(&vec![1; count]);
        let (mut preparing, mut sending, mut most, mut done) = (Vec::new(), Vec::new(), (0, 0), 0);
        loop {
            for (id, change) in queue.arrange(SLOTS) {
                match change {
                    Change::Begin => preparing.push(id),
                    Change::Slots(slots) => {
                        assert_eq!(slots, 1);
                        sending.push(id);
                    }
                }
            }
            most = (most.0.max(preparing.len()), most.1.max(sending.len()));
            // Now one is hashed, now one is sent.
            if let Some(id) = preparing.pop() {
                queue.demand(id, Some(1), 0);
            } else if !sending.is_empty() {
                queue.leave(sending.remove(0));
                done += 1;
            } else {
                break;
            }
        }
        assert_eq!((most, done), ((6, 6), count));
    }
}
