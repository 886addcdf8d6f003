//! Starting again, failing, and the end.

use super::machine::{Download, Finish, Resource, Sink, Stage};
use super::seams::Seams;
use super::spans::Spans;
use super::{Effect, Mode, Outcome, StoreFailure, Verified};
use crate::core::clock::Instant;
use crate::core::error::{Error, Kind};
use crate::core::md5::Digest;
use crate::core::progress::State;

/// How often a download starts again from 0 because the resource changed.
const RESTARTS: u32 = 1;

impl Download {
    /// Tells whether every byte up to a certain end is here.
    pub(super) fn is_complete(&self) -> bool {
        self.resource
            .as_ref()
            .and_then(|resource| resource.total.filter(|_| resource.exact))
            .is_some_and(|total| self.have.gap(0).0 >= total)
    }

    /// The resource is another version: starts again from 0 once, then fails.
    pub(super) fn changed(&mut self, why: &'static str, now: Instant) {
        if self.restarts < RESTARTS {
            self.restarts += 1;
            return self.start_again(why, now);
        }
        self.discard();
        self.fail(Error::new(Kind::ResourceChanged, "downloading", format!("the resource changed: {why}")));
    }

    /// Throws away what is stored and begins anew.
    pub(super) fn start_again(&mut self, why: &'static str, now: Instant) {
        self.note("downloading", format!("starting again from 0: {why}"), now);
        self.discard();
        self.met = false;
        self.resource = None;
        self.whole = None;
        self.doubts.clear();
        self.rejects = (0, 0);
    }

    fn discard(&mut self) {
        self.cancel_all();
        self.have = Spans::default();
        self.reused = Spans::default();
        self.seams = Seams::default();
        self.hashed = 0;
        self.effects.retain(|effect| !matches!(effect, Effect::Remember(_)));
        self.effects.push_back(Effect::Discard);
        self.forget();
        if self.sink == Sink::Ready {
            self.sink = Sink::Unprepared;
        }
    }

    pub(super) fn store_failed(&mut self, failure: StoreFailure) {
        let doing = "storing what was downloaded";
        self.fail(match failure {
            StoreFailure::Quota => Error::new(Kind::Quota, doing, "the storage is full"),
            StoreFailure::Other(why) => Error::thrown(Kind::Unsupported, doing, why),
        });
    }

    pub(super) fn fail(&mut self, error: Error) {
        self.settle(Err(error.at(&self.config.address)), State::Failed);
    }

    pub(super) fn settle(&mut self, result: Result<Outcome, Error>, state: State) {
        if matches!(self.stage, Stage::Ended(_)) {
            return;
        }
        self.cancel_all();
        self.effects.retain(|effect| {
            !matches!(effect, Effect::RefreshHeaders | Effect::RefreshUrl | Effect::Finish { .. })
        });
        self.stage = Stage::Ended(state);
        self.effects.push_back(Effect::Settle(result));
    }

    fn wants_digest(&self) -> bool {
        let told = |resource: &Resource| resource.validators.digest.is_some();
        self.config.md5.is_some() || self.resource.as_ref().is_some_and(told)
    }

    /// Returns the digest that the result must have, and who says so.
    fn expected(&self) -> Option<(Digest, Verified)> {
        let told =
            self.resource.as_ref().and_then(|it| it.validators.digest.as_deref()).and_then(Digest::from_hex);
        let page = self.config.md5.map(|digest| (digest, Verified::Md5));
        page.or(told.map(|digest| (digest, Verified::Digest)))
    }

    /// Has what is there from the start hashed while the rest comes, if there is a digest to check.
    pub(super) fn hash_ahead(&mut self) {
        let end = self.have.gap(0).0 / self.piece * self.piece;
        if end >= self.hashed + self.config.ahead && self.wants_digest() {
            self.hashed = end;
            self.effects.push_back(Effect::Hash(end));
        }
    }

    /// Asks the sink to finish, or ends with its answer.
    pub(super) fn conclude(&mut self) {
        let Some(total) = self.resource.as_ref().and_then(|resource| resource.total) else { return };
        let expected = self.expected();
        match std::mem::replace(&mut self.finish, Finish::Asked) {
            Finish::No => self.effects.push_back(Effect::Finish { total, hash: expected.is_some() }),
            Finish::Asked => {}
            Finish::Answered(Err(failure)) => self.store_failed(failure),
            Finish::Answered(Ok(digest)) => match digest.zip(expected) {
                Some((found, (wanted, _))) if found != wanted => {
                    self.discard();
                    let what = format!("the MD5 is {found}, not {wanted}");
                    self.fail(Error::new(Kind::DigestMismatch, "checking what was downloaded", what));
                }
                checked => {
                    let outcome = self.outcome(total, checked.map(|(_, (_, by))| by));
                    self.forget();
                    self.settle(Ok(outcome), State::Done);
                }
            },
        }
    }

    fn outcome(&self, size: u64, verified: Option<Verified>) -> Outcome {
        let (mode, reason) = self.mode();
        let Resource { content_type, validators, .. } = match &self.resource {
            Some(resource) => resource.clone(),
            None => {
                return Outcome { size, content_type: None, etag: None, verified, mode, reason, reused: 0 };
            }
        };
        Outcome {
            size,
            content_type,
            etag: validators.etag,
            verified,
            mode,
            reason,
            reused: self.reused.len(),
        }
    }

    /// Returns how it goes, and why not in parallel.
    pub fn mode(&self) -> (Mode, Option<&'static str>) {
        match (self.whole, self.solo) {
            (Some(why), _) => (Mode::Whole, Some(why)),
            (None, Some(why)) => (Mode::Sequential, Some(why)),
            (None, None) => (Mode::Parallel, None),
        }
    }
}
