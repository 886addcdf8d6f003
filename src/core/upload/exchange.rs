//! The exchange with the server: what each answer, and each missing answer, changes in what is known of it.

use super::machine::{Phase, RefusedCut, TRIES, Upload};
use super::outbox::{InFlight, What};
use super::table::{Chunk, News, Status, Table, Troubles};
use super::{Effect, Lesson, Naming, Request, RequestId, Response};
use crate::core::cause::{Cause, Loss};
use crate::core::clock::{Instant, Millis};
use crate::core::error::{Error, Kind};
use crate::core::gate::Unauthorized;
use crate::core::md5::Digests;
use crate::core::plan::Cut;
use crate::core::protocol::answer::{Complaint, Meaning};
use crate::core::protocol::wire::{Answer, Handshake};
use crate::core::thrown::Thrown;

/// What is known of the server.
#[derive(Debug)]
pub(super) struct Exchange {
    pub digests: Digests,
    pub table: Table,
    pub naming: Naming,
    /// The state of the server is in doubt: a handshake with this number or a later one comes before anything else.
    pub doubt: Option<RequestId>,
    /// A handshake has been answered in this visit.
    pub met: bool,
    /// A chunk has been answered in this visit, in the protocol's words.
    taken: bool,
    /// Handshakes in a row that were refused, or answered by something else than the protocol.
    refusals: u32,
    /// Handshakes in a row that named neither a URL nor a missing chunk.
    empty: u32,
    /// Rounds in a row in which a handshake was answered and then a chunk was lost within [`AT_ONCE`].
    lost_at_once: u32,
    /// The server said that it does not know the file, which explains what it asks for again.
    forgot: bool,
    /// Bytes of the largest chunk that the server took in this visit.
    pub largest_taken: u64,
}

/// A chunk that is lost within this time was refused by something that would not read it, in ms.
const AT_ONCE: Millis = 1_000;

/// What a body that is too large meets with, as people set it.
const BODY_LIMITS: &str = "Raise the limit of what stands before the server or in it (nginx: client_max_body_size; \
    PHP: upload_max_filesize and post_max_size; Express, Spring and others: their multipart limits)";

impl Exchange {
    pub fn new(digests: Digests, table: Table, naming: Naming, next_id: RequestId) -> Exchange {
        Exchange {
            digests,
            table,
            naming,
            doubt: Some(next_id),
            met: false,
            taken: false,
            refusals: 0,
            empty: 0,
            lost_at_once: 0,
            forgot: false,
            largest_taken: 0,
        }
    }

    /// Returns the request that sends a chunk of this file.
    pub fn chunk_request(&self, chunk: &Chunk, cut: Cut) -> Request {
        Request::Chunk {
            index: chunk.index,
            bytes: cut.range(chunk.index),
            chunk_id: chunk.id.clone(),
            file_id: self.digests.file.to_hex(),
            // WebKit has bodies that hang because they are read from a file as they go out.
            from_memory: chunk.troubles.stalls > 0,
        }
    }

    pub fn handshake(&self, ext: &str) -> Request {
        let (file_id, ext) = (self.digests.file.to_hex(), ext.to_owned());
        Request::Handshake(Handshake { file_id, ext, chunk_ids: self.table.ids() })
    }
}

impl Upload {
    pub(super) fn answered(&mut self, id: RequestId, response: Response, now: Instant) {
        let Some(request) = self.requests.remove(&id) else { return };
        self.gate.reached(request.sent);
        self.heard = now;
        let accepts = response.accepts();
        let meaning = response.meaning();
        match &meaning {
            Meaning::Unauthorized(complaint) => {
                self.release(request.what);
                match self.gate.unauthorized(id, self.config.can_refresh_headers, now) {
                    Unauthorized::Ask => self.effects.push_back(Effect::RefreshHeaders),
                    Unauthorized::Replay => {}
                    Unauthorized::Give => {
                        let error = complaint.clone().into_error(self.doing(request.what), 1);
                        self.fail(Error { kind: Kind::Rejected, ..error }, now);
                    }
                }
                return;
            }
            // These may come from a proxy that looked at no credentials.
            Meaning::Busy { .. } | Meaning::Foreign(_) => {}
            _ => self.gate.authorized(id),
        }
        match request.what {
            What::Handshake => {
                if let Some(accepts) = accepts {
                    self.accepts(accepts);
                }
                self.handshake_answered(id, &request, meaning, now);
            }
            What::Chunk(at) => self.chunk_answered(id, &request, at, meaning, now),
        }
        // After handshakes too: the other chunks may all have been confirmed before there was a speed to speak of.
        self.tighten(now);
    }

    fn handshake_answered(&mut self, id: RequestId, request: &InFlight, meaning: Meaning, now: Instant) {
        if let Meaning::Refused(complaint) = &meaning
            && self.name_plainly()
        {
            return self.note(request.what, &complaint.clone().into_error(self.doing(request.what), 0), now);
        }
        let Phase::Exchanging(exchange) = &mut self.phase else { return };
        match meaning {
            Meaning::Good(Answer::Url(url)) => self.done(url, now),
            Meaning::Good(Answer::Needed(needed)) => {
                exchange.refusals = 0;
                exchange.doubt = exchange.doubt.filter(|since| id < *since);
                if !std::mem::replace(&mut exchange.met, true) {
                    self.meter.start(now);
                    self.pace.met(request.sent, now);
                }
                let forgot = std::mem::take(&mut exchange.forgot);
                let news = exchange.table.learn(&needed, id, self.next_id - 1, forgot);
                if news.lapsed.is_some() && !forgot {
                    self.pace.at_most(1);
                }
                self.news(request, news, needed.len(), now);
            }
            Meaning::Busy { complaint, retry_after, fewer } => {
                exchange.doubt = Some(self.next_id);
                self.busy(request, complaint, retry_after, fewer, now);
            }
            // A login page, a proxy's, a service worker's: something stands before a server that knows the protocol.
            Meaning::Foreign(complaint) if exchange.met => {
                exchange.doubt = Some(self.next_id);
                self.busy(request, complaint, None, false, now);
            }
            Meaning::Corrupt(complaint)
            | Meaning::Forgotten(complaint)
            | Meaning::TooLarge(complaint)
            | Meaning::Refused(complaint)
            | Meaning::Foreign(complaint)
            | Meaning::Incomplete(complaint)
            | Meaning::Unauthorized(complaint) => {
                exchange.doubt = Some(self.next_id);
                exchange.refusals += 1;
                let refusals = exchange.refusals;
                // A refusal is asked about once; a foreign answer may pass.
                let limit = if complaint.kind == Kind::Rejected { 2 } else { TRIES };
                if refusals >= limit {
                    self.fail(complaint.into_error(self.doing(request.what), refusals), now);
                } else {
                    self.busy(request, complaint, None, false, now);
                }
            }
        }
    }

    /// Acts on what a handshake's list of `listed` ids changed.
    fn news(&mut self, request: &InFlight, news: News, listed: usize, now: Instant) {
        let cancel = self.requests.iter();
        let cancel = cancel.filter(|(_, r)| matches!(r.what, What::Chunk(at) if news.arrived.contains(&at)));
        for id in cancel.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.requests.remove(&id);
            self.effects.push_back(Effect::Cancel(id));
        }
        if news.gained {
            self.gate.progress();
        }
        self.count(now);
        if let Some(lapses) = news.lapsed {
            self.lapsed(request, lapses, now);
            return;
        }
        let Phase::Exchanging(exchange) = &mut self.phase else { return };
        if !exchange.table.is_complete() && news.unknown == 0 {
            return;
        }
        exchange.doubt = Some(self.next_id);
        if news.overtaken {
            return;
        }
        exchange.empty += 1;
        if exchange.empty < 2 {
            self.gate.hold(now);
            return;
        }
        let (kind, detail) = match &self.refused_cut {
            _ if listed == 0 => (Kind::Server, "the server has every chunk but names no URL".to_owned()),
            Some(RefusedCut { chunk, why }) => {
                let detail = format!(
                    "the server keeps to the chunks of {chunk} bytes that it was told of first, and bodies of that size \
                     do not get through ({why})"
                );
                (Kind::Rejected, detail)
            }
            None => {
                let detail = format!(
                    "the server asks for {listed} chunks of which the file does not have {}: it knows the file in other \
                     chunks than those of {} bytes that it is told of; set `chunkSize` to what the file was begun with, \
                     or have the server forget it",
                    news.unknown, self.config.cut.chunk
                );
                (Kind::Server, detail)
            }
        };
        let mut error = Error::new(kind, self.doing(request.what), detail).with_attempts(2);
        if self.refused_cut.is_some() && listed > 0 {
            let smaller = self.config.cut.chunk;
            error = error.with_advice(format!(
                "Set `chunkSize` to {smaller} or less from the start. Or: {BODY_LIMITS}"
            ));
        }
        self.fail(error, now);
    }

    fn chunk_answered(
        &mut self,
        id: RequestId,
        request: &InFlight,
        at: usize,
        meaning: Meaning,
        now: Instant,
    ) {
        let in_flight = self.requests.len() + 1;
        let (next_id, doing) = (self.next_id, self.doing(request.what));
        let Phase::Exchanging(exchange) = &mut self.phase else { return };
        let Some(chunk) = exchange.table.get_mut(at) else { return };
        chunk.status = Status::Missing;
        match meaning {
            Meaning::Good(Answer::Url(url)) => self.done(url, now),
            Meaning::Good(Answer::Needed(needed)) if needed.contains(&chunk.id) => {
                let lapses = chunk.lapse(false);
                self.pace.at_most(1);
                self.sent += chunk.len;
                self.lapsed(request, lapses, now);
            }
            Meaning::Good(Answer::Needed(needed)) => {
                let bytes = chunk.len;
                self.sent += bytes;
                if exchange.largest_taken == 0 && self.refused_cut.is_some() {
                    self.effects.push_back(Effect::Learn(Lesson::LargestChunk(self.config.cut.chunk)));
                }
                exchange.largest_taken = exchange.largest_taken.max(bytes);
                exchange.lost_at_once = 0;
                chunk.status = Status::Confirmed { at: next_id - 1, reused: false };
                chunk.trusted = true;
                chunk.troubles = Troubles { lapses: chunk.troubles.lapses, ..Default::default() };
                exchange.empty = 0;
                exchange.taken = true;
                let lapsed = exchange.table.relearn(&needed, id);
                if exchange.table.is_complete() {
                    exchange.doubt = Some(next_id);
                }
                self.silences = 0;
                self.gate.progress();
                self.meter.add(bytes, now);
                self.pace.confirmed(bytes, in_flight, now);
                self.count(now);
                if let Some(lapses) = lapsed {
                    self.pace.at_most(1);
                    self.lapsed(request, lapses, now);
                }
            }
            Meaning::Busy { complaint, retry_after, fewer } => {
                // A gateway may fail after the server did the work; a server that wants fewer requests did none.
                if !fewer {
                    exchange.doubt = Some(next_id);
                }
                self.busy(request, complaint, retry_after, fewer, now);
            }
            Meaning::TooLarge(complaint) => {
                let len = chunk.len;
                exchange.doubt = Some(next_id);
                chunk.troubles.refusals += 1;
                let (refusals, status) = (chunk.troubles.refusals, complaint.status);
                let error = complaint.into_error(doing, refusals).with_advice(BODY_LIMITS);
                self.note(request.what, &error, now);
                if !self.cut_smaller(len, &format!("HTTP {status}")) && refusals >= 2 {
                    self.fail(error, now);
                }
            }
            Meaning::Corrupt(complaint) => {
                self.sent += chunk.len;
                chunk.trusted = false;
                chunk.troubles.garbled += 1;
                let garbled = chunk.troubles.garbled;
                if garbled >= TRIES {
                    self.fail(complaint.into_error(doing, garbled), now);
                } else {
                    self.busy(request, complaint, None, false, now);
                }
            }
            Meaning::Forgotten(complaint) => {
                // It was not the chunk's fault, so no refusal is charged; but the time is.
                exchange.doubt = Some(next_id);
                exchange.forgot = true;
                self.busy(request, complaint, None, false, now);
            }
            Meaning::Foreign(complaint) if exchange.taken => {
                exchange.doubt = Some(next_id);
                self.busy(request, complaint, None, false, now);
            }
            Meaning::Refused(complaint)
            | Meaning::Foreign(complaint)
            | Meaning::Incomplete(complaint)
            | Meaning::Unauthorized(complaint) => {
                exchange.doubt = Some(next_id);
                chunk.troubles.refusals += 1;
                let refusals = chunk.troubles.refusals;
                if refusals >= 2 {
                    self.fail(complaint.into_error(doing, refusals), now);
                } else {
                    self.note(request.what, &complaint.into_error(doing, 0), now);
                }
            }
        }
    }

    /// Takes note that the server asks again for what it took. Unless it said that it forgot the file it has been given
    /// one request at a time since, which most servers that lose chunks can bear. The worst chunk's `lapses` are bounded,
    /// or a server that keeps nothing would be fed for ever.
    fn lapsed(&mut self, request: &InFlight, lapses: u32, now: Instant) {
        let detail = if lapses == 0 {
            "the server took a chunk and asks for it again".to_owned()
        } else {
            format!(
                "the server took a chunk and asks for it again, {lapses} times by now: it seems not to keep what it \
                 acknowledges (a record that is overwritten, a folder that is cleaned, several \
                 processes that do not share what they store)"
            )
        };
        let error = Error::new(Kind::Server, self.doing(request.what), detail);
        if lapses >= TRIES {
            self.fail(error.with_attempts(lapses), now);
        } else {
            self.charge(request, None, error, now);
        }
    }

    /// Takes a request that got no answer.
    pub(super) fn lost(&mut self, id: RequestId, kind: Kind, loss: Loss, now: Instant) {
        let Some(mut request) = self.requests.remove(&id) else { return };
        // How soon it was lost says much; what came after that, nothing.
        request.sent = request.sent + loss.looked;
        self.release(request.what);
        let mut lost_at_once = None;
        let refused = kind == Kind::Network && !matches!(loss.cause, Cause::Unreadable | Cause::Page);
        let at_once = refused && now.since(request.sent) < AT_ONCE && !self.gate.is_offline();
        if let Phase::Exchanging(exchange) = &mut self.phase {
            let answered_before = exchange.doubt.is_none();
            // The server may have done the work.
            exchange.doubt = Some(self.next_id);
            if let What::Chunk(at) = request.what
                && let Some(chunk) = exchange.table.get_mut(at)
            {
                exchange.lost_at_once += u32::from(at_once && answered_before);
                if exchange.lost_at_once >= TRIES {
                    lost_at_once = Some(chunk.len);
                }
                chunk.troubles.losses += 1;
                chunk.troubles.stalls += u32::from(kind == Kind::Stalled);
                // A file that changed on disk fails like the network does; from the second failure on it is looked at.
                chunk.trusted &= chunk.troubles.losses < 2;
            }
        }
        let error = Error { kind, ..Error::lost(self.doing(request.what), loss) };
        // What helps against a stall is told by its kind.
        let error = if kind == Kind::Stalled { Error { cause: None, ..error } } else { error };
        let Some(len) = lost_at_once else {
            return self.charge(&request, None, error, now);
        };
        // A proxy's refusal of large bodies carries no CORS headers, so that the page sees nothing of it.
        let why = format!(
            "{}; every handshake gets through and no chunk does, as if bodies of {len} bytes were refused by something \
             whose answers carry no CORS headers",
            error.detail
        );
        let error = Error { detail: why.clone(), ..error }.with_advice(BODY_LIMITS);
        if self.cut_smaller(len, &why) {
            self.note(request.what, &error, now);
        } else {
            self.charge(&request, None, error, now);
        }
    }

    /// Takes a failure of the server that time may mend.
    fn busy(
        &mut self,
        request: &InFlight,
        complaint: Complaint,
        retry_after: Option<Millis>,
        fewer: bool,
        now: Instant,
    ) {
        if fewer {
            self.pace.too_many(request.sent, now);
            self.refusal = Some(request.sent);
        }
        let error = complaint.into_error(self.doing(request.what), 0);
        self.charge(request, retry_after, error, now);
    }

    /// Charges a failure to the budget; when that is spent, the error ends the upload.
    fn charge(&mut self, request: &InFlight, retry_after: Option<Millis>, error: Error, now: Instant) {
        self.note(request.what, &error, now);
        let error = self.gate.blame(self.placed(error));
        let goes_on = if error.kind == Kind::Network {
            self.gate.lost(request.sent, now)
        } else {
            self.gate.failed(request.sent, retry_after, now)
        };
        if !goes_on {
            let unanswered = matches!(error.kind, Kind::Network | Kind::Stalled);
            let kind = if unanswered && self.gate.is_offline() { Kind::Offline } else { error.kind };
            let attempts = self.gate.total_failures();
            self.fail(Error { kind, ..error.with_attempts(attempts) }, now);
        }
    }

    /// Notes in the report what a request met with.
    fn note(&mut self, what: What, error: &Error, now: Instant) {
        let found = match error.status {
            Some(status) => format!("HTTP {status}: {}", error.detail),
            None => error.detail.clone(),
        };
        if let What::Chunk(at) = what
            && let Phase::Exchanging(exchange) = &mut self.phase
            && let Some(chunk) = exchange.table.get_mut(at)
        {
            chunk.report.failure = Some(found.clone());
        }
        self.report.note(error.doing.clone(), found, now);
    }

    pub(super) fn refreshed(&mut self, result: Result<(), Thrown>, now: Instant) {
        match result {
            Ok(()) => self.gate.refreshed(self.next_id),
            Err(why) => {
                let loss = Loss::thrown(Cause::Page, why);
                self.fail(Error::lost("asking the page for new headers", loss), now);
            }
        }
    }

    pub(super) fn doing(&self, what: What) -> String {
        match (what, &self.phase) {
            (What::Chunk(at), Phase::Exchanging(exchange)) => {
                let index = exchange.table.get(at).map_or(0, |chunk| chunk.index);
                format!("sending chunk {} of {}", index + 1, self.config.cut.count())
            }
            _ => "the handshake".to_owned(),
        }
    }
}
