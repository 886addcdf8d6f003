//! Where the page's credentials stand: good, asked for anew after a 401, or new and not yet proven.

/// The credentials that a transfer's requests carry in the page's headers.
#[derive(Debug, Clone, Copy)]
pub struct Credentials {
    state: State,
    /// The first request that went out with the present ones.
    since: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No request was refused for them; or one with them went well.
    Good,
    /// The page was asked for new ones.
    Asked,
    /// They are new, and nothing has gone well with them yet.
    Unproven,
}

/// What a 401 leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unauthorized {
    /// The page must be asked for new credentials.
    Ask,
    /// It has been asked already; the request is sent again when they are there.
    Replay,
    /// The new ones are no good either, or the page has no function to ask.
    GiveUp,
}

impl Default for Credentials {
    fn default() -> Credentials {
        Credentials { state: State::Good, since: 0 }
    }
}

impl Credentials {
    /// Decides on a 401 to request `id`; `can_ask` tells whether the page gave a function for its headers.
    pub fn refused(&mut self, id: u64, can_ask: bool) -> Unauthorized {
        match self.state {
            State::Asked => Unauthorized::Replay,
            _ if id < self.since => Unauthorized::Replay,
            State::Good if can_ask => {
                self.state = State::Asked;
                Unauthorized::Ask
            }
            State::Good | State::Unproven => Unauthorized::GiveUp,
        }
    }

    /// Notes that request `id` was accepted, as far as credentials go.
    pub fn accepted(&mut self, id: u64) {
        if self.state == State::Unproven && id >= self.since {
            self.state = State::Good;
        }
    }

    /// Notes that the new ones are there, for requests from number `next` on.
    pub fn renewed(&mut self, next: u64) {
        if self.state == State::Asked {
            *self = Credentials { state: State::Unproven, since: next };
        }
    }

    /// Tells whether the page was asked for new ones and has not given them yet.
    pub fn are_awaited(&self) -> bool {
        self.state == State::Asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_ones_are_asked_for_once_for_all_requests() {
        let mut credentials = Credentials::default();
        credentials.renewed(1);
        assert_eq!(credentials.refused(1, false), Unauthorized::GiveUp);
        assert_eq!(credentials.refused(1, true), Unauthorized::Ask);
        assert!(credentials.are_awaited());
        assert_eq!(credentials.refused(2, true), Unauthorized::Replay);
        credentials.renewed(4);
        assert!(!credentials.are_awaited());
        assert_eq!(credentials.refused(3, true), Unauthorized::Replay, "sent with the old ones");
        credentials.accepted(3);
        assert_eq!(credentials.refused(4, true), Unauthorized::GiveUp);
        credentials.accepted(4);
        assert_eq!(credentials.refused(3, true), Unauthorized::Replay, "sent with the old ones");
        assert_eq!(credentials.refused(9, true), Unauthorized::Ask, "they expired again");
    }
}
