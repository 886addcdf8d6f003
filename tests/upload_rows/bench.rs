//! One upload machine under test, and words to drive it by.

use xuchuan::core::clock::Instant;
use xuchuan::core::error::{Error, Kind};
use xuchuan::core::machine::Machine;
use xuchuan::core::md5::{Digest, Digests};
use xuchuan::core::plan::Cut;
use xuchuan::core::progress::State;
use xuchuan::core::protocol::wire::{Accepts, Answer, Envelope};
use xuchuan::core::retry::Policy;
use xuchuan::core::scheduler::Refusals;
use xuchuan::core::upload::{
    Body, Concurrency, Config, Effect, Input, Naming, Outcome, Request, RequestId, Response, Restored,
    Upload, Vouched,
};

pub const CHUNK: u64 = 10;
pub const STALL: u64 = 30_000;
pub const URL: &str = "/files/x.bin";

/// A machine, its clock, and what it asked for last.
pub struct Bench {
    pub machine: Upload,
    pub now: u64,
    pub effects: Vec<Effect>,
    /// When the requests were sent that it told the scheduler to be refused.
    pub refused: Vec<Instant>,
    /// What the scheduler remembers of the server.
    refusals: Refusals,
    told_limit: Option<usize>,
}

pub fn digest(name: u8) -> Digest {
    Digest([name; 16])
}

pub fn id(name: u8) -> String {
    digest(name).to_string()
}

pub fn digests(names: &str) -> Digests {
    Digests { file: digest(b'F'), chunks: names.bytes().map(digest).collect() }
}

pub fn config(size: u64) -> Config {
    Config {
        endpoint: "https://server.example/api/upload?token=secret".into(),
        cut: Cut::new(size, CHUNK),
        naming: Some(Naming::Md5),
        vouched: Vouched::default(),
        accepted: Some(Accepts { parallel: 6, repeats: true }),
        ext: ".bin".into(),
        concurrency: Concurrency::Fixed(2),
        retry: Policy::default(),
        stall_timeout: STALL,
        finish_timeout: 10 * STALL,
        expected: None,
        can_refresh_headers: true,
        seed: 7,
    }
}

/// The effect that has a chunk hashed again.
pub fn check(index: usize) -> Effect {
    let start = index as u64 * CHUNK;
    Effect::Check(index, start..start + CHUNK)
}

pub fn needed(names: &str) -> Response {
    answer(Answer::Needed(names.bytes().map(id).collect()))
}

/// The same from a server that does not say what it accepts.
pub fn silently(response: Response) -> Response {
    let Body::Envelope(envelope) = response.body else { return response };
    Response { body: Body::Envelope(Envelope { accepts: None, ..envelope }), ..response }
}

/// The same from a server that says what it accepts.
pub fn accepting(response: Response, parallel: usize, repeats: bool) -> Response {
    let Body::Envelope(envelope) = response.body else { return response };
    let accepts = Some(Accepts { parallel, repeats });
    Response { body: Body::Envelope(Envelope { accepts, ..envelope }), ..response }
}

pub fn url() -> Response {
    answer(Answer::Url(URL.into()))
}

pub fn answer(data: Answer) -> Response {
    let accepts = Some(Accepts { parallel: 6, repeats: true });
    let envelope = Envelope { accepts, ..Envelope::success(data) };
    Response { status: 200, retry_after: None, body: Body::Envelope(envelope), redirected: None }
}

pub fn refusal(status: u16, text: &str) -> Response {
    let envelope = Envelope::failure(status.into(), text);
    Response { status, retry_after: None, body: Body::Envelope(envelope), redirected: None }
}

pub fn page(status: u16) -> Response {
    Response { status, retry_after: None, body: Body::Other("<html>".into()), redirected: None }
}

pub fn later(status: u16, ms: u64) -> Response {
    Response { retry_after: Some(ms), ..page(status) }
}

impl Bench {
    /// A file whose chunks have these names, before its start.
    pub fn idle(names: &str, change: impl FnOnce(&mut Config)) -> Bench {
        let mut config = config(names.len() as u64 * CHUNK);
        change(&mut config);
        Bench {
            machine: Upload::new(config),
            now: 1_000,
            effects: vec![],
            refused: vec![],
            refusals: Refusals::default(),
            told_limit: None,
        }
    }

    /// Hashed, with the handshake (request 1) on its way.
    pub fn hashed(names: &str, change: impl FnOnce(&mut Config)) -> Bench {
        let mut bench = Bench::idle(names, change);
        bench.give(Input::Start(Restored::Nothing));
        bench.give(Input::Hashed(Ok(digests(names))));
        assert_eq!(bench.handshakes(), [1]);
        bench
    }

    /// The server has answered that it needs every chunk; requests from 2 on carry them.
    pub fn sending(names: &str) -> Bench {
        let mut bench = Bench::hashed(names, |_| {});
        bench.answer(1, needed(names));
        bench
    }

    /// Hands the machine an input, and what the scheduler says of it.
    pub fn give(&mut self, input: Input) {
        let now = Instant(self.now);
        let in_flight = self.machine.in_flight();
        self.machine.handle(input, now);
        if let Some(sent) = self.machine.take_refusal() {
            self.refused.push(sent);
            self.refusals.note(in_flight, sent, now);
        }
        let limit = self.refusals.limit(now);
        if self.told_limit != limit {
            self.told_limit = limit;
            self.machine.handle(Input::ServerLimit(limit), now);
        }
        self.effects = std::iter::from_fn(|| self.machine.poll()).collect();
    }

    pub fn answer(&mut self, id: RequestId, response: Response) {
        self.give(Input::Answered(id, response));
    }

    pub fn lose(&mut self, id: RequestId) {
        self.give(Input::Lost(id, "failed to fetch".into()));
    }

    /// Lets `span` ms pass, waking the machine when it wants to be; gathers what it asks for.
    pub fn pass(&mut self, span: u64) {
        let (end, mut all) = (self.now + span, vec![]);
        while let Some(at) = self.machine.poll_timeout().filter(|at| at.0 <= end) {
            self.now = self.now.max(at.0);
            self.give(Input::Wake);
            assert!(self.machine.poll_timeout().is_none_or(|at| at.0 > self.now), "it spins");
            all.append(&mut self.effects);
        }
        (self.now, self.effects) = (end, all);
    }

    /// Lets all its waits pass until it sends or checks something; returns the time it took.
    pub fn until_it_sends(&mut self) -> u64 {
        let begun = self.now;
        while !self.effects.iter().any(|e| matches!(e, Effect::Send(..) | Effect::Check(..))) {
            let at = self.machine.poll_timeout().expect("it hangs");
            self.now = self.now.max(at.0);
            self.give(Input::Wake);
            assert!(self.machine.poll_timeout().is_none_or(|at| at.0 > self.now), "it spins");
        }
        self.now - begun
    }

    pub fn sent(&self) -> Vec<(RequestId, &Request)> {
        let sends = self.effects.iter();
        sends
            .filter_map(|e| if let Effect::Send(id, request) = e { Some((*id, request)) } else { None })
            .collect()
    }

    pub fn handshakes(&self) -> Vec<RequestId> {
        let sent = self.sent().into_iter();
        sent.filter(|(_, r)| matches!(r, Request::Handshake(_))).map(|(id, _)| id).collect()
    }

    /// The chunks that were just sent: request and index.
    pub fn chunks(&self) -> Vec<(RequestId, usize)> {
        let sent = self.sent().into_iter();
        sent.filter_map(
            |(id, r)| if let Request::Chunk { index, .. } = r { Some((id, *index)) } else { None },
        )
        .collect()
    }

    pub fn cancelled(&self) -> Vec<RequestId> {
        self.effects
            .iter()
            .filter_map(|e| if let Effect::Cancel(id) = e { Some(*id) } else { None })
            .collect()
    }

    pub fn asked(&self, effect: &Effect) -> usize {
        self.effects.iter().filter(|e| *e == effect).count()
    }

    pub fn state(&self) -> State {
        self.machine.state(Instant(self.now))
    }

    pub fn outcome(&self) -> Option<&Outcome> {
        self.effects
            .iter()
            .find_map(|e| if let Effect::Settle(Ok(outcome)) = e { Some(outcome) } else { None })
    }

    pub fn error(&self) -> Option<&Error> {
        self.effects.iter().find_map(|e| if let Effect::Settle(Err(error)) = e { Some(error) } else { None })
    }

    pub fn failure(&self) -> Option<Kind> {
        self.error().map(|error| error.kind)
    }
}
