//! What each answer leads to.

use super::errors;
use super::requests::{InFlight, Purpose};
use super::state::{Exchange, TRIES};
use super::step::{Failure, Step};
use super::table::{Status, Troubles};
use crate::core::clock::{Instant, Millis};
use crate::core::error::{Error, Kind};
use crate::core::protocol::wire::Answer;
use crate::core::protocol::{Meaning, Naming, Problem, RequestId, Response};
use crate::core::upload::interface::EndpointFact;

impl Exchange {
    /// Takes the answer to request `id`. Returns what it leads to, in this order; nothing if nobody waits for it.
    pub fn answered(&mut self, id: RequestId, response: Response, now: Instant) -> Vec<Step> {
        let Some(request) = self.requests.answered(id, now) else { return Vec::new() };
        let mut steps = vec![Step::Reached(request.sent)];
        let accepts = response.accepts();
        let meaning = response.meaning();
        match &meaning {
            Meaning::Unauthorized(problem) => {
                self.release(request.purpose);
                let error = problem.clone().into_error(self.doing(request.purpose), 1);
                steps.push(Step::Unauthorized(id, Error { kind: Kind::Rejected, ..error }));
                return steps;
            }
            // These may come from a proxy that looked at no credentials.
            Meaning::Busy { .. } | Meaning::Foreign(_) => {}
            _ => steps.push(Step::Authorized(id)),
        }
        match request.purpose {
            Purpose::Handshake => {
                steps.extend(accepts.map(Step::Accepts));
                steps.extend(self.handshake_answered(id, &request, meaning, now));
            }
            Purpose::Chunk(at) => steps.extend(self.chunk_answered(id, &request, at, meaning, now)),
        }
        steps
    }

    fn handshake_answered(
        &mut self,
        id: RequestId,
        request: &InFlight,
        meaning: Meaning,
        now: Instant,
    ) -> Vec<Step> {
        match meaning {
            Meaning::Good(Answer::Url(url)) => vec![Step::Done(url)],
            Meaning::Good(Answer::Needed(needed)) => self.listed(id, request, &needed, now),
            Meaning::Busy { problem, retry_after, fewer } => {
                self.doubt();
                vec![self.busy(request, problem, retry_after, fewer)]
            }
            // A login page, a proxy's, a service worker's: something stands before a server that knows the protocol.
            Meaning::Foreign(problem) if self.server.met => {
                self.doubt();
                vec![self.failed(request, problem)]
            }
            Meaning::Refused(problem) if self.may_name_plainly() => {
                self.name(Naming::Md5);
                let error = problem.into_error(self.doing(request.purpose), 0);
                vec![self.noted(request, error)]
            }
            Meaning::Corrupt(problem)
            | Meaning::Forgotten(problem)
            | Meaning::TooLarge(problem)
            | Meaning::Refused(problem)
            | Meaning::Foreign(problem)
            | Meaning::Incomplete(problem)
            | Meaning::Unauthorized(problem) => {
                self.doubt();
                self.server.refusals += 1;
                let refusals = self.server.refusals;
                // A refusal is asked about once; a foreign answer may pass.
                let limit = if problem.kind == Kind::Rejected { 2 } else { TRIES };
                vec![if refusals >= limit {
                    Step::Fail(problem.into_error(self.doing(request.purpose), refusals))
                } else {
                    self.failed(request, problem)
                }]
            }
        }
    }

    /// Takes the list of the chunks that the server needs, in answer to handshake `id`.
    fn listed(&mut self, id: RequestId, request: &InFlight, needed: &[String], now: Instant) -> Vec<Step> {
        let mut steps = Vec::new();
        self.server.refusals = 0;
        self.server.doubt = self.server.doubt.filter(|since| id < *since);
        if !std::mem::replace(&mut self.server.met, true) {
            steps.push(Step::Met(request.sent));
        }
        let forgot = std::mem::take(&mut self.server.forgot);
        let changes = self.table.apply_handshake_list(needed, id, self.latest(), forgot);
        if changes.reneged.is_some() && !forgot {
            steps.push(Step::OneAtATime);
        }
        for id in self.requests.of_chunks(&changes.arrived) {
            self.requests.remove(id);
            steps.push(Step::Cancel(id));
        }
        if changes.gained {
            steps.push(Step::Gained);
        }
        steps.push(self.confirmed(now));
        if let Some(times) = changes.reneged {
            steps.push(self.reneged(request, times));
            return steps;
        }
        if !self.table.is_complete() && changes.unknown == 0 {
            return steps;
        }
        self.doubt();
        if changes.overtaken {
            return steps;
        }
        self.server.empty += 1;
        steps.push(if self.server.empty < 2 {
            Step::Hold
        } else {
            let doing = self.doing(request.purpose);
            let error = if needed.is_empty() {
                errors::no_url(doing)
            } else {
                let (refused, chunk) = (self.refused_cut.as_ref(), self.file.cut.chunk);
                errors::another_cut(doing, refused, chunk, needed.len(), changes.unknown)
            };
            Step::Fail(error.with_attempts(2))
        });
        steps
    }

    fn chunk_answered(
        &mut self,
        id: RequestId,
        request: &InFlight,
        at: usize,
        meaning: Meaning,
        now: Instant,
    ) -> Vec<Step> {
        let doing = self.doing(request.purpose);
        let Some(chunk) = self.table.get_mut(at) else { return Vec::new() };
        chunk.status = Status::Missing;
        match meaning {
            Meaning::Good(Answer::Url(url)) => vec![Step::Done(url)],
            Meaning::Good(Answer::Needed(needed)) if needed.contains(&chunk.id) => {
                self.sent += chunk.len;
                let times = chunk.renege(false);
                vec![Step::OneAtATime, self.reneged(request, times)]
            }
            Meaning::Good(Answer::Needed(needed)) => self.arrived(id, request, at, &needed, now),
            Meaning::Busy { problem, retry_after, fewer } => {
                // A gateway may fail after the server did the work; a server that wants fewer requests did none.
                if !fewer {
                    self.doubt();
                }
                vec![self.busy(request, problem, retry_after, fewer)]
            }
            Meaning::TooLarge(problem) => {
                chunk.troubles.refusals += 1;
                let (len, refusals, status) = (chunk.len, chunk.troubles.refusals, problem.status);
                self.doubt();
                let error = errors::too_large(problem.into_error(doing, refusals));
                let mut steps = vec![self.noted(request, error.clone())];
                match self.cut_smaller(len, format!("HTTP {status}")) {
                    Some(chunk) => steps.push(Step::CutSmaller(chunk)),
                    None if refusals >= 2 => steps.push(Step::Fail(error)),
                    None => {}
                }
                steps
            }
            Meaning::Corrupt(problem) => {
                self.sent += chunk.len;
                chunk.verified = false;
                chunk.troubles.garbled += 1;
                let garbled = chunk.troubles.garbled;
                vec![if garbled >= TRIES {
                    Step::Fail(problem.into_error(doing, garbled))
                } else {
                    self.failed(request, problem)
                }]
            }
            Meaning::Forgotten(problem) => {
                // It was not the chunk's fault, so no refusal is counted; but the time is charged.
                self.doubt();
                self.server.forgot = true;
                vec![self.failed(request, problem)]
            }
            Meaning::Foreign(problem) if self.server.took_a_chunk => {
                self.doubt();
                vec![self.failed(request, problem)]
            }
            Meaning::Refused(problem)
            | Meaning::Foreign(problem)
            | Meaning::Incomplete(problem)
            | Meaning::Unauthorized(problem) => {
                chunk.troubles.refusals += 1;
                let refusals = chunk.troubles.refusals;
                self.doubt();
                vec![if refusals >= 2 {
                    Step::Fail(problem.into_error(doing, refusals))
                } else {
                    self.noted(request, problem.into_error(doing, 0))
                }]
            }
        }
    }

    /// Takes the acknowledgement of the chunk at position `at`, and the list of those that the server needs still.
    fn arrived(
        &mut self,
        id: RequestId,
        request: &InFlight,
        at: usize,
        needed: &[String],
        now: Instant,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        let (latest, in_flight) = (self.latest(), self.requests.len() + 1);
        let Some(chunk) = self.table.get_mut(at) else { return steps };
        let bytes = chunk.len;
        chunk.status = Status::Confirmed { at: latest, reused: false };
        chunk.verified = true;
        chunk.troubles = Troubles { reneges: chunk.troubles.reneges, ..Default::default() };
        if self.server.largest_taken == 0 && self.refused_cut.is_some() {
            steps.push(Step::Learn(EndpointFact::LargestChunk(self.file.cut.chunk)));
        }
        self.sent += bytes;
        self.server.largest_taken = self.server.largest_taken.max(bytes);
        self.server.lost_at_once = 0;
        self.server.empty = 0;
        self.server.took_a_chunk = true;
        self.requests.arrived();
        let reneged = self.table.apply_chunk_list(needed, id);
        if self.table.is_complete() {
            self.doubt();
        }
        steps.push(Step::Arrived { bytes, in_flight });
        steps.push(self.confirmed(now));
        if let Some(times) = reneged {
            steps.push(Step::OneAtATime);
            steps.push(self.reneged(request, times));
        }
        steps
    }

    fn confirmed(&mut self, now: Instant) -> Step {
        let (bytes, reused) = self.table.confirmed(now);
        Step::Confirmed { bytes, reused }
    }

    /// Takes note that the server asks again for what it took. Unless it said that it forgot the file it has been given
    /// one request at a time since, which most servers that lose chunks can bear. How often it may do so for one chunk is
    /// bounded, or a server that keeps nothing would be fed for ever.
    fn reneged(&mut self, request: &InFlight, times: u32) -> Step {
        let error = errors::reneged(self.doing(request.purpose), times);
        if times >= TRIES { Step::Fail(error.with_attempts(times)) } else { self.charged(request, error) }
    }

    fn failed(&mut self, request: &InFlight, problem: Problem) -> Step {
        let error = problem.into_error(self.doing(request.purpose), 0);
        self.charged(request, error)
    }

    fn busy(
        &mut self,
        request: &InFlight,
        problem: Problem,
        retry_after: Option<Millis>,
        fewer: bool,
    ) -> Step {
        let error = problem.into_error(self.doing(request.purpose), 0);
        self.note(request, &error);
        Step::Charge(Failure { sent: request.sent, retry_after, fewer, error })
    }
}
