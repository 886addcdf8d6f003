//! One upload by the real machine over one link, scheduled as the page does it.

use std::collections::VecDeque;

use xuchuan::core::clock::Instant;
use xuchuan::core::machine::Machine;
use xuchuan::core::md5::{Digest, Digests};
use xuchuan::core::plan::{self, Cut};
use xuchuan::core::protocol::wire::{Answer, Envelope};
use xuchuan::core::retry::Policy;
use xuchuan::core::scheduler::{
    self, Direction, Entry, Scheduled, ScheduledEffect, ScheduledInput, Scheduler,
};
use xuchuan::core::upload::{
    Body, Concurrency, Config, Effect, Input, Naming, Request, RequestId, Response, Restored, Upload, Vouched,
};

use super::net::{End, Link, Net};

/// How an upload went.
#[derive(Debug, Clone, Copy)]
pub struct Went {
    /// From the first handshake to the end.
    pub ms: f64,
    pub refusals: u32,
    /// The most chunks in flight at once.
    pub most: usize,
}

struct World {
    net: Net,
    cut: Cut,
    machine: Scheduled<Upload>,
    scheduler: Scheduler,
    inputs: VecDeque<ScheduledInput<Input, Restored>>,
    digests: Digests,
    now: f64,
    open: Vec<(RequestId, Option<String>)>,
    needed: Vec<String>,
    went: Went,
    done: bool,
}

/// Uploads `size` bytes in chunks of the usual size.
pub fn upload(link: Link, size: u64, concurrency: Concurrency) -> Went {
    let cut = Cut::new(size, plan::chunk_size(size));
    let chunks = (0..cut.count()).map(|index| Digest((index as u128 + 1).to_be_bytes())).collect();
    let digests = Digests { file: Digest([9; 16]), chunks };
    let upload = Upload::new(Config {
        endpoint: "https://server.example/api/upload?token=secret".into(),
        cut,
        naming: Some(Naming::Md5),
        vouched: Vouched { parallel: Some(6), repeats: Some(true) },
        accepted: None,
        ext: String::new(),
        concurrency,
        retry: Policy::default(),
        stall_timeout: 30_000,
        finish_timeout: 300_000,
        expected: None,
        can_refresh_headers: false,
        seed: 1,
    });
    let (Concurrency::Fixed(most) | Concurrency::Auto(most)) = concurrency;
    let entry = Entry { origin: "https://server.example".into(), direction: Direction::Up, most, key: None };
    let needed = digests.chunks.iter().map(Digest::to_string).collect();
    let went = Went { ms: 0.0, refusals: 0, most: 0 };
    let mut world = World {
        net: Net::new(link),
        cut,
        machine: Scheduled::new(upload, entry),
        scheduler: Scheduler::new(1),
        inputs: VecDeque::new(),
        digests,
        now: 0.0,
        open: vec![],
        needed,
        went,
        done: false,
    };
    world.give(Input::Wake);
    let tick = link.tick();
    while !world.done {
        world.now += tick;
        assert!(world.now < 3e7, "{}: it does not end", link.name);
        for (id, end) in world.net.pass(tick, world.now) {
            world.end(id, end);
        }
        if world.machine.poll_timeout().is_some_and(|at| at.0 as f64 <= world.now) {
            world.give(Input::Wake);
        }
        let now = Instant(world.now as u64);
        if world.scheduler.poll_timeout(now).is_some_and(|at| at <= now) {
            world.schedule(scheduler::Input::Wake);
            world.work();
        }
    }
    Went { ms: world.now, ..world.went }
}

impl World {
    fn give(&mut self, input: Input) {
        self.inputs.push_back(ScheduledInput::Transfer(input));
        self.work();
    }

    /// Takes what has come in, and what that leads to.
    fn work(&mut self) {
        while let Some(input) = self.inputs.pop_front() {
            self.machine.handle(input, Instant(self.now as u64));
            while let Some(effect) = self.machine.poll() {
                match effect {
                    ScheduledEffect::Restore => {
                        self.inputs.push_back(ScheduledInput::Restored(Restored::Nothing));
                    }
                    ScheduledEffect::Schedule(request) => {
                        self.schedule(scheduler::Input::Request(1, request))
                    }
                    ScheduledEffect::Transfer(effect) => self.effect(effect),
                }
            }
        }
    }

    fn schedule(&mut self, input: scheduler::Input) {
        let now = Instant(self.now as u64);
        self.scheduler.handle(input, now);
        while let Some(effect) = self.scheduler.poll(now) {
            if let scheduler::Effect::Grant(_, grant) = effect {
                self.inputs.push_back(ScheduledInput::Grant(grant));
            }
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Hash(..) => {
                let hashed = Input::Hashed(Ok(self.digests.clone()));
                self.inputs.push_back(ScheduledInput::Transfer(hashed));
            }
            Effect::Send(id, request) => self.send(id, &request),
            Effect::Cancel(id) => {
                self.open.retain(|(open, _)| *open != id);
                self.net.cancel(id);
            }
            Effect::Settle(result) => {
                assert!(result.is_ok(), "{result:?}");
                self.done = true;
            }
            _ => {}
        }
    }

    fn send(&mut self, id: RequestId, request: &Request) {
        let (bytes, chunk) = match request {
            Request::Handshake(handshake) => (35 * handshake.chunk_ids.len() as u64 + 500, None),
            Request::Chunk { index, chunk_id, .. } => (self.cut.len(*index) + 500, Some(chunk_id.clone())),
        };
        self.net.send(id, bytes as f64, self.now);
        self.open.push((id, chunk));
        self.went.most = self.went.most.max(self.open.iter().filter(|(_, chunk)| chunk.is_some()).count());
    }

    fn end(&mut self, id: RequestId, end: End) {
        let Some(at) = self.open.iter().position(|(open, _)| *open == id) else { return };
        let (_, chunk) = self.open.remove(at);
        let response = match end {
            End::TooMany => {
                self.went.refusals += 1;
                Response {
                    status: 429,
                    retry_after: None,
                    body: Body::Other("too many".into()),
                    redirected: None,
                }
            }
            End::Arrived => {
                let handshake = chunk.is_none();
                self.needed.retain(|id| Some(id) != chunk.as_ref());
                let complete = handshake && self.needed.is_empty();
                let data =
                    if complete { Answer::Url("/x".into()) } else { Answer::Needed(self.needed.clone()) };
                let envelope = Envelope::success(data);
                Response { status: 200, retry_after: None, body: Body::Envelope(envelope), redirected: None }
            }
        };
        self.give(Input::Answered(id, response));
    }
}
