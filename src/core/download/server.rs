//! What is known of the server and of its resource, and what its answers mean for what is asked for next.

use super::config::Config;
use super::messages::{Mode, RequestId};
use super::record::MAX_SIZE;
use super::requests::InFlight;
use super::resource::{Resource, Size};
use super::tolerance::{Rejection, Silence, Tolerance};
use crate::core::cause::Cause;
use crate::core::clock::Millis;
use crate::core::error::{Error, Kind};
use crate::core::pace::Concurrency;
use crate::core::range::{Asked, Head, Validators, Verdict, verdict};

/// Why a server that tells no size gets one request at a time.
const NO_SIZE: &str = "the server does not tell the size";

/// What is known of the server and the resource.
#[derive(Debug)]
pub struct Server {
    /// Nothing before the first good answer.
    resource: Option<Resource>,
    /// A good answer came in this visit, and its version still counts.
    met: bool,
    ranges: Ranges,
    /// `If-Match` may be sent: no server has mishandled it.
    conditional: bool,
    /// Why there is one request at a time, if so.
    sequential: Option<&'static str>,
    /// Why it is one stream, if it is.
    whole: Option<&'static str>,
    /// While the size is unknown: the next byte may not exist, so it is asked for without an overlap.
    at_end: bool,
    pub tolerance: Tolerance,
    /// The largest result that the target can take, in bytes.
    cap: Option<u64>,
    unix_now: Millis,
    /// Something is known that the saved record does not have.
    changed: bool,
}

/// The result does not fit where it was asked for: it has at least so many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge(u64);

impl TooLarge {
    /// Makes the download's failure of it.
    pub fn error(self) -> Error {
        let what = format!("{} bytes do not fit where they were asked for", self.0);
        Error::new(Kind::TooLarge, "downloading", what)
    }
}

/// Whether `Range` is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ranges {
    On,
    /// Not in the next request, to see whether that gets an answer at all.
    Bare,
    Off(&'static str),
}

impl Server {
    /// Starts with nothing known.
    pub fn new(config: &Config) -> Server {
        let (Concurrency::Auto(most) | Concurrency::Fixed(most)) = config.concurrency;
        Server {
            resource: None,
            met: false,
            ranges: Ranges::On,
            conditional: config.conditional,
            sequential: (most <= 1).then_some("one connection was asked for"),
            whole: None,
            at_end: false,
            tolerance: Tolerance::default(),
            cap: config.cap,
            unix_now: config.unix_now,
            changed: false,
        }
    }

    /// Takes over what an earlier visit knew.
    pub fn restore(&mut self, resource: Resource) {
        if resource.total.is_none() {
            self.sequential.get_or_insert(NO_SIZE);
        }
        self.resource = Some(resource);
    }

    /// Forgets the resource, which is another one now, and what was held against it.
    pub fn start_again(&mut self) {
        self.resource = None;
        self.met = false;
        self.whole = None;
        self.changed = false;
        self.tolerance.start_again();
    }

    /// Returns the resource.
    pub fn resource(&self) -> Option<&Resource> {
        self.resource.as_ref()
    }

    /// Returns the resource's size as far as it is known, or was announced.
    pub fn total(&self) -> Option<u64> {
        self.resource.as_ref()?.total
    }

    /// Returns the resource's size, if it is certain.
    pub fn size(&self) -> Option<u64> {
        self.resource.as_ref()?.size()
    }

    /// Tells whether a good answer came, of the version that still counts.
    pub fn is_met(&self) -> bool {
        self.met
    }

    /// Tells whether no validator can prove the version.
    pub fn is_unsure(&self) -> bool {
        self.resource.as_ref().is_some_and(|resource| !resource.validators.is_strong())
    }

    /// Tells whether it said which digest the resource has.
    pub fn tells_digest(&self) -> bool {
        self.resource.as_ref().is_some_and(|resource| resource.validators.digest.is_some())
    }

    /// Tells whether it gets one request at a time: before the first good answer, too, nobody knows what there is to
    /// share out.
    pub fn takes_one(&self) -> bool {
        !self.met || self.sequential.is_some() || !self.takes_ranges()
    }

    /// Tells whether the next request has a `Range`.
    pub fn takes_ranges(&self) -> bool {
        self.ranges == Ranges::On
    }

    /// Tells whether a later visit can go on: a stream cannot be resumed.
    pub fn is_resumable(&self) -> bool {
        self.takes_ranges() && self.whole.is_none()
    }

    /// Returns how it goes, and why not in parallel.
    pub fn mode(&self) -> (Mode, Option<&'static str>) {
        match (self.whole, self.sequential) {
            (Some(why), _) => (Mode::Whole, Some(why)),
            (None, Some(why)) => (Mode::Sequential, Some(why)),
            (None, None) => (Mode::Parallel, None),
        }
    }

    /// Returns the `If-Match` of the next request.
    pub fn if_match(&self) -> Option<String> {
        self.resource.as_ref().filter(|_| self.conditional)?.validators.condition()
    }

    /// Tells whether something became known since this was last asked that the saved record does not have.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Tells whether the next byte may not exist.
    pub fn is_at_end(&self) -> bool {
        self.at_end
    }

    /// Notes whether the next byte may not exist: that is to be found out by the next request for bytes.
    pub fn set_at_end(&mut self, at_end: bool) {
        self.at_end = at_end;
    }

    /// Judges an answer; `complete` says that all bytes are there.
    pub fn judge(&self, asked: &Asked, complete: bool, head: &Head) -> Verdict {
        let known = self.resource.as_ref().map(|resource| resource.known(complete));
        verdict(asked, known.as_ref(), head, self.unix_now)
    }

    /// Asks without `Range` from here on.
    pub fn give_up_ranges(&mut self, why: &'static str) {
        self.ranges = Ranges::Off(why);
    }

    /// Asks without `If-Match` from here on.
    pub fn give_up_conditions(&mut self) {
        self.conditional = false;
    }

    /// Asks for one range at a time from here on.
    pub fn give_up_parallel(&mut self, why: &'static str) {
        self.sequential.get_or_insert(why);
    }

    /// Asks for one range at a time from here on if the size is unknown.
    pub fn give_up_parallel_without_size(&mut self) {
        if self.total().is_none() {
            self.give_up_parallel(NO_SIZE);
        }
    }

    /// Notes that a request was answered by the whole resource, which is `encoded` or not. Returns why that is so.
    pub fn answered_whole(&mut self, encoded: bool) -> &'static str {
        let why = match self.ranges {
            Ranges::On => "the server does not answer ranges",
            Ranges::Bare => "requests with a Range get no answer (the server's CORS rules must allow it)",
            Ranges::Off(why) => why,
        };
        if encoded {
            // Ranges would count encoded bytes.
            self.give_up_ranges("the server compresses it");
        } else if self.ranges == Ranges::Bare {
            self.give_up_ranges(why);
        }
        why
    }

    /// Notes that it comes as one stream from here on.
    pub fn becomes_whole(&mut self, why: &'static str) {
        self.whole.get_or_insert(why);
        self.give_up_parallel(why);
    }

    /// Forgets a size that was derived from a range's length; tells whether it was.
    pub fn forget_derived_size(&mut self) -> bool {
        self.resource.as_mut().is_some_and(Resource::forget_derived_size)
    }

    /// Takes a size that was announced where none is known.
    pub fn announce(&mut self, total: Option<u64>) {
        if let Some(resource) = self.resource.as_mut() {
            resource.total = resource.total.or(total);
        }
    }

    /// Takes over what a good answer says of the resource, or says that this is too large.
    pub fn learn(&mut self, head: &Head, size: Size) -> Result<(), TooLarge> {
        if let Some(total) = size.total.filter(|total| *total > self.cap.unwrap_or(MAX_SIZE).min(MAX_SIZE)) {
            return Err(TooLarge(total));
        }
        self.changed |= match self.resource.as_mut() {
            Some(resource) => resource.learn(size),
            None => {
                self.resource = Some(Resource::of(head, Validators::of(head, self.unix_now), size));
                true
            }
        };
        self.met = true;
        Ok(())
    }

    /// Notes that the resource ends at `total`, as a 416 says.
    pub fn ends_at(&mut self, total: u64) {
        match self.resource.as_mut() {
            Some(resource) => resource.ends_at(total),
            None => self.resource = Some(Resource::sized(total)),
        }
        self.met = true;
    }

    /// Notes that a stream ended, clean, at `at`.
    pub fn stream_ended(&mut self, at: u64) {
        if let Some(resource) = self.resource.as_mut() {
            resource.ends_at(at);
        }
    }

    /// Notes that a body whose end is the only word on where the resource ends brought its last byte, and may yet go
    /// on: should it be lost before its end, that is asked for.
    pub fn doubt_end(&mut self) {
        self.set_end_proven(false);
        self.changed = true;
    }

    /// Notes whether the end was told.
    pub fn set_end_proven(&mut self, proven: bool) {
        if let Some(resource) = self.resource.as_mut() {
            resource.end_proven = proven;
        }
    }

    /// Notes that a body brought bytes up to `at`. A stream that is longer than its Content-Length was decoded on the
    /// way, though the header that would say so is hidden: its size is unknown, and ranges would count other bytes.
    pub fn brought(&mut self, request: &InFlight) -> Result<(), TooLarge> {
        self.tolerance.brought(request.id, !request.stream, request.is_behind_start());
        let at = request.cursor.at;
        if self.cap.is_some_and(|cap| at > cap) {
            return Err(TooLarge(at));
        }
        if let Some(resource) = self.resource.as_mut()
            && request.stream
            && resource.hint().is_some_and(|hint| at > hint)
        {
            resource.total = None;
            self.give_up_ranges("the server compresses it");
        }
        Ok(())
    }

    /// Decides on an answer that cannot be used, to request `id`; `next` is the one that is sent next. Tells whether it
    /// is asked again.
    pub fn reject(&mut self, id: RequestId, next: RequestId, why: &'static str) -> bool {
        match self.tolerance.reject(id, next) {
            Rejection::Again => true,
            Rejection::NoRanges => {
                self.give_up_ranges(why);
                true
            }
            Rejection::Enough => false,
        }
    }

    /// Drops an unstable ETag from the identity: from here on bytes are compared, and the date only disproves.
    pub fn distrust_etag(&mut self) {
        self.tolerance.clear_doubts();
        self.conditional = false;
        if let Some(resource) = self.resource.as_mut() {
            resource.validators.etag = None;
            resource.validators.settled = false;
        }
        self.changed = true;
    }

    /// Decides on a request that got no answer at all: the network, or the server's CORS rules; the browser does not
    /// say which. `counts` says that the network is not known to be gone. Returns the failure that ends the download,
    /// if it does, made of `error`.
    pub fn unanswered(&mut self, error: &Error, counts: bool) -> Option<Error> {
        if self.ranges == Ranges::Bare {
            self.ranges = Ranges::On;
        }
        if self.met || !counts {
            return None;
        }
        match self.tolerance.unanswered() {
            Silence::Again => return None,
            Silence::Bare => {
                if self.takes_ranges() {
                    self.ranges = Ranges::Bare;
                }
                return None;
            }
            Silence::Enough => {}
        }
        let hint = "no request was ever answered; on another origin the server must send \
                    Access-Control-Allow-Origin, allow the Range header and expose Content-Range and ETag";
        let unsure = error.cause.is_none_or(|cause| cause == Cause::Unanswered);
        let detail = if unsure { format!("{}; {hint}", error.detail) } else { error.detail.clone() };
        Some(Error { detail, ..error.clone() }.with_attempts(self.tolerance.silences()))
    }
}
